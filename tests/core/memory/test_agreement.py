# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agreement on a memory: words on the air, lost and repeated headers, restarts, and that no end
uses another memory than the other without noticing.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from semcom_core.errors import ConfigError, FrameError
from semcom_core.frame import Frame, FrameHeader, ReceivedFrame
from semcom_core.link import ArqReceiver, ArqSender, ReceiverConfig, SenderConfig, is_control
from semcom_core.memory import MemoryItem, MemoryStore, StoreConfig, image_item, text_item
from semcom_core.memory.agreement import (
    DIFFERENT,
    HERE,
    KINDS,
    STATE,
    USES,
    MemoryReceiver,
    MemorySender,
    MemoryWord,
    fingerprint,
)
from semcom_core.simulation import transmit

CONFIG = StoreConfig("fifo", 6)


def item(slot: int, text: str = "") -> MemoryItem:
    return text_item(0, slot, text or f"Sentence {slot}.")


def digests(store) -> list[bytes]:
    return [one.digest for one in store.items]


class Ends:
    """Both ends over a perfect link for the headers."""

    def __init__(self, config: StoreConfig = CONFIG) -> None:
        self.sender = MemorySender(MemoryStore(config))
        self.receiver = MemoryReceiver(MemoryStore(config))

    def pass_message(self, number: int, acknowledged: bool = True, delivered: bool = True) -> None:
        self.sender.submit(number % 256, item(number))
        if delivered:
            self.receiver.on_decoded(number % 256, item(number))
        self.sender.on_settled(number % 256, acknowledged)

    def talk(self, rounds: int = 1) -> None:
        for _ in range(rounds):
            for word in self.sender.outgoing():
                for answer in self.receiver.on_word(word, 0):
                    self.sender.on_word(answer)


def test_fingerprint_is_of_the_items_in_order():
    items = [item(1), item(2)]
    found = hashlib.sha256(items[0].digest + items[1].digest).digest()
    assert fingerprint(items) == 1 + int.from_bytes(found[:8], "big") % (2**32 - 1)
    assert fingerprint([]) == 0
    assert fingerprint(items) != fingerprint(items[::-1])
    assert fingerprint(items) == fingerprint([replace(one, key=9, value=0.1) for one in items])


@pytest.mark.parametrize("kind", KINDS)
def test_words_travel_through_modem_and_noise(kind):
    words = [MemoryWord(kind, 0, 0), MemoryWord(kind, 255, 2**32 - 1, 65535)]
    words.append(MemoryWord(kind, 7, 0x12345678, 0xABCD))
    frames = [word.to_frame() for word in words]
    assert [(f.header.codec, f.header.length) for f in frames] == [(28, 128)] * 3
    assert np.mean(np.abs(frames[2].symbols) ** 2) == pytest.approx(1)
    received = transmit(frames, "awgn:2", seed=4)
    assert [MemoryWord.from_frame(frame) for frame in received] == words


def test_other_and_damaged_frames_are_refused():
    frame = MemoryWord(USES, 7, 0x12345678).to_frame()
    heard = ReceivedFrame(frame.header, frame.symbols, np.full(128, 0.5, np.float32))
    assert MemoryWord.from_frame(heard).fingerprint == 0x12345678
    for other in (FrameHeader(1, length=128), replace(frame.header, params=3)):
        with pytest.raises(FrameError, match="one of a memory's agreement has"):
            MemoryWord.from_frame(ReceivedFrame(other, frame.symbols, heard.noise_var))
    with pytest.raises(FrameError, match="one of a memory's agreement has"):
        MemoryWord.from_frame(ReceivedFrame(FrameHeader(28), frame.symbols[:0], np.zeros(0)))
    erased = np.full(128, np.inf, np.float32)
    with pytest.raises(FrameError, match="memory frame 7 does not decode: its CRC does not hold"):
        MemoryWord.from_frame(ReceivedFrame(frame.header, np.zeros(128, np.complex64), erased))
    rng = np.random.default_rng(1)
    noise = (rng.normal(size=(50, 256)).astype(np.float32)).view(np.complex64)
    refused = 0
    for symbols in noise:
        try:
            MemoryWord.from_frame(ReceivedFrame(frame.header, symbols, heard.noise_var))
        except FrameError:
            refused += 1
    assert refused >= 48  # one in 800 of noise fits the CRC


