# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of scenario question answering: sender, slot receiver, and reasoning over a memory.

    sentence -> words -> transformer -> 16 complex symbols -> mask -> power 1 -> channel
        -> slot receiver (symbols, noise variances) -> embedding in the memory, with its slot
    question -> the same way -> its embedding reads the memory -> up to 3 words

What reads the memory is a universal transformer: one layer, applied several times, over the
embeddings of the statements and of the questions. A statement reads those before it, a question
those that the memory holds. The heads of its attention are of two kinds, with scores z of query i
and key j:

    latest    a_ij = s(z_ij) prod over k between j and i of (1 - s(z_ik))     s(z) = 1 / (1 + e^-z)
    all       a_ij = s(z_ij)

The first finds the last statement that fits, and nothing where none does; the second adds up all
that fit, so that what is carried can be counted. The temporal code of a slot is its order, and a
bias of each head by the logarithm of its age. Neither kind of weights sums up to 1. A question
comes with the share of the slots before it that the memory does not hold. A statement is read as it
was when it came: what has left the memory since then has left its traces in those after it.

Mask: each of the 16 symbols has a score, which depends on the SNR and on whether the message is a
question, both of which the receiver knows too. Of K symbols to send, those of the K highest scores
go on air, with power 1 a symbol; the others are erased symbols to the receiver.

Axes: B messages or stories, W words of a message, C symbols, S statements, Q questions, D features.

Sources: H. Xie, Z. Qin, G. Y. Li, "Semantic communication with memory", IEEE JSAC 41 (8), 2023
(memory, universal transformer, masks); M. Dehghani et al., "Universal transformers", ICLR 2019;
S. Tan et al., "Scaling stick-breaking attention", ICLR 2025 (latest); J. Ramapuram et al., "Theory,
analysis, and best practices for sigmoid self-attention", ICLR 2025 (all).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, logsigmoid

from semcom_core.config import setting
from semcom_core.errors import ConfigError, check_range

#: Complex symbols of a message at the most, which is without a mask.
SYMBOLS = 16
#: Words of a message, and of an answer, at the most.
MOST_WORDS = 16
ANSWER_WORDS = 3
#: Features by which statements in a memory are compared.
KEY_WIDTH = 32
#: Indices of words: of the padding (in an answer its end), and of a word outside the vocabulary.
PAD = 0
OTHER = 1
#: Noise variance of a symbol that is as good as noise-free; smaller ones count as it.
_LEAST_NOISE = 1e-3
#: Words of the sender: features and heads.
_SENDER_HEADS = 4
#: Keys over queries in the first weights of the reasoning.
_ALIKE = 2.0
#: Softness of the mask in training, in units of a score.
_MASK_SOFTNESS = 0.5


@dataclass(frozen=True)
class ScenarioShape:
    """Shape of the networks."""

    sender_width: int = setting(64, "features of a word, 8 to 1024, a multiple of 4")
    sender_layers: int = setting(2, "layers of the sender, 1 to 12")
    width: int = setting(128, "features of a slot, 16 to 1024, a multiple of the heads")
    heads: int = setting(8, "heads of the reasoning, 2 to 64, half of either kind")
    steps: int = setting(3, "times that its layer is applied, 1 to 16")

    def __post_init__(self) -> None:
        check_range("sender_width", self.sender_width, 8, 1024)
        check_range("sender_layers", self.sender_layers, 1, 12)
        check_range("width", self.width, 16, 1024)
        check_range("heads", self.heads, 2, 64)
        check_range("steps", self.steps, 1, 16)
        for name, width, unit in (
            ("sender_width", self.sender_width, _SENDER_HEADS),
            ("width", self.width, self.heads),
            ("heads", self.heads, 2),
        ):
            if width % unit:
                raise ConfigError(f"{name} is {width}; allowed is a multiple of {unit}")


