# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARQ sender: which frames to send now, and the outcome of each message.

    submit -> waiting -> send -> transmitted -> answer or timeout -> settled
                          ^                             |
                          +------ what is lacking ------+

What is lacking: after a timeout what was sent last, after a bitmap the fragments that are not
there, and of a message that did not decode its next round (incremental redundancy); after the last
round, copies from the first round on (Chase combining). See the package for the protocol.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from semcom_core.errors import FrameError
from semcom_core.frame import MESSAGE_IDS, Frame
from semcom_core.link.ack import ATTEMPTS, Ack, control_frame, poll_header
from semcom_core.link.config import SenderConfig

#: Weights of a new measurement in the mean and in the mean deviation.
_MEAN_WEIGHT = 1 / 8
_DEVIATION_WEIGHT = 1 / 4
#: Deviations to wait above the mean; however steady the answers are, the wait is not below this
#: many means.
_DEVIATIONS = 4
_LEAST_MEANS = 2
#: Measurements before the wait may fall below what was set: the first answers come sooner than
#: those to a full window.
_ENOUGH = 4
#: Least time to wait, s: what fades or is held up for as long as that would use up the tries.
_LEAST_S = 0.25
#: A wait is longer by up to this share of itself, drawn anew each time, so that two stations do not
#: collide for ever.
JITTER = 0.25


@dataclass(frozen=True)
class Settled:
    """Outcome of a message.

    Args:
        message_id: its number.
        acknowledged: the far end has said that it needs no more of it.
        decoded: and that it decoded; otherwise it was delivered marked.
        tries: transmissions.
        reason: why it was given up; empty where it was acknowledged.
    """

    message_id: int
    acknowledged: bool
    decoded: bool
    tries: int
    reason: str = ""


