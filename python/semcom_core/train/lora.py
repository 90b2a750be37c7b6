# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of an adapter of the language model by LoRA, and its export with a model card.

Low-rank additions to all projections of a model whose own weights stay as they are. The exported
adapter is in half precision, in the format of the peft library.

Source: Hu et al., LoRA: Low-rank adaptation of large language models, ICLR 2022.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semcom_core.models.adapter import WEIGHTS
from semcom_core.models.cache import file_sha256
from semcom_core.models.causal import end_of_message, prompt_tokens
from semcom_core.models.checkpoint import read_checkpoint, save_checkpoint
from semcom_core.train.checkpoint import load_state, save_state
from semcom_core.train.examples import MIXTURES, TextExample
from semcom_core.train.settings import LoraTraining

#: Layers that get an addition.
_PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
#: Label of tokens without a loss.
_IGNORED = -100
#: File with the settings of the training, beside the adapter.
TRAINING = "training.json"
#: Model card of an exported adapter.
_CARD = """# Adapter "{mixture}" for {model}

Low-rank additions (LoRA, in the format of the peft library) that make the language model \
expect the texts of one domain and the
end of a message. Used by name: `semcom sim --set adapter={mixture} --text "…"`.

| | |
| --- | --- |
| base model | {model} |
| weights | {weights}, float16, {size:.1f} MB |
| sha256 | {sha256} |
| training | {examples} texts, {steps} steps of about {tokens} tokens, rank {rank}, \
learning rate {rate:g}, AdamW, cosine schedule |
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


@dataclass(frozen=True)
class LoraProgress:
    """Progress of the training of an adapter.

    Args:
        step: steps done.
        steps: steps in all.
        bits_per_token: mean loss over the last 50 steps, bits.
        elapsed_s: time since the start, s.
    """

    step: int
    steps: int
    bits_per_token: float
    elapsed_s: float


def encode_example(
    example: TextExample, tokenizer: Any, prompt: str, config: LoraTraining
) -> tuple[list[int], int]:
    """Tokens of an example, and how many of them come before its text.

    Args:
        example: a message and the messages before it.
        tokenizer: of the transformers library.
        prompt: name of the prompt format.
        config: settings.
    """
    start = prompt_tokens(tokenizer, prompt, example.context, config.context_tokens)
    text = tokenizer(example.text, add_special_tokens=False, split_special_tokens=True).input_ids[
        : config.text_tokens
    ]
    return [*start, *text, end_of_message(tokenizer, prompt)], len(start)


def batches(
    items: list[tuple[list[int], int]], size: int, rng: np.random.Generator
) -> list[list[int]]:
    """Indices of the examples of each batch, in a random order.

    Args:
        items: tokens of each example, and how many come before its text.
        size: tokens of a batch at most, padding included; examples of similar length are together.
        rng: draws the order.
    """
    found: list[list[int]] = [[]]
    for i in sorted(range(len(items)), key=lambda i: (len(items[i][0]), rng.random())):
        if found[-1] and (len(found[-1]) + 1) * len(items[i][0]) > size:
            found.append([])
        found[-1].append(i)
    return [found[i] for i in rng.permutation(len(found))]


def _tensors(items: list[tuple[list[int], int]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Tokens, labels and attention mask of a batch, int64 (B, T) each."""
    width = max(len(tokens) for tokens, _ in items)
    inputs = torch.zeros(len(items), width, dtype=torch.long)
    labels = torch.full((len(items), width), _IGNORED)
    mask = torch.zeros(len(items), width, dtype=torch.long)
    for row, (tokens, start) in enumerate(items):
        inputs[row, : len(tokens)] = torch.tensor(tokens)
        labels[row, start : len(tokens)] = torch.tensor(tokens[start:])
        mask[row, : len(tokens)] = 1
    return inputs, labels, mask


def loss_of(network: Any, items: list[tuple[list[int], int]]) -> torch.Tensor:
    """Mean cross entropy of the texts' tokens and ends, nats, float ().

    Only their hidden states go through the head, which costs most.
    """
    inputs, labels, mask = (tensor.to(network.device) for tensor in _tensors(items))
    hidden = network.base_model.model.model(
        input_ids=inputs, attention_mask=mask, use_cache=False
    ).last_hidden_state
    wanted = labels[:, 1:] != _IGNORED
    logits = network.get_output_embeddings()(hidden[:, :-1][wanted]).float()
    return torch.nn.functional.cross_entropy(logits, labels[:, 1:][wanted])


class LoraTrainer:
    """Trains an adapter and keeps the state of the training in a folder.

    Args:
        network: transformers causal model; it is changed.
        items: encoded examples.
        config: settings.
        folder: for the state and the adapter; it exists.
    """

    def __init__(
        self, network: Any, items: list[tuple[list[int], int]], config: LoraTraining, folder: Path
    ):
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(config.seed)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        # the backward pass of the fused kernels is slow for texts this short
        network.set_attn_implementation("eager")
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

    def run(self) -> Iterator[LoraProgress]:
        """Train to the end, a LoraProgress after every step."""
        plan = self._plan()
        started = time.monotonic()
        recent: list[float] = []
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
            yield LoraProgress(
                step + 1, len(plan), float(np.mean(recent)), time.monotonic() - started
            )

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


def export(
    folder: Path,
    out: Path,
    model: str,
    mixture: str,
    config: LoraTraining,
    examples: int,
    steps: int,
) -> None:
    """Write the adapter of a training in half precision, with its settings, without a card.

    Args:
        folder: of the training.
        out: folder to write to; made where it is not there.
        model: name of the language model.
        mixture: name of the adapter, one of MIXTURES.
        config: settings of the training.
        examples: how many there were.
        steps: how many there were.
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
        out: folder of the adapter.
        model: name of the language model.
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