class Vocabulary:
    """Words of messages and of answers.

    Args:
        words: of messages, lower case.
        answers: words of answers.
    """

    def __init__(self, words: Sequence[str], answers: Sequence[str]) -> None:
        self.words = tuple(words)
        self.answers = tuple(answers)
        self._word = {word: i for i, word in enumerate(self.words, OTHER + 1)}
        self._answer = {word: i for i, word in enumerate(self.answers, PAD + 1)}

    @classmethod
    def of(cls, texts: Iterable[str], answers: Iterable[str]) -> Vocabulary:
        """Vocabulary of texts, and of answers with commas between their words."""
        return cls(
            sorted({word for text in texts for word in words_of(text)}),
            sorted({word for answer in answers for word in answer.split(",")}),
        )

    @property
    def sizes(self) -> tuple[int, int]:
        """Indices of words and of words of answers."""
        return len(self.words) + OTHER + 1, len(self.answers) + PAD + 1

    def message(self, text: str) -> list[int]:
        """Index of each word of a message.

        Raises:
            ConfigError: it has no word, or more than MOST_WORDS.
        """
        found = words_of(text)
        if not 1 <= len(found) <= MOST_WORDS:
            raise ConfigError(f"message has {len(found)} words; allowed is 1 to {MOST_WORDS}")
        return [self._word.get(word, OTHER) for word in found]

    def answer(self, text: str) -> list[int]:
        """Index of each word of an answer in the order of the alphabet, with padding.

        Raises:
            ConfigError: a word is not known, or there are more than ANSWER_WORDS.
        """
        words = sorted(text.split(","))
        unknown = [word for word in words if word not in self._answer]
        if unknown or len(words) > ANSWER_WORDS:
            raise ConfigError(
                f"answer is {text!r}; allowed is 1 to {ANSWER_WORDS} of {', '.join(self.answers)}"
            )
        return [self._answer[word] for word in words] + [PAD] * (ANSWER_WORDS - len(words))

    def answer_text(self, indices: Sequence[int]) -> str:
        """Words of an answer with commas between, up to its end."""
        found = list(indices)
        found = found[: found.index(PAD)] if PAD in found else found
        return ",".join(self.answers[i - PAD - 1] for i in found)


def words_of(text: str) -> list[str]:
    """Words of a message, lower case, without marks."""
    return re.findall(r"\w+", text.lower())


def is_question(text: str) -> bool:
    """Whether a message asks for an answer: it ends with a question mark."""
    return text.rstrip().endswith("?")


def padded(messages: Sequence[Sequence[int]]) -> Tensor:
    """Indices of the words of messages, int (B, W)."""
    width = max(map(len, messages), default=1)
    return torch.tensor([[*message, *[PAD] * (width - len(message))] for message in messages])


