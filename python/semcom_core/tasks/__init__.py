# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks on received meaning: intentions, answers, questions about pictures, plans of steps."""
