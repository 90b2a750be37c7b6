# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario question answering as it is used: sending, remembering, answering; and its systems.

    transceiver   sender, receiver and reasoning learned together
    proxy         the sender learned with a local decoder of its words, the receiver on its output
    separate      static Huffman code of words, polar code and QAM; reasoning on the decoded text
    separate-1    the same with a Huffman table for each word before

A system sends sentences and makes embeddings of what arrives; its reasoning reads their memory.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from semcom_core.channel import Channel
from semcom_core.errors import ConfigError, FrameError, check_choice
from semcom_core.memory.item import TEXT, MemoryItem, pack_arrays
from semcom_core.memory.store import MemoryStore, StoreConfig
from semcom_core.metrics.limits import limit_uses
from semcom_core.models.checkpoint import read_checkpoint

if TYPE_CHECKING:  # these load torch
    import torch

    from semcom_core.tasks.scenario.network import (
        Reasoning,
        ScenarioNetwork,
        TextNetwork,
        Vocabulary,
    )

#: Systems by name and what they are.
SYSTEMS = {
    "transceiver": "both ends learned together",
    "proxy": "sender learned with a local decoder, then the receiver",
    "separate": "Huffman code of words, polar code, QAM",
    "separate-1": "the same with a table for each word before",
}
#: Folder of the weights, and the file of each network.
WEIGHTS = Path(__file__).resolve().parents[2] / "models" / "weights" / "scenario"
NETWORKS = ("transceiver", "proxy", "text", "link", "sender", "proxy-link")
#: What is allowed, for error messages.
_ALLOWED = "weights of `semcom train scenario`"
#: Ways to choose which symbols are sent: all; those of the highest learned scores, as many as the
#: finite-blocklength limit at the SNR says; those whose learned gate at the SNR is above 0.
MASKS = ("none", "theory", "learned")
#: Bits that tell a message from all others of the two wordings, words of the same meaning not told
#: apart; and the error probability at which the limit is taken, of a statement and of a question,
#: without which there is no answer.
_MESSAGE_BITS = 8.2
_MASK_ERROR = {False: 1e-3, True: 3e-5}
#: SNR that both ends are told where there is no noise, dB.
CLEAN_SNR_DB = 30.0
#: Fewest symbols of a message.
_FEWEST = 4


@dataclass(frozen=True)
class Sent:
    """A message on air.

    Args:
        symbols: complex64 (K,), unit mean power.
        question: whether it is a question.
        snr_db: that the mask was made for, dB.
        bits: of separate coding; 0 for learned symbols.
    """

    symbols: np.ndarray
    question: bool
    snr_db: float
    bits: int = 0


class Reply(NamedTuple):
    """An answer.

    Args:
        text: words with commas between.
        confidence: probability that the network gives it, 0 to 1.
        support: weight of each statement in the memory, float (S,), at most 1 each.
    """

    text: str
    confidence: float
    support: np.ndarray


def load_networks(
    name: str, folder: Path | None = None
) -> tuple[ScenarioNetwork | TextNetwork, Vocabulary]:
    """A network in evaluation mode, and its vocabulary.

    Args:
        name: one of NETWORKS.
        folder: with NAME.safetensors; None for what ships.

    Raises:
        ModelError: there is no such file, or it is damaged or of another network.
    """
    import json

    from semcom_core.tasks.scenario.network import (
        ScenarioNetwork,
        ScenarioShape,
        TextNetwork,
        Vocabulary,
    )

    check_choice("network", name, NETWORKS)
    checkpoint = read_checkpoint((folder or WEIGHTS) / f"{name}.safetensors", _ALLOWED)
    try:
        told = json.loads(checkpoint.metadata["vocabulary"])
        vocabulary = Vocabulary(told["words"], told["answers"])
    except (KeyError, TypeError, ValueError) as error:
        raise checkpoint.error("holds no vocabulary") from error
    kind: Any = TextNetwork if name == "text" else ScenarioNetwork
    network = kind(checkpoint.config(ScenarioShape), vocabulary.sizes).float()
    return checkpoint.load_into(network), vocabulary


