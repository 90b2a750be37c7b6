# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory store: store models, update rules against sums by hand, recall, temporal code, bounds."""

from __future__ import annotations

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.memory import MemoryItem, MemoryStore, StoreConfig, slot_codes, text_item


def unit(*values: float) -> np.ndarray:
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


def item(key, slot=None, modality="text", embedding=(), value=0.5, payload=b"x"):
    slot = key if slot is None else slot
    return MemoryItem(key, modality, slot, np.asarray(embedding, np.float32), value, payload)


def keys(found):
    return [one.key for one in found]


def test_queue_drops_what_came_first_whatever_the_rule_says():
    store = MemoryStore(StoreConfig("fifo", 2, value=9.0))
    left = [store.add(item(k, value=v)) for k, v in enumerate([1.0, 0.0, 0.0])]
    assert [keys(gone) for gone in left] == [[], [], [0]]
    assert keys(store.items) == [1, 2] and store.counts["evicted"] == 1


def test_ring_keeps_each_modality_apart():
    store = MemoryStore(StoreConfig("ring", 2))
    store.add(item(0, modality="image"))
    left = [gone.key for k in range(1, 6) for gone in store.add(item(k))]
    assert left == [1, 2, 3] and keys(store.items) == [0, 4, 5]


def test_value_keeps_what_is_worth_most_and_may_refuse_the_new():
    store = MemoryStore(StoreConfig("retrieval", 2, freshness=0.0, value=1.0))
    store.add(item(0, value=0.9))
    store.add(item(1, value=0.4))
    assert keys(store.add(item(2, value=0.6))) == [1]
    assert keys(store.add(item(3, value=0.1))) == [3]
    assert keys(store.items) == [0, 2]


def test_of_two_that_say_the_same_the_older_leaves():
    store = MemoryStore(StoreConfig("retrieval", 3, freshness=0.0, correlation=1.0))
    for key, vector in enumerate([unit(1, 0, 0), unit(0, 1, 0), unit(0, 0, 1)]):
        store.add(item(key, embedding=vector))
    assert keys(store.add(item(3, embedding=unit(0.1, 1, 0)))) == [1]
    # 0 and 3 are a little alike, so 0 is next; after it nothing newer is like 2
    assert keys(store.add(item(4, embedding=unit(0, 1, 0.1)))) == [3]
    assert keys(store.items) == [0, 2, 4]


def test_scores_are_the_weighted_sum():
    config = StoreConfig("retrieval", 9, freshness=2.0, value=3.0, correlation=5.0, half_life=4.0)
    store = MemoryStore(config)
    store.add(item(0, slot=0, value=0.5, embedding=unit(1, 0)))
    store.add(item(1, slot=4, value=0.2, embedding=unit(3, 4)))
    store.add(item(2, slot=8, value=1.0))
    expected = [2 / 4 + 1.5 + 5 * 0.4, 2 / 2 + 0.6 + 5, 2 + 3 + 5]
    assert store.scores() == pytest.approx(expected)
    assert store.scores(now=12) == pytest.approx(np.array(expected) - [0.25, 0.5, 1.0])


def test_redundancy_is_found_anew_when_its_cause_leaves():
    rng = np.random.default_rng(3)
    config = StoreConfig("retrieval", 12, freshness=0.3, value=0.2, correlation=1.0)
    store = MemoryStore(config)
    for key in range(80):
        store.add(item(key, embedding=rng.normal(size=6), value=float(rng.random())))
        fresh = MemoryStore(config, store.items)
        assert store.scores() == pytest.approx(fresh.scores())
    assert len(store) == 12


def test_bytes_are_bounded():
    store = MemoryStore(StoreConfig("fifo", 100, max_bytes=1024))
    assert store.add(item(0, payload=bytes(500))) == []
    assert store.add(item(1, payload=bytes(500))) == []
    assert keys(store.add(item(2, payload=bytes(600)))) == [0, 1]
    assert keys(store.add(item(3, payload=bytes(1025)))) == [3]
    assert store.size == 600 and store.counts["too_large"] == 1
    store.forget(2)
    assert store.size == 0 and len(store) == 0


def test_clock_that_goes_backwards_makes_nothing_younger():
    store = MemoryStore(StoreConfig("retrieval", 3, half_life=2.0))
    for key, slot in enumerate([10, 12, 3]):
        store.add(item(key, slot=slot))
    assert store.now == 12 and store.counts["backwards"] == 1
    assert store.scores() == pytest.approx([0.5, 1.0, 2**-4.5])
    assert keys(store.add(item(3, slot=12))) == [2]