class ArqSender:
    """Sends messages until each is acknowledged or has been tried often enough.

    The first message, and the first after one was given up, travels alone until it is answered, so
    that the far end learns where the numbers begin.

    Times are seconds of any one clock that does not run backwards.

    Args:
        config: settings; may be replaced at any time.
        rng: draws the jitter of the waits.
    """

    def __init__(self, config: SenderConfig, rng: np.random.Generator) -> None:
        self.config = config
        self.counts: Counter[str] = Counter()
        self._rng = rng
        self._round_trip = RoundTrip()
        self._waiting: deque[Outgoing] = deque()
        self._active: dict[int, Outgoing] = {}
        self._settled: list[Settled] = []
        self._met = False

    @property
    def pending(self) -> int:
        """Messages that are waiting or on the way."""
        return len(self._waiting) + len(self._active)

    def submit(self, frames: Sequence[Frame]) -> bool:
        """Queue the frames of one message, of its first round and of its increments; False when the
        queue is full.

        Raises:
            FrameError: no frames, frames of more than one message, or an increment of a fragment
                without its first round.
        """
        message = Outgoing.of(frames)
        if len(self._waiting) >= self.config.queue_size:
            self.counts["dropped"] += 1
            return False
        self._waiting.append(message)
        return True

    def on_transmitted(self, message_id: int, now: float) -> None:
        """The last sample of what was sent of a message is out: its answer is awaited from now."""
        for other in self._active.values():
            if other.sending:  # the transmitter is alive; what waits in its queue waits on
                other.due = now + self.config.stall_s
        message = self._active.get(message_id)
        if message is not None and message.sending:
            self._out(message, now)

    def on_ack(self, ack: Ack, now: float) -> None:
        """An acknowledgement has come."""
        message = self._active.get(ack.message_id)
        if message is None or not message.tries:
            self.counts["stray_acks"] += 1
            return
        self.counts["acks"] += 1
        self._met = True
        if message.tries + message.polls == 1 and message.silent:
            if not message.sending:
                self._round_trip.measure(now - message.sent_at)
            # it is answered, so it is out, whatever is still to be heard of the transmitter
            message.sending = False
        message.silent = 0
        if ack.done:
            self._settle(
                ack.message_id, Settled(ack.message_id, True, not ack.again, message.tries)
            )
        elif ack.again:
            message.want_more(ack.attempts)
            if (
                ack.attempts == message.tries % ATTEMPTS
            ):  # all that was handed to the transmitter is decoded, so it is out
                message.sending = False
            if (
                message.advance and not message.sending
            ):  # else it is on its way already, or a copy or a question is
                message.due = now
        else:
            message.want(ack.lacking(message.fragments))
            if not message.sending:
                message.due = now if message.wanted else now + self._wait_s(message)

    def poll(self, now: float) -> tuple[list[list[Frame]], list[Settled]]:
        """What is to be sent now, each a list of frames that belong together, and the messages
        settled since the last call.
        """
        sends = []
        for message_id in [i for i, message in self._active.items() if message.due <= now]:
            sends += self._act(message_id, now)
        while self._waiting and self._may_start(message_id := self._waiting[0].message_id):
            self._active[message_id] = self._waiting.popleft()
            self.counts["messages"] += 1
            sends += self._act(message_id, now)
        settled = self._settled
        self._settled = []
        return sends, settled

    def next_time(self) -> float:
        """When poll has something to do, if nothing happens before, s; inf where it has nothing."""
        return min((message.due for message in self._active.values()), default=math.inf)

    def _may_start(self, message_id: int) -> bool:
        if not (self._active and self._met):
            return not self._active
        ahead = (message_id - next(iter(self._active))) % MESSAGE_IDS
        return message_id not in self._active and ahead < self.config.messages_at_once

    def _act(self, message_id: int, now: float) -> list[list[Frame]]:
        """Send what is due of a message, or give it up; a transmitter that says nothing counts as
        done.
        """
        message = self._active[message_id]
        if message.sending:
            self._out(message, now)
            return []
        if message.silent:
            self.counts["timeouts"] += 1
        if max(message.silent, message.tries if message.wanted else 0) >= self.config.max_tries:
            reason = f"not acknowledged after {message.tries} transmissions"
            self._settle(message_id, Settled(message_id, False, False, message.tries, reason))
            return []
        message.sending = True
        message.due = now + self.config.stall_s
        message.silent += 1
        if not message.wanted:
            message.polls += 1
            self.counts["polls"] += 1
            return [[control_frame(poll_header(message_id))]]
        message.tries += 1
        frames = message.take(self.config.mode == "stop-and-wait")
        self.counts["transmissions"] += 1
        self.counts["increments"] += message.round > 0
        self.counts["frames"] += len(frames)
        self.counts["uses"] += sum(frame.header.length for frame in frames)
        return [frames]

    def _out(self, message: Outgoing, now: float) -> None:
        message.sending = False
        message.sent_at = now
        message.due = now + self._wait_s(message)

    def _wait_s(self, message: Outgoing) -> float:
        """Time to wait for the next answer, s: longer after each silence, and after each answer
        that the decoder is at work.
        """
        steps = max(message.silent - 1, 0) + message.holds
        wait_s = self._round_trip.timeout_s(self.config.timeout_s) * self.config.backoff ** min(
            steps, 64
        )
        return min(wait_s, self.config.longest_s) * (1 + JITTER * self._rng.random())

    def _settle(self, message_id: int, settled: Settled) -> None:
        del self._active[message_id]
        self._met = settled.acknowledged
        self._settled.append(settled)
        self.counts["acknowledged" if settled.acknowledged else "given_up"] += 1
        self.counts["undecoded"] += settled.acknowledged and not settled.decoded


