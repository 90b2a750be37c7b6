# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory items: payloads there and back, digests, and what is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from semcom_core.errors import ConfigError
from semcom_core.memory import MemoryItem, image_item, text_item
from semcom_core.memory.item import MOST_NUMBER, pack_arrays, unpack_arrays


def test_text_and_picture_come_back():
    assert text_item(1, 2, "Grüße, 世界").text == "Grüße, 世界"
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert np.array_equal(image_item(1, 2, pixels).pixels, pixels)
    assert text_item(1, 2, "ab", [1.0, 2.0]).size == 2 + 8


@pytest.mark.parametrize(
    "arrays",
    [
        {},
        {"snr_db": np.float64(3.5)},
        {"a": np.zeros((0, 3), np.float32), "b": np.arange(5), "ü": np.array([1 + 2j, np.inf])},
        {"transposed": np.arange(6).reshape(2, 3).T, "flags": np.array([True, False])},
    ],
)
def test_arrays_come_back(arrays):
    found = unpack_arrays(pack_arrays(arrays))
    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == np.asarray(array).dtype
        assert np.array_equal(found[name], array)


def test_digest_is_of_what_both_ends_have():
    item = text_item(5, 9, "Hello", [1.0], 0.5)
    assert item.digest == hashlib.sha256(b"text 9 1 Hello").digest()
    assert item.digest == replace(item, key=6, value=0.1, embedding=np.zeros(3)).digest
    assert item.digest != replace(item, slot=8).digest
    assert item.digest != text_item(5, 9, "Hello.").digest
    noisy = replace(item, exact=False)
    assert noisy.digest == replace(noisy, payload=b"Hullo").digest != item.digest


def test_items_are_equal_by_content():
    item = text_item(5, 9, "Hello", [1.0], 0.5)
    assert item == text_item(5, 9, "Hello", [1.0], 0.5) and len({item, item}) == 1
    assert item != replace(item, embedding=np.array([2.0])) and item != "Hello"


@pytest.mark.parametrize(
    "change, message",
    [
        ({"key": -1}, "key is -1; allowed is 0 to"),
        ({"slot": MOST_NUMBER + 1}, "slot is 9223372036854775808; allowed is 0 to"),
        ({"modality": "smell"}, "modality is 'smell'; allowed is one of csi, image, sensing, text"),
        ({"value": 1.5}, "value is 1.5; allowed is 0 to 1"),
        ({"value": float("nan")}, "value is nan"),
        ({"embedding": np.array([np.inf])}, "embedding has numbers that are not finite"),
        ({"embedding": np.zeros((2, 2))}, r"embedding has shape \(2, 2\); allowed is"),
        ({"payload": bytes((1 << 24) + 1)}, "payload bytes is 16777217"),
    ],
)
def test_bad_item(change, message):
    with pytest.raises(ConfigError, match=message):
        replace(text_item(0, 0, ""), **change)


def test_wrong_kind_of_item():
    with pytest.raises(ConfigError, match="item 3 is of modality 'csi'; allowed is 'text'"):
        MemoryItem(3, "csi", 0).text  # noqa: B018
    with pytest.raises(ConfigError, match="item 3 has a payload that is no text"):
        MemoryItem(3, "text", 0, payload=b"\xff").text  # noqa: B018
    for wrong in (text_item(3, 0, ""), image_item(3, 0, np.zeros((2, 2), np.uint8))):
        with pytest.raises(ConfigError, match="item 3 holds no picture"):
            wrong.pixels  # noqa: B018


def test_damaged_arrays_are_refused_in_one_line():
    whole = pack_arrays({"a": np.arange(8), "b": np.ones(3, np.complex64)})
    rng = np.random.default_rng(2)
    refused = 0
    for _ in range(400):
        data = bytearray(whole[: rng.integers(1, len(whole) + 1)])
        data[rng.integers(len(data))] ^= int(rng.integers(1, 256))
        try:
            unpack_arrays(bytes(data))
        except ConfigError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 100
    with pytest.raises(ConfigError, match="item 4: payload holds no arrays: it ends too early"):
        MemoryItem(4, "csi", 0, payload=whole[:-1]).arrays  # noqa: B018


def test_arrays_are_never_larger_than_their_payload_or_objects():
    row = pack_arrays({"a": np.zeros(1)})
    huge = row.replace((1).to_bytes(4, "big"), b"\xff\xff\xff\xff")
    with pytest.raises(ConfigError, match="payload holds no arrays: it ends too early"):
        unpack_arrays(huge)
    with pytest.raises(ConfigError, match="array 'a' is of type object; allowed is one of b1, u1"):
        pack_arrays({"a": np.array([None])})
    with pytest.raises(ConfigError, match="arrays is 17; allowed is 0 to 16"):
        pack_arrays({str(k): k for k in range(17)})
    with pytest.raises(ConfigError, match="or there are too many"):
        unpack_arrays(b"".join(pack_arrays({str(k): k}) for k in range(17)))
