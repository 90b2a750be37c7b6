# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What client libraries print when samples are lost, and when the radio is gone: they tell nobody otherwise.

gr-iio prints O (overflow) and U (underflow), once a second at the most; UHD O, D (dropped packet), S (out of sequence), U and L (late),
gr-soapy sO and sU, and tG for a burst that it has lost, each without a line of their own. gr-uhd 3.10 sums up: "In the last 100 ms,
3 overflows occurred."
"""

from __future__ import annotations

import re
import time
from collections import Counter, deque

_RUN = re.compile(r"^(?:s[OUT]|t[GP]|[ODSUL])+(?=$|\[|\s)")
_LETTER = re.compile(r"s[OUT]|t[GP]|[ODSUL]")
_MEANS = {letter: "overruns" for letter in ("O", "D", "S", "sO")} | {letter: "underruns" for letter in ("U", "L", "sU", "tG")}
_SUM = re.compile(r"In the last \d+ ms, (\d+) (over|under)flows occurred")
#: After this a stream does not come back by itself.
_GONE = re.compile(r"Soapy (?:source|sink) error: (?!TIMEOUT|OVERFLOW|UNDERFLOW)|caught rx error|terminate called")
#: So many errors within so many seconds prove it: one alone may pass.
_ENOUGH, _WITHIN_S = 3, 5.0
#: Characters of a line that are read, and lines that are kept.
_LONGEST, _KEPT = 500, 20


class Trouble:
    """Reads what a process prints, in pieces.

    `counts` has overruns and underruns so far; `gone` says that the radio is lost; `last` is the last line of words.
    """

    def __init__(self):
        self.counts: Counter = Counter()
        self._lines: deque[str] = deque(maxlen=_KEPT)
        self._rest = ""  # a line of words that has not ended
        self._errors: deque[float] = deque(maxlen=_ENOUGH)

    @property
    def gone(self) -> bool:
        """Whether the libraries have said that the radio is gone."""
        return len(self._errors) == _ENOUGH and self._errors[-1] - self._errors[0] < _WITHIN_S

    @property
    def last(self) -> str:
        """The last line that tells something, in at most 200 characters; of an exception of Python or C++ its message."""
        return next((line[:200] for line in (self._rest.strip(), *reversed(self._lines)) if line), "")

    def read(self, text: str) -> Counter:
        """Read a piece, which may begin and end within a line; returns the troubles in it."""
        before = self.counts.copy()
        for part in text.splitlines(keepends=True):
            self._read_part(part)
        return self.counts - before

    def _read_part(self, part: str) -> None:
        """Count letters at once, for their line may never end; read words when theirs has ended, or has its sum."""
        letters = _RUN.match(part)
        if letters and (not self._rest or letters.end() == len(part.rstrip())):
            self.counts.update(_MEANS[letter] for letter in _LETTER.findall(letters.group()) if letter in _MEANS)
            part = part[letters.end() :]
        ended = bool(part) and part.splitlines() != [part]
        self._rest += part
        if self._rest and (ended or len(self._rest) > _LONGEST or _SUM.search(self._rest)):
            self._read_line(self._rest[:_LONGEST].strip())
            self._rest = ""

    def _read_line(self, line: str) -> None:
        for count, kind in _SUM.findall(line):
            self.counts[f"{kind}runs"] += int(count)
        if _GONE.search(line):
            self._errors.append(time.monotonic())
        self._lines.append(line)
