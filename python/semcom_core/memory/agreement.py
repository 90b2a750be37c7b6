# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agreement of both ends of a link on one memory of acknowledged items.

    sender     message sent -> acknowledged -> its memory, state announced -> confirmed: may be used
    receiver   message decoded -> pending -> state heard: takes in what is pending -> confirms

The sender enters an item when the link has acknowledged its message, decoded, and all before it
are settled. The receiver has it earlier, but not every acknowledgement arrives; so it keeps it
pending until the sender says what its memory holds now, by a fingerprint: 32 bits of a hash over
the digests of all items in order, 0 of an empty memory. What is said travels in short frames (codec
MEMORY), of which the link may lose, repeat and reorder any: a header whose `params` is the kind,
and 128 uses of payload, protected as the header itself.

    payload    fingerprint 32 | entered 16 | CRC 16 inverted, in the header's code and QPSK

    kind       message_id            fingerprint of
    0 state    last settled          the sender's memory; entered: which of the 16 messages up to it
    1 uses     last settled          the version that a message in the same burst was made with
    2 here     last of that state    the receiver's memory: that of the state, or another

Each end keeps its last versions. A message made with a memory has `uses` ahead of it in its burst,
and the receiver looks that version up by the fingerprint: it uses the same one, or none, and says
so. Where the fingerprints differ again and again, the sender goes back to the version that the
receiver names, or to an empty memory if it never had that one, and both go on from there; the items
that this takes out of the agreed memory are handed out, to be sent again.

Items that each end measures by itself, CSI and sensing, are in no agreed memory.

State machines without clocks or threads, as in link: what is to be sent is a result, and whoever
owns them asks for it with each burst or from time to time.

Source: the two ends are a replicated log with one writer; the fingerprint's role is that of the
context checksum of robust header compression, RFC 5795.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from semcom_core.errors import ConfigError, FrameError, check_choice, check_range
from semcom_core.fec import attach_crc, check_crc, demodulate, modulate
from semcom_core.fec.convolutional import decode, encode
from semcom_core.frame import MEMORY, MESSAGE_IDS, Frame, FrameHeader, ReceivedFrame
from semcom_core.memory.item import IMAGE, TEXT, MemoryItem
from semcom_core.memory.store import MemoryStore

#: Kinds of frames, in the order of their numbers.
STATE = "state"
USES = "uses"
HERE = "here"
KINDS = (STATE, USES, HERE)
#: Bits of a fingerprint, and of how many messages a state says whether they are entered.
FINGERPRINT_BITS = 32
TOLD = 16
#: Uses of the payload, and lists of the decoder: (end states, detours).
_USES = 128
_LISTS = ((4, 0), (16, 3))
_CRC = "16"
#: Bits that are inverted, so that nothing received is no word.
_INVERTED = np.repeat(np.array([0, 1], np.uint8), [48, 16])
#: Versions that an end keeps, and bursts of which it remembers with what they were made.
_VERSIONS = 16
_BURSTS = 64
#: Answers that differ, with no progress between, after which the sender goes back.
DIFFERENT = 3
#: Most items pending at an end: half the message numbers, which is the largest window of a link.
_PENDING = MESSAGE_IDS // 2
#: Notices that wait to be taken, the newest.
_NOTICES = 64
#: Modalities that both ends have.
_SHARED = (TEXT, IMAGE)


def fingerprint(items: Iterable[MemoryItem]) -> int:
    """Fingerprint of items in their order: 0 of none, else 1 to 2^32 - 1."""
    found = hashlib.sha256()
    empty = True
    for item in items:
        found.update(item.digest)
        empty = False
    number = int.from_bytes(found.digest()[:8], "big")
    return 0 if empty else 1 + number % (2**FINGERPRINT_BITS - 1)


