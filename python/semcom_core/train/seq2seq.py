# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the small encoder-decoder of the T5 family, from scratch, with its own tokenizer.

Input and output are texts, in the format that the T5 family knows:

    question: Where is Mary? context: > Mary moved to the bathroom. > …   ─►   bathroom

What is written is a folder of the transformers library (config.json, model.safetensors in half
precision, tokenizer.json), so that it loads like any other model of the family.

Source: C. Raffel et al., Exploring the limits of transfer learning with a unified text-to-text
transformer, JMLR 2020.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semcom_core.models.cache import file_sha256
from semcom_core.models.checkpoint import save_checkpoint
from semcom_core.tasks.answerer import load_answerer
from semcom_core.tasks.prompt import seq2seq_text
from semcom_core.train.answers import Asked, Passage, card_figures, write_card
from semcom_core.train.checkpoint import load_state, save_state
from semcom_core.train.settings import Seq2seqTraining

#: Special tokens of the tokenizer, in the order of their numbers.
_PAD, _END, _UNKNOWN_TOKEN = "<pad>", "</s>", "<unk>"
#: Label without a loss.
_IGNORED = -100
#: File of the weights, as the transformers library names it.
WEIGHTS = "model.safetensors"
#: Passages that the tokenizer is fitted to.
_TOKENIZER_PASSAGES = 4000
#: Most questions of one passage in a step.
_OF_A_PASSAGE = 8
#: Steps over which the learning rate rises, at the most a tenth of all.
_WARM_UP = 200


