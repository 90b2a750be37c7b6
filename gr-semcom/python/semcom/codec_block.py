# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the blocks have in common whose codec runs in a worker process."""

from __future__ import annotations

from .guard import tunable
from .worker_block import worker_block


class codec_block(worker_block):
    """A block of messages around a codec: the settings of both.

    A derived class has `handle_message` for its port `in` and `on_done` for what the codec answers.
    """

    @tunable
    def set_codec(self, codec: str) -> None:
        """Load another codec, with the settings that are set, once what waits is done; if it does not load, the former one stays."""
        if codec != self.codec:
            self.worker.reload(codec, self.options)
            self.codec = codec

    @tunable
    def set_options(self, options: dict) -> None:
        """Load the codec with other settings once what waits is done; if it does not load, the former settings stay."""
        if options != self.options:
            self.worker.reload(self.codec, options)
            self.options = dict(options)
