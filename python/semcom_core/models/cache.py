# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache of converted models, and hashes and stamps of files.

A GGUF file takes half a minute to unpack, its safetensors copy two seconds; so the copy is kept, by
the hash of the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from filelock import FileLock

from semcom_core.models.weight_files import parts_of

#: Of the conversion; a copy that an older one made is not used.
_VERSION = 2
#: Of the check of a model, part of what its results are kept by.
_CHECK_VERSION = 3


def cache_folder() -> Path:
    """Where converted models lie: $SEMCOM_CACHE, or gr-semcom in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("SEMCOM_CACHE") or Path(base) / "gr-semcom")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def model_sha256(path: Path) -> str:
    """SHA-256 of a model's file, hexadecimal; of one in several parts, over those of the parts."""
    hashes = [file_sha256(part) for part in parts_of(path)]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()


def file_stamp(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, time of modification in ns and size in bytes of a file or of each file in a folder."""
    found = []
    try:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            status = file.stat()
            found.append((file.name, status.st_mtime_ns, status.st_size))
    except OSError:  # gone, or not readable: the reader says so
        pass
    return tuple(found)


def result_key(fingerprint: str, config: Any, device: str = "cpu") -> str:
    """What the result of a model's check (see verification) is kept by: a hash of everything that
    it depends on.
    """
    import torch
    import transformers

    settings = {key: value for key, value in config.to_dict().items() if key[0] != "_"}
    versions = [torch.__version__, transformers.__version__]
    facts = [_CHECK_VERSION, fingerprint, settings, device, versions]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def result_file(key: str) -> Path:
    """File that holds the result of a check."""
    return cache_folder() / "checks" / f"{key}.json"


def kept_result(key: str) -> dict[str, Any] | None:
    """The result of a check by its key; None where there is none that can be read."""
    try:
        found = json.loads(result_file(key).read_text(encoding="utf-8")) if key else None
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def as_folder(path: Path) -> Path:
    """A model folder for `path`: itself, or the converted copy of a GGUF file, made on first use.

    The copy is keyed by the file's hash and appears whole or not at all.

    Raises:
        ModelError: the file is damaged, or needs what is not supported.
    """
    if path.is_dir():
        return path
    folder = cache_folder() / "models" / f"{model_sha256(path)[:16]}-{_VERSION}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):  # processes that want the same model at once convert it once
        if not (folder / "config.json").exists():
            print(f"converting {path.name} once, about half a minute", file=sys.stderr)
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                _convert(path, Path(scratch) / "model")
                shutil.rmtree(folder, ignore_errors=True)
                os.rename(Path(scratch) / "model", folder)
    return folder


def _convert(path: Path, folder: Path) -> None:
    """Write the model of a GGUF file to a folder."""
    from semcom_core.models.gguf import convert  # where there is no copy yet

    convert(path, folder)
