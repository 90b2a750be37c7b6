# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Low-rank adapters (LoRA) that fit a language model to the texts of one domain.

Source: E. J. Hu et al., "LoRA: Low-rank adaptation of large language models", 2021; files in the
format of the peft library.
"""

from __future__ import annotations

import hashlib
import json
import textwrap
import warnings
from pathlib import Path
from typing import Any

from semcom_core.errors import ModelError
from semcom_core.models.cache import file_sha256

#: Folder of the adapters that come with the package, one folder each.
SHIPPED = Path(__file__).parent / "adapters"
WEIGHTS = "adapter_model.safetensors"
#: What of an adapter's configuration counts.
SETTINGS = ("r", "lora_alpha", "target_modules", "use_rslora", "rank_pattern", "alpha_pattern")


def shipped_adapters() -> list[str]:
    """Names of the adapters that come with the package."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{WEIGHTS}"))


def adapter_folder(name: str) -> Path:
    """Folder of an adapter, by its name or by its path.

    Raises:
        ModelError: there is none.
    """
    for folder in (SHIPPED / name, Path(name).expanduser()):
        if (folder / WEIGHTS).is_file():
            return folder
    raise ModelError(
        f"adapter {name!r} is not there; allowed is {', '.join(shipped_adapters())} or a folder "
        f"with {WEIGHTS}"
    )


def adapter_sha256(name: str) -> str:
    """SHA-256 over an adapter's weights and what is done with them; empty for no adapter."""
    if not name:
        return ""
    folder = adapter_folder(name)
    facts = [file_sha256(folder / WEIGHTS), _settings(name, folder)]
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
    from safetensors.torch import load_file

    settings = _settings(name, folder)
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
            adapted = get_peft_model(network, config)
        wanted = set(get_peft_model_state_dict(adapted))
        weights = load_file(folder / WEIGHTS)
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
    for key, weight in adapted.named_parameters():
        if "lora_" in key:
            weight.data = weight.data.double()  # so that all processors come to the same sums
    return adapted.merge_and_unload().eval()


def _settings(name: str, folder: Path) -> dict:
    """What an adapter's configuration says about its additions; all else in it is left alone.

    Raises:
        ModelError: it cannot be read, or is of another kind of adapter.
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
    return {**settings, "target_modules": sorted(settings.get("target_modules") or [])}
