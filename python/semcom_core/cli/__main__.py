# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m semcom_core.cli`."""

import sys

from semcom_core.cli import main

sys.exit(main())