def test_recall_is_by_cosine_newest_first_within_a_modality():
    store = MemoryStore(StoreConfig("fifo", 9))
    vectors = [unit(1, 0), unit(1, 1), unit(0, 1), unit(1, 0), np.zeros(2)]
    for key, vector in enumerate(vectors):
        store.add(item(key, embedding=2.5 * vector, modality="image" if key == 2 else "text"))
    store.add(item(5, embedding=unit(1, 0, 0)))
    found = store.recall(unit(1, 0), 3)
    assert [one.item.key for one in found] == [3, 0, 1]
    assert [one.similarity for one in found] == pytest.approx([1, 1, 2**-0.5])
    assert [one.item.key for one in store.recall(unit(1, 0), 5, "image")] == [2]
    assert store.recall(unit(1, 0), 5, "csi") == []
    assert len(store.recall(unit(1, 0), 50)) == 5


def test_temporal_code_depends_on_the_age_alone():
    codes = slot_codes([3, 5, 9], now=5, dimensions=8)
    assert codes.shape == (3, 8) and codes.dtype == np.float32
    assert codes[1] == pytest.approx([0, 1] * 4) and codes[2] == pytest.approx(codes[1])
    rate = 10_000.0 ** (-np.arange(4) / 4)
    assert codes[0, 0::2] == pytest.approx(np.sin(2 * rate), abs=1e-6)
    assert codes[0, 1::2] == pytest.approx(np.cos(2 * rate), abs=1e-6)
    assert slot_codes([103], 105, 8) == pytest.approx(codes[:1])
    assert slot_codes([], 0, 2).shape == (0, 2)


def test_copy_replace_and_forget():
    store = MemoryStore(StoreConfig("retrieval", 3, freshness=0.1, correlation=1.0))
    for key in range(3):
        store.add(item(key, embedding=unit(1, key)))
    other = store.copy()
    assert other.forget(1).key == 1 and keys(other.items) == [0, 2] and 1 in store
    store.replace(text_item(1, 7, "edited", unit(0, 1), 0.25))
    assert keys(store.items) == [0, 1, 2] and store.get(1).text == "edited" and store.now == 7
    assert store.scores() == pytest.approx(MemoryStore(store.config, store.items).scores())
    assert store.next_key() == 3 and MemoryStore().next_key() == 0


def test_ten_thousand_sentences_pass_through_a_small_memory():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(40, 16)).astype(np.float32)
    store = MemoryStore(StoreConfig("retrieval", 32, freshness=0.2, correlation=1.0))
    for slot in range(10_000):
        store.add(text_item(slot, slot, f"Sentence {slot}.", rows[slot % 40]))
    assert len(store) == 32 and store.counts["evicted"] == 9968
    assert store.items[-1].text == "Sentence 9999."


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"model": "lifo"}, "model is 'lifo'; allowed is one of fifo, retrieval, ring"),
        ({"capacity": 0}, "capacity is 0; allowed is 1 to 65536"),
        ({"max_bytes": 5}, "max_bytes is 5; allowed is 1024"),
        ({"freshness": -1.0}, "freshness is -1.0; allowed is 0 to 1000"),
        ({"half_life": float("nan")}, "half_life is nan"),
        ({"freshness": 0.0}, "freshness, value and correlation are 0; allowed is one weight"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(ConfigError, match=message):
        StoreConfig(**settings)


def test_bad_use():
    store = MemoryStore(StoreConfig("fifo", 2), [item(0)])
    with pytest.raises(ConfigError, match="key is 0; allowed is one that no item"):
        store.add(item(0))
    with pytest.raises(ConfigError, match="key is 7; allowed is that of one of the 1 items"):
        store.forget(7)
    with pytest.raises(ConfigError, match="items are more than fit into a memory of 2 items"):
        MemoryStore(store.config, map(item, range(3)))
    with pytest.raises(ConfigError, match="two items have the key 1"):
        MemoryStore(store.config, [item(1), item(1)])
    with pytest.raises(ConfigError, match="count is 0"):
        store.recall([1.0], 0)
    with pytest.raises(ConfigError, match="modality is 'smell'; allowed is one of csi, image"):
        store.recall([1.0], 1, "smell")
    for wrong in ([], [[1.0]], [np.nan]):
        with pytest.raises(ConfigError, match="embedding has shape"):
            store.recall(wrong)
    with pytest.raises(ConfigError, match="dimensions is 1"):
        slot_codes([1], 1, 1)
    with pytest.raises(ConfigError, match="dimensions % 2 is 1"):
        slot_codes([1], 1, 3)
