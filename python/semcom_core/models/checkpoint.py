# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Model checkpoints: safetensors files of weights with the network's configuration in the metadata.

    file = tensors by name | metadata: {"network": configuration as JSON, "training": JSON, ...}

A file is written beside its destination and renamed into place, so that a reader finds the old file
or the new one, never a part. What is read is checked before it is used: the file states exactly the
settings of the configuration, holds exactly the tensors of the network in their shapes, and all
values are finite.

Source: safetensors format, https://github.com/huggingface/safetensors
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from semcom_core.config import Config, from_mapping
from semcom_core.errors import ConfigError, ModelError
from semcom_core.models.cache import file_sha256, file_stamp
from semcom_core.models.weight_files import file_defect

if TYPE_CHECKING:
    import torch

Network = TypeVar("Network", bound="torch.nn.Module")
Model = TypeVar("Model")

#: Metadata key of the network's configuration.
CONFIG_KEY = "network"
#: Allowed files in error messages, where the caller states none.
_ALLOWED = "a safetensors file"


@dataclass(frozen=True)
class Checkpoint:
    """Content of a safetensors file.

    Args:
        path: the file.
        tensors: numpy arrays or torch tensors by name, as stored.
        metadata: strings by name.
        fingerprint: first 16 hexadecimal digits of the file's SHA-256.
        allowed: what file is allowed, for error messages.
    """

    path: Path
    tensors: Mapping[str, Any]
    metadata: Mapping[str, str]
    fingerprint: str
    allowed: str = _ALLOWED

    def config(self, config_class: type[Config]) -> Config:
        """The network's configuration, every setting of which the file must state.

        Raises:
            ModelError: the file states none, or one of another kind of network.
        """
        try:
            settings = json.loads(self.metadata[CONFIG_KEY])
        except KeyError as error:
            raise self.error("holds no configuration of a network") from error
        except ValueError as error:
            raise self.error(f"holds a configuration that is no JSON: {error}") from error
        if not isinstance(settings, dict):
            raise self.error(f"holds a configuration that is no mapping: {settings!r}")
        wanted = {field.name for field in fields(config_class)}
        difference = _difference("setting", settings, wanted)
        if difference:
            raise ModelError(f"weights {self.path} are of another network: {difference}")
        try:
            return from_mapping(config_class, settings)
        except ConfigError as error:
            raise self.error(f"holds a configuration that is refused: {error}") from error

    def load_into(self, network: Network) -> Network:
        """Fill a network with the tensors, which must be exactly its own; in evaluation mode.

        Raises:
            ModelError: a tensor is missing, unknown or of another shape.
        """
        self.check_shapes({name: tuple(t.shape) for name, t in network.state_dict().items()})
        network.load_state_dict(self.tensors)
        return network.eval()

    def check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raise ModelError unless there are tensors of these names and shapes, and no others."""
        difference = _difference("tensor", self.tensors, shapes)
        if difference:
            raise ModelError(f"weights {self.path} do not fit their network: {difference}")
        for name, shape in shapes.items():
            found = tuple(self.tensors[name].shape)
            if found != shape:
                raise ModelError(
                    f"weights {self.path} do not fit their network: tensor {name!r} has shape "
                    f"{found}; allowed is {shape}"
                )

    def error(self, reason: str) -> ModelError:
        """The error of a file that cannot be used for a reason."""
        return ModelError(
            f"weights {self.path} cannot be read: the file {reason}; allowed is {self.allowed}"
        )


def _difference(what: str, found: Mapping[str, Any], wanted: Any) -> str:
    """First name that is missing or unknown, in words; empty where there is none."""
    missing = sorted(set(wanted) - set(found))
    if missing:
        return f"{what} {missing[0]!r} is missing ({len(missing)} in all)"
    unknown = sorted(set(found) - set(wanted))
    return f"{what} {unknown[0]!r} is unknown ({len(unknown)} in all)" if unknown else ""


def save_checkpoint(
    path: Path,
    weights: torch.nn.Module | Mapping[str, Any],
    config: Any = None,
    metadata: Mapping[str, Any] | None = None,
    half: bool = False,
) -> None:
    """Write weights to a safetensors file, whole or not at all.

    Args:
        path: the file; its folder exists.
        weights: a network, or torch tensors or numpy arrays by name.
        config: dataclass from which the network is made; None to state none.
        metadata: more to keep with the weights; a text as it is, all else as JSON.
        half: whether floating-point torch tensors are rounded to half precision.
    """
    described = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in (metadata or {}).items()
    }
    if config is not None:
        described[CONFIG_KEY] = json.dumps(asdict(config))
    tensors = weights if isinstance(weights, Mapping) else weights.state_dict()
    scratch = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _write(scratch, tensors, described or None, half)
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def _write(
    path: Path, tensors: Mapping[str, Any], metadata: dict[str, str] | None, half: bool
) -> None:
    if all(isinstance(tensor, np.ndarray) for tensor in tensors.values()):
        from safetensors.numpy import save_file as save_arrays

        arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
        save_arrays(arrays, path, metadata=metadata)
        return
    from safetensors.torch import save_file

    stored = {}
    for name, tensor in tensors.items():
        tensor = tensor.detach().cpu()
        if half and tensor.is_floating_point():
            tensor = tensor.half()
        stored[name] = tensor.contiguous()
    save_file(stored, path, metadata=metadata)


def read_checkpoint(path: Path, allowed: str = _ALLOWED, framework: str = "torch") -> Checkpoint:
    """Read a safetensors file.

    Args:
        path: the file.
        allowed: what file is allowed, for error messages.
        framework: "torch" or "numpy", which decides on the type of the tensors.

    Raises:
        ModelError: there is no such file, it is damaged, or it holds values that are not finite.
    """
    from safetensors import SafetensorError, safe_open

    defect = file_defect(path)
    if defect:
        raise ModelError(f"weights {path} cannot be read: the file {defect}; allowed is {allowed}")
    try:
        with safe_open(path, {"torch": "pt", "numpy": "np"}[framework]) as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        fingerprint = file_sha256(path)[:16]
    except FileNotFoundError as error:
        raise ModelError(
            f"weights {path} cannot be read: no such file; allowed is {allowed}"
        ) from error
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelError(
            f"weights {path} cannot be read: {_first_line(error)}; allowed is {allowed}"
        ) from error
    for name, tensor in tensors.items():
        if not _is_finite(tensor):
            raise ModelError(
                f"weights {path} hold values that are not finite in tensor {name!r}; allowed is "
                f"{allowed}"
            )
    return Checkpoint(path, tensors, metadata, fingerprint, allowed)


def load_checkpoint(
    path: Path,
    config_class: type[Config],
    network_class: Callable[[Config], Network],
    allowed: str = _ALLOWED,
) -> tuple[Network, Checkpoint]:
    """Read a network, in evaluation mode, and the file's content.

    Args:
        path: the file.
        config_class: dataclass of the network's configuration.
        network_class: makes a network of a configuration.
        allowed: what file is allowed, for error messages.

    Raises:
        ModelError: there is no such file, it is damaged or holds values that are not finite, or it
            is of another network.
    """
    checkpoint = read_checkpoint(path, allowed)
    return checkpoint.load_into(network_class(checkpoint.config(config_class))), checkpoint


def _is_finite(tensor: Any) -> bool:
    """Whether all values of a torch tensor or a numpy array are finite."""
    if isinstance(tensor, np.ndarray):
        return tensor.dtype.kind not in "fc" or bool(np.isfinite(tensor).all())
    return bool(tensor.isfinite().all())


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def file_cache(maxsize: int) -> Callable[[Callable[..., Model]], Callable[..., Model]]:
    """Decorator for a function of a path (and hashable arguments) that keeps its last results.

    A file that has changed since, by its time of modification or its size, is read anew; of a
    folder, each of its files counts.

    Args:
        maxsize: results to keep.
    """

    def decorate(load: Callable[..., Model]) -> Callable[..., Model]:
        @lru_cache(maxsize)
        def cached(path: Path, stamp: tuple, *arguments: Any) -> Model:
            return load(path, *arguments)

        @wraps(load)
        def wrapper(path: Path, *arguments: Any) -> Model:
            return cached(path, file_stamp(path), *arguments)

        return wrapper

    return decorate
