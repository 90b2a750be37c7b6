# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the trainings; no training library is loaded for them."""

from __future__ import annotations

from dataclasses import dataclass

from semcom_core.config import setting
from semcom_core.errors import check_range

#: Stages of the training of scenario question answering, in their order.
SCENARIO_STAGES = (
    "text",
    "link",
    "transceiver",
    "sender",
    "proxy-link",
    "proxy",
    "mask",
    "keeping",
)
#: Stages of the training of lam-sc: with all symbols sent, then with the mask.
CODEC = "codec"
MASK = "mask"


@dataclass(frozen=True)
class LoraTraining:
    """Settings of the training of an adapter of the language model."""

    rank: int = setting(16, "rank of each addition, 1 to 64")
    epochs: float = setting(2.0, "passes over the examples, 0.001 to 100")
    batch_tokens: int = setting(1024, "tokens of a batch, padding included, 64 to 65536")
    learning_rate: float = setting(1e-3, "highest learning rate, 1e-6 to 0.1")
    dropout: float = setting(0.05, "share of the additions' inputs left out at random, 0 to 0.9")
    context_tokens: int = setting(160, "most tokens of the messages before a message, 0 to 4096")
    text_tokens: int = setting(96, "a longer text is cut, 8 to 1024 tokens")
    save_steps: int = setting(50, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of order and initial values")

    def __post_init__(self) -> None:
        check_range("rank", self.rank, 1, 64)
        check_range("epochs", self.epochs, 0.001, 100)
        check_range("batch_tokens", self.batch_tokens, 64, 65536)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("dropout", self.dropout, 0, 0.9)
        check_range("context_tokens", self.context_tokens, 0, 4096)
        check_range("text_tokens", self.text_tokens, 8, 1024)
        check_range("save_steps", self.save_steps, 1, 100_000)


@dataclass(frozen=True)
class AnswerTraining:
    """Settings of the training of an adapter for answers about received messages."""

    rank: int = setting(8, "rank of each addition, 1 to 64")
    first_layer: int = setting(
        12, "layers from this one on get additions, 0 to 1000; none below is passed backwards"
    )
    steps: int = setting(3000, "steps, 1 to 1000000")
    first_steps: int = setting(250, "first steps, mostly of task 1, 0 to 1000000")
    passages: int = setting(2, "passages of a step, 1 to 64")
    questions: int = setting(24, "questions that are drawn for a passage, 1 to 200")
    messages: int = setting(12, "most messages of a passage, 1 to 64")
    sentences: int = setting(
        4, "messages of a passage that are learned as texts of their own, 0 to 64"
    )
    sentence_weight: float = setting(0.2, "weight of their loss, 0 to 1")
    learning_rate: float = setting(1e-3, "highest learning rate, 1e-6 to 0.1")
    save_steps: int = setting(25, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of the passages and initial values")

    def __post_init__(self) -> None:
        check_range("rank", self.rank, 1, 64)
        check_range("first_layer", self.first_layer, 0, 1000)
        check_range("steps", self.steps, 1, 1_000_000)
        check_range("first_steps", self.first_steps, 0, 1_000_000)
        check_range("passages", self.passages, 1, 64)
        check_range("questions", self.questions, 1, 200)
        check_range("messages", self.messages, 1, 64)
        check_range("sentences", self.sentences, 0, 64)
        check_range("sentence_weight", self.sentence_weight, 0, 1)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("save_steps", self.save_steps, 1, 100_000)


@dataclass(frozen=True)
class ReaderTraining:
    """Settings of the training of the reader over sentence embeddings."""

    steps: int = setting(6000, "steps, 1 to 1000000")
    first_steps: int = setting(800, "first steps, mostly of task 1, 0 to 1000000")
    passages: int = setting(24, "passages of a step, 1 to 1024")
    questions: int = setting(24, "questions that are drawn for a passage, 1 to 200")
    messages: int = setting(32, "most messages of a passage, 1 to 200")
    learning_rate: float = setting(2e-3, "highest learning rate, 1e-6 to 0.1")
    save_steps: int = setting(100, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of the passages and initial values")

    def __post_init__(self) -> None:
        check_range("steps", self.steps, 1, 1_000_000)
        check_range("first_steps", self.first_steps, 0, 1_000_000)
        check_range("passages", self.passages, 1, 1024)
        check_range("questions", self.questions, 1, 200)
        check_range("messages", self.messages, 1, 200)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("save_steps", self.save_steps, 1, 100_000)


@dataclass(frozen=True)
class Seq2seqTraining:
    """Settings of the training of the small encoder-decoder."""

    steps: int = setting(4000, "steps, 1 to 1000000")
    first_steps: int = setting(1500, "first steps, mostly of task 1, 0 to 1000000")
    pairs: int = setting(64, "questions of a step, 1 to 4096")
    messages: int = setting(12, "most messages of a passage, 1 to 64")
    questions: int = setting(24, "questions that are drawn for a passage, 1 to 200")
    vocabulary: int = setting(800, "tokens, 300 to 65536")
    width: int = setting(96, "features, 8 to 1024")
    heads: int = setting(4, "heads of attention, 1 to 64")
    layers: int = setting(3, "layers of the encoder, 1 to 24")
    decoder_layers: int = setting(1, "layers of the decoder, 1 to 24")
    learning_rate: float = setting(1e-3, "highest learning rate, 1e-6 to 0.1")
    save_steps: int = setting(100, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of the passages and initial values")

    def __post_init__(self) -> None:
        check_range("steps", self.steps, 1, 1_000_000)
        check_range("first_steps", self.first_steps, 0, 1_000_000)
        check_range("pairs", self.pairs, 1, 4096)
        check_range("messages", self.messages, 1, 64)
        check_range("questions", self.questions, 1, 200)
        check_range("vocabulary", self.vocabulary, 300, 65536)
        check_range("width", self.width, 8, 1024)
        check_range("heads", self.heads, 1, 64)
        check_range("width % heads", self.width % self.heads, 0, 0)
        check_range("layers", self.layers, 1, 24)
        check_range("decoder_layers", self.decoder_layers, 1, 24)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("save_steps", self.save_steps, 1, 100_000)


@dataclass(frozen=True)
class DeepscTraining:
    """Settings of the training of the text codec "deepsc"."""

    epochs: float = setting(20.0, "passes over the texts, 0.001 to 1000")
    batch_tokens: int = setting(1024, "tokens of a batch, padding included, 64 to 65536")
    learning_rate: float = setting(1.5e-3, "highest learning rate, 1e-6 to 0.1")
    lowest_snr_db: float = setting(-3.0, "lowest SNR of a message, dB, -20 to 40")
    highest_snr_db: float = setting(15.0, "highest SNR of a message, dB, -20 to 40")
    rivals: int = setting(
        1024, "cores drawn in each step that the right ones are told apart from, 0 (all) to 100000"
    )
    look_weight: float = setting(0.2, "weight of the look-up's own loss, 0 to 10")
    least_count: int = setting(2, "a word is in the vocabulary from this count on, 1 to 1000")
    parts: int = setting(1500, "parts of words in the vocabulary, 0 to 100000")
    forms: int = setting(40, "forms in the vocabulary, 6 to 1000")
    save_steps: int = setting(250, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of order, channel and initial values")

    def __post_init__(self) -> None:
        check_range("epochs", self.epochs, 0.001, 1000)
        check_range("batch_tokens", self.batch_tokens, 64, 65536)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("lowest_snr_db", self.lowest_snr_db, -20, self.highest_snr_db)
        check_range("highest_snr_db", self.highest_snr_db, -20, 40)
        check_range("rivals", self.rivals, 0, 100_000)
        check_range("look_weight", self.look_weight, 0, 10)
        check_range("least_count", self.least_count, 1, 1000)
        check_range("parts", self.parts, 0, 100_000)
        check_range("forms", self.forms, 6, 1000)
        check_range("save_steps", self.save_steps, 1, 100_000)


@dataclass(frozen=True)
class ScenarioTraining:
    """Settings of one stage of the training of scenario question answering."""

    steps: int = setting(12000, "steps of the stage, 1 to 10000000")
    stories: int = setting(48, "stories of a step, 1 to 4096")
    learning_rate: float = setting(1.5e-3, "highest learning rate, 1e-6 to 0.1")
    lowest_snr_db: float = setting(-6.0, "lowest SNR of a story, dB, -20 to 40")
    highest_snr_db: float = setting(18.0, "highest SNR of a story, dB, -20 to 40")
    save_steps: int = setting(250, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of stories, channel and initial values")

    def __post_init__(self) -> None:
        check_range("steps", self.steps, 1, 10_000_000)
        check_range("stories", self.stories, 1, 4096)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("lowest_snr_db", self.lowest_snr_db, -20, self.highest_snr_db)
        check_range("highest_snr_db", self.highest_snr_db, -20, 40)
        check_range("save_steps", self.save_steps, 1, 100_000)


@dataclass(frozen=True)
class AttentionTraining:
    """Settings of the training of the semantic attention."""

    steps: int = setting(600, "steps, 1 to 1000000")
    pictures: int = setting(16, "pictures of a step, 2 to 1024")
    learning_rate: float = setting(2e-3, "highest learning rate, 1e-6 to 0.1")
    unknown: float = setting(
        0.3,
        "share of the pictures whose embedding is hidden, as another network's would be, 0 to 1",
    )
    regions: float = setting(
        0.3,
        "share of the pictures cut into regions by colour instead, as if by another network, 0 to "
        "1",
    )
    seed: int = setting(1, "seed of order, augmentation and initial values")

    def __post_init__(self) -> None:
        check_range("steps", self.steps, 1, 1_000_000)
        check_range("pictures", self.pictures, 2, 1024)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("unknown", self.unknown, 0, 1)
        check_range("regions", self.regions, 0, 1)


@dataclass(frozen=True)
class ImageTraining:
    """Settings of one stage of the training of a learned image codec."""

    steps: int = setting(8000, "steps of the stage, 1 to 10000000")
    pictures: int = setting(4, "crops of a step, which are one message, 1 to 1024")
    crop: int = setting(96, "side of a crop, pixels, 16 to 1024, a multiple of 8")
    learning_rate: float = setting(1e-3, "highest learning rate, 1e-6 to 0.1")
    linear_rate: float = setting(
        0.2, "learning rate of the linear transforms over that of the rest, 0 to 1"
    )
    fall: float = setting(
        0.3, "last share of the steps, in which the learning rate falls to 0, 0 to 1"
    )
    lowest_snr_db: float = setting(-1.0, "lowest SNR of a message, dB, -20 to 40")
    highest_snr_db: float = setting(16.0, "highest SNR of a message, dB, -20 to 40")
    importance_weight: float = setting(
        8.0, "extra weight of the loss where a picture is most important, 0 to 100"
    )
    save_steps: int = setting(200, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of crops, channel and initial values")

    def __post_init__(self) -> None:
        check_range("steps", self.steps, 1, 10_000_000)
        check_range("pictures", self.pictures, 1, 1024)
        check_range("crop", self.crop, 16, 1024)
        check_range("crop % 8", self.crop % 8, 0, 0)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("linear_rate", self.linear_rate, 0, 1)
        check_range("fall", self.fall, 0, 1)
        check_range("lowest_snr_db", self.lowest_snr_db, -20, self.highest_snr_db)
        check_range("highest_snr_db", self.highest_snr_db, -20, 40)
        check_range("importance_weight", self.importance_weight, 0, 100)
        check_range("save_steps", self.save_steps, 1, 100_000)


@dataclass(frozen=True)
class SamTraining:
    """Settings of the training of the segmenting network "sam-tiny"."""

    steps: int = setting(20_000, "steps, 1 to 10000000")
    pictures: int = setting(8, "pictures of a step, 1 to 256")
    prompts: int = setting(
        5, "objects of a picture that are asked for, each by a point and by a box, 1 to 64"
    )
    learning_rate: float = setting(1e-3, "highest learning rate, 1e-6 to 0.1")
    cooldown: float = setting(
        0.2, "share of the steps, the last ones, over which the learning rate falls to zero, 0 to 1"
    )
    scenes: float = setting(0.15, "share of the pictures that are generated scenes, 0 to 1")
    paste: float = setting(0.5, "share of the pictures that get objects of others, 0 to 1")
    save_steps: int = setting(100, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of order, augmentation and initial values")

    def __post_init__(self) -> None:
        check_range("steps", self.steps, 1, 10_000_000)
        check_range("pictures", self.pictures, 1, 256)
        check_range("prompts", self.prompts, 1, 64)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        for name in ("cooldown", "scenes", "paste"):
            check_range(name, getattr(self, name), 0, 1)
        check_range("save_steps", self.save_steps, 1, 100_000)


@dataclass(frozen=True)
class VisionTraining:
    """Settings of the training of the detector of toys."""

    steps: int = setting(3000, "steps, 1 to 1000000")
    pictures: int = setting(16, "generated scenes of a step, 1 to 256")
    learning_rate: float = setting(3e-3, "highest learning rate, 1e-6 to 0.1")
    coded: float = setting(0.75, "share of the scenes that are coded with loss first, 0 to 1")
    save_steps: int = setting(50, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of scenes and initial values")

    def __post_init__(self) -> None:
        check_range("steps", self.steps, 1, 1_000_000)
        check_range("pictures", self.pictures, 1, 256)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("coded", self.coded, 0, 1)
        check_range("save_steps", self.save_steps, 1, 100_000)


@dataclass(frozen=True)
class IntentionTraining:
    """Settings of the training of the understanding of requests."""

    epochs: int = setting(9, "passes over the requests, 1 to 1000")
    requests: int = setting(16, "requests of a step, 1 to 1024")
    learning_rate: float = setting(1.5e-3, "highest learning rate, 1e-6 to 0.1")
    altered: float = setting(
        0.6, "share of the requests that are altered: other things, case, marks, 0 to 1"
    )
    smoothing: float = setting(0.02, "share of the label that all classes get, 0 to 0.5")
    save_steps: int = setting(50, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of order, alterations and initial values")

    def __post_init__(self) -> None:
        check_range("epochs", self.epochs, 1, 1000)
        check_range("requests", self.requests, 1, 1024)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("altered", self.altered, 0, 1)
        check_range("smoothing", self.smoothing, 0, 0.5)
        check_range("save_steps", self.save_steps, 1, 100_000)


@dataclass(frozen=True)
class PlannerTraining:
    """Settings of the training of the parser that plans for requests."""

    steps: int = setting(2000, "steps, 1 to 1000000")
    questions: int = setting(8000, "generated questions, 1 to 1000000")
    batch: int = setting(32, "questions of a step, 1 to 1024")
    learning_rate: float = setting(1e-3, "highest learning rate, 1e-6 to 0.1")
    save_steps: int = setting(100, "steps between two checkpoints, 1 to 100000")
    seed: int = setting(1, "seed of questions, order and initial values")

    def __post_init__(self) -> None:
        check_range("steps", self.steps, 1, 1_000_000)
        check_range("questions", self.questions, 1, 1_000_000)
        check_range("batch", self.batch, 1, 1024)
        check_range("learning_rate", self.learning_rate, 1e-6, 0.1)
        check_range("save_steps", self.save_steps, 1, 100_000)


@dataclass(frozen=True)
class AlignmentTraining:
    """Settings of the training of the text-image alignment."""

    penalty: float = setting(2.0, "penalty on the squared weights of the projection, 1e-6 to 1e6")
    listed: float = setting(
        0.5, "weight of a picture without captions, by a list of its objects, 1e-6 to 1"
    )
    objects: float = setting(0.3, "weight of an object that is cut out, 1e-6 to 1")

    def __post_init__(self) -> None:
        check_range("penalty", self.penalty, 1e-6, 1e6)
        check_range("listed", self.listed, 1e-6, 1)
        check_range("objects", self.objects, 1e-6, 1)
