# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings: what is written is read again, whatever befalls the writer."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sigmf

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.recording import META, Annotation, Recorder, read_recording


def ramp(count: int) -> np.ndarray:
    return ((np.arange(count) % 97 - 48) / 50 * (1 - 0.5j)).astype(np.complex64)


def test_what_is_written_in_pieces_is_read_whole(tmp_path):
    with Recorder(tmp_path / "night.2", 2e6, 2.41e9, "a test", "virtual") as recorder:
        recorder.annotate(Annotation(150, 40, "frame 1", "two words", snr_db=3.5, cfo_hz=-1e3))
        for piece in np.split(ramp(300), [1, 150]):
            recorder.write(piece)
        recorder.annotate(Annotation(10, 20, "frame 0"))
    got = read_recording(tmp_path / "night.2.sigmf-meta")
    assert (got.rate_hz, got.lo_hz) == (2e6, 2.41e9)
    assert np.array_equal(got.samples, ramp(300))
    assert got.annotations == (
        Annotation(10, 20, "frame 0"),
        Annotation(150, 40, "frame 1", "two words", 3.5, -1e3),
    )


def test_the_files_are_what_the_specification_asks_for(tmp_path):
    with Recorder(tmp_path / "x", 1e6, 9e8) as recorder:
        recorder.write(ramp(50))
    described = sigmf.fromfile(str(tmp_path / "x.sigmf-meta"))  # checks the checksum of the samples
    described.validate()
    assert described.get_global_field("core:sha512") and described.sample_count == 50


def test_an_annotation_ends_with_the_samples(tmp_path):
    with Recorder(tmp_path / "x", 1e6, 9e8) as recorder:
        recorder.annotate(Annotation(40, 100, "cut"))
        recorder.write(ramp(50))
    assert read_recording(tmp_path / "x").annotations[0].count == 10


def test_a_recording_that_nobody_closed_can_be_read(tmp_path, monkeypatch):
    monkeypatch.setattr("semcom_core.radio.recording.SAVE_EVERY_S", 0.0)
    recorder = Recorder(tmp_path / "x", 1e6, 9e8)
    recorder.write(ramp(50))
    assert np.array_equal(read_recording(tmp_path / "x").samples, ramp(50))
    recorder.close()


def test_integers_are_read_with_full_scale_1(tmp_path):
    (tmp_path / "x.sigmf-data").write_bytes(np.array([32767, -32768, 16384, 0], "<i2").tobytes())
    general = {"core:datatype": "ci16_le", "core:sample_rate": 1e6, "core:version": "1.0.0"}
    (tmp_path / "x.sigmf-meta").write_text(
        json.dumps({"global": general, "captures": [], "annotations": []})
    )
    got = read_recording(tmp_path / "x")
    assert got.lo_hz is None and np.allclose(got.samples, [1 - 1j, 0.5], atol=1e-4)


@pytest.mark.parametrize(
    "text", ["", "{", '{"global": {}, "captures": [], "annotations": []}', "[]"]
)
def test_a_damaged_description_is_refused_in_one_line(text, tmp_path):
    (tmp_path / "x.sigmf-data").write_bytes(bytes(80))
    (tmp_path / f"x{META}").write_text(text)
    with pytest.raises(ConfigError, match="recording .*x") as error:
        read_recording(tmp_path / "x")
    assert "\n" not in str(error.value)


def test_what_is_not_there_or_cannot_be_written_is_named(tmp_path):
    with pytest.raises(ConfigError, match="none cannot be read"):
        read_recording(tmp_path / "none")
    (tmp_path / "file").write_text("")
    with pytest.raises(RadioError, match="cannot be written"):
        Recorder(tmp_path / "file" / "x", 1e6, 9e8)
    with pytest.raises(ConfigError, match="rate_hz is 0"):
        Recorder(tmp_path / "x", 0, 9e8)


@pytest.mark.parametrize(
    "step", [lambda recorder: recorder.flush(), lambda recorder: recorder.close()]
)
def test_a_full_disk_is_told_by_whatever_meets_it(step, tmp_path):
    (tmp_path / "x.sigmf-data").symlink_to("/dev/full")
    recorder = Recorder(tmp_path / "x", 1e6, 9e8)
    recorder.write(ramp(10))  # these wait in a buffer
    with pytest.raises(RadioError, match="recording .*x cannot be written: No space left") as error:
        step(recorder)
    assert "\n" not in str(error.value)
    if not recorder._file.closed:
        with pytest.raises(RadioError):
            recorder.close()


def test_a_description_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("semcom_core.radio.recording.SAVE_EVERY_S", 0.0)
    with Recorder(tmp_path / "x", 1e6, 9e8) as recorder:
        (tmp_path / "x.part.sigmf-meta").mkdir()
        with pytest.raises(RadioError, match="cannot be written"):
            recorder.write(ramp(10))
        (tmp_path / "x.part.sigmf-meta").rmdir()


def test_samples_are_read_where_they_are_asked_for(tmp_path):
    with Recorder(tmp_path / "x", 1e6, 9e8) as recorder:
        recorder.write(ramp(300))
    found = read_recording(tmp_path / "x")
    assert found.count == 300
    assert (
        np.array_equal(found.read(100, 50), ramp(300)[100:150])
        and found.read(300, 0).dtype == np.complex64
    )
    with (tmp_path / "x.sigmf-data").open("r+b") as data:
        data.truncate(800)
    with pytest.raises(RadioError, match="ends after 100 of 300 samples"):
        found.read(90, 50)
    (tmp_path / "x.sigmf-data").unlink()
    with pytest.raises(RadioError, match="x cannot be read"):
        found.read(0, 10)
