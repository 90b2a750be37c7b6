# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of ArqSender and ArqReceiver, the two ends of a link."""

from __future__ import annotations

from dataclasses import dataclass

from semcom_core.config import setting
from semcom_core.errors import check_choice, check_range
from semcom_core.frame import MESSAGE_IDS

#: stop-and-wait: one message on the way at a time, sent again as a whole. selective-repeat: as many
#: as the window allows, and only the fragments that the far end lacks are sent again.
MODES = ("stop-and-wait", "selective-repeat")
#: Largest window: half the message numbers, so that an old message is never taken for a new one.
MAX_WINDOW = MESSAGE_IDS // 2


@dataclass(frozen=True)
class SenderConfig:
    """Settings of ArqSender.

    Raises:
        ConfigError: a value is outside what is allowed.
    """

    mode: str = setting("selective-repeat", "stop-and-wait or selective-repeat")
    window: int = setting(
        16, "messages on the way at once in selective-repeat, 1 to 128; at most the receiver's"
    )
    max_tries: int = setting(10, "transmissions of a message before it is given up, 1 to 1000")
    timeout_s: float = setting(
        1.0, "time from a burst's last sample to its answer, until it is measured, s, 0.01 to 3600"
    )
    longest_s: float = setting(4.0, "longest time to wait for an answer, s, timeout_s to 3600")
    backoff: float = setting(1.5, "factor of the time to wait after each silence, 1 to 10")
    stall_s: float = setting(
        20.0,
        "time without a word of the transmitter after which a message counts as transmitted, s, "
        "0.01 to 3600",
    )
    queue_size: int = setting(256, "messages that may wait for the window, 1 to 1048576")

    def __post_init__(self) -> None:
        check_choice("mode", self.mode, MODES)
        check_range("window", self.window, 1, MAX_WINDOW)
        check_range("max_tries", self.max_tries, 1, 1000)
        check_range("timeout_s", self.timeout_s, 0.01, 3600)
        check_range("longest_s", self.longest_s, self.timeout_s, 3600)
        check_range("backoff", self.backoff, 1, 10)
        check_range("stall_s", self.stall_s, 0.01, 3600)
        check_range("queue_size", self.queue_size, 1, 1 << 20)

    @property
    def messages_at_once(self) -> int:
        """Messages on the way at once."""
        return 1 if self.mode == "stop-and-wait" else self.window


@dataclass(frozen=True)
class ReceiverConfig:
    """Settings of ArqReceiver.

    Raises:
        ConfigError: a value is outside what is allowed.
    """

    window: int = setting(16, "messages collected at once, 1 to 128; at least the sender's")
    max_tries: int = setting(
        10, "decodings of a message before its best guess is delivered, 1 to 1000"
    )
    ack_delay_s: float = setting(
        0.1, "how long an answer waits for further fragments and for the decoder, s, 0 to 60"
    )
    patience_s: float = setting(
        60.0, "silence after which a message is delivered as it is, s, 0.01 to 86400"
    )
    in_order: bool = setting(True, "deliver messages in the order of their numbers")

    def __post_init__(self) -> None:
        check_range("window", self.window, 1, MAX_WINDOW)
        check_range("max_tries", self.max_tries, 1, 1000)
        check_range("ack_delay_s", self.ack_delay_s, 0, 60)
        check_range("patience_s", self.patience_s, 0.01, 86400)
