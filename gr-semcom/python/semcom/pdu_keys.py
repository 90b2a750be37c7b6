# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each key of the project's PDUs holds."""

from __future__ import annotations

import pmt

_WHOLE = (pmt.is_integer, "a whole number")
_NUMBER = (lambda value: pmt.is_integer(value) or pmt.is_real(value), "a number")
_TRUTH, _STRING = (pmt.is_bool, "true or false"), (pmt.is_symbol, "a symbol")
#: Key → (whether a PMT is of its kind, the kind in words).
KEYS = {
    **dict.fromkeys(("codec", "message_id", "fragment", "fragments", "params", "model_fp", "context_fp", "start_sample", "rounds"), _WHOLE),
    **dict.fromkeys(("height", "width", "missing", "uses"), _WHOLE),
    **dict.fromkeys(("snr_db", "cfo_hz", "level_db", "score"), _NUMBER),
    **dict.fromkeys(("decoded", "crc_ok", "eof", "last", "more"), _TRUTH),
    **dict.fromkeys(("state", "reason", "block", "cause", "name"), _STRING),
    "noise_var": (pmt.is_f32vector, "an f32vector"),
}
