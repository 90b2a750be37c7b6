# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Low-rank adapters (LoRA) that fit a language model to the texts of one domain.

The peft library applies an adapter with all that its configuration says: DoRA, trained biases,
modules saved whole, layers chosen. What is no part of that is refused by name, among it
initialisations that change the network's own weights, which differ by processor.

Source: E. J. Hu et al., "LoRA: Low-rank adaptation of large language models", 2021; S.-Y. Liu et
al., "DoRA: Weight-decomposed low-rank adaptation", 2024; files in the format of the peft library.
"""

from __future__ import annotations

import hashlib
import json
import textwrap
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from semcom_core.errors import ModelError
from semcom_core.models.cache import file_sha256
from semcom_core.models.weight_files import file_defect

#: Folder of the adapters that come with the package, one folder each.
SHIPPED = Path(__file__).parent / "adapters"
WEIGHTS = "adapter_model.safetensors"
#: The same as a pickle of tensors, in older files.
OLDER_WEIGHTS = "adapter_model.bin"
#: What of an adapter's configuration counts.
SETTINGS = ("r", "lora_alpha", "target_modules", "use_rslora", "rank_pattern", "alpha_pattern")
#: Further settings that the library honours, and what they are where an adapter does not use them.
FURTHER = {
    "use_dora": False,
    "bias": "none",
    "lora_bias": False,
    "modules_to_save": None,
    "layers_to_transform": None,
    "layers_pattern": None,
    "exclude_modules": None,
    "fan_in_fan_out": False,
    "trainable_token_indices": None,
}
#: Settings of training and of the library itself, which change nothing at an adapter's use.
_INERT = {
    "alora_invocation_string",
    "auto_mapping",
    "base_model_name_or_path",
    "corda_config",
    "ensure_weight_tying",
    "eva_config",
    "inference_mode",
    "loftq_config",
    "lora_dropout",
    "lora_ga_config",
    "megatron_config",
    "megatron_core",
    "peft_type",
    "peft_version",
    "qalora_group_size",
    "revision",
    "runtime_config",
    "task_type",
}
#: Initialisations that leave the network's own weights alone.
_INITIALISATIONS = (True, False, None, "gaussian", "orthogonal", "eva")


def shipped_adapters() -> list[str]:
    """Names of the adapters that come with the package."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{WEIGHTS}"))


def adapter_folder(name: str) -> Path:
    """Folder of an adapter, by its name or by its path.

    Raises:
        ModelError: there is none.
    """
    for folder in (SHIPPED / name, Path(name).expanduser()):
        if _weights_file(folder).is_file():
            return folder
    raise ModelError(
        f"adapter {name!r} is not there; allowed is {', '.join(shipped_adapters())} or a folder "
        f"with {WEIGHTS} or {OLDER_WEIGHTS}"
    )


def _weights_file(folder: Path) -> Path:
    """File of an adapter's weights: the safetensors file, or else the older one."""
    older = folder / OLDER_WEIGHTS
    return older if older.is_file() and not (folder / WEIGHTS).is_file() else folder / WEIGHTS


