# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A trained adapter as it is shipped: half precision, its configuration, and a model card."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from semcom_core.models.adapter import WEIGHTS
from semcom_core.models.cache import file_sha256
from semcom_core.train.examples import MIXTURES
from semcom_core.train.settings import LoraTraining

#: File with the settings of the training, beside the adapter.
TRAINING = "training.json"
_CARD = """# Adapter "{mixture}" for {model}

Low-rank additions (LoRA, in the format of the peft library) that make the language model expect the texts of one domain and the
end of a message. Used by name: `semcom sim --set adapter={mixture} --text "…"`.

| | |
| --- | --- |
| base model | {model} |
| weights | {weights}, float16, {size:.1f} MB |
| sha256 | {sha256} |
| training | {examples} texts, {steps} steps of about {tokens} tokens, rank {rank}, learning rate {rate:g}, AdamW, cosine schedule |
| licence | that of the training data, below; the additions themselves GPL-3.0-or-later |

Trained on the training parts of:

{sources}

The test part (one text in ten, by the hash of its letters; dialogues as a whole) was not seen.
`semcom train lora --mixture {mixture}` trains it anew.

Bits a word, end of message included, on texts of the test part (5 to 30 words):

| texts | {model} | with this adapter |
| --- | --- | --- |
{figures}
"""


def export(folder: Path, out: Path, model: str, mixture: str, config: LoraTraining, examples: int, steps: int) -> None:
    """Write the adapter of a training's folder as it is shipped, without a card.

    Args:
        folder: of the training.
        out: folder to write to; made where it is not there.
    """
    out.mkdir(parents=True, exist_ok=True)
    weights = load_file(folder / WEIGHTS)
    save_file({name: weight.to(torch.float16).contiguous() for name, weight in weights.items()}, out / WEIGHTS)
    settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    settings["base_model_name_or_path"] = model
    training = {"mixture": mixture, "examples": examples, "steps": steps, **asdict(config)}
    for name, content in (("adapter_config.json", settings), (TRAINING, training)):
        (out / name).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def write_card(out: Path, model: str, figures: dict[str, tuple[float, float]]) -> None:
    """Write the card of an exported adapter.

    Args:
        figures: texts → bits a word of the plain and of the adapted model.
    """
    settings = json.loads((out / TRAINING).read_text(encoding="utf-8"))
    card = _CARD.format(
        mixture=settings["mixture"],
        model=model,
        weights=WEIGHTS,
        size=(out / WEIGHTS).stat().st_size / 1e6,
        sha256=file_sha256(out / WEIGHTS),
        examples=settings["examples"],
        steps=settings["steps"],
        tokens=settings["batch_tokens"],
        rank=settings["rank"],
        rate=settings["learning_rate"],
        sources="\n".join(f"- {source.about}" for source in MIXTURES[settings["mixture"]]),
        figures="\n".join(f"| {name} | {plain:.2f} | {adapted:.2f} |" for name, (plain, adapted) in figures.items()),
    )
    (out / "README.md").write_text(card, encoding="utf-8")
