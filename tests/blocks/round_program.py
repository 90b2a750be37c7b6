# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A codec process whose codec is tests.core.link.round_codec's; its settings are those of
RoundCodec.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "gr-semcom" / "python" / "semcom")]

from semcom_core import worker as codec_process  # noqa: E402
from tests.core.link.round_codec import RoundCodec  # noqa: E402

codec_process.load_service = lambda name, **settings: RoundCodec(**settings)

if __name__ == "__main__":
    sys.exit(codec_process.main())
