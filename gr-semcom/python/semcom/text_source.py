# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Source of text messages: a list, a file line by line, or what arrives on a message port."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pmt

from semcom_core.errors import ConfigError

from .guard import guarded_handler, tunable
from .paced_source import paced_source
from .pdu import is_end, read_text, text_pdu


class text_source(paced_source):
    """Sends texts as PDUs, numbered 0 to 255 and round again.

    All settings may change at run time: another list or file starts at its first text, unless the
    end PDU is already sent. A flowgraph that is started again sends the list from its first text;
    numbers and counts go on.

    Message inputs:
        in: texts to send at once: text PDUs, symbols, or pairs (key, symbol) as sent by Qt entries.
        feedback: notices; `resolved` opens the window for the next text, `end` ends this block and
            with it its flowgraph.

    Message outputs:
        out: text PDUs with the key message_id, then one end PDU when all listed texts are sent.
        notices: notices `refused` (malformed message on `in`) and `failed`.

    Args:
        texts: texts to send, a list of str.
        text_file: UTF-8 file whose lines are sent after `texts`; blank lines are skipped. Empty:
            none.
        period_s: time from one text to the next, s; 0 is without a pause.
        repeat: start again after the last text; without a period at most 1000 texts a second.
        window: how many texts may be on the way unresolved; 0 is any number. Needs `feedback`.

    Raises:
        ConfigError: the file cannot be read, a text is not Unicode text, or a value is out of
            range.
    """

    def __init__(
        self,
        texts: Iterable[str] = (),
        text_file: str = "",
        period_s: float = 0.0,
        repeat: bool = False,
        window: int = 0,
    ) -> None:
        paced_source.__init__(self, "text_source", period_s, repeat, window)
        self._lines: list[str] = []
        self.set_texts(texts)
        self.set_text_file(text_file)

    @tunable
    def set_texts(self, texts: str | Iterable[str]) -> None:
        """Set the texts to send; they are sent from the first."""
        texts = [texts] if isinstance(texts, str) else list(texts)
        wrong = next((text for text in texts if not _is_unicode(text)), None)
        if wrong is not None:
            raise ConfigError(
                f"texts holds {wrong!r}; allowed is Unicode text without lone surrogates"
            )
        with self._changed():
            self.texts = texts
            self.send_from([*texts, *self._lines])

    @tunable
    def set_text_file(self, text_file: str) -> None:
        """Set the file whose lines are sent after the texts; both are sent from the first."""
        lines = _read_lines(text_file)
        with self._changed():
            self.text_file = str(text_file)
            self._lines = lines
            self.send_from([*self.texts, *lines])

    def send_listed(self, entry: str) -> None:
        """Send a text of the list."""
        self.publish(text_pdu, entry)

    @guarded_handler
    def handle_in(self, message: pmt.pmt_base) -> None:
        """Send a text that arrived on `in`."""
        if not is_end(message):
            self.publish(text_pdu, read_text(message)[1])


def _is_unicode(text: object) -> bool:
    """Whether it is a str that UTF-8 can carry."""
    return isinstance(text, str) and not any(
        "\ud800" <= character <= "\udfff" for character in text
    )


def _read_lines(text_file: str) -> list[str]:
    """Lines of a UTF-8 file without the blank ones; none where no file is named."""
    if not text_file:
        return []
    try:
        lines = Path(text_file).expanduser().read_text(encoding="utf-8").splitlines()
    except (OSError, RuntimeError, ValueError) as error:
        raise ConfigError(f"text_file is {text_file!r}; it cannot be read: {error}") from error
    return [line for line in lines if line.strip()]
