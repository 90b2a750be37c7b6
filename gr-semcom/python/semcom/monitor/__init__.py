# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the link monitor: the ledger of messages, and the end of a run."""
