# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorder of samples as SigMF, with an annotation for each received frame."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pmt
from gnuradio import gr

from semcom_core.errors import ConfigError, FrameError, RadioError
from semcom_core.frame import ReceivedFrame
from semcom_core.phy import PhyConfig
from semcom_core.radio.recording import Recorder, annotation_of

from .guard import begin_again, guarded_handler, guarded_work, phy_config
from .notices import FEEDBACK, notify
from .pdu import is_end, read_frame


class recorder(gr.sync_block):
    """Writes a stream to a SigMF recording, which `semcom replay` decodes.

    The recording can be read at any time, also when the flowgraph dies. When the disk is full,
    recording ends with the notice `failed`, and the stream goes on. A flowgraph that is started
    again begins the recording anew.

    Stream input:
        complex samples, the same as the burst receiver's.

    Message inputs:
        frames: frame PDUs of the burst receiver; each becomes an annotation.

    Message outputs:
        feedback: notices `refused` and `failed`.

    Args:
        file: name of the recording; .sigmf-meta and .sigmf-data are added. Empty: nothing is
            recorded.
        rate_hz: sample rate, Hz.
        lo_hz: carrier frequency, Hz.
        description: what is recorded.
        hardware: the radio.
        phy: settings of the modem, the burst receiver's.

    Raises:
        ConfigError: the file cannot be written, or a value is out of range.
    """

    def __init__(
        self,
        file: str = "",
        rate_hz: float = 1e6,
        lo_hz: float = 2.45e9,
        description: str = "",
        hardware: str = "",
        phy: dict | None = None,
    ) -> None:
        gr.sync_block.__init__(self, "recorder", [np.complex64], None)
        self._settings = (str(file), float(rate_hz), float(lo_hz), description, hardware)
        self._config: PhyConfig = phy_config(phy)
        self._lock = threading.Lock()
        self._recorder: Recorder | None = None
        self.refused = 0
        try:
            self._open()
        except RadioError as error:
            raise ConfigError(str(error)) from error
        self.message_port_register_in(pmt.intern("frames"))
        self.set_msg_handler(pmt.intern("frames"), self.handle_frame)
        self.message_port_register_out(FEEDBACK)

    def _open(self) -> None:
        if self._settings[0] and self._recorder is None:
            self._recorder = Recorder(*self._settings)

    def start(self) -> bool:
        """Begin a recording."""
        begin_again(self)
        with self._lock:
            self._try(self._open)
        return True

    def stop(self) -> bool:
        """End the recording."""
        with self._lock:
            if self._recorder is not None:
                self._try(self._recorder.close)
                self._recorder = None
        return True

    def _try(self, action: Callable[..., None], *arguments: np.ndarray) -> None:
        """Call a method of the recording; when it fails, recording ends and the stream goes on."""
        try:
            action(*arguments)
        except RadioError as error:
            self._recorder = None
            notify(self, "failed", reason=str(error))

    @guarded_work
    def work(self, input_items: list[np.ndarray], output_items: list[np.ndarray]) -> int:
        """Write the samples."""
        with self._lock:
            if self._recorder is not None:
                self._try(self._recorder.write, input_items[0])
        return len(input_items[0])

    @guarded_handler
    def handle_frame(self, message: pmt.pmt_base) -> None:
        """Annotate the samples of a frame."""
        if is_end(message):
            return
        frame = read_frame(message)
        if not isinstance(frame, ReceivedFrame):
            raise FrameError("frame PDU has no noise_var; allowed is one from a burst receiver")
        with self._lock:
            if self._recorder is not None:
                self._recorder.annotate(annotation_of(frame, self._config))
