# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorder: every sample, an annotation for each frame, and a recording that decodes to what
was decoded live.
"""

from __future__ import annotations

import numpy as np
import pytest
from gnuradio import blocks, semcom
from gnuradio.semcom.pdu import frame_pdu

from semcom_core.errors import ConfigError
from semcom_core.frame import Frame, FrameHeader
from semcom_core.phy import PhyConfig, Receiver, Transmitter
from semcom_core.radio.recording import read_recording


def bursts() -> np.ndarray:
    """Three bursts with silence around them, and a little noise."""
    rng = np.random.default_rng(3)
    parts = [np.zeros(3000, np.complex64)]
    for number in range(3):
        symbols = np.exp(2j * np.pi * rng.random(90)).astype(np.complex64)
        parts += [
            Transmitter().burst(
                [Frame(FrameHeader(codec=3, message_id=number, length=90), symbols)]
            ),
            np.zeros(2000, np.complex64),
        ]
    x = np.concatenate(parts)
    return (x + 0.01 * (rng.standard_normal(len(x)) + 1j * rng.standard_normal(len(x)))).astype(
        np.complex64
    )


def test_a_recording_decodes_to_what_was_decoded_live(flowgraph, tmp_path):
    x = bursts()
    source = blocks.vector_source_c(x.tolist())
    receiver, recorder, frames = (
        semcom.burst_receiver(),
        semcom.recorder(tmp_path / "night", 1e6, 2.4e9),
        blocks.message_debug(),
    )
    flowgraph.connect(source, receiver)
    flowgraph.connect(source, recorder)
    flowgraph.msg_connect(receiver, "out", frames, "store")
    flowgraph.run()
    got = read_recording(tmp_path / "night")
    assert np.array_equal(got.samples, x) and (got.rate_hz, got.lo_hz) == (1e6, 2.4e9)
    offline = Receiver(PhyConfig())
    found = offline.push(got.samples) + offline.flush()
    assert len(found) == frames.num_messages() == 3
    for index, frame in enumerate(found):
        live = semcom.pdu.read_frame(frames.get_message(index))
        assert np.array_equal(live.symbols, frame.symbols) and np.array_equal(
            live.noise_var, frame.noise_var
        )
        assert live.start_sample == frame.start_sample


def test_frames_become_annotations(flowgraph, tmp_path):
    x = bursts()
    receiver = Receiver(PhyConfig())
    recorder = semcom.recorder(tmp_path / "night")
    recorder.work([x], [])
    for frame in receiver.push(x) + receiver.flush():
        recorder.handle_frame(frame_pdu(frame))
    recorder.stop()
    annotations = read_recording(tmp_path / "night").annotations
    assert [one.label for one in annotations] == ["message 0", "message 1", "message 2"]
    assert all(
        abs(one.start - 3000 - index * (annotations[0].count + 2000)) < 4
        for index, one in enumerate(annotations)
    )
    assert all(
        one.snr_db > 20 and abs(one.cfo_hz) < 100 and "90 symbols" in one.comment
        for one in annotations
    )


def test_messages_that_are_no_received_frames_are_refused(tmp_path):
    recorder = semcom.recorder(tmp_path / "x")
    recorder.handle_frame(semcom.pdu.text_pdu("hello"))
    recorder.handle_frame(
        frame_pdu(Frame(FrameHeader(codec=3, length=2), np.ones(2, np.complex64)))
    )
    recorder.handle_frame(semcom.pdu.end_pdu())
    recorder.stop()
    assert recorder.refused == 2


def test_without_a_name_nothing_is_recorded_and_a_bad_one_is_refused(flowgraph, tmp_path):
    recorder = semcom.recorder()
    flowgraph.connect(blocks.vector_source_c([1j] * 1000), recorder)
    flowgraph.run()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        semcom.recorder(tmp_path / "file" / "x")


def test_a_full_disk_ends_the_recording_and_not_the_stream(tmp_path, monkeypatch):
    recorder = semcom.recorder(tmp_path / "x")
    monkeypatch.setattr(recorder._recorder, "_file", open("/dev/full", "wb", buffering=0))
    assert recorder.work([np.ones(100, np.complex64)], []) == 100
    assert recorder.work([np.ones(100, np.complex64)], []) == 100
    assert recorder.stop()


def test_a_disk_that_is_full_at_the_end_is_a_notice(tmp_path, caplog):
    (tmp_path / "x.sigmf-data").symlink_to("/dev/full")
    recorder = semcom.recorder(tmp_path / "x")
    assert (
        recorder.work([np.ones(10, np.complex64)], []) == 10
    )  # so few that they wait in a buffer until the end
    assert recorder.stop()
    assert "cannot be written: No space left" in caplog.text


def test_a_second_run_begins_the_recording_anew(tmp_path):
    recorder = semcom.recorder(tmp_path / "x")
    recorder.work([np.ones(100, np.complex64)], [])
    recorder.stop()
    recorder.start()
    recorder.work([np.zeros(50, np.complex64)], [])
    recorder.stop()
    assert np.array_equal(read_recording(tmp_path / "x").samples, np.zeros(50))