def test_acknowledged_items_are_agreed_and_used():
    ends = Ends()
    assert ends.sender.agreed is None and ends.sender.uses() is None
    for number in range(3):
        ends.pass_message(number)
    assert ends.sender.agreed is None and len(ends.receiver.pending) == 3
    ends.talk()
    assert ends.sender.settled and ends.sender.outgoing() == []
    assert digests(ends.sender.agreed) == digests(ends.receiver.store) == digests(ends.sender.store)
    word = ends.sender.uses()
    assert (word.kind, word.message_id, word.fingerprint) == (
        USES,
        2,
        fingerprint(ends.sender.store.items),
    )
    assert ends.receiver.on_word(word, burst=9) == []
    version, answers = ends.receiver.memory_of(9)
    assert digests(version) == digests(ends.sender.agreed) and answers == []
    assert ends.receiver.memory_of(8) == (None, [])


def test_message_may_be_made_with_an_older_version_than_was_announced_since():
    ends = Ends()
    ends.pass_message(0)
    ends.talk()
    uses = ends.sender.uses()
    ends.pass_message(1)
    ends.talk()
    ends.receiver.on_word(uses, 9)
    version, _ = ends.receiver.memory_of(9)
    assert [one.text for one in version.items] == ["Sentence 0."]


def test_item_waits_for_those_before_it():
    ends = Ends()
    for number in range(3):
        ends.sender.submit(number, item(number))
    ends.sender.on_settled(1, True)
    ends.sender.on_settled(2, True)
    assert len(ends.sender.store) == 0
    ends.sender.on_settled(0, True)
    assert [one.slot for one in ends.sender.store.items] == [0, 1, 2]
    ends.sender.on_settled(0, True)
    assert len(ends.sender.store) == 3


def test_message_given_up_but_received_is_dropped_at_the_receiver():
    ends = Ends()
    ends.pass_message(0)
    ends.pass_message(1, acknowledged=False)
    ends.pass_message(2)
    (word,) = ends.sender.outgoing()
    assert (word.kind, word.entered) == (STATE, 0b101)
    ends.talk()
    assert ends.sender.settled and ends.sender.counts["restarts"] == 0
    assert [one.slot for one in ends.receiver.store.items] == [0, 2] and not ends.receiver.pending


def test_receiver_that_lost_its_memory_is_noticed_and_both_begin_anew():
    ends = Ends()
    for number in range(4):
        ends.pass_message(number)
    ends.talk()
    ends.receiver = MemoryReceiver(MemoryStore(CONFIG))
    ends.receiver.on_word(ends.sender.uses(), 9)
    version, answers = ends.receiver.memory_of(9)
    assert version is None
    (notice,) = ends.receiver.take_notices()
    assert notice.startswith("a message was made with a memory of fingerprint ")
    assert "here is 00000000, so none is used" in notice and ends.receiver.take_notices() == []
    for answer in answers:
        ends.sender.on_word(answer)
    assert ends.sender.agreed is None
    ends.talk(DIFFERENT)
    assert [one.slot for one in ends.sender.take_dropped()] == [0, 1, 2, 3]
    (notice,) = ends.sender.take_notices()
    assert notice.endswith("at the far end 00000000; going on from 0 items, without 4")
    ends.pass_message(4)
    ends.talk()
    assert ends.sender.settled and [one.slot for one in ends.receiver.store.items] == [4]


def test_receiver_with_an_older_memory_is_met_there():
    ends = Ends()
    for number in range(2):
        ends.pass_message(number)
    ends.talk()
    old = ends.receiver.store.copy()
    for number in range(2, 4):
        ends.pass_message(number)
    ends.talk()
    ends.receiver = MemoryReceiver(old)
    ends.receiver.on_word(ends.sender.uses(), 9)
    for answer in ends.receiver.memory_of(9)[1]:
        ends.sender.on_word(answer)
    ends.talk(DIFFERENT + 1)
    assert ends.sender.settled and [one.slot for one in ends.sender.agreed.items] == [0, 1]
    assert [one.slot for one in ends.sender.take_dropped()] == [2, 3]


