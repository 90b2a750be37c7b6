# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of samples as SigMF: a data file of complex floats, and a JSON file that describes it.

Source: the Signal Metadata Format Specification (sigmf.org), namespace core.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import sigmf
from sigmf.error import SigMFError

from semcom_core import __version__
from semcom_core.errors import ConfigError, RadioError, check_range

META, DATA = ".sigmf-meta", ".sigmf-data"
#: The description is written anew this often, s, so that what a crash leaves can be read.
SAVE_EVERY_S = 2.0


@dataclass(frozen=True)
class Annotation:
    """What is said of some samples.

    Args:
        start: first sample.
        count: how many.
        label: a short name.
        comment: more words.
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
        found = {"core:label": self.label, "core:comment": self.comment, "semcom:snr_db": self.snr_db, "semcom:cfo_hz": self.cfo_hz}
        return {key: value for key, value in found.items() if value not in (None, "")}


class Recorder:
    """Writes a recording piece by piece.

    Args:
        path: its name; the endings .sigmf-meta and .sigmf-data are added, or replaced.
        rate_hz: sample rate, Hz.
        lo_hz: carrier frequency, Hz.
        description: what it is.
        hardware: the radio.

    Raises:
        ConfigError: the rate is out of range.
        RadioError: the files cannot be written; every method but annotate() raises it too.
    """

    def __init__(self, path: str | Path, rate_hz: float, lo_hz: float, description: str = "", hardware: str = ""):
        check_range("rate_hz", rate_hz, 1e-3, 1e12)
        self.base, self.samples, self.annotations = base_of(path), 0, []
        self._general = {
            "core:datatype": "cf32_le", "core:sample_rate": float(rate_hz), "core:version": "1.0.0", "core:hw": hardware,
            "core:description": description, "core:recorder": f"gr-semcom {__version__}",
            "core:extensions": [{"name": "semcom", "version": "1.0.0", "optional": True}],
        }  # fmt: skip
        self._capture = {"core:frequency": float(lo_hz), "core:datetime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}
        with self._told():
            self.base.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(f"{self.base}{DATA}", "wb")
            self._save()

    def write(self, samples: np.ndarray) -> None:
        """Append samples, complex (n,)."""
        with self._told():
            self._file.write(np.asarray(samples, "<c8").tobytes())
            self.samples += len(samples)
            if time.monotonic() - self._saved > SAVE_EVERY_S:
                self._save()

    def annotate(self, annotation: Annotation) -> None:
        """Say something of some samples; they may still be to come."""
        self.annotations.append(annotation)

    def flush(self) -> Path:
        """Have all samples so far in the data file; returns its name."""
        with self._told():
            self._file.flush()
        return Path(f"{self.base}{DATA}")

    def close(self) -> None:
        """End the recording; its description then has the checksum of the samples."""
        if not self._file.closed:
            with self._told():
                self._file.close()
                self._save(checksum=True)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    @contextmanager
    def _told(self):
        """A full or missing disk is told as a RadioError."""
        try:
            yield
        except OSError as error:
            raise RadioError(f"recording {self.base} cannot be written: {error.strerror or error}") from error

    def _save(self, checksum: bool = False) -> None:
        """Write the description."""
        self._saved = time.monotonic()
        if not self._file.closed:
            self._file.flush()
        data_file = f"{self.base}{DATA}" if self.samples else None
        described = sigmf.SigMFFile(data_file=data_file, global_info=self._general, skip_checksum=not checksum)
        described.add_capture(0, self._capture)
        for one in sorted(self.annotations, key=lambda one: one.start):
            described.add_annotation(one.start, max(0, min(one.count, self.samples - one.start)), one.metadata())
        unfinished = f"{self.base}.part"
        described.tofile(unfinished, skip_validate=True, overwrite=True)
        os.replace(f"{unfinished}{META}", f"{self.base}{META}")


@dataclass(frozen=True)
class Recording:
    """A recording.

    Args:
        rate_hz: sample rate, Hz.
        lo_hz: carrier frequency, Hz; None where it is not said.
        samples: complex64 (n,); full scale is 1, also of recordings of integers.
        annotations: in the order of their samples.
    """

    rate_hz: float
    lo_hz: float | None
    samples: np.ndarray
    annotations: tuple[Annotation, ...] = ()


def read_recording(path: str | Path) -> Recording:
    """Read a recording, of any type of samples that SigMF knows.

    Raises:
        ConfigError: there is no such recording, it is damaged, or it states no sample rate.
    """
    base = base_of(path)
    try:
        found = sigmf.fromfile(f"{base}{META}", skip_checksum=True)
        samples = np.asarray(found.read_samples() if found.sample_count else [], np.complex64)
    except (OSError, SigMFError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"recording {base} cannot be read: {' '.join(str(error).split())}") from error
    rate_hz = found.get_global_field("core:sample_rate")
    if not rate_hz or samples.ndim != 1:
        raise ConfigError(f"recording {base} has {'several channels' if rate_hz else 'no sample rate'}; allowed is one channel with a rate")
    captures = found.get_captures()
    lo_hz = captures[0].get("core:frequency") if captures else None
    return Recording(float(rate_hz), lo_hz, samples, tuple(map(_annotation, found.get_annotations())))


def base_of(path: str | Path) -> Path:
    """Name of a recording without the endings of its files."""
    path = Path(path)
    return path.with_suffix("") if path.suffix in (META, DATA) else path


def _annotation(data: dict) -> Annotation:
    return Annotation(
        data["core:sample_start"], data.get("core:sample_count", 0), data.get("core:label", ""), data.get("core:comment", ""),
        data.get("semcom:snr_db"), data.get("semcom:cfo_hz"),
    )  # fmt: skip
