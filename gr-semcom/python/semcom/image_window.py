# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Window of pictures: what was sent, what was seen in it, and what arrived, side by side."""

from __future__ import annotations

import pmt
from gnuradio import gr

from semcom_core.errors import check_range

from .guard import begin_again, guarded_handler
from .notices import FEEDBACK
from .pdu import is_end, read_picture_pdu

#: Input port → caption over its picture.
PANELS = {
    "sent": "Sent",
    "segments": "Segments",
    "importance": "Importance",
    "received": "Received",
}


class image_window(gr.basic_block):
    """Shows the latest pictures in a Qt window, each scaled to its place; a panel without a picture
    takes no room.

    Qt is imported when the block is made, so a Qt application has to be there; flowgraphs without a
    window leave the block out.

    Message ports:
        sent: picture PDUs of the image source.
        view: picture PDUs of the image encoder; those named segments and importance are shown.
        received: picture PDUs of the image decoder; below it is said why one is degraded.
        feedback (output): the notices `refused` (what came was no picture) and `failed`.

    Args:
        title: caption over all of it. Empty: none.
        smallest: least width and height of a picture's place, pixels.

    Raises:
        ConfigError: there is no Qt application, or a value is out of range.
    """

    def __init__(self, title="", smallest=240):
        from .gui import ImagePanels  # imports Qt, which needs a screen

        check_range("smallest", smallest, 1, 4096)
        gr.basic_block.__init__(self, "image_window", None, None)
        self.refused = 0
        self.widget = ImagePanels(PANELS, title, smallest)
        handlers = {
            "sent": self.handle_sent,
            "view": self.handle_view,
            "received": self.handle_received,
        }
        for port, handler in handlers.items():
            self.message_port_register_in(pmt.intern(port))
            self.set_msg_handler(pmt.intern(port), handler)
        self.message_port_register_out(FEEDBACK)

    def start(self):
        """Begin again."""
        begin_again(self)
        return True

    @guarded_handler
    def handle_sent(self, message):
        """Show a picture that was sent."""
        self._show("sent", message)

    @guarded_handler
    def handle_view(self, message):
        """Show what was seen in a picture."""
        self._show("", message)

    @guarded_handler
    def handle_received(self, message):
        """Show a picture that arrived."""
        self._show("received", message)

    def _show(self, panel: str, message) -> None:
        if is_end(message):
            return
        meta, pixels = read_picture_pdu(message)
        panel = panel or meta.get("name", "")
        if panel in PANELS:
            self.widget.show_picture(panel, pixels, note(panel, pixels.shape, meta))


def note(panel: str, shape: tuple[int, ...], meta: dict) -> str:
    """What is said below a picture."""
    words = [f"{shape[1]}x{shape[0]}"]
    if panel == "sent":
        words.append(meta.get("name", ""))
    if "snr_db" in meta:
        words.append(f"SNR {meta['snr_db']:.1f} dB")
    if not meta.get("decoded", True):
        words.append(f"degraded: {meta.get('reason') or 'not decoded'}")
    return ", ".join(filter(None, words))