class System(ABC):
    """One way to send sentences and to make embeddings of what arrives.

    Attributes:
        name: key of SYSTEMS.
        reasoning: reads the embeddings.
    """

    name: str
    reasoning: Reasoning
    vocabulary: Vocabulary

    @abstractmethod
    def send(self, texts: Sequence[str], snr_db: float) -> list[Sent]:
        """Messages on air.

        Args:
            texts: sentences; those that end with a question mark are questions.
            snr_db: that both ends are told, dB.

        Raises:
            ConfigError: a sentence has no word, or too many.
        """

    @abstractmethod
    def receive(
        self, messages: Sequence[Sent], received: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> np.ndarray:
        """Embeddings of messages, float32 (M, D).

        Args:
            messages: what the receiver is told of each by its header: all but the symbols.
            received: symbols complex (K,) and noise variances float (K,), inf where erased.
        """

    def worth(self, embedding: torch.Tensor, states: torch.Tensor) -> tuple[np.ndarray, float]:
        """What the update rule is told of a statement: the vector by which it is compared, and its
        value, 0 to 1.

        Args:
            embedding: float (D,).
            states: of Reasoning.write, float (steps, D).
        """
        return embedding.numpy(), 1.0

    def over(
        self, texts: Sequence[str], channel: Channel, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Embeddings float32 (M, D) of sentences over a channel, each in a fade of its own, and
        the uses of each, int (M,).
        """
        sent = self.send(texts, CLEAN_SNR_DB if channel.snr_db is None else channel.snr_db)
        received = [channel.through_symbols(message.symbols, rng) for message in sent]
        return self.receive(sent, received), np.array([len(one.symbols) for one in sent])


class LearnedSystem(System):
    """Learned symbols, all or those that a mask leaves.

    Args:
        name: "transceiver" or "proxy".
        mask: one of MASKS.
        folder: of the weights; None for those that ship.
        symbols: how many are sent, in place of what the mask says; None for that.
    """

    def __init__(
        self,
        name: str = "transceiver",
        mask: str = "none",
        folder: Path | None = None,
        symbols: int | None = None,
    ) -> None:
        from semcom_core.tasks.scenario.network import ScenarioNetwork

        check_choice("mask", mask, MASKS)
        self.name = name
        network, self.vocabulary = load_networks(name, folder)
        if not isinstance(network, ScenarioNetwork):
            raise ConfigError(f"system is {name!r}; allowed is transceiver or proxy")
        self.network = network
        self.reasoning = network.reasoning
        self._mask = mask
        self._symbols = symbols

    def send(self, texts: Sequence[str], snr_db: float) -> list[Sent]:
        """Messages on air (see System)."""
        import torch

        from semcom_core.tasks.scenario.network import is_question, on_air, padded

        unique = list(dict.fromkeys(texts))
        questions = torch.tensor([is_question(text) for text in unique])
        words = padded([self.vocabulary.message(text) for text in unique])
        kept = self.kept(questions, snr_db)
        with torch.inference_mode():
            symbols = on_air(self.network.sender(words, questions), kept.float()).numpy()
        found = {}
        for text, values, mask, question in zip(
            unique, symbols, kept.numpy(), questions.tolist(), strict=True
        ):
            values = values[mask].astype(np.float32)
            found[text] = Sent(values[:, 0] + 1j * values[:, 1], question, snr_db)
        return [found[text] for text in texts]

    def receive(
        self, messages: Sequence[Sent], received: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> np.ndarray:
        """Embeddings of messages (see System)."""
        import torch

        from semcom_core.tasks.scenario.network import SYMBOLS

        questions = torch.tensor([message.question for message in messages])
        symbols = np.zeros((len(messages), SYMBOLS, 2), np.float32)
        noise_var = np.full((len(messages), SYMBOLS), np.inf, np.float32)
        masks: dict[tuple[bool, float], np.ndarray] = {}
        for row, (message, (values, variance)) in enumerate(zip(messages, received, strict=True)):
            key = (message.question, message.snr_db)
            if key not in masks:
                kind = torch.tensor([message.question])
                masks[key] = self.kept(kind, message.snr_db)[0].numpy()
            mask = masks[key]
            if len(values) != mask.sum():
                raise FrameError(f"message has {len(values)} symbols; allowed is {mask.sum()}")
            symbols[row, mask, 0] = values.real
            symbols[row, mask, 1] = values.imag
            noise_var[row, mask] = variance
        with torch.inference_mode():
            found = self.network.receiver(
                torch.from_numpy(symbols), torch.from_numpy(noise_var), questions
            )
        return found.numpy()

    def worth(self, embedding: torch.Tensor, states: torch.Tensor) -> tuple[np.ndarray, float]:
        """Key and value as they were learned (see System)."""
        import torch

        keeping = self.network.keeping
        return keeping.keys(embedding).numpy(), float(torch.sigmoid(keeping.values(states)))

    def kept(self, questions: torch.Tensor, snr_db: float) -> torch.Tensor:
        """Which symbols are sent, bool (M, 16); both ends know it from the SNR and the kind.

        Args:
            questions: which messages are questions, bool (M,).
            snr_db: SNR, dB.
        """
        import torch

        from semcom_core.tasks.scenario.network import SYMBOLS, highest

        told = torch.full((len(questions),), snr_db)
        scores = self.network.sender.scores(told, questions)
        if self._symbols is not None:
            count = torch.full((len(questions),), self._symbols)
        elif self._mask == "theory":
            counts = [theory_count(question, snr_db) for question in questions.tolist()]
            count = torch.tensor(counts)
        elif self._mask == "learned":
            scores = self.network.sender.gates(told, questions)
            count = (scores > 0).sum(1).clamp(min=_FEWEST)
        else:
            count = torch.full((len(questions),), SYMBOLS)
        return highest(scores.detach(), count)


def theory_count(question: bool, snr_db: float) -> int:
    """Symbols that a message needs by the finite-blocklength limit.

    Args:
        question: whether it is a question.
        snr_db: SNR, dB.
    """
    from semcom_core.tasks.scenario.network import SYMBOLS

    wanted = float(limit_uses(_MESSAGE_BITS, snr_db, _MASK_ERROR[question]))
    return min(SYMBOLS, max(_FEWEST, math.ceil(wanted)))


class SeparateSystem(System):
    """Separate coding of the sentences, and reasoning on their texts.

    Args:
        texts: of the training part, for the Huffman code.
        order: of the Huffman code, 0 or 1.
        folder: of the weights; None for those that ship.
    """

    def __init__(self, texts: Iterable[str], order: int = 0, folder: Path | None = None) -> None:
        from semcom_core.tasks.scenario.network import TextNetwork
        from semcom_core.tasks.scenario.separate import SeparateCoder

        self.name = "separate-1" if order else "separate"
        network, self.vocabulary = load_networks("text", folder)
        assert isinstance(network, TextNetwork)
        self.network = network
        self.reasoning = network.reasoning
        self._coder = SeparateCoder(texts, order)

    def send(self, texts: Sequence[str], snr_db: float) -> list[Sent]:
        """Messages on air (see System)."""
        from semcom_core.tasks.scenario.network import is_question

        found = {}
        for text in dict.fromkeys(texts):
            symbols, bits = self._coder.encode(text, snr_db)
            found[text] = Sent(symbols, is_question(text), snr_db, bits)
        return [found[text] for text in texts]

    def receive(
        self, messages: Sequence[Sent], received: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> np.ndarray:
        """Embeddings of messages (see System)."""
        texts = [
            self._coder.decode(*pair, message.bits, message.snr_db)
            for message, pair in zip(messages, received, strict=True)
        ]
        return self.read(texts, [message.question for message in messages])

    def read(self, texts: Sequence[str], questions: Sequence[bool]) -> np.ndarray:
        """Embeddings of decoded texts, float32 (M, D).

        Args:
            texts: whatever was decoded; without a word it counts as one that is not known, and what
                is too long is cut.
            questions: which are questions.
        """
        import torch

        from semcom_core.tasks.scenario.network import MOST_WORDS, padded, words_of

        known = [" ".join(words_of(text)[:MOST_WORDS]) or "_" for text in texts]
        words = padded([self.vocabulary.message(text) for text in known])
        with torch.inference_mode():
            return self.network.reader(words, torch.tensor(questions)).numpy()


class ScenarioMemory:
    """Memory of a receiver: it takes in embeddings of statements and answers questions.

    What leaves when the memory is full is decided by the update rule of the store, which knows the
    statements alone. The value of an item is what was learned of its statement when it came; or,
    where questions are named that may come, how much these would read it, judged anew with each
    statement. The question that comes is not known to either.

    Args:
        system: whose embeddings these are.
        config: of the store; None for the defaults.
        expected: embeddings of questions that may come, float (E, D); None for learned values.
    """

    def __init__(
        self,
        system: System,
        config: StoreConfig | None = None,
        expected: np.ndarray | None = None,
    ) -> None:
        self._system = system
        self._expected = expected
        self.store = MemoryStore(config)

    def take(self, embedding: np.ndarray, slot: int) -> list[MemoryItem]:
        """Take in a statement.

        Args:
            embedding: of System.receive, float (D,).
            slot: when it came, after all slots before.

        Returns:
            The items that had to leave.
        """
        import torch

        written, slots = self._written()
        with torch.inference_mode():
            one = torch.as_tensor(embedding)
            states = self._system.reasoning.write(one, slot, written, slots)
            key, value = self._system.worth(one, states)
            if self._expected is not None:
                value = self._revalue(torch.cat([written, states[None]]), slots, slot)
        item = MemoryItem(
            self.store.next_key(), TEXT, slot, key, value, pack_arrays({"states": states.numpy()})
        )
        return self.store.add(item)

    def ask(self, embedding: np.ndarray) -> Reply:
        """Answer a question from the memory.

        Args:
            embedding: of the question, float (D,).
        """
        import torch

        written, slots = self._written()
        asked = self.store.now + 1 if len(self.store) else 0
        with torch.inference_mode():
            found = self._system.reasoning.ask(
                torch.as_tensor(embedding)[None], asked, written, slots
            )
        return reply_of(found.odds[0, 0], found.read[0, :, 0], self._system.vocabulary)

    def _revalue(self, written: torch.Tensor, slots: torch.Tensor, slot: int) -> float:
        """Judge the items anew; returns the value of the statement that has just come, the last.

        Args:
            written: what is kept of all, float (S + 1, steps, D).
            slots: of those before, int (S,).
            slot: of the last.
        """
        import torch

        from semcom_core.tasks.scenario.network import support_of

        asked = torch.as_tensor(self._expected)
        every = torch.cat([slots, torch.tensor([slot])])
        read = self._system.reasoning.ask(asked, slot + 1, written, every).read[0]
        values = support_of(read).mean(0).clamp(0, 1).tolist()
        items = sorted(self.store, key=lambda item: item.slot)
        fresh = {item.key: replace(item, value=v) for item, v in zip(items, values)}
        self.store.refill([fresh[item.key] for item in self.store])
        return values[-1]

    def _written(self) -> tuple[torch.Tensor, torch.Tensor]:
        """What the memory keeps, the oldest first, float (S, steps, D), and the slots, int (S,)."""
        import torch

        items = sorted(self.store, key=lambda item: item.slot)
        shape = self._system.reasoning.steps.shape
        states = np.zeros((len(items), *shape), np.float32)
        for row, item in enumerate(items):
            states[row] = item.arrays["states"]
        return torch.from_numpy(states), torch.tensor([item.slot for item in items]).long()


def reply_of(odds: torch.Tensor, read: torch.Tensor, vocabulary: Vocabulary) -> Reply:
    """The most probable answer.

    Args:
        odds: of the words, float (ANSWER_WORDS, answers).
        read: weights of the statements, float (heads, S).
        vocabulary: of the answers.
    """
    from semcom_core.tasks.scenario.network import support_of

    text = texts_of(odds[None], vocabulary)[0]
    count = min(len(text.split(",")) + 1, len(odds))
    share = odds.softmax(1).amax(1)[:count].prod()
    support = support_of(read[:, None])[0].numpy()
    return Reply(text, float(share), support)


def texts_of(odds: torch.Tensor, vocabulary: Vocabulary) -> list[str]:
    """The most probable answers, each of one word at least.

    Args:
        odds: of the words, float (N, ANSWER_WORDS, answers).
        vocabulary: of the answers.
    """
    later = odds.argmax(2)
    first = odds[:, 0, 1:].argmax(1) + 1
    chosen = [[one, *rest] for one, rest in zip(first.tolist(), later[:, 1:].tolist(), strict=True)]
    return [vocabulary.answer_text(words) for words in chosen]
