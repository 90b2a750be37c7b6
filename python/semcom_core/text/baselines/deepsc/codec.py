# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text codec "deepsc": learned joint source-channel coding of words by transformers.

    text -> words -> transformer -> 8 symbols a word -> channel -> transformer -> words

A transformer at each end, trained together over noisy channels, 8 uses a word. The rate is fixed,
whatever the SNR; what the words' learned symbols do not carry, the receiver fills in with what is
likely. A check of 6 bits over the text travels in the header's `params`. The network is in
deepsc.network.

A token has at most 8 symbols. A frame of `words` words has 8 symbols for each; where rare words are
spelled, its `tokens` are more than its words, and then it carries

    8 words - (tokens - words)

symbols, evenly taken from the tokens. The receiver finds both numbers from the length alone. A
token's symbols are spread over the whole frame: first the first symbols of all tokens, then the
second ones, and so on, so that a fade takes a little of each.

Source: H. Xie, Z. Qin, G. Y. Li, B.-H. Juang, "Deep learning enabled semantic communication
systems", IEEE Trans. Signal Processing 69, 2021.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from semcom_core import models
from semcom_core.config import DEVICE_HELP, check_device, from_mapping, setting
from semcom_core.errors import FrameError, ModelError, check_range
from semcom_core.fec.crc import crc_bits
from semcom_core.frame import MAX_FRAGMENTS, MAX_LENGTH, Frame, FrameHeader, ReceivedFrame
from semcom_core.models.checkpoint import file_cache, read_checkpoint, save_checkpoint
from semcom_core.models.device import find_device, place_network, to_host
from semcom_core.text.baselines.deepsc.network import (
    TOKEN_SYMBOLS,
    DeepscNetwork,
    NetworkConfig,
    hidden_of,
)
from semcom_core.text.baselines.deepsc.vocabulary import Words
from semcom_core.text.codec import DecodedText, TextCodec, check_fragments, check_text

#: Names of the files of network and vocabulary, and the folder of those in the package.
WEIGHTS = "deepsc.safetensors"
WORDS = "words.json"
SHIPPED = Path(models.__file__).parent / "weights" / "deepsc"
#: Tokens of a frame at the most.
MAX_TOKENS = MAX_LENGTH // TOKEN_SYMBOLS
#: More tokens than that beyond the words would make the length one of fewer words.
_MOST_EXTRA = TOKEN_SYMBOLS - 1
#: A token gets at least 5 symbols on the average, if need be by counting more words than there are:
#: 8 w - e >= 5 (w + e).
_WORDS_OF_TOKENS = (2, 3)


#: Tokens of a fragment of a text that fits the most fragments; the network has seen no longer ones.
FRAGMENT_TOKENS = 64
#: CRC of a fragment's text, and its bits.
_CHECK = "6"
_CHECK_BITS = 6
#: Least probability of an error that is believed.
_SUREST = 1e-9


@dataclass(frozen=True)
class DeepscModel:
    """A vocabulary and a network in evaluation mode.

    Args:
        words: the vocabulary.
        network: the network.
        fingerprint: first 16 hexadecimal digits of the SHA-256 of both files.
        device: what the network computes on.
    """

    words: Words
    network: DeepscNetwork
    fingerprint: str
    device: str = "cpu"


@dataclass(frozen=True)
class DeepscConfig:
    """Settings of the deepsc codec."""

    weights: str = setting(
        "",
        "folder of words.json and deepsc.safetensors, the same at both ends; empty for the shipped "
        "ones",
    )
    confidence_bits: float = setting(
        0.0, "log2 odds from which a text counts as decoded, -40 to 30"
    )
    device: str = setting("cpu", DEVICE_HELP)

    def __post_init__(self) -> None:
        check_range("confidence_bits", self.confidence_bits, -40, 30)
        check_device(self.device)


@dataclass(frozen=True)
class _Guess:
    """Decoded fragment, and the log2 odds that it is right."""

    data: bytes
    confidence_bits: float
    check_holds: bool


