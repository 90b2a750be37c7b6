# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ARQ receiver: collects frames, combines copies, answers, and delivers each message once.

    frames -> collect, combine -> decode -+-> decoded --> deliver, acknowledge
                 ^                        +-> undecoded -> ask for more -> ...
                 |                        |                after max_tries: deliver the best guess
                 +-- increments, copies <-+

See the package for the protocol.
"""

from __future__ import annotations

import math
from collections import Counter

from semcom_core.combining import same_message
from semcom_core.frame import MESSAGE_IDS, ReceivedFrame
from semcom_core.link.ack import Ack
from semcom_core.link.config import MAX_WINDOW, ReceiverConfig
from semcom_core.link.reassembly import Actions, Delivery, Done, Incoming, Order, place_of, unwrap

#: A message that is being decoded is waited for this many times as long as one of which nothing
#: more comes.
DECODING = 10


class ArqReceiver:
    """Answers frames and delivers messages.

    A message that is settled is remembered until its number may come again or nothing was heard of
    it for `patience_s`, so that a copy is acknowledged (the first acknowledgement may have been
    lost) and not delivered. Other symbols or another format under a number mean that the sender has
    started anew.

    Times are seconds of any one clock that does not run backwards.

    Args:
        config: settings; may be replaced at any time.
    """

    def __init__(self, config: ReceiverConfig) -> None:
        self.config = config
        self.counts: Counter[str] = Counter()
        self._incoming: dict[int, Incoming] = {}
        self._settled: dict[int, Done] = {}
        self._due: dict[int, float] = {}
        # answers of the decoder that are awaited of messages already given up, by message_id
        self._stale: Counter[int] = Counter()
        self._order: Order | None = None
        self._latest = 0
        self._actions = Actions()

    def on_frame(self, frame: ReceivedFrame, now: float) -> None:
        """A frame of a codec has come."""
        self.counts["frames"] += 1
        number = self._number(frame.header.message_id, now)
        known = self._settled.get(number)
        message = self._incoming.get(number)
        if known is not None and known.heard + self.config.patience_s < now:
            known = None
            del self._settled[number]
        if known is not None and same_message(known.first, frame):
            self.counts["duplicates"] += 1
            known.heard = now
            self._due[number] = now + self.config.ack_delay_s
            return
        if known is not None or (message is not None and not message.fits(frame)):
            self._start_anew(now)
            number = self._number(frame.header.message_id, now)
            message = None
        if message is None:
            message = self._incoming[number] = Incoming(frame.header.fragments)
        self.counts["copies"] += place_of(frame) in message.frames
        self.counts["increments"] += frame.header.round > 0
        message.add(frame, now)
        self._due[number] = now + self.config.ack_delay_s
        whole_round = message.attempts == 0 or message.renewed
        if message.complete and whole_round and not message.decoding:
            self._actions.decode.append(message.hand_over(now))

    def on_poll(self, message_id: int, now: float) -> None:
        """The sender asks what is there of a message."""
        self.counts["polls"] += 1
        self._due[unwrap(message_id, self._latest)] = now

    def on_decoded(
        self, message_id: int, guess: object, decoded: bool, now: float, score: float = math.nan
    ) -> None:
        """The decoder has answered.

        Args:
            message_id: number of the message, 0 to 255.
            guess: its result; None where it could not even guess.
            decoded: whether its own check holds.
            now: time, s.
            score: higher where the guess is likelier; NaN where that is not known.
        """
        number = unwrap(message_id, self._latest)
        message = self._incoming.get(number)
        if self._stale[message_id] or message is None or not message.decoding:
            self._stale[message_id] -= self._stale[message_id] > 0
            return
        for other in self._incoming.values():
            if other.decoding:  # the decoder is at work; the others wait their turn
                other.heard = now
        message.decoding = False
        message.attempts += 1
        message.keep(guess, score)
        if decoded:
            self._settle(number, Delivery(message_id, guess, True, message.attempts), now, now)
        elif message.attempts >= self.config.max_tries or message.final:
            self._give_up(number, now, now)
        elif message.fresh:
            self._actions.decode.append(message.hand_over(now))
        else:
            message.again = True
            self._due[number] = now

    def poll(self, now: float) -> Actions:
        """What is to be done now."""
        for number in [
            n for n, message in self._incoming.items() if self._silent_until(message) <= now
        ]:
            self._conclude(number, now)
        for number in [n for n, due in self._due.items() if due <= now]:
            del self._due[number]
            self._answer(number, now)
        if self._order is not None:
            if self._order.expires(self._incoming, self.config.patience_s) <= now:
                self._order.skip(set(self._incoming))
            self._deliver(self._order.take(self._latest - self.config.window, self._incoming, now))
        actions = self._actions
        self._actions = Actions()
        return actions

    def next_time(self) -> float:
        """When poll has something to do, if nothing happens before, s; inf where it has nothing."""
        skip = (
            self._order.expires(self._incoming, self.config.patience_s) if self._order else math.inf
        )
        return min(
            *map(self._silent_until, self._incoming.values()), *self._due.values(), skip, math.inf
        )

    def _silent_until(self, message: Incoming) -> float:
        """When a message of which nothing more is heard is concluded, s."""
        return message.heard + self.config.patience_s * (DECODING if message.decoding else 1)

    def _number(self, message_id: int, now: float) -> int:
        """The unwrapped number of a message heard of; what the sender can no longer have in its
        window is concluded.
        """
        number = unwrap(message_id, self._latest)
        # the first message, or the first after an outage
        if self._order is None or number - self._latest > self.config.window:
            self._start_anew(now)
            number = self._latest = message_id
            self._order = Order(number)
        if number > self._latest:
            self._latest = number
            for old in [n for n in self._settled if n <= number - MAX_WINDOW]:
                del self._settled[old]
            for old in [n for n in self._incoming if n <= number - self.config.window]:
                self._conclude(old, now)
        return number

    def _answer(self, number: int, now: float) -> None:
        """Answer what has come of a message; first decode what has come since the last attempt."""
        message = self._incoming.get(number)
        if message is not None and message.complete and message.fresh and not message.decoding:
            self._actions.decode.append(message.hand_over(now))
            self._due[number] = now + self.config.ack_delay_s
            return
        known = self._settled.get(number)
        self.counts["acks"] += 1
        if message is not None:
            ack = message.ack()
        elif known is not None:
            ack = known.ack
        else:
            ack = Ack(number % MESSAGE_IDS)
        self._actions.acks.append(ack)

    def _conclude(self, number: int, now: float) -> None:
        """Nothing further is to be expected of a message: decode what is there, or give it up."""
        message = self._incoming[number]
        if message.fresh and not message.final and not message.decoding:
            message.final = True
            self._actions.decode.append(message.hand_over(now))
        elif message.decoding and not message.final:
            message.final = True
            message.heard = now
        else:
            self._give_up(number, now)

    def _give_up(self, number: int, now: float, answer_at: float = math.inf) -> None:
        message = self._incoming[number]
        message_id = message.first.header.message_id
        self._settle(
            number, Delivery(message_id, message.guess, False, message.attempts), now, answer_at
        )

    def _settle(self, number: int, delivery: Delivery, now: float, answer_at: float) -> None:
        message = self._incoming[number]
        self._abandon(number)
        self._settled[number] = Done(message.last_ack(delivery.decoded), message.first, now)
        if answer_at < math.inf:
            self._due[number] = answer_at
        if self.config.in_order and self._order is not None:
            self._deliver(self._order.put(number, delivery, now))
        else:
            self._deliver([delivery])

    def _abandon(self, number: int) -> None:
        """Forget a message that was being collected; an answer of the decoder may still come."""
        message = self._incoming.pop(number)
        self._due.pop(number, None)
        self._stale[message.first.header.message_id] += message.decoding

    def _deliver(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            if delivery.decoded:
                self.counts["delivered"] += 1
            elif delivery.guess is None:
                self.counts["lost"] += 1
            else:
                self.counts["marked"] += 1
        self._actions.deliveries += deliveries

    def _start_anew(self, now: float) -> None:
        """Deliver what there is and forget the numbers: the sender has started anew, or there was
        an outage.
        """
        if self._order is None:
            return
        for number in sorted(self._incoming):
            self._give_up(number, now)
        self._deliver(self._order.take(math.inf, (), now))
        self._settled.clear()
        self._due.clear()
        self._order = None