@dataclass(frozen=True)
class MemoryWord:
    """Content of a frame of the agreement; see the module.

    Args:
        kind: one of KINDS.
        message_id: a message's number, 0 to 255.
        fingerprint: of a memory, 0 to 2^32 - 1.
        entered: bit k is set when message message_id - k is entered, 0 to 65535.

    Raises:
        ConfigError: a value is out of range.
    """

    kind: str
    message_id: int
    fingerprint: int
    entered: int = 0

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, KINDS)
        check_range("message_id", self.message_id, 0, MESSAGE_IDS - 1)
        check_range("fingerprint", self.fingerprint, 0, 2**FINGERPRINT_BITS - 1)
        check_range("entered", self.entered, 0, 2**TOLD - 1)

    def to_frame(self) -> Frame:
        """The frame that carries it."""
        header = FrameHeader(MEMORY, self.message_id, length=_USES, params=KINDS.index(self.kind))
        content = self.fingerprint.to_bytes(4, "big") + self.entered.to_bytes(2, "big")
        bits = attach_crc(np.unpackbits(np.frombuffer(content, np.uint8)), _CRC) ^ _INVERTED
        return Frame(header, modulate(encode(bits), "qpsk"))

    @classmethod
    def from_frame(cls, frame: ReceivedFrame) -> MemoryWord:
        """The content of a received frame.

        Raises:
            FrameError: it is another frame, or too much of it was lost.
        """
        header = frame.header
        if (header.codec, header.length) != (MEMORY, _USES) or header.params >= len(KINDS):
            raise FrameError(
                f"frame has (codec, length, params) {(header.codec, header.length, header.params)};"
                f" one of a memory's agreement has {(MEMORY, _USES)} and 0 to {len(KINDS) - 1}"
            )
        soft = demodulate(frame.symbols, frame.noise_var, "qpsk").astype(np.float32)
        for ends, detours in _LISTS:
            for bits in decode(soft[None], ends, detours)[0]:
                if check_crc(bits ^ _INVERTED, _CRC):
                    content = np.packbits(bits[:48]).tobytes()
                    numbers = [int.from_bytes(part, "big") for part in (content[:4], content[4:])]
                    return cls(KINDS[header.params], header.message_id, *numbers)
        raise FrameError(f"memory frame {header.message_id} does not decode: its CRC does not hold")


@dataclass(frozen=True)
class Version:
    """A state of the memory.

    Args:
        fingerprint: of its items.
        last: number of the last message that it takes account of, modulo 256 at the sender,
            unwrapped at the receiver.
        store: its items.
    """

    fingerprint: int
    last: int
    store: MemoryStore

    @property
    def items(self) -> tuple[MemoryItem, ...]:
        """Its items in order."""
        return self.store.items

    def plus(self, items: Iterable[MemoryItem], last: int) -> Version:
        """The version after further items, which get keys of this store."""
        store = self.store.copy()
        for item in items:
            store.add(replace(item, key=store.next_key()))
        return Version(fingerprint(store.items), last, store)

    def emptied(self, last: int) -> Version:
        """The version without items."""
        return Version(0, last, MemoryStore(self.store.config))