@dataclass(frozen=True)
class Seq2seqProgress:
    """Progress of the training.

    Args:
        step: steps done.
        steps: steps in all.
        loss: mean over the last 100 steps, nats a token.
        right: share of the answers that were wholly right, over the same steps.
        elapsed_s: time since the start, s.
    """

    step: int
    steps: int
    loss: float
    right: float
    elapsed_s: float


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    """Tokenizer of bytes that are merged (BPE), fitted to texts; any text has its tokens.

    Args:
        texts: of the training part.
        vocabulary: tokens, 300 or more.

    Returns:
        A tokenizer of the transformers library that ends a text by </s>.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[_PAD, _END, _UNKNOWN_TOKEN],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {_END}", special_tokens=[(_END, 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=_PAD, eos_token=_END, unk_token=_UNKNOWN_TOKEN
    )


def small_network(vocabulary: int, config: Seq2seqTraining) -> Any:
    """Network of the T5 family of the sizes of the settings, with initial weights.

    Args:
        vocabulary: tokens.
        config: settings.
    """
    from transformers import T5Config, T5ForConditionalGeneration

    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=vocabulary,
            d_model=config.width,
            d_kv=config.width // config.heads,
            d_ff=3 * config.width,
            num_layers=config.layers,
            num_decoder_layers=config.decoder_layers,
            num_heads=config.heads,
            relative_attention_num_buckets=64,
            relative_attention_max_distance=512,
            dropout_rate=0.0,
            feed_forward_proj="gated-gelu",
            pad_token_id=0,
            eos_token_id=1,
            decoder_start_token_id=0,
        )
    )


class Seq2seqTrainer:
    """Trains an encoder-decoder and keeps the state of the training in a folder.

    Args:
        tokenizer: of the network.
        network: it is changed.
        draw: gives pairs of input and output for a step.
        config: settings.
        folder: for the state; it exists.
    """

    def __init__(
        self,
        tokenizer: Any,
        network: Any,
        draw: Callable[[int], Sequence[tuple[str, str]]],
        config: Seq2seqTraining,
        folder: Path,
    ) -> None:
        self.network = network
        self._tokenizer = tokenizer
        self._draw = draw
        self._config = config
        self._folder = folder
        self._weights = dict(network.named_parameters())
        self._optimizer = torch.optim.AdamW(
            self._weights.values(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01
        )
        self._done = load_state(folder, self._weights, self._optimizer)

    def run(self) -> Iterator[Seq2seqProgress]:
        """Train to the end, a Seq2seqProgress after every step."""
        started = time.monotonic()
        recent: list[tuple[float, float]] = []
        config = self._config
        self.network.train()
        rise = min(_WARM_UP, max(1, config.steps // 10))
        for step in range(self._done, config.steps):
            fall = 0.5 * (1 + math.cos(math.pi * step / config.steps))
            for group in self._optimizer.param_groups:
                group["lr"] = config.learning_rate * min(1.0, (step + 1) / rise) * fall
            loss, right = self.loss(self._draw(step))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._weights.values(), 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
            recent = [*recent[-99:], (loss.item(), right)]
            if (step + 1) % config.save_steps == 0 or step + 1 == config.steps:
                save_state(self._folder, step + 1, self._weights, self._optimizer)
            mean = np.mean(recent, axis=0)
            yield Seq2seqProgress(
                step + 1,
                config.steps,
                float(mean[0]),
                float(mean[1]),
                time.monotonic() - started,
            )

    def loss(self, pairs: Sequence[tuple[str, str]]) -> tuple[torch.Tensor, float]:
        """Mean cross entropy, nats a token, float (); and the share of outputs wholly right."""
        inputs = self._tokenizer([text for text, _ in pairs], padding=True, return_tensors="pt")
        answers = self._tokenizer([text for _, text in pairs], padding=True, return_tensors="pt")
        labels = answers.input_ids.masked_fill(answers.attention_mask == 0, _IGNORED)
        with torch.autocast("cpu", torch.bfloat16):
            out = self.network(
                input_ids=inputs.input_ids, attention_mask=inputs.attention_mask, labels=labels
            )
        right = ((out.logits.argmax(-1) == labels) | (labels == _IGNORED)).all(-1)
        return out.loss, float(right.float().mean())


def numbered_pairs(
    draw: Callable[[int], Passage], config: Seq2seqTraining
) -> Callable[[int], list[tuple[str, str]]]:
    """Inputs and outputs of each step of a training, the same when it is resumed.

    Args:
        draw: gives a passage with questions for its number.
        config: settings.
    """

    def pairs(step: int) -> list[tuple[str, str]]:
        rng = np.random.default_rng([config.seed, step, 1])
        number = step * config.pairs
        found: list[tuple[str, str]] = []
        while len(found) < config.pairs:
            passage = draw(number)
            picked = rng.permutation(len(passage.asked))[:_OF_A_PASSAGE]
            found += [answer_pair(passage, passage.asked[i]) for i in picked]
            number += 1
        return found[: config.pairs]

    return pairs


def answer_pair(passage: Passage, asked: Asked) -> tuple[str, str]:
    """Input and output of one question of a passage."""
    messages = [*passage.messages[: asked.after], asked.message]
    return seq2seq_text([text for text in messages if text], asked.question), asked.answer


def initial(
    draw: Callable[[int], Passage], config: Seq2seqTraining, folder: Path
) -> tuple[Any, Any]:
    """Tokenizer and network at the start of a training; the tokenizer is kept in its folder.

    Args:
        draw: gives a passage with questions for its number.
        config: settings.
        folder: of the training; it exists.
    """
    from transformers import AutoTokenizer

    place = folder / "tokenizer"
    if not place.exists():
        texts: list[str] = []
        for number in range(_TOKENIZER_PASSAGES):
            passage = draw(config.steps * config.pairs + number)
            pairs = [answer_pair(passage, asked) for asked in passage.asked]
            texts += [text for pair in pairs for text in pair]
        train_tokenizer(texts, config.vocabulary).save_pretrained(place)
    tokenizer = AutoTokenizer.from_pretrained(place)
    torch.manual_seed(config.seed)
    return tokenizer, small_network(len(tokenizer), config)


def export(tokenizer: Any, network: Any, out: Path) -> None:
    """Write a folder that the transformers library loads, the weights in half precision.

    Args:
        tokenizer, network: what is written.
        out: folder; made where it is not there.
    """
    out.mkdir(parents=True, exist_ok=True)
    tokenizer.save_pretrained(out)
    network.config.save_pretrained(out)
    kept = dict(network.named_parameters())
    save_checkpoint(out / WEIGHTS, kept, metadata={"format": "pt"}, half=True)


def export_seq2seq(
    tokenizer: Any, network: Any, out: Path, config: Seq2seqTraining, data: Path
) -> dict[str, float]:
    """Write an encoder-decoder with its card.

    Args:
        tokenizer, network: what is written.
        out: folder; made where it is not there.
        config: settings of the training.
        data: the data folder.

    Returns:
        Questions → share of right answers on the test part.
    """
    export(tokenizer, network, out)
    figures = card_figures(load_answerer(str(out)), data)
    size = sum(weight.numel() for weight in network.parameters())
    facts = {
        "architecture": f"T5, {config.layers} + {config.decoder_layers} layers of {config.width} "
        f"features, {size / 1e6:.2f} million weights, {len(tokenizer)} tokens of its own",
        "weights": f"{WEIGHTS}, float16, {(out / WEIGHTS).stat().st_size / 1e6:.1f} MB",
        "sha256": file_sha256(out / WEIGHTS),
        "training": f"from scratch, {config.steps} steps of {config.pairs} questions, learning "
        f"rate {config.learning_rate:g}, AdamW, cosine schedule",
        "requests": "the training part of the project's own requests, with their tasks",
    }
    use = (
        "A small encoder-decoder that answers questions about received messages and names the "
        'task of a\nrequest. Used by `load_answerer("encoder-decoder")`.'
    )
    write_card(out, "T5 of stories", use, facts, figures)
    return figures
