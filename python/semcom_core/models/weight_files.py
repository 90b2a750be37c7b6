# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading networks whole or not at all, and weight files that are not what their name says.

A network of the transformers library is taken only where the files hold all of its weights, and no
others but those listed as harmless. Files of weights may be Git LFS pointers, truncated or web
pages:

    safetensors = 8 bytes length n of the header | header, JSON of n bytes | data
    PyTorch     = ZIP archive (since version 1.6), its directory at the end; before, a pickle
    GGUF        = "GGUF" | version | metadata | table of tensors | data

Source: safetensors format, https://github.com/huggingface/safetensors; Git LFS specification,
https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from semcom_core.errors import ModelError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

#: Start of a Git LFS pointer, of a ZIP archive, of a pickle, and of web pages.
_POINTER = b"version https://git-lfs"
_ZIP = b"PK\x03\x04"
_PICKLE = b"\x80"
_PAGES = (b"<!doctype", b"<html", b"<?xml")
#: Bytes of the length of a safetensors header, and the longest header that the format allows.
_LENGTH_BYTES = 8
_LONGEST_HEADER = 100_000_000
#: Bytes that are looked at to tell what a file is.
_LOOK = 512
#: Tensors beside those of a causal network that do not change what it computes of text: tables made
#: anew from the configuration, other heads, networks of pictures and sound, predictors of further
#: tokens.
_HARMLESS = re.compile(
    r"rotary_emb\.(inv_freq|cos_cached|sin_cached)$|attn\.(bias|masked_bias)$"
    r"|attention\.(bias|masked_bias)$|position_ids$|rope\.freqs$|^(score|classifier|v_head)\."
    r"|(^|\.)(vision_tower|vision_model|visual|audio_tower|multi_modal_projector|mm_projector|mtp)\."
)
#: Ends of the names of scales and zero points of quantised weights.
_SCALES = re.compile(
    r"(weight_scale(_2|_inv)?|input_scale|[kv]_scale|output_scale|scales|zeros|qweight|qzeros|g_idx"
    r"|absmax|quant_map|quant_state.*|SCB|weight_zero_point|weight_packed|weight_shape|_amax)$"
)
_PART = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf")


def parts_of(path: Path) -> list[Path]:
    """All parts of the model of which a GGUF file is one, the first first; the file itself where it
    is the only one.

    Raises:
        ModelError: a part is not there.
    """
    found = _PART.fullmatch(path.name)
    if not found:
        return [path]
    stem, number, count = found[1], int(found[2]), int(found[3])
    parts = [path.with_name(f"{stem}-{i:05d}-of-{count:05d}.gguf") for i in range(1, count + 1)]
    for i, part in enumerate(parts, 1):
        if not part.is_file():
            raise ModelError(
                f"model {str(path)!r} is part {number} of {count}; part {i}, {part.name}, is not "
                "beside it"
            )
    return parts


def read_network(
    name: str, place: Path | str, family: str = "CausalLM", **options: Any
) -> PreTrainedModel:
    """A network of the transformers library, float32, in evaluation mode.

    Args:
        name: what to call it in an error.
        place: folder or hub name.
        family: ending of the library's class for it: CausalLM or Seq2SeqLM.
        options: further arguments of the library's from_pretrained, such as gguf_file.

    Raises:
        ModelError: a weight is absent or of another shape, where the library would fill it with
            random numbers; or the files hold one that the network does not use, where the library
            would leave it out.
    """
    import transformers
    from transformers.utils import logging

    level = logging.get_verbosity()
    logging.set_verbosity_error()  # without the library's table of what does not fit
    try:
        network, report = getattr(transformers, f"AutoModelFor{family}").from_pretrained(
            place,
            dtype="float32",
            output_loading_info=True,
            ignore_mismatched_sizes=True,
            **options,
        )
    finally:
        logging.set_verbosity(level)
    unknown = sorted(key for key in report["unexpected_keys"] if not _HARMLESS.search(key))
    scales = [key for key in unknown if _SCALES.search(key)]
    if scales:
        raise ModelError(
            f"model {name!r} has quantised weights that cannot be read: {len(scales)} scales, "
            f"{scales[0]} the first; allowed are its weights before quantisation, or a GGUF file"
        )
    absent = sorted({*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])})
    if absent:
        raise ModelError(
            f"model {name!r} lacks weights that fit its configuration: {len(absent)} tensors, "
            f"{absent[0]} the first"
        )
    if unknown:
        raise ModelError(
            f"model {name!r} has weights that its network does not use: {len(unknown)} tensors, "
            f"{unknown[0]} the first"
        )
    return network.eval()