def test_receiver_that_begins_anew_says_so_unasked():
    ends = Ends()
    assert ends.receiver.outgoing() == [MemoryWord(HERE, 255, 0)]
    ends.pass_message(0)
    ends.talk()
    assert ends.receiver.outgoing() == [] and ends.sender.agreed is not None
    (word,) = MemoryReceiver(MemoryStore(CONFIG)).outgoing()
    ends.sender.on_word(word)
    assert ends.sender.agreed is None and [w.kind for w in ends.sender.outgoing()] == [STATE]


def test_sender_that_restarts_with_what_it_kept_goes_on():
    ends = Ends()
    for number in range(40):
        ends.pass_message(number)
    ends.talk(DIFFERENT)
    ends.sender = MemorySender(ends.sender.store)
    ends.talk()
    assert ends.sender.settled and len(ends.sender.agreed.items) == 6
    ends.pass_message(0)
    ends.talk()
    assert ends.sender.settled
    assert digests(ends.sender.agreed) == digests(ends.receiver.store)


def test_edited_memory_is_noticed():
    ends = Ends()
    for number in range(3):
        ends.pass_message(number)
    ends.talk()
    edited = ends.receiver.store.copy()
    edited.replace(replace(edited.items[1], payload=b"Something else."))
    ends.receiver = MemoryReceiver(edited)
    ends.receiver.on_word(ends.sender.uses(), 9)
    assert ends.receiver.memory_of(9)[0] is None
    ends.sender = MemorySender(ends.sender.store)
    ends.talk(DIFFERENT + 1)
    assert ends.sender.settled and len(ends.receiver.store) == 0


def test_repeated_old_answers_do_not_take_the_memory_away():
    ends = Ends()
    ends.pass_message(0)
    old = ends.receiver.on_word(ends.sender.outgoing()[0], 0)
    ends.sender.on_word(*old)
    ends.pass_message(1)
    ends.talk()
    for _ in range(20):
        ends.sender.on_word(*old)
    ends.talk()
    assert ends.sender.settled and len(ends.sender.agreed.items) == 2
    assert ends.sender.counts["restarts"] == 0


def test_message_that_comes_twice_is_one_item():
    ends = Ends()
    ends.pass_message(0)
    ends.talk()
    ends.receiver.on_decoded(0, item(0))
    ends.pass_message(1)
    ends.talk()
    assert ends.sender.settled and [one.slot for one in ends.receiver.store.items] == [0, 1]
    assert ends.sender.counts["restarts"] == 0 and ends.receiver.pending == ()


def test_pending_items_are_bounded():
    receiver = MemoryReceiver(MemoryStore(CONFIG))
    for number in range(1000):
        receiver.on_decoded(number % 256, item(number))
        receiver.on_word(MemoryWord(USES, 0, 5), number)
        receiver.memory_of(number)
    assert len(receiver.take_notices()) == 64
    assert len(receiver.pending) == 128 and receiver.counts["overflow"] == 872
    assert receiver.pending[-1].slot == 999 and len(receiver._uses) == 64


def test_bad_use():
    sender = MemorySender(MemoryStore(CONFIG))
    measured = MemoryItem(0, "csi", 0)
    for refuse in (
        lambda: sender.submit(0, measured),
        lambda: MemoryReceiver(MemoryStore(CONFIG)).on_decoded(0, measured),
        lambda: MemorySender(MemoryStore(CONFIG, [measured])),
        lambda: MemoryReceiver(MemoryStore(CONFIG, [measured])),
    ):
        with pytest.raises(ConfigError, match="item is of modality 'csi'; allowed in a memory"):
            refuse()
    sender.submit(3, item(0))
    with pytest.raises(ConfigError, match="message 3 is submitted with 1 on the way"):
        sender.submit(3, item(0))
    with pytest.raises(ConfigError, match="message_id is 256"):
        sender.submit(256, item(0))
    with pytest.raises(ConfigError, match="kind is 'was'"):
        MemoryWord("was", 0, 0)
    sender.on_settled(200, True)  # of no message
    sender.on_word(MemoryWord(STATE, 0, 1))  # its own kind
    assert sender.counts["answers"] == 0


