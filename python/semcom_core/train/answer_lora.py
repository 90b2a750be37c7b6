# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of an adapter (LoRA) that answers questions about received messages.

One row of tokens holds a passage and its questions. The messages stand once; each question is a
branch that sees the prompt, the messages that were received before it, and itself:

    prompt  instruction  > message 1  > message 2  > message 3 | question a | question b | text
                                     \\_ question a and its answer
                                                  \\_ question b and its answer
          \\_ text: a message as a codec sends it

The loss is on the answers' tokens alone, and with a small weight on a few of the messages as texts
of their own, so that the same adapter serves a codec of such messages. Layers below the first one
with additions are passed forwards only.

Source: E. J. Hu et al., LoRA: Low-rank adaptation of large language models, ICLR 2022; attention
over branches as in X. Miao et al., SpecInfer, ASPLOS 2024.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semcom_core.models.adapter import WEIGHTS
from semcom_core.models.cache import file_sha256
from semcom_core.models.causal import end_of_message, prompt_tokens
from semcom_core.models.checkpoint import read_checkpoint, save_checkpoint
from semcom_core.tasks.answerer import load_answerer
from semcom_core.tasks.prompt import passage_text, question_text, quoted
from semcom_core.train.answers import Passage, card_figures, write_card
from semcom_core.train.checkpoint import load_state, save_state
from semcom_core.train.lora import TRAINING
from semcom_core.train.settings import AnswerTraining

#: Layers that get an addition.
_PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
#: Steps over which the learning rate rises, at the most a tenth of all.
_WARM_UP = 40


@dataclass(frozen=True)
class AnswerProgress:
    """Progress of the training.

    Args:
        step: steps done.
        steps: steps in all.
        loss: mean loss of the answers over the last 50 steps, nats a token.
        right: share of the answers' tokens that were the most probable, over the same steps.
        elapsed_s: time since the start, s.
    """

    step: int
    steps: int
    loss: float
    right: float
    elapsed_s: float


@dataclass(frozen=True, eq=False)
class PassageRow:
    """Tokens of a passage with its questions.

    Args:
        tokens: int64 (T,).
        positions: place of each token in what it sees, int64 (T,).
        sees: whether a token (row) sees another (column), bool (T, T).
        answers: places of the tokens that an answer's token follows, int64 (n,), and `wanted` the
            tokens that follow, int64 (n,).
        sentences: the same of the messages as texts of their own, and `told`.
    """

    tokens: np.ndarray
    positions: np.ndarray
    sees: np.ndarray
    answers: np.ndarray
    wanted: np.ndarray
    sentences: np.ndarray
    told: np.ndarray


def passage_row(passage: Passage, tokenizer: Any, prompt: str, sentences: int = 0) -> PassageRow:
    """Tokens of a passage with its questions as branches.

    Args:
        passage: messages and questions.
        tokenizer: of the transformers library.
        prompt: text before every message of the model.
        sentences: how many of the messages are branches of their own.
    """

    def encode(text: str) -> list[int]:
        return tokenizer(text, add_special_tokens=False, split_special_tokens=True).input_ids

    tokens = prompt_tokens(tokenizer, prompt)
    opening = len(tokens)
    tokens = tokens + encode(passage_text(()))
    ends = [len(tokens)]
    for message in passage.messages:
        tokens += encode(quoted(message) + "\n")
        ends.append(len(tokens))
    positions = list(range(len(tokens)))
    branches: list[tuple[int, int, int]] = []
    answers: list[int] = []
    told: list[int] = []

    def branch(after: int, known: list[int], learned: list[int], places: list[int]) -> None:
        first = len(tokens)
        tokens.extend([*known, *learned])
        positions.extend(range(after, after + len(known) + len(learned)))
        branches.append((after, first, len(tokens)))
        places.extend(range(first + len(known), len(tokens)))

    for asked in passage.asked:
        line = f"{quoted(asked.message)}\n" if asked.message else ""
        question = encode(line + question_text(asked.question))
        branch(ends[asked.after], question, encode(f" {asked.answer}\n"), answers)
    end = end_of_message(tokenizer, prompt)
    for message in passage.messages[:sentences]:
        text = encode(message)
        # the first token follows the prompt, whose last token is repeated for its branch
        opened = opening - 1
        branch(opened, [tokens[opened]], text + ([] if end is None else [end]), told)
    sees = np.zeros((len(tokens), len(tokens)), bool)
    trunk = ends[-1]
    sees[:trunk, :trunk] = np.tri(trunk, dtype=bool)
    for after, first, last in branches:
        sees[first:last, :after] = True
        sees[first:last, first:last] = np.tri(last - first, dtype=bool)
    row = np.array(tokens)
    answer_places = np.array(answers, int)
    told_places = np.array(told, int)
    return PassageRow(
        row,
        np.array(positions),
        sees,
        answer_places - 1,
        row[answer_places],
        told_places - 1,
        row[told_places],
    )