@dataclass
class Outgoing:
    """A message on the way.

    Args:
        rounds: its fragments by number, of the first transmission and of each increment; where an
            increment lacks one, that of the first.
        wanted: the fragments that the far end is not known to have, or of which it wants more.
        round: which round is sent.
        advance: the next transmission is of the next round: the far end has asked for more.
        asked: how often the far end had decoded when it asked for more; -1: it has not.
        due: when something is to be done unless an answer comes, s.
        sending: handed to the transmitter, which has not yet said that it is out.
        sent_at: when it was out, s.
        tries, polls: transmissions of fragments, and of questions about them.
        silent: both of them since the last answer.
        holds: answers in a row that all fragments are there and not yet decoded.
    """

    rounds: list[dict[int, Frame]]
    wanted: set[int]
    round: int = 0
    advance: bool = False
    asked: int = -1
    due: float = 0.0
    sending: bool = False
    sent_at: float = 0.0
    tries: int = 0
    polls: int = 0
    silent: int = 0
    holds: int = 0

    @classmethod
    def of(cls, frames: Sequence[Frame]) -> Outgoing:
        """The message that has these frames.

        Raises:
            FrameError: no frames, frames of more than one message, or an increment of a fragment
                without its first round.
        """
        ids = {frame.header.message_id for frame in frames}
        if len(ids) != 1:
            raise FrameError(f"frames are of the messages {sorted(ids)}; one is allowed")
        rounds: dict[int, dict[int, Frame]] = {}
        for frame in sorted(frames, key=lambda frame: frame.header.round):
            rounds.setdefault(frame.header.round, {})[frame.header.fragment] = frame
        first = set(rounds.get(0, ()))
        alone = sorted({k for found in rounds.values() for k in found} - first)
        if alone:
            raise FrameError(
                f"increments are of the fragments {alone}; allowed are those of the first round, "
                f"{sorted(first)}"
            )
        return cls([rounds[0] | found for found in rounds.values()], first)

    @property
    def message_id(self) -> int:
        """Its number."""
        return next(iter(self.rounds[0].values())).header.message_id

    @property
    def fragments(self) -> set[int]:
        """Numbers of its fragments."""
        return set(self.rounds[0])

    def want_more(self, attempts: int) -> None:
        """The far end has all fragments and did not decode them, after so many attempts; what is
        said twice counts once.
        """
        if attempts != self.asked:
            self.asked = attempts
            self.advance = True
            self.wanted = self.fragments
            self.holds = 0

    def want(self, lacking: set[int]) -> None:
        """The far end has nothing of these fragments, and no need of the others; of what is lacking
        the first round is sent.
        """
        self.wanted = lacking
        self.holds = 0 if lacking else self.holds + 1
        if lacking:
            self.round = 0
            self.advance = False
        else:
            # it is decoding; what it asks for after that is new, also where it has started anew
            self.asked = -1

    def take(self, whole: bool) -> list[Frame]:
        """The frames to be sent now, the wanted ones or all; after the last round copies follow,
        from the first on.
        """
        self.round = (self.round + self.advance) % len(self.rounds)
        self.advance = False
        frames = self.rounds[self.round]
        return [frames[k] for k in sorted(frames) if whole or k in self.wanted]


class RoundTrip:
    """Smoothed round-trip time and its deviation.

    Source: V. Jacobson, "Congestion avoidance and control", SIGCOMM 1988; constants of RFC 6298.
    """

    def __init__(self) -> None:
        self._mean_s: float | None = None
        self._deviation_s = 0.0
        self._count = 0

    def measure(self, round_trip_s: float) -> None:
        """Enter the round-trip time of a message that was sent once, s (Karn's rule: others are
        ambiguous).
        """
        self._count += 1
        if self._mean_s is None:
            self._mean_s = round_trip_s
            self._deviation_s = round_trip_s / 2
            return
        self._deviation_s += _DEVIATION_WEIGHT * (
            abs(round_trip_s - self._mean_s) - self._deviation_s
        )
        self._mean_s += _MEAN_WEIGHT * (round_trip_s - self._mean_s)

    def timeout_s(self, unknown_s: float) -> float:
        """Time to wait for an answer, s; at least `unknown_s` before enough was measured, and never
        much less than _LEAST_S.
        """
        if self._mean_s is None:
            return unknown_s
        least_s = _LEAST_MEANS * self._mean_s if self._count >= _ENOUGH else unknown_s
        return max(
            self._mean_s + _DEVIATIONS * self._deviation_s, least_s, min(_LEAST_S, unknown_s)
        )