class MemorySender:
    """The end that sends the messages.

    Args:
        store: the memory to begin with, of text and image items; a copy is kept.

    Raises:
        ConfigError: the store has items of other modalities.
    """

    def __init__(self, store: MemoryStore) -> None:
        for item in store.items:
            _check_shared(item)
        self.counts: Counter[str] = Counter()
        self._head = Version(fingerprint(store.items), MESSAGE_IDS - 1, store.copy())
        self._versions: list[Version] = []
        self._agreed: Version | None = None
        # messages on the way in the order of their numbers: their item, and how they ended
        self._pending: OrderedDict[int, tuple[MemoryItem, bool | None]] = OrderedDict()
        # numbers entered last
        self._entered: deque[int] = deque(maxlen=TOLD)
        self._asked = False
        self._different = 0
        self._dropped: deque[MemoryItem] = deque(maxlen=_PENDING)
        self._notices: deque[str] = deque(maxlen=_NOTICES)

    @property
    def store(self) -> MemoryStore:
        """All acknowledged items, whether the far end has confirmed them or not; not to be
        changed.
        """
        return self._head.store

    @property
    def agreed(self) -> Version | None:
        """The version that the far end has confirmed last: what a message may be made with. None
        while there is none, or an empty one.
        """
        return self._agreed if self._agreed is not None and self._agreed.fingerprint else None

    @property
    def settled(self) -> bool:
        """Whether the far end has confirmed all that is acknowledged."""
        return self._agreed is self._head

    def submit(self, message_id: int, item: MemoryItem) -> None:
        """A message has been handed to the link; where it is acknowledged, its item is remembered.

        Args:
            message_id: its number, 0 to 255; in the order of sending.
            item: a text or image item; its key does not matter.

        Raises:
            ConfigError: the item is of another modality, or too many messages are on the way.
        """
        check_range("message_id", message_id, 0, MESSAGE_IDS - 1)
        _check_shared(item)
        if message_id in self._pending or len(self._pending) >= _PENDING:
            raise ConfigError(
                f"message {message_id} is submitted with {len(self._pending)} on the way; allowed "
                f"are {_PENDING} of different numbers"
            )
        self._pending[message_id] = (item, None)

    def on_settled(self, message_id: int, acknowledged: bool) -> None:
        """A message has come to its end: acknowledged as decoded, or not."""
        if message_id not in self._pending:
            return
        self._pending[message_id] = (self._pending[message_id][0], acknowledged)
        items = []
        last = self._head.last
        while self._pending and next(iter(self._pending.values()))[1] is not None:
            last, (item, entered) = self._pending.popitem(last=False)
            if entered:
                items.append(item)
                self._entered.append(last)
            else:
                self.counts["given_up"] += 1
        if last != self._head.last or items:
            self.counts["entered"] += len(items)
            self._head = self._head.plus(items, last)

    def uses(self) -> MemoryWord | None:
        """What goes ahead, in the same burst, of a message that was made with the agreed version;
        None while there is none.
        """
        version = self.agreed
        if version is None:
            return None
        return MemoryWord(USES, version.last, version.fingerprint)

    def outgoing(self, probe: bool = False) -> list[MemoryWord]:
        """What is to be sent with the next burst; nothing where all is confirmed.

        Args:
            probe: ask even so, as should be done now and then: the far end may have begun anew.
        """
        if self.settled and not probe:
            return []
        if self._head not in self._versions:
            self._versions = [*self._versions[1 - _VERSIONS :], self._head]
        self.counts["states"] += 1
        self._asked = True
        last = self._head.last
        told = [(last - back) % MESSAGE_IDS for back in range(TOLD)]
        entered = sum((number in self._entered) << back for back, number in enumerate(told))
        return [MemoryWord(STATE, last, self._head.fingerprint, entered)]

    def on_word(self, word: MemoryWord) -> None:
        """A word of the far end has come; all but `here` are this end's own."""
        if word.kind != HERE:
            return
        self.counts["answers"] += 1
        places = [k for k, v in enumerate(self._versions) if v.fingerprint == word.fingerprint]
        exact = [k for k in places if self._versions[k].last == word.message_id]
        agreed = self._versions.index(self._agreed) if self._agreed in self._versions else -1
        if exact and exact[-1] > agreed:
            self._confirm(exact[-1])
        elif not (self.settled and exact and exact[-1] == agreed):
            self._differ(self._versions[places[-1]] if places else None, word.fingerprint)

    def take_notices(self) -> list[str]:
        """What a person should know, a line each, since the last call."""
        notices = list(self._notices)
        self._notices.clear()
        return notices

    def take_dropped(self) -> list[MemoryItem]:
        """Items that have left the agreed memory without an update rule since the last call, the
        newest; they are to be sent again, or not.
        """
        dropped = list(self._dropped)
        self._dropped.clear()
        return dropped

    def _confirm(self, place: int) -> None:
        self._agreed = self._versions[place]
        self._asked = self._asked and not self.settled
        self._different = 0

    def _differ(self, found: Version | None, theirs: int) -> None:
        """The far end has another memory than was said last: use none that it may not have, and
        after some such answers go back to one that it has.

        Args:
            found: the version that it has; None where it is unknown here.
            theirs: its fingerprint.
        """
        self.counts["different"] += 1
        if found is None or not self._asked:
            self._agreed = None  # until it has been asked what it has
        self._different += self._asked  # a second answer to one question says nothing new
        self._asked = False
        if self._different < DIFFERENT:
            return
        last = self._head.last
        back = self._head.emptied(last) if found is None else replace(found, last=last)
        kept = {item.digest for item in back.items}
        lost = [item for item in self._head.items if item.digest not in kept]
        self._dropped += lost
        self._notices.append(
            f"memory differs: here fingerprint {self._head.fingerprint:08x}, at the far end "
            f"{theirs:08x}; going on from {len(back.items)} items, without {len(lost)}"
        )
        self.counts["restarts"] += 1
        self._head = back
        self._agreed = None
        self._versions = []
        self._different = 0