def adapter_sha256(name: str) -> str:
    """SHA-256 over an adapter's weights and what is done with them; empty for no adapter."""
    if not name:
        return ""
    folder = adapter_folder(name)
    facts = [file_sha256(_weights_file(folder)), _settings(name, folder)]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def add_adapter(network: Any, name: str) -> Any:
    """A transformers network with an adapter's additions in its weights, in evaluation mode.

    Args:
        network: transformers causal model, float32; it is changed.
        name: of a shipped adapter, or a folder.

    Raises:
        ModelError: there is no such adapter, or it does not fit the network.
    """
    folder = adapter_folder(name)
    from peft import (
        LoraConfig,
        get_peft_model,
        get_peft_model_state_dict,
        set_peft_model_state_dict,
    )

    settings = _settings(name, folder)
    path = _weights_file(folder)
    defect = file_defect(path)
    if defect:
        raise ModelError(f"adapter {name!r} does not fit the model: {path.name} {defect}")
    try:
        config = LoraConfig(
            task_type="CAUSAL_LM",
            inference_mode=True,
            base_model_name_or_path=network.name_or_path,
            **settings,
        )
        with warnings.catch_warnings():
            # of the transformers library, about what peft asks it
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", UserWarning)
            adapted = get_peft_model(network, config)
            wanted = set(get_peft_model_state_dict(adapted))
        weights = _read_weights(path)
        set_peft_model_state_dict(adapted, weights)
    except Exception as error:  # a wrong adapter or a broken file makes them fail in any way
        reason = textwrap.shorten(f"{type(error).__name__}: {error}", 200, placeholder=" …")
        raise ModelError(f"adapter {name!r} does not fit the model: {reason}") from error
    absent = wanted - set(weights)
    unknown = set(weights) - wanted
    if absent or unknown:
        raise ModelError(
            f"adapter {name!r} does not fit the model: {len(absent)} weights are absent, "
            f"{len(unknown)} unknown"
        )
    _untie(adapted)
    for key, weight in adapted.named_parameters():
        if "lora_" in key:
            weight.data = weight.data.double()  # so that all processors come to the same sums
    merged = adapted.merge_and_unload().eval()
    for weight in merged.parameters():
        weight.data = weight.data.float()  # those of DoRA are double by now
    return merged


def _untie(adapted: Any) -> None:
    """Give each layer with an addition weights of its own: tied embeddings would get the addition
    of one layer at both ends of the network.
    """
    from torch.nn import Parameter

    owners = Counter(
        id(weight) for module in adapted.modules() for weight in module.parameters(recurse=False)
    )
    for module in adapted.modules():
        base = getattr(module, "base_layer", None)
        weight = getattr(base, "weight", None)
        if base is not None and isinstance(weight, Parameter) and owners[id(weight)] > 1:
            base.weight = Parameter(weight.detach().clone(), requires_grad=False)


def _read_weights(path: Path) -> dict[str, Any]:
    """Tensors by name; of a pickle, nothing but tensors is read."""
    if path.suffix == ".bin":
        import torch

        return torch.load(path, map_location="cpu", weights_only=True)
    from safetensors.torch import load_file

    return load_file(path)


def _settings(name: str, folder: Path) -> dict:
    """What an adapter's configuration says about its additions; what concerns its training is left
    alone.

    Raises:
        ModelError: it cannot be read, is of another kind of adapter, or asks for what is not
            supported.
    """
    try:
        found = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
        settings = {key: found[key] for key in SETTINGS if key in found}
        kind = found["peft_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"adapter {name!r} does not fit the model: its adapter_config.json cannot be read: "
            f"{error!r}"
        ) from error
    if kind != "LORA":
        raise ModelError(
            f"adapter {name!r} does not fit the model: it is of kind {kind!r}; allowed is LORA"
        )
    _check_supported(name, found)
    further = {
        key: found[key]
        for key, unused in FURTHER.items()
        if key in found and found[key] not in (unused, [])
    }
    modules = settings.get("target_modules") or []
    # a text is a regular expression over the names of modules, or "all-linear"
    targets = modules if isinstance(modules, str) else sorted(modules)
    return {**settings, "target_modules": targets, **further}


def _check_supported(name: str, found: dict[str, Any]) -> None:
    """Raise ModelError where an adapter's configuration asks for what is not supported."""
    start = found.get("init_lora_weights")
    if start not in _INITIALISATIONS:
        raise ModelError(
            f"adapter {name!r} does not fit the model: its init_lora_weights is {start!r}, which "
            "changes the network's own weights; allowed is an adapter converted to plain LoRA (in "
            "peft: save_pretrained with path_initial_model_for_weight_conversion)"
        )
    known = {*SETTINGS, *FURTHER, *_INERT, "init_lora_weights"}
    asked = sorted(key for key, value in found.items() if key not in known and value)
    if asked:
        raise ModelError(
            f"adapter {name!r} does not fit the model: its {asked[0]} is {found[asked[0]]!r}; "
            "allowed is an adapter without"
        )
