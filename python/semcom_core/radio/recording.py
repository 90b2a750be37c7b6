# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SigMF recordings: writer, reader, and annotations of the frames in them.

A recording is a data file of complex64 samples, and a JSON file with sample rate, frequency, time
and annotations.

Source: the Signal Metadata Format Specification (sigmf.org), namespace core.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import sigmf
from sigmf.error import SigMFError

from semcom_core import __version__
from semcom_core.errors import ConfigError, RadioError, check_range
from semcom_core.frame import ReceivedFrame
from semcom_core.phy import Layout, PhyConfig, Receiver

#: Endings of the description and of the samples.
META = ".sigmf-meta"
DATA = ".sigmf-data"
#: The description is written again this often, s, so that a recording can be read after a crash.
SAVE_EVERY_S = 2.0


class Recorder:
    """Writer of a recording, piece by piece.

    Args:
        path: its name; the endings .sigmf-meta and .sigmf-data are added, or replaced.
        rate_hz: sample rate, Hz.
        lo_hz: carrier frequency, Hz.
        description: a text about it.
        hardware: name of the radio.

    Raises:
        ConfigError: the rate is out of range.
        RadioError: the files cannot be written; every method but annotate() raises it too.
    """

    def __init__(
        self,
        path: str | Path,
        rate_hz: float,
        lo_hz: float,
        description: str = "",
        hardware: str = "",
    ):
        check_range("rate_hz", rate_hz, 1e-3, 1e12)
        self.base = base_of(path)
        self.samples = 0
        self.annotations: list[Annotation] = []
        self._general = {
            "core:datatype": "cf32_le",
            "core:sample_rate": float(rate_hz),
            "core:version": "1.0.0",
            "core:hw": hardware,
            "core:description": description,
            "core:recorder": f"gr-semcom {__version__}",
            "core:extensions": [{"name": "semcom", "version": "1.0.0", "optional": True}],
        }
        self._capture = {
            "core:frequency": float(lo_hz),
            "core:datetime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        with self._disk_errors():
            self.base.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(f"{self.base}{DATA}", "wb")
            self._save()

    def write(self, samples: np.ndarray) -> None:
        """Append samples, complex (n,)."""
        with self._disk_errors():
            self._file.write(np.asarray(samples, "<c8").tobytes())
            self.samples += len(samples)
            if time.monotonic() - self._saved > SAVE_EVERY_S:
                self._save()

    def annotate(self, annotation: Annotation) -> None:
        """Add an annotation; its samples may still be to come."""
        self.annotations.append(annotation)

    def flush(self) -> Path:
        """Write all samples so far to the data file; returns its path."""
        with self._disk_errors():
            self._file.flush()
        return Path(f"{self.base}{DATA}")

    def close(self) -> None:
        """End the recording; its description then has the checksum of the samples."""
        if not self._file.closed:
            with self._disk_errors():
                self._file.close()
                self._save(checksum=True)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _disk_errors(self) -> Iterator[None]:
        """Raise errors of the disk as RadioError."""
        try:
            yield
        except OSError as error:
            raise RadioError(
                f"recording {self.base} cannot be written: {error.strerror or error}"
            ) from error

    def _save(self, checksum: bool = False) -> None:
        """Write the description, with what was recorded so far."""
        self._saved = time.monotonic()
        if not self._file.closed:
            self._file.flush()
        data_file = f"{self.base}{DATA}" if self.samples else None
        described = sigmf.SigMFFile(
            data_file=data_file, global_info=self._general, skip_checksum=not checksum
        )
        described.add_capture(0, self._capture)
        for one in sorted(self.annotations, key=lambda one: one.start):
            described.add_annotation(
                one.start, max(0, min(one.count, self.samples - one.start)), one.metadata()
            )
        unfinished = f"{self.base}.part"
        described.tofile(unfinished, skip_validate=True, overwrite=True)
        os.replace(f"{unfinished}{META}", f"{self.base}{META}")


@dataclass(frozen=True)
class Recording:
    """A recording that is read. Its samples stay in their file until they are asked for.

    Args:
        base: its name without the endings.
        rate_hz: sample rate, Hz.
        lo_hz: carrier frequency, Hz; None where it is not stated.
        count: number of samples.
        annotations: in the order of their samples.
        file: reader of the samples.
    """

    base: Path
    rate_hz: float
    lo_hz: float | None
    count: int
    annotations: tuple[Annotation, ...]
    file: sigmf.SigMFFile

    def read(self, start: int, count: int) -> np.ndarray:
        """Samples start to start + count - 1, complex64 (count,); full scale is 1, also of
        recordings of integers.

        Raises:
            RadioError: they cannot be read, or are no longer there.
        """
        try:
            samples = np.asarray(
                self.file.read_samples(start, count) if count else [], np.complex64
            )
        except (OSError, SigMFError, ValueError) as error:
            raise RadioError(
                f"recording {self.base} cannot be read: {' '.join(str(error).split())}"
            ) from error
        if len(samples) != count:
            raise RadioError(
                f"recording {self.base} ends after {start + len(samples)} of {self.count} samples; "
                "it was shortened meanwhile"
            )
        return samples

    @property
    def samples(self) -> np.ndarray:
        """All samples, complex64 (count,), read anew each time."""
        return self.read(0, self.count)


def read_recording(path: str | Path) -> Recording:
    """Read the description of a recording, of any type of samples that SigMF knows.

    Raises:
        ConfigError: there is no such recording, it is damaged, or it states no sample rate.
    """
    base = base_of(path)
    try:
        found = sigmf.fromfile(f"{base}{META}", skip_checksum=True)
        first = found.read_samples(0, 1) if found.sample_count else np.zeros(1)
        annotations = tuple(map(Annotation.of, found.get_annotations()))
    except (OSError, SigMFError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"recording {base} cannot be read: {' '.join(str(error).split())}"
        ) from error
    rate_hz = found.get_global_field("core:sample_rate")
    if not rate_hz or first.ndim != 1:
        raise ConfigError(
            f"recording {base} has {'several channels' if rate_hz else 'no sample rate'}; allowed "
            "is one channel with a rate"
        )
    captures = found.get_captures()
    lo_hz = captures[0].get("core:frequency") if captures else None
    return Recording(base, float(rate_hz), lo_hz, found.sample_count, annotations, found)


def base_of(path: str | Path) -> Path:
    """Name of a recording without the endings of its files."""
    path = Path(path)
    return path.with_suffix("") if path.suffix in (META, DATA) else path


@dataclass(frozen=True)
class Annotation:
    """A note about some samples.

    Args:
        start: index of the first sample.
        count: number of samples.
        label: a short name.
        comment: a longer text.
        snr_db: SNR of a frame, dB, where it was measured.
        cfo_hz: its carrier frequency offset, Hz.
    """

    start: int
    count: int
    label: str
    comment: str = ""
    snr_db: float | None = None
    cfo_hz: float | None = None

    def metadata(self) -> dict:
        """The keys of SigMF."""
        found = {
            "core:label": self.label,
            "core:comment": self.comment,
            "semcom:snr_db": self.snr_db,
            "semcom:cfo_hz": self.cfo_hz,
        }
        return {key: value for key, value in found.items() if value not in (None, "")}

    @classmethod
    def of(cls, data: dict) -> Annotation:
        """The annotation of SigMF's keys."""
        return cls(
            start=data["core:sample_start"],
            count=data.get("core:sample_count", 0),
            label=data.get("core:label", ""),
            comment=data.get("core:comment", ""),
            snr_db=data.get("semcom:snr_db"),
            cfo_hz=data.get("semcom:cfo_hz"),
        )


def annotation_of(frame: ReceivedFrame, config: PhyConfig) -> Annotation:
    """The annotation of a frame; its samples begin with the burst that it is in.

    Args:
        frame: as the burst receiver gives it.
        config: settings of the modem.
    """
    header = frame.header
    words = (
        f"codec {header.codec}, fragment {header.fragment + 1} of {header.last_fragment + 1}, "
        f"{header.length} symbols"
    )
    count = Layout(config).burst_samples([header.length])
    label = f"message {header.message_id}" + ("" if frame.crc_ok else " (header guessed)")
    return Annotation(
        max(0, frame.start_sample),
        count,
        label,
        words,
        round(float(frame.snr_db), 2),
        round(float(frame.cfo_hz), 1),
    )


def annotations_in(data: Path, config: PhyConfig) -> Iterator[Annotation]:
    """Annotations of the frames in a file of complex64 samples.

    Args:
        data: the data file of a recording.
        config: settings of the modem.
    """
    receiver = Receiver(config)
    with data.open("rb") as file:
        while len(samples := np.fromfile(file, "<c8", 1 << 20)):
            yield from (annotation_of(frame, config) for frame in receiver.push(samples))
    yield from (annotation_of(frame, config) for frame in receiver.flush())
