# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache of converted models, and reading a transformers network whole or not at all.

A GGUF file takes half a minute to unpack, its safetensors copy two seconds; so the copy is kept, by
the hash of the file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from semcom_core.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def read_network(name: str, place: Path | str, **options: Any) -> PreTrainedModel:
    """A causal network, float32, in evaluation mode.

    Args:
        name: what to call it in an error.
        place: folder or hub name.
        options: further arguments of the library's from_pretrained, such as gguf_file.

    Raises:
        ModelError: a weight is absent or of another shape; the library would fill it with random
            numbers.
    """
    from transformers import AutoModelForCausalLM

    network, report = AutoModelForCausalLM.from_pretrained(
        place, dtype="float32", output_loading_info=True, ignore_mismatched_sizes=True, **options
    )
    absent = sorted({*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])})
    if absent:
        raise ModelError(
            f"model {name!r} lacks weights that fit its configuration: {len(absent)} tensors, "
            f"{absent[0]} the first"
        )
    return network.eval()


def cache_folder() -> Path:
    """Where converted models lie: $SEMCOM_CACHE, or gr-semcom in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("SEMCOM_CACHE") or Path(base) / "gr-semcom")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


def as_folder(path: Path) -> Path:
    """A model folder for `path`: itself, or the converted copy of a GGUF file, made on first use.

    The copy is keyed by the file's hash and appears whole or not at all.
    """
    if path.is_dir():
        return path
    folder = cache_folder() / "models" / file_sha256(path)[:16]
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
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    network = read_network(str(path), path.parent, gguf_file=path.name)
    # Loading has unpacked the weights; without the mark of their old format they can be saved.
    network.hf_quantizer = None
    network.config.__dict__.pop("quantization_config", None)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