def file_defect(path: Path) -> str:
    """What is wrong with a file of weights, as the rest of a sentence about the file; empty where
    nothing is seen, or the file cannot be read.
    """
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            start = file.read(_LOOK)
        if not size:
            return "is empty"
        if start.startswith(_POINTER):
            return _pointer(start)
        if start.lstrip().lower().startswith(_PAGES):
            return "is a web page, not weights; download the file itself"
        if path.suffix == ".safetensors":
            return _safetensors_defect(path, start, size)
        if path.suffix in (".bin", ".pt", ".pth", ".ckpt"):
            return _torch_defect(path, start, size)
    except OSError:
        pass
    return ""


def _pointer(start: bytes) -> str:
    found = re.search(rb"^size (\d+)", start, re.MULTILINE)
    size = f" of {int(found[1])} bytes" if found else ""
    return f"is a Git LFS pointer to a file{size}, not the file; get it by: git lfs pull"


def is_safetensors(start: bytes) -> bool:
    """Whether a file that starts so looks like safetensors, whatever its name."""
    length = int.from_bytes(start[:_LENGTH_BYTES], "little")
    return 2 <= length <= _LONGEST_HEADER and start[_LENGTH_BYTES : _LENGTH_BYTES + 1] == b"{"


def _safetensors_defect(path: Path, start: bytes, size: int) -> str:
    length = int.from_bytes(start[:_LENGTH_BYTES], "little")
    if start.startswith(_ZIP):
        return "is a PyTorch checkpoint under the name .safetensors"
    if not is_safetensors(start):
        return ""
    data_start = _LENGTH_BYTES + length
    if size < data_start:
        return f"is truncated: {size} bytes of at least {data_start}"
    with open(path, "rb") as file:
        file.seek(_LENGTH_BYTES)
        try:
            header = json.loads(file.read(length))
            ends = [
                entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__"
            ]
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            return ""
    whole = data_start + max(ends, default=0)
    return f"is truncated: {size} bytes of {whole}" if size < whole else ""


def _torch_defect(path: Path, start: bytes, size: int) -> str:
    if is_safetensors(start):
        return f"is a safetensors file under the name {path.suffix}; rename it to .safetensors"
    if start.startswith(b"GGUF"):
        return f"is a GGUF file under the name {path.suffix}; rename it to .gguf"
    if start.startswith(_ZIP) and not zipfile.is_zipfile(path):
        return f"is truncated: a PyTorch checkpoint whose end is missing, {size} bytes"
    return ""


def folder_defect(folder: Path) -> str:
    """Name and defect of the first file of weights in a folder of the transformers library that has
    one; empty for none.
    """
    files = [
        path for path in folder.glob("*.safetensors") if not path.name.startswith("consolidated")
    ]
    for path in sorted(files or folder.glob("pytorch_model*.bin")):
        defect = file_defect(path)
        if defect:
            return f"{path.name} {defect}"
    return ""


def unwrapped(state: Any, wrappers: tuple[str, ...] = ("state_dict", "model")) -> Any:
    """Tensors by name of a training checkpoint: what lies under the name of a wrapper, without the
    prefix "module." of parallel training.

    Args:
        state: what was read.
        wrappers: names under which trainers keep the weights.
    """
    while isinstance(state, Mapping):
        inner = [state[name] for name in wrappers if isinstance(state.get(name), Mapping)]
        if not inner:
            break
        state = inner[0]
    if not isinstance(state, Mapping) or not state:
        return state
    while all(isinstance(name, str) and name.startswith("module.") for name in state):
        state = {name.removeprefix("module."): value for name, value in state.items()}
    return state
