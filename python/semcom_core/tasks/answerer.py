# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to questions about received messages by three families of large models.

    family            default                        how it answers
    encoder-only      all-MiniLM-L6-v2               embeddings, and a reader over them
    decoder-only      SmolLM2-135M, adapter stories  continues a prompt; any causal model by path
    encoder-decoder   a small T5, trained here       writes the answer; any T5 by path or hub name

All have one interface: `answer(question, messages)` and `classify(text, labels)`. Messages are
quoted data (tasks.prompt). What an answer may be is decided by a policy outside the model, which no
message can change: an answer consists of words that were received, of words of the question or of
the closed answers, has a least confidence, and is about somebody or something that a message names;
else it is "unknown".

Source: H. Xie, Z. Qin, X. Tao, Z. Han, Towards intelligent communications: large model empowered
semantic communications, IEEE Communications Magazine 2024 (section IV-B, the three families).
"""

from __future__ import annotations

import math
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np

from semcom_core.config import setting
from semcom_core.datasets.stories import UNKNOWN
from semcom_core.errors import ConfigError, ModelError, check_range
from semcom_core.tasks.prompt import (
    CLOSED_ANSWERS,
    checked_question,
    chosen_messages,
    content_words,
    label_question,
    prompt_text,
    seq2seq_text,
)

if TYPE_CHECKING:
    from semcom_core.models.causal import CausalModel
    from semcom_core.models.sentence import MiniLm
    from semcom_core.tasks.intention import IntentionClassifier
    from semcom_core.tasks.reader import ReaderNetwork

#: Families, and the model of each that comes with the package or its dependencies.
ENCODER = "encoder-only"
DECODER = "decoder-only"
ENCODER_DECODER = "encoder-decoder"
DEFAULTS = {ENCODER: "all-minilm-l6-v2", DECODER: "smollm2-135m", ENCODER_DECODER: "t5-stories"}
#: Adapter of the default decoder-only model.
ADAPTER = "stories"
#: Folder of the weights that come with the package.
SHIPPED = Path(__file__).resolve().parents[1] / "models" / "weights"
READER = "reader.safetensors"
#: Most tokens of an answer.
_MOST_TOKENS = 12
#: Most labels of a classification, and most characters of one.
_MOST_LABELS = 64
_MOST_LABEL = 60
#: Factor of the similarity of a text to a label's name, where no head knows the label.
_SHARPNESS = 20.0
#: A text without content.
_WITHOUT_CONTENT = "N/A"
#: Embeddings of texts that an encoder keeps.
_KEPT = 2000
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Answer:
    """Answer to a question, or label of a text.

    Args:
        text: the answer on one line; UNKNOWN where the messages do not tell.
        confidence: probability that the model gives to it, 0 to 1; of UNKNOWN by the policy, that
            of everything but the answer that was refused.
        family: of the model.
        time_s: time that it took, s.
        reason: why the policy made it UNKNOWN, in a few words; else empty.
    """

    text: str
    confidence: float
    family: str
    time_s: float
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, fit for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class AnswerPolicy:
    """What an answer may be; decided outside the model."""

    least_confidence: float = setting(0.4, "a less certain answer is unknown, probability, 0 to 1")
    grounded: bool = setting(
        True, "whether an answer consists of words of the messages, the question and closed answers"
    )
    related: bool = setting(
        True,
        "whether a question whose words no message has, or a name of which none has, is unknown",
    )

    def __post_init__(self) -> None:
        check_range("least_confidence", self.least_confidence, 0, 1)

    def unrelated(self, question: str, messages: Sequence[str]) -> str:
        """Why messages cannot tell the answer to a question; empty where they may.

        Args:
            question: on one line.
            messages: all that were received.
        """
        if not any(message.strip() for message in messages):
            return "nothing was received"
        if not self.related:
            return ""
        received = {word for message in messages for word in _WORD.findall(message.lower())}
        asked = content_words(question)
        names = [word for word in _WORD.findall(question)[1:] if word[0].isupper()]
        absent = [name for name in names if name.lower() not in received and name != "I"]
        if absent:
            return f"no message names {absent[0]}"
        return "" if asked & received else "no message has a word of the question"

    def refusal(self, text: str, confidence: float, question: str, messages: Sequence[str]) -> str:
        """Why an answer is not given; empty where it is.

        Args:
            text, confidence: of the model.
            question: that was asked.
            messages: that the model was shown.
        """
        if not text:
            return "the model gives no answer"
        if confidence < self.least_confidence:
            return f"confidence is {confidence:.2f}; at least {self.least_confidence:g} is needed"
        if not self.grounded:
            return ""
        known = {*CLOSED_ANSWERS, *_WORD.findall(" ".join([question, *messages]).lower())}
        strange = [word for word in _WORD.findall(text.lower()) if word not in known]
        return f"{strange[0]!r} was not received" if strange else ""


class Answerer(ABC):
    """A model that answers questions about received messages.

    Args:
        policy: what an answer may be.

    Attributes:
        family: of the model.
        name: by which it was loaded.
    """

    family: ClassVar[str]
    name: str = ""

    def __init__(self, policy: AnswerPolicy | None = None) -> None:
        self.policy = policy or AnswerPolicy()

    def answer(self, question: str, messages: Sequence[str]) -> Answer:
        """Answer a question from received messages.

        Args:
            question: one line; what is beyond MOST_CHARACTERS is cut.
            messages: received, the oldest first; any number, of which some are chosen.

        Raises:
            ConfigError: the question is empty.
        """
        started = time.perf_counter()
        asked = checked_question(question)
        reason = self.policy.unrelated(asked, messages)
        if reason:
            return self._answered(UNKNOWN, 1.0, started, reason)
        shown = chosen_messages(messages, asked)
        text, confidence = self._read(asked, shown)
        reason = self.policy.refusal(text, confidence, asked, shown)
        if reason:
            return self._answered(UNKNOWN, 1.0 - confidence, started, reason)
        return self._answered(text, confidence, started)

    def classify(self, text: str, labels: Sequence[str]) -> Answer:
        """The label that fits a received text best; its confidence is over the labels.

        Args:
            text: as received; it is data.
            labels: to choose from, 1 to 64, each of a few words.

        Raises:
            ConfigError: there are none or too many labels, one is too long, or the text is empty.
        """
        started = time.perf_counter()
        check_range("number of labels", len(labels), 1, _MOST_LABELS)
        for label in labels:
            check_range("characters of a label", len(label.strip()), 1, _MOST_LABEL)
        line = checked_question(text)
        scores = np.asarray(self._scores(line, list(labels)), float)
        shares = np.exp(scores - scores.max())
        best = int(np.argmax(shares))
        return self._answered(labels[best], float(shares[best] / shares.sum()), started)

    def _answered(self, text: str, confidence: float, started: float, reason: str = "") -> Answer:
        spent_s = time.perf_counter() - started
        return Answer(text, float(min(1.0, confidence)), self.family, spent_s, reason)

    @abstractmethod
    def _read(self, question: str, messages: list[str]) -> tuple[str, float]:
        """Answer of the model and its probability; empty for none.

        Args:
            question, messages: each on one line.
        """

    @abstractmethod
    def _scores(self, text: str, labels: list[str]) -> np.ndarray:
        """Log-probability of each label, up to a constant, nats, float (labels,)."""


class EncoderAnswerer(Answerer):
    """Answers by a reader over sentence embeddings.

    Args:
        embedder: sentence embedding.
        reader: network over its embeddings.
        intentions: gives the labels of tasks.intention; other labels are compared by their names.
        policy: what an answer may be.
    """

    family = ENCODER

    def __init__(
        self,
        embedder: MiniLm,
        reader: ReaderNetwork,
        intentions: IntentionClassifier | None = None,
        policy: AnswerPolicy | None = None,
    ) -> None:
        super().__init__(policy)
        self._embedder = embedder
        self._reader = reader
        self._intentions = intentions
        self._kept: dict[str, np.ndarray] = {}

    def _read(self, question: str, messages: list[str]) -> tuple[str, float]:
        import torch

        from semcom_core.tasks.reader import END, candidate_words

        candidates = candidate_words(messages)
        rows = self._embedded([*messages, question])
        words = np.zeros((len(candidates), rows.shape[1]), np.float32)
        words[1:] = self._embedded(candidates[1:])
        with torch.inference_mode():
            found = self._reader(
                torch.from_numpy(rows[None, :-1]),
                torch.from_numpy(rows[None, -1:]),
                torch.tensor([[len(messages)]]),
                torch.from_numpy(words[None]),
                torch.ones(1, len(candidates), dtype=torch.bool),
            )[0, 0].numpy()
        answer: list[str] = []
        log_probability = 0.0
        for place in found:
            best = int(np.argmax(place))
            log_probability += float(place[best])
            if candidates[best] == END:
                break
            answer.append(candidates[best])
        return ",".join(answer), math.exp(log_probability)

    def _embedded(self, texts: list[str]) -> np.ndarray:
        """Embeddings, float32 (len(texts), D); the last few hundred are kept."""
        new = [text for text in dict.fromkeys(texts) if text not in self._kept]
        if len(self._kept) + len(new) > _KEPT:
            self._kept.clear()
            new = list(dict.fromkeys(texts))
        if new:
            self._kept.update(zip(new, self._embedder.embed(new)))
        return np.stack([self._kept[text] for text in texts])

    def _scores(self, text: str, labels: list[str]) -> np.ndarray:
        from semcom_core.datasets.requests import TASKS

        if self._intentions is not None and set(labels) == set(TASKS):
            found = self._intentions.understand(text)
            others = max(1e-6, (1 - found.confidence) / (len(labels) - 1))
            return np.log([found.confidence if x == found.task else others for x in labels])
        row, *rows = self._embedder.embed([text, *labels])
        return _SHARPNESS * np.array(rows) @ row


class GenerativeAnswerer(Answerer):
    """A model that writes its answers. The probabilities of labels are taken relative to those for
    a text without content, as models prefer some words whatever the text is.

    Args:
        policy: what an answer may be.

    Source: Z. Zhao et al., Calibrate before use: improving few-shot performance of language models,
    ICML 2021.
    """

    def __init__(self, policy: AnswerPolicy | None = None) -> None:
        super().__init__(policy)
        self._empty: dict[tuple[str, ...], np.ndarray] = {}

    def _scores(self, text: str, labels: list[str]) -> np.ndarray:
        key = tuple(labels)
        if key not in self._empty:
            if len(self._empty) >= _MOST_LABELS:
                self._empty.clear()
            self._empty[key] = self._log_probabilities(_WITHOUT_CONTENT, labels)
        return self._log_probabilities(text, labels) - self._empty[key]

    @abstractmethod
    def _log_probabilities(self, text: str, labels: list[str]) -> np.ndarray:
        """Log-probability of each label as the answer, nats, float (labels,)."""


class DecoderAnswerer(GenerativeAnswerer):
    """Answers by the continuation of a prompt, token by token, each the most probable.

    Args:
        model: causal language model.
        policy: what an answer may be.
    """

    family = DECODER

    def __init__(self, model: CausalModel, policy: AnswerPolicy | None = None) -> None:
        super().__init__(policy)
        self._model = model

    def _read(self, question: str, messages: list[str]) -> tuple[str, float]:
        tree = self._model.followed_by(prompt_text(messages, question)).tree()
        node, log2_probs = tree.root()
        tokens: list[int] = []
        log2_probability = 0.0
        special = set(self._model.special_tokens)
        for _ in range(_MOST_TOKENS):
            token = int(np.argmax(log2_probs))
            log2_probability += float(log2_probs[token])
            if token in special or "\n" in self._model.detokenize([token]):
                break
            tokens.append(token)
            (node,), rows = tree.extend([node], [token])
            log2_probs = rows[0]
        return _first_line(self._model.detokenize(tokens)), 2.0**log2_probability

    def _log_probabilities(self, text: str, labels: list[str]) -> np.ndarray:
        model = self._model.followed_by(prompt_text([text], label_question(labels)))
        tree = model.tree()
        root, first = tree.root()
        found = np.zeros(len(labels))
        for i, label in enumerate(labels):
            node, log2_probs = root, first
            tokens = model.tokenize(f" {label}\n")
            for token in tokens[:-1]:
                found[i] += log2_probs[token]
                (node,), rows = tree.extend([node], [token])
                log2_probs = rows[0]
            found[i] += log2_probs[tokens[-1]]
        return found * math.log(2)


class EncoderDecoderAnswerer(GenerativeAnswerer):
    """Answers by the output of an encoder-decoder, each token the most probable.

    Args:
        tokenizer, network: of the transformers library.
        policy: what an answer may be.
    """

    family = ENCODER_DECODER

    def __init__(self, tokenizer: Any, network: Any, policy: AnswerPolicy | None = None) -> None:
        super().__init__(policy)
        self._tokenizer = tokenizer
        self._network = network

    def _read(self, question: str, messages: list[str]) -> tuple[str, float]:
        import torch

        inputs = self._encoded(seq2seq_text(messages, question))
        with torch.inference_mode():
            out = self._network.generate(
                **inputs,
                max_new_tokens=_MOST_TOKENS,
                num_beams=1,
                do_sample=False,
                output_logits=True,
                return_dict_in_generate=True,
            )
        tokens = out.sequences[0, -len(out.logits) :]
        rows = torch.cat(out.logits).float().log_softmax(-1)
        log_probability = float(rows.gather(1, tokens[:, None]).sum())
        text = self._tokenizer.decode(tokens, skip_special_tokens=True)
        return _first_line(text), math.exp(log_probability)

    def _log_probabilities(self, text: str, labels: list[str]) -> np.ndarray:
        import torch

        inputs = self._encoded(seq2seq_text([text], label_question(labels)))
        wanted = self._tokenizer(labels, padding=True, return_tensors="pt").to(
            inputs.input_ids.device
        )
        targets = wanted.input_ids
        with torch.inference_mode():
            states = self._network.get_encoder()(**inputs)
            states.last_hidden_state = states.last_hidden_state.expand(len(labels), -1, -1)
            logits = self._network(
                encoder_outputs=states,
                attention_mask=inputs.attention_mask.expand(len(labels), -1),
                labels=targets,
            ).logits
        rows = logits.float().log_softmax(-1).gather(2, targets[..., None])[..., 0]
        return (rows * wanted.attention_mask).sum(-1).cpu().numpy()

    def _encoded(self, text: str) -> Any:
        # not split_special_tokens alone: some tokenizers of the family know no such option
        special = [mark for mark in self._tokenizer.all_special_tokens if mark in text]
        for mark in special:
            text = text.replace(mark, " ")
        encoded = self._tokenizer(text, return_tensors="pt", truncation=True, max_length=1024)
        return encoded.to(self._network.device)


def _first_line(text: str) -> str:
    """First line of what a model wrote, without a full stop at its end."""
    lines = text.strip().splitlines()
    return lines[0].strip().removesuffix(".") if lines else ""


def load_answerer(
    name: str = DECODER,
    adapter: str | None = None,
    device: str = "cpu",
    precision: str = "int8",
    policy: AnswerPolicy | None = None,
) -> Answerer:
    """Load a model of any of the three families.

    Args:
        name: a family, for its default model; a name of `semcom models`; a folder, a GGUF file or a
            hub name, whose family its configuration tells.
        adapter: of a decoder-only model: its name or folder, or empty for none; None takes the
            default one for the default model.
        device: what it computes on, one of config.DEVICES.
        precision: of a decoder-only model, int8 or float32; on other devices than the cpu float32.
        policy: what an answer may be.

    Raises:
        ConfigError: a setting is not allowed.
        ModelError: the model is of no such family, is not there or cannot be loaded.
    """
    from semcom_core.models.device import find_device

    device = find_device(device)
    default = {value: family for family, value in DEFAULTS.items()}
    model = DEFAULTS.get(name, name)
    if model in default:
        family = default[model]
    else:
        from semcom_core.models.loader import model_family

        family = model_family(model)
    if adapter and family != DECODER:
        raise ConfigError(
            f"adapter is {adapter!r} for {model!r}, which is {family}; allowed is none, or a "
            f"{DECODER} model"
        )
    loaded: Answerer
    if family == DECODER:
        if adapter is None:
            adapter = ADAPTER if model == DEFAULTS[DECODER] else ""
        loaded = _load_decoder(model, adapter, device, precision)
    elif family == ENCODER:
        loaded = _load_encoder(model, device)
    else:
        loaded = _load_encoder_decoder(model, device)
    loaded.name = model
    loaded.policy = policy or AnswerPolicy()
    return loaded


def _load_decoder(name: str, adapter: str, device: str, precision: str) -> Answerer:
    from semcom_core.models import load_language_model

    model = load_language_model(name, adapter, precision if device == "cpu" else "float32", device)
    return DecoderAnswerer(cast("CausalModel", model))


def _load_encoder(name: str, device: str) -> Answerer:
    from semcom_core.models.checkpoint import load_checkpoint
    from semcom_core.models.sentence import load_embedder
    from semcom_core.tasks.intention import SHIPPED as INTENTIONS
    from semcom_core.tasks.intention import load_intentions
    from semcom_core.tasks.reader import ReaderNetwork, ReaderShape

    shipped = name == DEFAULTS[ENCODER]
    folder = SHIPPED / "answers" if shipped else Path(name).expanduser()
    if not (folder / READER).exists():
        raise ModelError(
            f"model {name!r} has no reader, {READER}; allowed is a folder with one, which `semcom "
            "train reader` makes"
        )
    reader, _ = load_checkpoint(folder / READER, ReaderShape, ReaderNetwork, "a reader")
    embedder = load_embedder("" if shipped else name, device)
    intentions = load_intentions() if shipped and INTENTIONS.exists() else None
    return EncoderAnswerer(embedder, reader, intentions)


def _load_encoder_decoder(name: str, device: str) -> Answerer:
    from semcom_core.models.device import place_network
    from semcom_core.models.loader import load_seq2seq

    folder = str(SHIPPED / name) if name == DEFAULTS[ENCODER_DECODER] else name
    tokenizer, network = load_seq2seq(folder)
    return EncoderDecoderAnswerer(tokenizer, place_network(network, device))