def _tensors(rows: list[PassageRow]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Tokens and positions, int64 (B, T), and attention mask, float (B, 1, T, T), of a batch."""
    width = max(len(row.tokens) for row in rows)
    tokens = torch.zeros(len(rows), width, dtype=torch.long)
    positions = torch.zeros(len(rows), width, dtype=torch.long)
    sees = torch.eye(width, dtype=torch.bool).repeat(len(rows), 1, 1)
    for i, row in enumerate(rows):
        length = len(row.tokens)
        tokens[i, :length] = torch.from_numpy(row.tokens)
        positions[i, :length] = torch.from_numpy(row.positions)
        sees[i, :length, :length] = torch.from_numpy(row.sees)
    mask = torch.zeros(sees.shape).masked_fill(~sees, torch.finfo(torch.float32).min)
    return tokens, positions, mask[:, None]


class AnswerTrainer:
    """Trains an adapter for answers and keeps the state of the training in a folder.

    Args:
        tokenizer, network, prompt: of load_network; the network is changed.
        draw: gives a passage with questions for its number.
        config: settings.
        folder: for the state and the adapter; it exists.
    """

    def __init__(
        self,
        tokenizer: Any,
        network: Any,
        prompt: str,
        draw: Callable[[int], Passage],
        config: AnswerTraining,
        folder: Path,
    ) -> None:
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(config.seed)
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        layers = range(config.first_layer, network.config.num_hidden_layers)
        lora = LoraConfig(
            r=config.rank,
            lora_alpha=2 * config.rank,
            target_modules=_PROJECTIONS,
            layers_to_transform=list(layers),
            task_type="CAUSAL_LM",
        )
        self.network = get_peft_model(network.to(self._device), lora)
        self._tokenizer = tokenizer
        self._prompt = prompt
        self._draw = draw
        self._config = config
        self._folder = folder
        self._weights = {name: p for name, p in self.network.named_parameters() if p.requires_grad}
        self._optimizer = torch.optim.AdamW(
            self._weights.values(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
        )
        self._done = load_state(folder, self._weights, self._optimizer)

    def run(self) -> Iterator[AnswerProgress]:
        """Train to the end, an AnswerProgress after every step."""
        started = time.monotonic()
        recent: list[tuple[float, float]] = []
        config = self._config
        rise = min(_WARM_UP, max(1, config.steps // 10))
        for step in range(self._done, config.steps):
            fall = 0.5 * (1 + math.cos(math.pi * step / config.steps))
            for group in self._optimizer.param_groups:
                group["lr"] = config.learning_rate * min(1.0, (step + 1) / rise) * fall
            loss, answer_loss, right = self.loss(self._rows(step))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._weights.values(), 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
            recent = [*recent[-49:], (answer_loss, right)]
            if (step + 1) % config.save_steps == 0 or step + 1 == config.steps:
                self.save(step + 1)
            mean = np.mean(recent, axis=0)
            yield AnswerProgress(
                step + 1,
                config.steps,
                float(mean[0]),
                float(mean[1]),
                time.monotonic() - started,
            )

    def _rows(self, step: int) -> list[PassageRow]:
        config = self._config
        first = step * config.passages
        passages = [self._draw(first + i) for i in range(config.passages)]
        return [
            passage_row(passage, self._tokenizer, self._prompt, config.sentences)
            for passage in passages
        ]

    def loss(self, rows: list[PassageRow]) -> tuple[torch.Tensor, float, float]:
        """Loss of a batch, float (); that of the answers, nats a token; and the share of the
        answers' tokens that are the most probable.
        """
        tokens, positions, mask = (tensor.to(self._device) for tensor in _tensors(rows))
        with torch.autocast(self._device, torch.bfloat16):
            hidden = self.network.base_model.model.model(
                input_ids=tokens, position_ids=positions, attention_mask=mask, use_cache=False
            ).last_hidden_state
            logits = self._logits(hidden, [row.answers for row in rows])
            wanted = torch.from_numpy(np.concatenate([row.wanted for row in rows]))
            wanted = wanted.to(self._device)
            answer_loss = torch.nn.functional.cross_entropy(logits, wanted)
            right = (logits.argmax(-1) == wanted).float().mean()
            loss = answer_loss
            told = torch.from_numpy(np.concatenate([row.told for row in rows])).to(self._device)
            if len(told):
                logits = self._logits(hidden, [row.sentences for row in rows])
                told_loss = torch.nn.functional.cross_entropy(logits, told)
                loss = loss + self._config.sentence_weight * told_loss
        return loss, float(answer_loss.detach()), float(right)

    def _logits(self, hidden: torch.Tensor, places: list[np.ndarray]) -> torch.Tensor:
        """Logits after some places of each row, float32 (n, vocabulary)."""
        states = torch.cat([hidden[i, torch.from_numpy(at)] for i, at in enumerate(places)])
        return self.network.get_output_embeddings()(states).float()

    def save(self, step: int) -> None:
        """Write the adapter, and the state of the training beside it."""
        self.network.save_pretrained(self._folder)
        save_state(self._folder, step, self._weights, self._optimizer)


def export_answers(
    folder: Path, out: Path, model: str, config: AnswerTraining, data: Path
) -> dict[str, float]:
    """Write the adapter of a training in half precision, with its settings and its card.

    Args:
        folder: of the training.
        out: folder to write to; made where it is not there.
        model: name of the language model.
        config: settings of the training.
        data: the data folder.

    Returns:
        Questions → share of right answers on the test part.
    """
    out.mkdir(parents=True, exist_ok=True)
    save_checkpoint(out / WEIGHTS, read_checkpoint(folder / WEIGHTS).tensors, half=True)
    settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    settings["base_model_name_or_path"] = model
    for name, content in (("adapter_config.json", settings), (TRAINING, asdict(config))):
        text = json.dumps(content, indent=1, sort_keys=True) + "\n"
        (out / name).write_text(text, encoding="utf-8")
    figures = card_figures(load_answerer(model, str(out)), data)
    use = (
        "Low-rank additions (LoRA, in the format of the peft library) with which the language "
        "model answers\nquestions about received messages, names the task of a request, and "
        "expects such messages. Used by\nname: `load_answerer()`, and by codecs: "
        '`semcom sim --set adapter=stories --text "…"`.'
    )
    facts = {
        "base model": model,
        "weights": f"{WEIGHTS}, float16, {(out / WEIGHTS).stat().st_size / 1e6:.1f} MB",
        "sha256": file_sha256(out / WEIGHTS),
        "training": f"{config.steps} steps of {config.passages} passages with some 9 questions "
        f"each, rank {config.rank}, layers {config.first_layer} and above, learning rate "
        f"{config.learning_rate:g}, AdamW, cosine schedule; loss on the answers' tokens",
        "requests": "the training part of the project's own requests, with their tasks",
    }
    write_card(out, f'Adapter "stories" for {model}', use, facts, figures)
    return figures
