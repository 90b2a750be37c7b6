# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resources: files of a run that leave nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from semcom_core.errors import ConfigError
from semcom_core.resources import scratch_path


def test_a_scratch_file_is_gone_when_its_process_ends():
    program = (
        "from semcom_core.resources import scratch_path\n"
        "path = scratch_path('memory.db')\n"
        "assert path == scratch_path('memory.db') != scratch_path('other.db')\n"
        "open(path, 'w').write('kept')\n"
        "print(path)"
    )
    path = Path(subprocess.check_output([sys.executable, "-c", program], text=True).strip())
    assert path.name == "memory.db" and not path.exists() and not path.parent.exists()


@pytest.mark.parametrize("name", ["", "/tmp/memory.db", "a/b", "."])
def test_a_scratch_file_has_a_plain_name(name):
    with pytest.raises(ConfigError, match="allowed is the name of a file without a folder"):
        scratch_path(name)
