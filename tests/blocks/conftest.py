# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each block test runs in a process of its own under a time limit: an exception in work() hangs a flowgraph's run()."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

LIMIT_S = 60
CHILD = "SEMCOM_BLOCK_TEST"


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run the test in a child process; in the child, run it as usual."""
    if os.environ.get(CHILD):
        return None
    test = f"{pyfuncitem.path}::{pyfuncitem.nodeid.split('::', 1)[1]}"
    options = ["-q", "-x", "--no-header", "-p", "no:cacheprovider", "-rN", "--rootdir", str(pyfuncitem.config.rootpath)]
    command = [sys.executable, "-m", "pytest", *options, test]
    env = {**os.environ, CHILD: "1"}
    try:
        child = subprocess.run(command, env=env, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired as error:
        pytest.fail(f"not done within {LIMIT_S} s\n{(error.stdout or b'').decode(errors='replace')}", pytrace=False)
    if child.returncode:
        pytest.fail(child.stdout + child.stderr, pytrace=False)
    return True