class Sentences(nn.Module):
    """Features of messages, a small transformer over their words.

    Args:
        shape: of the network.
        words: indices of words.
    """

    def __init__(self, shape: ScenarioShape, words: int) -> None:
        super().__init__()
        width = shape.sender_width
        self.words = nn.Embedding(words, width)
        self.places = nn.Parameter(torch.randn(MOST_WORDS, width) * 0.5)
        self.kinds = nn.Embedding(2, width)
        layer = nn.TransformerEncoderLayer(
            width, _SENDER_HEADS, 2 * width, 0.0, "gelu", batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(
            layer, shape.sender_layers, nn.LayerNorm(width), enable_nested_tensor=False
        )

    def forward(self, words: Tensor, questions: Tensor) -> Tensor:
        """Features float (B, sender width).

        Args:
            words: indices, int (B, W), with padding at the end.
            questions: which messages are questions, bool (B,).
        """
        embedded = self.words(words) * (words != PAD)[..., None]
        first = self.kinds(questions.long())[:, None] + embedded.sum(1, keepdim=True)
        states = torch.cat([first, embedded + self.places[: words.shape[1]]], 1)
        hidden = torch.cat([torch.zeros_like(words[:, :1]), words == PAD], 1).bool()
        return self.layers(states, src_key_padding_mask=hidden)[:, 0]


class Sender(nn.Module):
    """Symbols of messages, and the scores by which they are masked.

    Args:
        shape: of the network.
        words: indices of words.
    """

    def __init__(self, shape: ScenarioShape, words: int) -> None:
        super().__init__()
        self.sentences = Sentences(shape, words)
        self.symbols = nn.Linear(shape.sender_width, 2 * SYMBOLS)
        # score = base + slope (SNR / 10 dB), for statements and for questions
        self.score_base = nn.Parameter(torch.randn(2, SYMBOLS) * 0.1)
        self.score_slope = nn.Parameter(torch.zeros(2, SYMBOLS))
        # of the same form: above 0 for symbols that are worth their price
        self.gate_base = nn.Parameter(torch.ones(2, SYMBOLS))
        self.gate_slope = nn.Parameter(torch.zeros(2, SYMBOLS))

    def forward(self, words: Tensor, questions: Tensor) -> Tensor:
        """Symbols before mask and power, real and imaginary parts, float (B, C, 2); see
        Sentences.
        """
        return self.symbols(self.sentences(words, questions)).unflatten(1, (SYMBOLS, 2))

    def scores(self, snr_db: Tensor, questions: Tensor) -> Tensor:
        """Scores float (B, C) of the symbols.

        Args:
            snr_db: SNR that both ends were told, dB, float (B,).
            questions: which messages are questions, bool (B,).
        """
        kind = questions.long()
        return self.score_base[kind] + self.score_slope[kind] * (snr_db / 10)[:, None]

    def gates(self, snr_db: Tensor, questions: Tensor) -> Tensor:
        """Scores float (B, C), above 0 for symbols that are worth their price; see scores."""
        kind = questions.long()
        return self.gate_base[kind] + self.gate_slope[kind] * (snr_db / 10)[:, None]


def highest(scores: Tensor, count: Tensor) -> Tensor:
    """Which scores are among the highest, bool (B, C).

    Args:
        scores: float (B, C).
        count: how many, int (B,).
    """
    rank = scores.argsort(dim=1, descending=True, stable=True).argsort(dim=1)
    return rank < count[:, None]


def soft_mask(scores: Tensor, kept: Tensor) -> Tensor:
    """The mask as 0 and 1, float (B, C), whose gradient is that of a logistic function about the
    boundary between the scores that are kept and those that are not.
    """
    lowest = scores.masked_fill(~kept, torch.inf).amin(1)
    others = scores.masked_fill(kept, -torch.inf).amax(1)
    boundary = torch.where(kept.all(1), lowest - 1, (lowest + others) / 2).detach()
    soft = torch.sigmoid((scores - boundary[:, None]) / _MASK_SOFTNESS)
    return kept.float() + soft - soft.detach()


def on_air(symbols: Tensor, mask: Tensor) -> Tensor:
    """Symbols with power 1 a symbol over those that are sent, 0 elsewhere.

    Args:
        symbols: float (B, C, 2).
        mask: 1 where sent, float (B, C).
    """
    masked = symbols * mask[..., None]
    power = masked.square().sum((1, 2)) / mask.detach().sum(1)
    return masked * power.clamp(min=1e-9).rsqrt()[:, None, None]


class SlotReceiver(nn.Module):
    """Embedding of a received message.

    Args:
        shape: of the network.
    """

    def __init__(self, shape: ScenarioShape) -> None:
        super().__init__()
        wide = 2 * shape.width
        self.first = nn.Linear(3 * SYMBOLS + 2, wide)
        self.second = nn.Linear(wide, wide)
        self.last = nn.Linear(wide, shape.width)

    def forward(self, received: Tensor, noise_var: Tensor, questions: Tensor) -> Tensor:
        """Embeddings float (B, D).

        Args:
            received: symbols, unbiased, float (B, C, 2); 0 where erased.
            noise_var: of each, float (B, C), inf where erased.
            questions: which messages are questions, bool (B,).
        """
        weight = 1 / (1 + noise_var)
        level = torch.log10(noise_var.clamp(_LEAST_NOISE, 1e3)).amin(1, keepdim=True)
        known = torch.cat(
            [
                (received * weight[..., None]).flatten(1),
                weight,
                level,
                questions.to(weight.dtype)[:, None],
            ],
            1,
        )
        inner = gelu(self.first(known))
        return self.last(inner + gelu(self.second(inner)))


class TextReader(nn.Module):
    """Embedding of a message whose text was decoded, in place of SlotReceiver.

    Args:
        shape: of the network.
        words: indices of words.
    """

    def __init__(self, shape: ScenarioShape, words: int) -> None:
        super().__init__()
        self.sentences = Sentences(shape, words)
        self.last = nn.Linear(shape.sender_width, shape.width)

    def forward(self, words: Tensor, questions: Tensor) -> Tensor:
        """Embeddings float (B, D); see Sentences."""
        return self.last(self.sentences(words, questions))


class Answers(NamedTuple):
    """Answers to questions.

    Args:
        odds: log-odds of the words, float (B, Q, ANSWER_WORDS, answers).
        read: weights by which the last step read the statements, float (B, heads, Q, S), the heads
            that find the latest first.
        written: what the memory keeps of each statement, its state before each step, float (B, S,
            steps, D).
    """

    odds: Tensor
    read: Tensor
    written: Tensor


class Reasoning(nn.Module):
    """Answers to questions from the embeddings of statements (see the module).

    Args:
        shape: of the network.
        answers: indices of words of answers.
    """

    def __init__(self, shape: ScenarioShape, answers: int) -> None:
        super().__init__()
        width = shape.width
        self._heads = shape.heads
        self._answers = answers
        self.steps = nn.Parameter(torch.randn(shape.steps, width) * 0.1)
        self.share = nn.Linear(1, width, bias=False)
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.bias = nn.Parameter(torch.full((shape.heads,), -1.0))
        self.age = nn.Parameter(torch.zeros(shape.heads))
        self.join = nn.Linear(width, width)
        self.inner_norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, 2 * width)
        self.outer = nn.Linear(2 * width, width)
        self.last_norm = nn.LayerNorm(width)
        self.last = nn.Linear(width, width)
        self.answer = nn.Linear(width, ANSWER_WORDS * answers)
        with torch.no_grad():  # at first what is alike fits
            self.key_value.weight[:width] = _ALIKE * self.query.weight

    def forward(
        self, statements: Tensor, questions: Tensor, slots: Tensor, asked: Tensor, until: Tensor
    ) -> Answers:
        """Answers to all questions of stories.

        Args:
            statements: embeddings, the oldest first, float (B, S, D).
            questions: embeddings, float (B, Q, D).
            slots: of the statements, int (B, S).
            asked: slots before which the questions are asked, int (B, Q).
            until: the last slot in which each statement is in the memory, int (B, S). It can be
                read by statements and questions of a slot from its own on until this one.
        """
        count = statements.shape[1]
        ages, allowed = _readable(torch.cat([slots, asked], 1), slots, until)
        states = torch.cat([statements, self._told(questions, allowed[:, count:], asked)], 1)
        states, read, kept = self._steps(states, count, ages, allowed)
        return Answers(self._odds(states[:, count:]), read[:, :, count:], kept)

    def write(self, embedding: Tensor, slot: int, written: Tensor, slots: Tensor) -> Tensor:
        """What the memory keeps of a statement, float (steps, D): its state before each step.

        Args:
            embedding: float (D,).
            slot: of the statement.
            written: of the statements in the memory, the oldest first, float (S, steps, D).
            slots: their slots, int (S,).
        """
        when = torch.tensor([[slot]])
        ages, allowed = _readable(when, slots[None], when.expand(1, len(slots)))
        return self._steps(embedding[None, None], 1, ages, allowed, written[None])[2][0, 0]

    def ask(self, questions: Tensor, asked: int, written: Tensor, slots: Tensor) -> Answers:
        """Answers to questions from what the memory keeps, as forward gives them with B = 1.

        Args:
            questions: embeddings, float (Q, D).
            asked: slot before which they are asked.
            written, slots: as of write.
        """
        when = torch.full((1, len(questions)), asked)
        ages, allowed = _readable(when, slots[None], torch.full((1, len(slots)), asked))
        told = self._told(questions[None], allowed, when)
        states, read, _ = self._steps(told, 0, ages, allowed, written[None])
        return Answers(self._odds(states), read, written[None])

    def _told(self, questions: Tensor, allowed: Tensor, asked: Tensor) -> Tensor:
        """Questions that know which share of the slots before them is not in the memory."""
        share = allowed.sum(2, keepdim=True) / asked[:, :, None].clamp(min=1)
        return questions + self.share(1 - share)

    def _odds(self, states: Tensor) -> Tensor:
        last = gelu(self.last(self.last_norm(states)))
        return self.answer(last).unflatten(2, (ANSWER_WORDS, self._answers))

    def _steps(
        self,
        states: Tensor,
        count: int,
        ages: Tensor,
        allowed: Tensor,
        written: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """States of all after the last step, its weights, and the states of statements before each
        step, float (B, count, steps, D).

        Args:
            states: of statements and questions, float (B, N, D).
            count: how many of them are statements, which come first.
            ages, allowed: of what is read, float and bool (B, N, S).
            written: states of what is read, float (B, S, steps, D); None for the statements.
        """
        code = torch.log1p(ages)
        kept = []
        for place, step in enumerate(self.steps):
            normed = self.norm(states) + step
            kept.append(normed[:, :count])
            source = kept[-1] if written is None else written[:, :, place]
            read, weights = self._read(normed, source, code, allowed)
            states = states + read
            states = states + self.outer(gelu(self.inner(self.inner_norm(states) + step)))
        return states, weights, torch.stack(kept, 2)

    def _read(
        self, states: Tensor, source: Tensor, code: Tensor, allowed: Tensor
    ) -> tuple[Tensor, Tensor]:
        """What all read in the source, float (B, N, D), and the weights, float (B, heads, N, S)."""
        shape = (self._heads, -1)
        query = self.query(states).unflatten(2, shape).transpose(1, 2)
        key, value = self.key_value(source).chunk(2, 2)
        key = key.unflatten(2, shape).permute(0, 2, 3, 1)
        value = value.unflatten(2, shape).transpose(1, 2)
        scores = query @ key / key.shape[2] ** 0.5
        scores = scores + self.bias[:, None, None] + self.age[:, None, None] * code[:, None]
        latest, every = scores.chunk(2, 1)
        weights = torch.cat(
            [_latest(latest, allowed[:, None]), torch.sigmoid(every) * allowed[:, None]], 1
        )
        return self.join((weights @ value).transpose(1, 2).flatten(2)), weights


def support_of(read: Tensor) -> Tensor:
    """How much each statement supports an answer, float (Q, S), 0 to 1.

    It is read off the heads that were shown in training what answers follow from.

    Args:
        read: weights of the last step, float (heads, Q, S).
    """
    shown = read[[0, 1, read.shape[0] // 2]]
    return shown.amax(0)


def _readable(when: Tensor, slots: Tensor, until: Tensor) -> tuple[Tensor, Tensor]:
    """Ages of statements, float (B, N, S), and whether they can be read, bool (B, N, S).

    Args:
        when: slots of those who read, int (B, N).
        slots, until: of the statements, int (B, S).
    """
    ages = when[:, :, None] - slots[:, None]
    return ages.clamp(min=0).float(), (ages > 0) & (when[:, :, None] <= until[:, None])


def _latest(scores: Tensor, allowed: Tensor) -> Tensor:
    """Weights of the heads that find the last statement that fits."""
    fits = logsigmoid(scores)
    fits_not = (fits - scores) * allowed
    after = fits_not.sum(3, keepdim=True) - fits_not.cumsum(3)
    return torch.exp(fits + after) * allowed


class Keeping(nn.Module):
    """What the update rule of a memory is told of a statement: never a question.

    Args:
        shape: of the network.
    """

    def __init__(self, shape: ScenarioShape) -> None:
        super().__init__()
        self.key = nn.Linear(shape.width, KEY_WIDTH)
        self.value = nn.Linear(shape.width, 1)

    def keys(self, embeddings: Tensor) -> Tensor:
        """Vectors float (..., KEY_WIDTH), alike for statements of which the newer replaces the
        older.

        Args:
            embeddings: of statements, float (..., D).
        """
        return self.key(embeddings)

    def values(self, written: Tensor) -> Tensor:
        """Log-odds float (...,) that the answer to a question will follow from a statement.

        Args:
            written: of Reasoning.write, float (..., steps, D).
        """
        return self.value(written[..., -1, :])[..., 0]


class ScenarioNetwork(nn.Module):
    """Both ends over the channel.

    Args:
        shape: of the network.
        sizes: of the vocabulary.
    """

    def __init__(self, shape: ScenarioShape, sizes: tuple[int, int]) -> None:
        super().__init__()
        self.sender = Sender(shape, sizes[0])
        self.receiver = SlotReceiver(shape)
        self.reasoning = Reasoning(shape, sizes[1])
        self.keeping = Keeping(shape)


class TextNetwork(nn.Module):
    """Answers from texts.

    Args:
        shape: of the network.
        sizes: of the vocabulary.
    """

    def __init__(self, shape: ScenarioShape, sizes: tuple[int, int]) -> None:
        super().__init__()
        self.reader = TextReader(shape, sizes[0])
        self.reasoning = Reasoning(shape, sizes[1])
