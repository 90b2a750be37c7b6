# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Qt window of pictures: sent, segments and importance, and received, side by side."""

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

    Message inputs:
        sent: picture PDUs of the image source.
        view: picture PDUs of the image encoder; those named segments and importance are shown.
        received: picture PDUs of the image decoder; of a degraded one the reason is shown below it.

    Message outputs:
        feedback: notices `refused` (malformed message) and `failed`.

    Args:
        title: caption over all pictures. Empty: none.
        smallest: least width and height of a picture's place, pixels.

    Raises:
        ConfigError: there is no Qt application, or a value is out of range.
    """

    def __init__(self, title: str = "", smallest: int = 240) -> None:
        from .gui import ImagePanels  # imports Qt, which needs a screen

        check_range("smallest", smallest, 1, 4096)
        gr.basic_block.__init__(self, "image_window", None, None)
        self.refused = 0
        self.widget = ImagePanels(PANELS, title, smallest)
        for port, handler in (
            ("sent", self.handle_sent),
            ("view", self.handle_view),
            ("received", self.handle_received),
        ):
            self.message_port_register_in(pmt.intern(port))
            self.set_msg_handler(pmt.intern(port), handler)
        self.message_port_register_out(FEEDBACK)

    def start(self) -> bool:
        """Show the pictures of another run."""
        begin_again(self)
        return True

    @guarded_handler
    def handle_sent(self, message: pmt.pmt_base) -> None:
        """Show a sent picture."""
        self._show("sent", message)

    @guarded_handler
    def handle_view(self, message: pmt.pmt_base) -> None:
        """Show the segments or the importance of a picture."""
        self._show("", message)

    @guarded_handler
    def handle_received(self, message: pmt.pmt_base) -> None:
        """Show a received picture."""
        self._show("received", message)

    def _show(self, panel: str, message: pmt.pmt_base) -> None:
        if is_end(message):
            return
        meta, pixels = read_picture_pdu(message)
        panel = panel or meta.get("name", "")
        if panel in PANELS:
            self.widget.show_picture(panel, pixels, note(panel, pixels.shape, meta))


def note(panel: str, shape: tuple[int, ...], meta: dict) -> str:
    """Text below a picture.

    Args:
        panel: a key of PANELS.
        shape: shape of the pixels, (H, W, 3).
        meta: metadata of the picture's PDU.
    """
    words = [f"{shape[1]}x{shape[0]}"]
    if panel == "sent":
        words.append(meta.get("name", ""))
    if "snr_db" in meta:
        words.append(f"SNR {meta['snr_db']:.1f} dB")
    if not meta.get("decoded", True):
        words.append(f"degraded: {meta.get('reason') or 'not decoded'}")
    return ", ".join(filter(None, words))
