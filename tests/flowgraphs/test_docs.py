# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program printed in the blocks' documentation runs; the text page lists the codec's settings."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

from semcom_core.text.spinal.codec import SpinalConfig

TEXT_PAGE = Path(__file__).resolve().parents[2] / "gr-semcom/docs/text.md"
DOCUMENT = Path(__file__).resolve().parents[2] / "gr-semcom/docs/blocks.md"


def test_program_of_the_documentation_runs(tmp_path):
    (program,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "link.py"
    script.write_text(program, encoding="utf-8")
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert {"A first text.", "A second."} <= set(run.stdout.splitlines())


def test_the_text_page_lists_the_settings_of_the_codec_with_their_defaults():
    rows = re.findall(
        r"^\| `(\w+)` \| `(\S+)` \| [SRB] \|", TEXT_PAGE.read_text(encoding="utf-8"), re.M
    )
    listed = {name: default.strip('"') for name, default in rows}
    assert listed == {field.name: str(field.default) for field in fields(SpinalConfig)}
