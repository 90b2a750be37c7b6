# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of an adapter: low-rank additions to all projections of a language model that stays as
it is.

Source: Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, 2021.

A trained adapter as it is shipped: half precision, its configuration, and a model card.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from semcom_core.models.adapter import WEIGHTS
from semcom_core.models.cache import file_sha256
from semcom_core.models.causal import end_of_message, prompt_tokens
from semcom_core.models.checkpoint import read_checkpoint, save_checkpoint
from semcom_core.train.checkpoint import load_state, save_state
from semcom_core.train.examples import MIXTURES, Example
from semcom_core.train.settings import LoraTraining

_PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
_IGNORED = -100  # label of what is not to be learned


@dataclass(frozen=True)
class Progress:
    """Where a training is: step of steps, mean loss over the last steps, bits a token."""

    step: int
    steps: int
    bits_per_token: float
    elapsed_s: float


def encode(example: Example, tokenizer, prompt: str, config: LoraTraining) -> tuple[list[int], int]:
    """Tokens of an example, and how many of them come before its text."""
    start = prompt_tokens(tokenizer, prompt, example.context, config.context_tokens)
    text = tokenizer(example.text, add_special_tokens=False, split_special_tokens=True).input_ids[
        : config.text_tokens
    ]
    return [*start, *text, end_of_message(tokenizer, prompt)], len(start)


def batches(
    items: list[tuple[list[int], int]], size: int, rng: np.random.Generator
) -> list[list[int]]:
    """Indices of examples of about the same length, at most `size` tokens with padding, in a random
    order.
    """
    found: list[list[int]] = [[]]
    for i in sorted(range(len(items)), key=lambda i: (len(items[i][0]), rng.random())):
        if found[-1] and (len(found[-1]) + 1) * len(items[i][0]) > size:
            found.append([])
        found[-1].append(i)
    return [found[i] for i in rng.permutation(len(found))]


def _tensors(items: list[tuple[list[int], int]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    width = max(len(tokens) for tokens, _ in items)
    inputs = torch.zeros(len(items), width, dtype=torch.long)
    labels = torch.full((len(items), width), _IGNORED)
    mask = torch.zeros(len(items), width, dtype=torch.long)
    for row, (tokens, start) in enumerate(items):
        inputs[row, : len(tokens)] = torch.tensor(tokens)
        labels[row, start : len(tokens)] = torch.tensor(tokens[start:])
        mask[row, : len(tokens)] = 1
    return inputs, labels, mask


def loss_of(network, items: list[tuple[list[int], int]]) -> torch.Tensor:
    """Mean cross entropy of the texts' tokens and ends, nats; only their hidden states go through
    the head.
    """
    inputs, labels, mask = (tensor.to(network.device) for tensor in _tensors(items))
    hidden = network.base_model.model.model(
        input_ids=inputs, attention_mask=mask, use_cache=False
    ).last_hidden_state
    wanted = labels[:, 1:] != _IGNORED
    logits = network.get_output_embeddings()(hidden[:, :-1][wanted]).float()
    return torch.nn.functional.cross_entropy(logits, labels[:, 1:][wanted])


class LoraTrainer:
    """Trains an adapter and keeps what it needs to go on in a folder.

    Args:
        network: transformers causal model; it is changed.
        items: encoded examples.
        folder: where the checkpoint and the adapter are written.
    """

    def __init__(
        self, network, items: list[tuple[list[int], int]], config: LoraTraining, folder: Path
    ):
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(config.seed)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        network.set_attn_implementation(
            "eager"
        )  # the fused kernels are slow backwards for texts this short
        network = network.to(self._device, torch.bfloat16)
        sizes = {"r": config.rank, "lora_alpha": 2 * config.rank, "lora_dropout": config.dropout}
        lora = LoraConfig(target_modules=_PROJECTIONS, task_type="CAUSAL_LM", **sizes)
        self.network = get_peft_model(network, lora)
        self._items = items
        self._config = config
        self._folder = folder
        self._weights = {name: p for name, p in self.network.named_parameters() if p.requires_grad}
        self._optimizer = torch.optim.AdamW(
            self._weights.values(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
        )
        self._done = load_state(folder, self._weights, self._optimizer)

    def run(self) -> Iterator[Progress]:
        """Train to the end; yields after every step."""
        plan = self._plan()
        started = time.monotonic()
        recent = []
        for step in range(self._done, len(plan)):
            rate = min(1.0, (step + 1) / 30) * 0.5 * (1 + math.cos(math.pi * step / len(plan)))
            for group in self._optimizer.param_groups:
                group["lr"] = self._config.learning_rate * rate
            loss = self.loss([self._items[i] for i in plan[step]])
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._weights.values(), 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
            recent = [*recent[-49:], loss.item() / math.log(2)]
            if (step + 1) % self._config.save_steps == 0 or step + 1 == len(plan):
                self.save(step + 1)
            yield Progress(step + 1, len(plan), float(np.mean(recent)), time.monotonic() - started)

    def loss(self, items: list[tuple[list[int], int]]) -> torch.Tensor:
        """Mean cross entropy of the items' texts and ends, nats a token."""
        with torch.autocast(self._device, torch.bfloat16):
            return loss_of(self.network, items)

    def save(self, step: int) -> None:
        """Write the adapter, and the state of the training beside it."""
        self.network.save_pretrained(self._folder)
        save_state(self._folder, step, self._weights, self._optimizer)

    def _plan(self) -> list[list[int]]:
        """Batches of the whole training, the same when it is resumed."""
        rng = np.random.default_rng(self._config.seed)
        epoch = batches(self._items, self._config.batch_tokens, rng)
        steps = max(1, round(self._config.epochs * len(epoch)))
        while len(epoch) < steps:
            epoch += batches(self._items, self._config.batch_tokens, rng)
        return epoch[:steps]


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


def export(
    folder: Path,
    out: Path,
    model: str,
    mixture: str,
    config: LoraTraining,
    examples: int,
    steps: int,
) -> None:
    """Write the adapter of a training's folder as it is shipped, without a card.

    Args:
        folder: of the training.
        out: folder to write to; made where it is not there.
    """
    out.mkdir(parents=True, exist_ok=True)
    save_checkpoint(out / WEIGHTS, read_checkpoint(folder / WEIGHTS).tensors, half=True)
    settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    settings["base_model_name_or_path"] = model
    training = {"mixture": mixture, "examples": examples, "steps": steps, **asdict(config)}
    for name, content in (("adapter_config.json", settings), (TRAINING, training)):
        (out / name).write_text(
            json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )


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
        figures="\n".join(
            f"| {name} | {plain:.2f} | {adapted:.2f} |"
            for name, (plain, adapted) in figures.items()
        ),
    )
    (out / "README.md").write_text(card, encoding="utf-8")
