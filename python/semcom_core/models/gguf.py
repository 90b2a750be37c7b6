# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversion of GGUF files into folders of the transformers library.

The library unpacks the weights. What it leaves out is added here or refused: scaled rotary
positions (the metadata `rope.scaling` and the tensors `rope_freqs`, `rope_factors_*`), tokens that
the file does not list, files in several parts, and tensors for which the network has no place.

    rope.scaling: linear, yarn  -> the same of the library
    rope_freqs                  -> llama3 where its formula gives them, else longrope of one length
    rope_factors_short, _long   -> longrope

Source: GGUF specification, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; rotary
scaling of B. Peng et al., "YaRN", 2023, and of the Llama 3.1 release.
"""

from __future__ import annotations

import json
import math
import tempfile
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semcom_core.errors import ModelError
from semcom_core.models.weight_files import file_defect, parts_of, read_network

if TYPE_CHECKING:
    from gguf import GGUFReader

#: Kinds of `rope.scaling.type` that are read.
_SCALINGS = ("none", "linear", "yarn", "longrope")
#: Further keys of `rope.scaling` and the settings of the library that they are.
_YARN_SETTINGS = {"yarn_beta_fast": "beta_fast", "yarn_beta_slow": "beta_slow"}
#: Keys of `rope.scaling` that change nothing at these values.
_NEUTRAL = {"yarn_ext_factor": (1.0, -1.0), "yarn_attn_factor": (1.0,)}
#: Keys of `rope.scaling` that are read; any other one is refused.
_SCALING_KEYS = {
    "type",
    "factor",
    "original_context_length",
    "attn_factor",
    "finetuned",
    *_YARN_SETTINGS,
}
#: low_freq_factor and high_freq_factor of the Llama 3.1, 3.2 and 3.3 releases, and their length.
_LLAMA3 = (1.0, 4.0, 8192)
#: Largest relative difference of frequencies taken for the same; the file has them in float32.
_SAME_FREQUENCY = 1e-4
#: Least values of keys of `rope.scaling`, and those that are 0 where the file does not know.
_LEAST = {
    "factor": 0.001,
    "original_context_length": 2,
    "attn_factor": 0.001,
    **dict.fromkeys(_YARN_SETTINGS, 0.001),
}
_PERHAPS_UNKNOWN = ("factor", "original_context_length")
#: Tensors of factors of rotary frequencies.
_FACTORS = ("rope_freqs", "rope_factors_short", "rope_factors_long")
#: Errors of a reader of a damaged file.
_DAMAGE = (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError, OSError)


def convert(path: Path, folder: Path) -> None:
    """Write network and tokenizer of a GGUF file, or of all its parts, to a folder.

    Raises:
        ModelError: the file is damaged, lacks a tokenizer, or needs what is not supported.
    """
    parts = parts_of(path)
    readers = [_open(path, part) for part in parts]
    count = int(_value(readers[0], "split.count", 1))
    if count > 1 and len(parts) != count:
        number = int(_value(readers[0], "split.no", 0)) + 1
        raise _error(
            path,
            f"it is part {number} of {count}; all parts have to lie beside each other under their "
            f"names NAME-00001-of-{count:05d}.gguf",
        )
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        # alone in a folder: the library takes tokenizer and settings beside a file for the file's
        alone = Path(scratch) / "model.gguf"
        if len(parts) == 1:
            alone.symlink_to(parts[0].resolve())
        else:
            _join(readers, alone)
            readers = [_open(path, alone)]
        _convert(path, readers[0], alone, folder)


def _convert(path: Path, reader: GGUFReader, alone: Path, folder: Path) -> None:
    from transformers import AutoTokenizer

    tokens = _value(reader, "tokenizer.ggml.tokens", None)
    if not tokens:
        raise _error(path, "it holds no tokenizer (tokenizer.ggml.tokens)")
    scaling = _scaling(path, reader)
    tokenizer = AutoTokenizer.from_pretrained(alone.parent, gguf_file=alone.name)
    network = read_network(str(path), alone.parent, gguf_file=alone.name)
    # Loading has unpacked the weights; without the mark of their old format they can be saved.
    network.hf_quantizer = None
    network.config.__dict__.pop("quantization_config", None)
    _check_places(path, reader, network)
    rows = network.get_input_embeddings().weight.shape[0]
    if len(tokens) > rows:
        raise _error(path, f"its tokenizer has {len(tokens)} tokens; its network knows {rows}")
    if scaling:
        settings = network.config.rope_parameters
        # of networks with two kinds of layers, those that see everything have the scaled positions
        settings = settings.get("full_attention", settings)
        _check_count(path, scaling, network)
        settings.update(_frequencies(path, reader, scaling, settings, network.config))
    network.name_or_path = network.config._name_or_path = path.name
    network.save_pretrained(folder)
    listed_tokens(tokenizer, len(tokens)).save_pretrained(folder)


def _error(path: Path, reason: str) -> ModelError:
    return ModelError(f"model {str(path)!r} cannot be loaded: {reason}")


def _open(path: Path, part: Path) -> GGUFReader:
    """Reader of a file.

    Raises:
        ModelError: it is no GGUF file, truncated or damaged.
    """
    from gguf import GGUFReader

    defect = file_defect(part)
    if defect:
        raise _error(path, f"{part.name} {defect}")
    with open(part, "rb") as file:
        if file.read(4) != b"GGUF":
            raise _error(path, f"{part.name} is no GGUF file")
    try:
        reader = GGUFReader(part)
    except _DAMAGE as error:
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", 100, placeholder=" …")
        raise _error(path, f"{part.name} is truncated or damaged ({reason})") from error
    if "general.architecture" not in reader.fields and "split.count" not in reader.fields:
        raise _error(path, f"{part.name} is damaged: it names no architecture")
    return reader


def _value(reader: GGUFReader, key: str, default: Any) -> Any:
    field = reader.fields.get(key)
    return default if field is None else field.contents()


def _join(readers: list[GGUFReader], path: Path) -> None:
    """Write the tensors of all parts and the metadata of the first to one file."""
    from gguf import GGUFValueType, GGUFWriter

    writer = GGUFWriter(path, _value(readers[0], "general.architecture", ""))
    for name, field in readers[0].fields.items():
        if name.startswith(("GGUF.", "split.")) or name == "general.architecture":
            continue
        kind = field.types[0]
        if kind == GGUFValueType.ARRAY and not field.data:
            continue
        inner = field.types[-1] if kind == GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, sub_type=inner)
    for reader in readers:
        for tensor in reader.tensors:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _scaling(path: Path, reader: GGUFReader) -> dict[str, Any]:
    """What the file says of scaled rotary positions: values by key of `rope.scaling`, with "type",
    and the tensors of factors by name; empty where positions are not scaled.

    Raises:
        ModelError: it is of a kind that is not read.
    """
    architecture = _value(reader, "general.architecture", "")
    start = f"{architecture}.rope.scaling."
    found = {
        key.removeprefix(start): _value(reader, key, None)
        for key in reader.fields
        if key.startswith(start)
    }
    unknown = sorted(
        key
        for key, value in found.items()
        if key not in _SCALING_KEYS and value not in _NEUTRAL.get(key, ())
    )
    if unknown:
        raise _error(
            path,
            f"its RoPE scaling has {unknown[0]!r} of {found[unknown[0]]!r}; allowed is one of "
            f"{', '.join(sorted(_SCALING_KEYS))}",
        )
    linear = _value(reader, f"{architecture}.rope.scale_linear", None)
    if linear is not None and "type" not in found:  # the key of older files
        found |= {"type": "linear", "factor": linear}
    kind = found.setdefault("type", "linear" if "factor" in found else "none")
    if kind not in _SCALINGS:
        raise _error(
            path, f"its RoPE scaling is {kind!r}; allowed is one of {', '.join(_SCALINGS)}"
        )
    tensors = {
        tensor.name.split(".")[-2]: np.array(tensor.data, np.float64).reshape(-1)
        for tensor in reader.tensors
        if tensor.name.split(".")[-2] in _FACTORS
    }
    _check_scaling(path, found, tensors)
    plain = kind == "none" or (kind == "linear" and found.get("factor") in (None, 0.0, 1.0))
    if tensors and not plain and (kind != "longrope" or "rope_freqs" in tensors):
        raise _error(
            path, f"its RoPE scaling is {kind!r} and {min(tensors)} at once; allowed is one of both"
        )
    if plain and all((factors == 1).all() for factors in tensors.values()):
        return {}
    return {**found, **tensors}


def _check_scaling(path: Path, found: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
    """Raise ModelError where numbers of scaled positions are none, or tensors of factors do not
    belong together.
    """
    for key, value in found.items():
        if key not in _LEAST or (value == 0 and key in _PERHAPS_UNKNOWN):
            continue
        if not _LEAST[key] <= value < math.inf:
            raise _error(
                path, f"its RoPE scaling has {key!r} of {value}; allowed is {_LEAST[key]} and more"
            )
    for name, factors in tensors.items():
        wrong = factors[~((factors > 0) & np.isfinite(factors))]
        if len(wrong):
            raise _error(path, f"its {name} have a factor of {wrong[0]}; allowed is above 0")
    both = {"rope_factors_short", "rope_factors_long"}
    if tensors and tensors.keys() not in ({"rope_freqs"}, both):
        raise _error(
            path,
            f"it has {' and '.join(sorted(tensors))}; allowed is rope_freqs, or rope_factors_short "
            "with rope_factors_long",
        )


def _frequencies(
    path: Path, reader: GGUFReader, scaling: dict[str, Any], settings: dict, config: Any
) -> dict[str, Any]:
    """Settings of the library's rotary embedding for scaled positions.

    Args:
        path: the file, for error messages.
        reader: the file.
        scaling: what it says, from _scaling.
        settings: the library's as they are, with `rope_theta`.
        config: of the network.
    """
    architecture = _value(reader, "general.architecture", "")
    kind = scaling["type"]
    factor = float(scaling.get("factor", 0)) or 1.0
    original = int(scaling.get("original_context_length", 0)) or config.max_position_embeddings
    amplitude = float(scaling.get("attn_factor", 1.0))
    single = scaling.get("rope_freqs")
    if single is not None:
        return llama3_settings(single, settings["rope_theta"], original) or _longrope(
            single, single, original, 1.0
        )
    if "rope_factors_long" in scaling:
        stretch = config.max_position_embeddings / original
        usual = math.sqrt(1 + math.log(stretch) / math.log(original)) if stretch > 1 else 1.0
        return _longrope(
            scaling["rope_factors_short"],
            scaling["rope_factors_long"],
            original,
            float(scaling.get("attn_factor", usual)),
        )
    if kind == "linear":
        return {"rope_type": "linear", "factor": factor}
    if kind == "yarn":
        found = {
            "rope_type": "yarn",
            "factor": factor,
            "original_max_position_embeddings": original,
            "attention_factor": amplitude * (0.1 * math.log(factor) + 1 if factor > 1 else 1.0),
        }
        for key, name in _YARN_SETTINGS.items():
            if key in scaling:
                found[name] = float(scaling[key])
        return found
    raise _error(path, f"its RoPE scaling is {kind!r} of {architecture} without its factors")


def _check_count(path: Path, scaling: dict[str, Any], network: Any) -> None:
    """Raise ModelError where there are more or fewer factors than rotary frequencies."""
    rotary = getattr(network.base_model, "rotary_emb", None)
    frequencies = getattr(rotary, "inv_freq", None)
    for name in _FACTORS:
        if name in scaling and frequencies is not None and len(scaling[name]) != len(frequencies):
            raise _error(
                path,
                f"it has {len(scaling[name])} of {name}; its network has {len(frequencies)} "
                "rotary frequencies",
            )


def _longrope(
    short: np.ndarray, long: np.ndarray, original: int, amplitude: float
) -> dict[str, Any]:
    return {
        "rope_type": "longrope",
        "short_factor": short.tolist(),
        "long_factor": long.tolist(),
        "original_max_position_embeddings": original,
        "attention_factor": amplitude,
    }


def llama3_settings(factors: np.ndarray, theta: float, original: int) -> dict[str, Any]:
    """Settings of the library's "llama3" that give the factors of a file; empty where none do.

    Args:
        factors: divisors of the frequencies, float (n,).
        theta: base of the frequencies.
        original: length that the file says the network was first trained for, tokens.
    """
    low, high, usual = _LLAMA3
    factor = float(factors.max())
    wavelengths = 2 * math.pi * theta ** (np.arange(len(factors)) / len(factors))
    if factor <= 1:
        return {}
    for length in (usual, original):
        smooth = np.clip((length / wavelengths - low) / (high - low), 0, 1)
        if np.abs(factors * ((1 - smooth) / factor + smooth) - 1).max() < _SAME_FREQUENCY:
            return {
                "rope_type": "llama3",
                "factor": factor,
                "low_freq_factor": low,
                "high_freq_factor": high,
                "original_max_position_embeddings": length,
            }
    return {}


def _check_places(path: Path, reader: GGUFReader, network: Any) -> None:
    """Raise ModelError where the file has weights that the network does not use, or rotates another
    number of dimensions.
    """
    layers = network.config.num_hidden_layers
    architecture = _value(reader, "general.architecture", "")
    held = 0
    for tensor in reader.tensors:
        words = tensor.name.split(".")
        further = words[0] == "blk" and int(words[1]) >= layers  # of multi-token prediction
        if not further and words[-2] not in (
            "rope_freqs",
            "rope_factors_short",
            "rope_factors_long",
        ):
            held += tensor.n_elements
    used = sum(weight.numel() for weight in network.parameters())
    used += sum(
        buffer.numel() for name, buffer in network.named_buffers() if name in network.state_dict()
    )
    if held > used:
        raise _error(
            path,
            f"it holds {held} weights; the network of its architecture, {architecture!r}, uses "
            f"{used} of them",
        )
    rotated = _value(reader, f"{architecture}.rope.dimension_count", None)
    rotary = getattr(network.base_model, "rotary_emb", None)
    frequencies = getattr(rotary, "inv_freq", None)
    if rotated and frequencies is not None and 2 * len(frequencies) != rotated:
        raise _error(
            path,
            f"it rotates {rotated} dimensions of a head (rope.dimension_count); the network of "
            f"its architecture, {architecture!r}, rotates {2 * len(frequencies)}",
        )


def listed_tokens(tokenizer: Any, count: int) -> Any:
    """The tokenizer without tokens that the library has added to the `count` of the file: it adds
    the end token of another model to that of Llama 3.
    """
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

    described = json.loads(tokenizer.backend_tokenizer.to_str())
    kept = [token for token in described["added_tokens"] if token["id"] < count]
    if len(kept) == len(described["added_tokens"]):
        return tokenizer
    described["added_tokens"] = kept
    special = {
        name: str(token)
        for name in ("bos_token", "eos_token", "unk_token", "pad_token")
        if (token := getattr(tokenizer, name)) is not None
        and tokenizer.convert_tokens_to_ids(str(token)) < count
    }
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(described)),
        clean_up_tokenization_spaces=False,
        **special,
    )