class DeepscCodec(TextCodec):
    """Text codec "deepsc" (see the module).

    >>> codec = DeepscCodec.from_settings()
    >>> frames = codec.encode("I declare the session closed.", snr_db=6.0)
    """

    name = "deepsc"
    config_class = DeepscConfig

    def __init__(self, config: DeepscConfig, model: DeepscModel) -> None:
        self.config = config
        self._model = model
        self.device = model.device
        self._words = model.words
        self._model_fp = int(model.fingerprint, 16) % 16

    @classmethod
    def from_settings(cls, **settings: Any) -> Self:
        """Make the codec from fields of DeepscConfig and load its weights."""
        config = from_mapping(DeepscConfig, settings)
        folder = Path(config.weights) if config.weights else SHIPPED
        return cls(config, load_model(folder, config.device))

    def source_bits(self, text: str) -> float:
        """Information of a text's tokens, each by how often its core was in the training texts,
        bits.
        """
        check_text(text)
        cores = torch.tensor([core for core, _ in self._words.tokens(text)])
        return -float(to_host(self._model.network.log2_frequency)[cores].double().sum())

    def encode(self, text: str, snr_db: float, message_id: int = 0) -> list[Frame]:
        """Frames of one message, 8 symbols a word at every SNR (see TextCodec)."""
        check_text(text)
        tokens = np.array(self._words.tokens(text))
        parts = min(-(-len(tokens) // FRAGMENT_TOKENS), MAX_FRAGMENTS)
        if len(tokens) > parts * MAX_TOKENS:
            most = MAX_FRAGMENTS * MAX_TOKENS
            raise FrameError(
                f"text has {len(text)} characters, {len(tokens)} words and parts of words; allowed "
                f"is up to {most}"
            )
        frames = []
        for number, part in enumerate(np.array_split(tokens, parts)):
            symbols = self._symbols(part)
            common = {
                "codec": self.number,
                "message_id": message_id,
                "model_fp": self._model_fp,
                "last_fragment": parts - 1,
            }
            check = _check(self._words.data_of(part))
            frames.append(
                Frame(
                    FrameHeader(fragment=number, length=len(symbols), params=check, **common),
                    symbols,
                )
            )
        return frames

    def decode(self, frames: list[ReceivedFrame]) -> DecodedText:
        """Decode the fragments of one message, in any order; a missing fragment leaves the message
        undecoded.

        Raises:
            FrameError: no frames, frames of more than one message or another codec, or of a length
                that the codec does not use.
            ModelError: the frames were made with other weights.
        """
        message, fragments = check_fragments(frames)
        for frame in frames:
            self._check_header(frame.header)
        guesses = [
            self._guess(frame) if frame else _Guess(b" ", -math.inf, False) for frame in fragments
        ]
        data = b"".join(guess.data for guess in guesses)
        confidence = min(guess.confidence_bits for guess in guesses)
        reason = ""
        if None in fragments:
            reason = f"fragment {fragments.index(None) + 1} of {len(fragments)} is missing"
        elif not all(guess.check_holds for guess in guesses):
            reason = "the check of the words does not hold"
        elif not confidence >= self.config.confidence_bits:
            reason = (
                f"confidence is {confidence:.1f} bits; {self.config.confidence_bits:g} are needed"
            )
        text = data[data[:1] == b" " :].decode("utf-8", "replace")
        return DecodedText(text, not reason, message, confidence, reason)

    def _symbols(self, tokens: np.ndarray) -> np.ndarray:
        """Channel symbols of one fragment's tokens (T, 2), complex64."""
        words = sum(self._words.spaced(token) for token in tokens)
        place = slots(len(tokens), length_of(len(tokens), words))
        sent = np.zeros((1, len(tokens), TOKEN_SYMBOLS), bool)
        sent[0][place] = True
        device = self._model.device
        cores, forms = torch.from_numpy(tokens.T).unsqueeze(1).to(device)
        hidden = hidden_of(torch.tensor([len(tokens)])).to(device)
        with torch.inference_mode():
            sent_axes = self._model.network.send(
                cores, forms, torch.from_numpy(sent).to(device), hidden
            )
            axes = to_host(sent_axes[0]).numpy()
        return (axes[:, :TOKEN_SYMBOLS] + 1j * axes[:, TOKEN_SYMBOLS:])[place].astype(np.complex64)

    def _check_header(self, header: FrameHeader) -> None:
        if header.codec != self.number:
            raise FrameError(
                f"frame has codec number {header.codec}; the deepsc codec takes {self.number}"
            )
        if header.model_fp != self._model_fp:
            raise ModelError(
                f"message {header.message_id} was made with weights of fingerprint "
                f"…{header.model_fp:x}; those here have fingerprint {self._model.fingerprint}"
            )

    def _guess(self, frame: ReceivedFrame) -> _Guess:
        """The most likely tokens of a fragment, each for itself."""
        count = tokens_of(frame.header.length)
        place = slots(count, frame.header.length)
        symbols = np.zeros((count, TOKEN_SYMBOLS), np.complex64)
        noise_var = np.full(symbols.shape, np.inf, np.float32)
        symbols[place] = frame.symbols
        noise_var[place] = frame.noise_var
        device = self._model.device
        axes = torch.from_numpy(np.concatenate([symbols.real, symbols.imag], axis=1)).to(device)
        noise = torch.from_numpy(noise_var).to(device)
        network = self._model.network
        hidden = hidden_of(torch.tensor([count])).to(device)
        with torch.inference_mode():
            found = network.receive(axes[None], noise[None], hidden)
            core_log, cores = to_host(found.cores[0]).double().log_softmax(1).max(1)
            odds = network.form_odds(found.states[0], cores.to(device))
            form_log, forms = to_host(odds).double().log_softmax(1).max(1)
        data = self._words.data_of(zip(cores.tolist(), forms.tolist(), strict=True))
        holds = _check(data) == frame.header.params
        return _Guess(
            data,
            _odds_bits(float(core_log.sum() + form_log.sum())) + _CHECK_BITS
            if holds
            else -math.inf,
            holds,
        )


def save_model(
    network: DeepscNetwork, shape: NetworkConfig, words: Words, settings: dict, folder: Path
) -> None:
    """Write vocabulary and network, the weights in half precision.

    Args:
        network: the network.
        shape: from which it was made.
        words: its vocabulary.
        settings: of its training.
        folder: made where it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    words.save(folder / WORDS)
    save_checkpoint(folder / WEIGHTS, network, shape, {"training": settings}, half=True)


def load_model(folder: Path, device: str = "cpu") -> DeepscModel:
    """Read vocabulary and network from a folder.

    Args:
        folder: of words.json and deepsc.safetensors.
        device: what the network computes on, one of models.device.DEVICES.

    Raises:
        ConfigError: there is no such device.
        ModelError: one is not there, or they do not fit each other.
    """
    return _load(folder, find_device(device))


@file_cache(maxsize=2)
def _load(folder: Path, device: str) -> DeepscModel:
    """Read a model; the stamps of its files are part of the cache's key."""
    words = Words.load(folder / WORDS)
    path = folder / WEIGHTS
    checkpoint = read_checkpoint(path, "the file written by `semcom train deepsc`")
    for name, count in (("cores", len(words)), ("forms", len(words.forms))):
        tensor = checkpoint.tensors.get(name)
        if tensor is not None and len(tensor) != count:
            raise ModelError(
                f"weights {path} do not fit the vocabulary beside them: size mismatch, "
                f"{len(tensor)} {name} for {count}"
            )
    network = DeepscNetwork(checkpoint.config(NetworkConfig), len(words), len(words.forms))
    checkpoint.load_into(network)
    digest = hashlib.sha256((folder / WORDS).read_bytes() + path.read_bytes()).hexdigest()
    return DeepscModel(words, place_network(network, device), digest[:16], device)


def length_of(tokens: int, words: int) -> int:
    """Symbols of a frame of so many tokens, 1 to MAX_TOKENS, that make so many words."""
    times, over = _WORDS_OF_TOKENS
    counted = max(min(words, tokens), tokens - _MOST_EXTRA, -(-times * tokens // over))
    return TOKEN_SYMBOLS * counted - (tokens - counted)


def tokens_of(length: int) -> int:
    """Tokens of a frame of so many symbols.

    Raises:
        FrameError: no frame has that length.
    """
    words = -(-length // TOKEN_SYMBOLS)
    tokens = words + TOKEN_SYMBOLS * words - length
    if not 1 <= tokens <= MAX_TOKENS or length_of(tokens, words) != length:
        raise FrameError(
            f"frame has {length} symbols; allowed is 8 for each word less one for each further "
            "token"
        )
    return tokens


def slots(tokens: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Token and index within the token of each symbol of a frame in the order on air, two int
    arrays (length,).
    """
    counts = np.diff(np.arange(tokens + 1) * length // tokens)
    index, token = np.nonzero(np.arange(TOKEN_SYMBOLS)[:, None] < counts)
    return token, index


def _check(data: bytes) -> int:
    """Number of 6 bits that tells a text from most others."""
    return int(
        crc_bits(np.unpackbits(np.frombuffer(data, np.uint8)), _CHECK)
        @ (1 << np.arange(_CHECK_BITS)[::-1])
    )


def _odds_bits(log_probability: float) -> float:
    """log2 of the odds of a probability given by its natural logarithm."""
    return (log_probability - math.log(max(-math.expm1(log_probability), _SUREST))) / math.log(2)