class MemoryReceiver:
    """The end that receives the messages.

    Args:
        store: the memory to begin with, of text and image items; a copy is kept.

    Raises:
        ConfigError: the store has items of other modalities.
    """

    def __init__(self, store: MemoryStore) -> None:
        for item in store.items:
            _check_shared(item)
        self.counts: Counter[str] = Counter()
        # the oldest first; the last is the one that the sender has confirmed to have
        first = Version(fingerprint(store.items), -1, store.copy())
        self._versions = [first]
        self._pending: dict[int, MemoryItem] = {}
        # of the last bursts with a message that was made with a memory: its fingerprint
        self._uses: OrderedDict[int, int] = OrderedDict()
        self._latest = 0
        self._met = False
        self._notices: deque[str] = deque(maxlen=_NOTICES)

    @property
    def store(self) -> MemoryStore:
        """The items that both ends have; not to be changed."""
        return self._versions[-1].store

    @property
    def pending(self) -> tuple[MemoryItem, ...]:
        """Items that were received, of which the sender has not said that it knows so."""
        return tuple(self._pending[number] for number in sorted(self._pending))

    def outgoing(self) -> list[MemoryWord]:
        """What is to be sent with the next burst: until a state was heard, what is here, so that a
        sender learns that this end has begun anew.
        """
        return [] if self._met else [self._here(self._versions[-1])]

    def on_decoded(self, message_id: int, item: MemoryItem) -> None:
        """A message has been decoded and is acknowledged: to be told at once, not when its turn in
        the order of the messages has come.

        Args:
            message_id: its number, 0 to 255.
            item: a text or image item; its key does not matter.

        Raises:
            ConfigError: the item is of another modality.
        """
        check_range("message_id", message_id, 0, MESSAGE_IDS - 1)
        _check_shared(item)
        number = _nearest(message_id, self._latest)
        self._latest = number
        self._pending.pop(number, None)
        self._pending[number] = item
        while len(self._pending) > _PENDING:
            self._pending.pop(next(iter(self._pending)))
            self.counts["overflow"] += 1

    def on_word(self, word: MemoryWord, burst: int) -> list[MemoryWord]:
        """A word of the sender has come.

        Args:
            word: its content.
            burst: in which it came: any number that no other burst has, such as its start_sample.

        Returns:
            What is to be answered.
        """
        if word.kind == STATE:
            self._met = True
            return [self._on_state(word)]
        if word.kind == USES:
            self._uses.pop(burst, None)
            self._uses[burst] = word.fingerprint
            if len(self._uses) > _BURSTS:
                self._uses.popitem(last=False)
        return []

    def memory_of(self, burst: int) -> tuple[Version | None, list[MemoryWord]]:
        """The memory that a message was made with.

        Args:
            burst: in which the message came.

        Returns:
            The version, None where it was made with none or with one that is not here; and what is
            to be answered.
        """
        wanted = self._uses.get(burst, 0)
        if not wanted:
            return None, []
        for version in reversed(self._versions):
            if version.fingerprint == wanted:
                self.counts["used"] += 1
                return version, []
        self.counts["refused"] += 1
        here = self._versions[-1]
        self._notices.append(
            f"a message was made with a memory of fingerprint {wanted:08x}; here is "
            f"{here.fingerprint:08x}, so none is used"
        )
        return None, [self._here(here)]

    def take_notices(self) -> list[str]:
        """What a person should know, a line each, since the last call."""
        notices = list(self._notices)
        self._notices.clear()
        return notices

    def _on_state(self, word: MemoryWord) -> MemoryWord:
        """Take on the sender's memory, where it is one that is here or becomes so with what is
        pending; answer with what is here then.
        """
        number = _nearest(word.message_id, self._latest)
        version = self._known(word.fingerprint, number) or self._completed(word, number)
        if version is None:
            self.counts["different"] += 1
            return self._here(self._versions[-1])
        others = [v for v in self._versions if v.fingerprint != version.fingerprint]
        self._versions = [*others[1 - _VERSIONS :], version]
        for done in [n for n in self._pending if n <= number]:
            del self._pending[done]
        return self._here(version)

    def _known(self, wanted: int, number: int) -> Version | None:
        if not wanted:
            return self._versions[-1].emptied(number)
        found = [v for v in self._versions if v.fingerprint == wanted]
        return replace(found[-1], last=number) if found else None

    def _completed(self, word: MemoryWord, number: int) -> Version | None:
        """The sender's version, where a known one becomes it with what is pending and entered: with
        all of it, with what came after the known one, as after a message that came twice, or with
        all that is pending, as after more messages than a state tells of.
        """
        pending = [n for n in sorted(self._pending) if n <= number]
        entered = [n for n in pending if number - n < TOLD and word.entered >> (number - n) & 1]
        for version in reversed(self._versions):
            later = [n for n in entered if n > version.last]
            tried = {tuple(numbers): None for numbers in (entered, later, pending) if numbers}
            for numbers in tried:
                found = version.plus((self._pending[n] for n in numbers), number)
                if found.fingerprint == word.fingerprint:
                    return found
        return None

    def _here(self, version: Version) -> MemoryWord:
        return MemoryWord(HERE, version.last % MESSAGE_IDS, version.fingerprint)


def _check_shared(item: MemoryItem) -> None:
    if item.modality not in _SHARED:
        raise ConfigError(
            f"item is of modality {item.modality!r}; allowed in a memory that both ends have is "
            f"one of {', '.join(_SHARED)}"
        )


def _nearest(message_id: int, near: int) -> int:
    """The number, of those that are `message_id` modulo 256, that is nearest to `near`."""
    half = MESSAGE_IDS // 2
    return near + (message_id - near + half) % MESSAGE_IDS - half