class Air:
    """Headers on their way, any of which is lost, repeated or overtaken."""

    def __init__(self, rng: np.random.Generator, loss: float) -> None:
        self.rng = rng
        self.loss = loss
        self.waiting: list[tuple[MemoryWord, int]] = []

    def send(self, word: MemoryWord, burst: int = 0) -> None:
        copies = 0 if self.rng.random() < self.loss else 1 + (self.rng.random() < self.loss)
        self.waiting += [(word, burst)] * copies

    def arrived(self) -> list[tuple[MemoryWord, int]]:
        late = [one for one in self.waiting if self.rng.random() < self.loss]
        found = [one for one in self.waiting if one not in late]
        self.rng.shuffle(found)
        self.waiting = late
        return found


class RandomRun:
    """A random run over both ends, with messages lost and restarts, and then quiet.

    Args:
        seed: of all that is random in it.
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.loss = float(self.rng.choice([0.0, 0.1, 0.4]))
        self.config = StoreConfig(
            str(self.rng.choice(["fifo", "retrieval"])),
            int(self.rng.integers(2, 9)),
            value=1.0,
            freshness=0.5,
        )
        self.sender = MemorySender(MemoryStore(self.config))
        self.receiver = MemoryReceiver(MemoryStore(self.config))
        self.there = Air(self.rng, self.loss)
        self.back = Air(self.rng, self.loss)
        self.number = int(self.rng.integers(256))
        self.saved = self.receiver.store.copy(), self.sender.store.copy()
        self.asked: list[tuple[int, list[bytes]]] = []
        self.bursts = 0
        self.used = self.refused = self.restarts = 0

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def say(self) -> None:
        """A sentence: it or its acknowledgement may be lost for good."""
        self.number += 1
        said = text_item(0, self.number, f"Number {self.number}.", value=float(self.rng.random()))
        self.sender.submit(self.number % 256, said)
        decoded = not self.chance(self.loss)
        if decoded:
            self.receiver.on_decoded(self.number % 256, replace(said, key=5))
        self.sender.on_settled(self.number % 256, decoded and not self.chance(self.loss))

    def ask(self) -> None:
        """A question that is made with the memory, where there is one."""
        self.number += 1
        word = self.sender.uses()
        if word is not None:
            self.bursts += 1
            self.there.send(word, self.bursts)
            self.asked.append((self.bursts, digests(self.sender.agreed)))

    def answer(self) -> None:
        """The question that has waited longest is decoded: with the same memory or none."""
        burst, made_with = self.asked.pop(0)
        version, answers = self.receiver.memory_of(burst)
        self.used += version is not None
        self.refused += version is None
        assert version is None or digests(version) == made_with
        for word in answers:
            self.back.send(word)

    def restart(self) -> None:
        """An end begins anew, with what it had kept some time ago, or with nothing."""
        if self.chance(0.01):
            self.saved = self.receiver.store.copy(), self.sender.store.copy()
        empty = MemoryStore(self.config)
        if self.chance(0.008):
            self.receiver = MemoryReceiver(self.saved[0] if self.chance(0.5) else empty)
        if self.chance(0.008):
            self.restarts += self.sender.counts["restarts"]
            self.sender = MemorySender(self.saved[1] if self.chance(0.5) else empty)
            self.number = int(self.rng.integers(256))

    def pass_words(self, announce: bool, probe: bool = False) -> None:
        for word in self.sender.outgoing(probe) if announce else ():
            self.there.send(word)
        for word in self.receiver.outgoing() if announce else ():
            self.back.send(word)
        for word, burst in self.there.arrived():
            for found in self.receiver.on_word(word, burst):
                self.back.send(found)
        for word, _ in self.back.arrived():
            self.sender.on_word(word)

    def go(self) -> None:
        for _ in range(int(self.rng.integers(60, 200))):
            if self.chance(0.6):
                (self.ask if self.chance(0.3) else self.say)()
            self.pass_words(self.chance(0.5))
            if self.asked:
                self.answer()
            self.restart()
        self.restarts += self.sender.counts["restarts"]

    def be_quiet(self) -> None:
        self.there.loss = self.back.loss = self.loss = 0.0
        for step in range(200):
            self.pass_words(True, probe=step % 20 == 10)

    def check_agreed(self) -> None:
        assert self.sender.settled and self.sender.outgoing() == []
        assert digests(self.sender.store) == digests(self.receiver.store)


def test_no_end_ever_uses_another_memory_and_both_agree_after_quiet():
    used = refused = restarts = 0
    for seed in range(300):
        run = RandomRun(seed)
        run.go()
        run.be_quiet()
        run.check_agreed()
        for _ in range(3):  # and what comes next is agreed on too
            run.say()
        run.be_quiet()
        run.check_agreed()
        assert len(run.sender.store) > 0
        used += run.used
        refused += run.refused
        restarts += run.restarts
    assert used > 1000 and refused > 100 and restarts > 20


def test_pictures_of_another_quality_at_each_end_are_agreed_on():
    ends = Ends()
    sent = image_item(0, 4, np.full((4, 4, 3), 200, np.uint8))
    received = image_item(0, 4, np.full((4, 4, 3), 190, np.uint8))
    ends.sender.submit(8, sent)
    ends.receiver.on_decoded(8, received)
    ends.sender.on_settled(8, True)
    ends.talk()
    assert ends.sender.settled and ends.receiver.store.items[0].pixels[0, 0, 0] == 190


class LossyLink:
    """Both ends of the link and of the agreement, over a channel that loses bursts either way."""

    def __init__(self, seed: int, loss: float) -> None:
        self.rng = np.random.default_rng(seed)
        self.loss = loss
        self.arq_sender = ArqSender(SenderConfig(max_tries=3), np.random.default_rng(seed))
        self.arq_receiver = ArqReceiver(ReceiverConfig())
        self.sender = MemorySender(MemoryStore(CONFIG))
        self.receiver = MemoryReceiver(MemoryStore(CONFIG))
        self.now = 0.0

    def passes(self) -> bool:
        return bool(self.rng.random() >= self.loss)

    def say(self, number: int) -> None:
        symbols = np.exp(2j * np.pi * np.random.default_rng(number).random(20))
        header = FrameHeader(2, number % 256, length=20)
        assert self.arq_sender.submit([Frame(header, symbols.astype(np.complex64))])
        self.sender.submit(number % 256, item(number))

    def step(self) -> None:
        """A tenth of a second: what is due is sent, decoded, answered."""
        self.now += 0.1
        sends, settled = self.arq_sender.poll(self.now)
        for outcome in settled:
            self.sender.on_settled(outcome.message_id, outcome.acknowledged and outcome.decoded)
        for frames in sends:
            self.arq_sender.on_transmitted(frames[0].header.message_id, self.now)
            for frame in frames if self.passes() else ():
                self._hear(frame)
        for ack in self.arq_receiver.poll(self.now).acks:
            if self.passes():
                self.arq_sender.on_ack(ack, self.now)
        self._agree()

    def _agree(self) -> None:
        for word in self.sender.outgoing():
            answers = self.receiver.on_word(word, 0) if self.passes() else []
            for answer in answers:
                if self.passes():
                    self.sender.on_word(answer)

    def _hear(self, frame: Frame) -> None:
        number = frame.header.message_id
        if is_control(frame.header):
            self.arq_receiver.on_poll(number, self.now)
            return
        heard = ReceivedFrame(frame.header, frame.symbols, np.full(20, 0.1, np.float32))
        self.arq_receiver.on_frame(heard, self.now)
        for group in self.arq_receiver.poll(self.now).decode:
            done = group[0].header.message_id
            self.arq_receiver.on_decoded(done, item(done), True, self.now)
            self.receiver.on_decoded(done, item(done))


@pytest.mark.parametrize("loss", [0.0, 0.3])
def test_what_the_link_acknowledges_becomes_the_memory_of_both(loss):
    link = LossyLink(5, loss)
    for number in range(60):
        link.say(number)
        for _ in range(20):
            link.step()
    link.loss = 0.0
    for _ in range(600):
        link.step()
    assert link.arq_sender.pending == 0 and link.sender.settled
    assert digests(link.sender.store) == digests(link.receiver.store)
    assert len(link.sender.agreed.items) == 6 and link.sender.counts["restarts"] == 0
    assert (link.sender.counts["given_up"] > 0) == (loss > 0)
    if not loss:
        assert [one.slot for one in link.receiver.store.items] == [54, 55, 56, 57, 58, 59]
