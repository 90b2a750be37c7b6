# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The codec in CONTRIBUTING.md works as it stands there, from a file of one's own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_codec_in_40_lines(tmp_path):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(source.splitlines()) <= 40
    (tmp_path / "my_codec.py").write_text(source, encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "semcom_core.cli", "sim", "--text", "Grüße.", "--channel"]
    for channel, status in (("awgn:0", 0), ("awgn:-15", 1)):
        done = subprocess.run(
            [*command, channel, "--codec", "my_codec:RepetitionCodec", "--set", "repeats=9"],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert ("received  Grüße." in done.stdout) == (status == 0)
