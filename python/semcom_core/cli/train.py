# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom train`: train the networks that the project ships, or resume an interrupted training."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np
from tqdm import tqdm

from semcom_core.config import add_arguments as add_config_options
from semcom_core.config import from_arguments
from semcom_core.datasets.corpus import DATA_VARIABLE, data_folder, sentences
from semcom_core.datasets.requests import read_requests
from semcom_core.datasets.scenes import labelled_scenes
from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.image.segmentation.knowledge import KnowledgeBase
from semcom_core.text import load_codec
from semcom_core.train.examples import MIXTURES, examples
from semcom_core.train.settings import (
    CODEC,
    MASK,
    SCENARIO_STAGES,
    AlignmentTraining,
    AnswerTraining,
    AttentionTraining,
    DeepscTraining,
    ImageTraining,
    IntentionTraining,
    LoraTraining,
    PlannerTraining,
    ReaderTraining,
    SamTraining,
    ScenarioTraining,
    Seq2seqTraining,
    VisionTraining,
)

if TYPE_CHECKING:  # these load torch
    from semcom_core.train import answer_lora, deepsc, image_loop, lora, reader, scenario, seq2seq

#: Sentences of the test part on which an adapter's card states bits a word.
_CARD_SENTENCES = 200
#: Stages of `semcom train image` in their order, and all of them.
ATTENTION = "attention"
ALL = "all"
STAGES = (ATTENTION, CODEC, MASK, ALL)
#: Most complex symbols of "deepjscc" for 8x8 pixels, which is also the default.
_SYMBOLS = 12
#: Longer side of the pictures that the segmenting network is trained on, pixels: enough for views
#: of twice the network's size.
_SAM_SIDE = 400
#: The same of the attention, which needs less detail.
_ATTENTION_SIDE = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what can be trained, and the options of each."""
    kinds = parser.add_subparsers(title="what to train", required=True, metavar="WHAT")
    corpora = "folder of the training data (default $SEMCOM_DATA)"
    pictures = f"folder with cocoseg/ and photos/coco_extra/ (default ${DATA_VARIABLE})"
    captioned = f"folder with cocoseg/, photos/coco_extra/ and text/ (default ${DATA_VARIABLE})"
    scenes = f"folder with cocoseg/ (default ${DATA_VARIABLE})"

    lora = kinds.add_parser("lora", help="an adapter of the language model")
    lora.add_argument(
        "--mixture", required=True, help=f"training texts, one of {', '.join(MIXTURES)}"
    )
    lora.add_argument(
        "--model", default="smollm2-135m", help="language model (default smollm2-135m)"
    )
    _add_common(lora, corpora, LoraTraining, run_lora)

    image = kinds.add_parser("image", help='the codec "lam-sc"')
    what = "what matters (as `semcom train attention`), both ends, the mask with them"
    image.add_argument(
        "--stage", default=ALL, help=f"one of {', '.join(STAGES)}: {what} (default {ALL})"
    )
    _add_common(image, pictures, ImageTraining, run_image)

    baseline = kinds.add_parser("deepjscc", help='the learned baseline "deepjscc"')
    baseline.add_argument(
        "--symbols",
        type=int,
        default=_SYMBOLS,
        help="complex symbols for 8x8 pixels, 1 to 12 (default 12, CBR 1/16)",
    )
    _add_common(baseline, pictures, ImageTraining, run_deepjscc)

    sam = kinds.add_parser("sam", help='the segmenting network "sam-tiny"')
    _add_common(sam, scenes, SamTraining, run_sam)

    attention = kinds.add_parser("attention", help="the attention over segments and places")
    attention.add_argument(
        "--model", default="sam-tiny", help="the knowledge base's network (default sam-tiny)"
    )
    _add_common(attention, scenes, AttentionTraining, run_attention)

    vision = kinds.add_parser("vision", help="the detector of objects in generated scenes")
    _add_training(vision, VisionTraining, run_vision)

    intention = kinds.add_parser("intention", help="the understanding of requests")
    _add_training(intention, IntentionTraining, run_intention)

    planner = kinds.add_parser("planner", help="the parser that plans for requests")
    _add_training(planner, PlannerTraining, run_planner)

    answers = kinds.add_parser("answers", help="an adapter that answers about messages")
    answers.add_argument(
        "--model", default="smollm2-135m", help="language model (default smollm2-135m)"
    )
    _add_common(answers, corpora, AnswerTraining, run_answers)

    reader = kinds.add_parser("reader", help="the reader of messages by their embeddings")
    reader.add_argument(
        "--model", default="", help="folder of a sentence embedding (default all-MiniLM-L6-v2)"
    )
    _add_common(reader, corpora, ReaderTraining, run_reader)

    seq2seq = kinds.add_parser("seq2seq", help="the small encoder-decoder that answers")
    _add_common(seq2seq, corpora, Seq2seqTraining, run_seq2seq)

    scenario = kinds.add_parser("scenario", help="questions about what was sent, in stages")
    scenario.add_argument(
        "--stage",
        required=True,
        help=f"one of {', '.join(SCENARIO_STAGES)}, each after those before it",
    )
    _add_common(scenario, corpora, ScenarioTraining, run_scenario)

    alignment = kinds.add_parser("alignment", help="texts and pictures in one embedding space")
    _add_common(alignment, captioned, AlignmentTraining, run_alignment)

    deepsc = kinds.add_parser("deepsc", help='the learned baseline "deepsc"')
    _add_common(deepsc, corpora, DeepscTraining, run_deepsc)


def _add_common(
    parser: argparse.ArgumentParser,
    data_help: str,
    config: type,
    run: Callable[[argparse.Namespace], int],
) -> None:
    """Add the options of a training with data: data, output folder and its settings."""
    parser.add_argument("--data", help=data_help)
    _add_training(parser, config, run)


def _add_training(
    parser: argparse.ArgumentParser, config: type, run: Callable[[argparse.Namespace], int]
) -> None:
    """Add the options that every training has: output folder and its settings."""
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for checkpoints and the result"
    )
    add_config_options(parser, config)
    parser.set_defaults(run=run)


def run_lora(args: argparse.Namespace) -> int:
    """Train an adapter; out/NAME holds it as it is shipped."""
    from semcom_core.models.loader import load_network  # these load torch; `semcom --help` need not
    from semcom_core.train.lora import LoraTrainer, encode_example, export, write_card

    config = from_arguments(LoraTraining, args)
    data = data_folder(args.data, "the training texts")
    found = examples(args.mixture, data, np.random.default_rng(config.seed))
    tokenizer, network, prompt = load_network(args.model)
    items = [encode_example(example, tokenizer, prompt, config) for example in found]
    prepare(args.out)
    steps = follow(LoraTrainer(network, items, config, args.out).run(), _bits_a_token)
    shipped = args.out / args.mixture
    export(args.out, shipped, args.model, args.mixture, config, len(items), steps)
    files = [source.file for source in MIXTURES[args.mixture] if source.file.endswith("txt")]
    write_card(
        shipped,
        args.model,
        {name: _bits_a_word(data / name, args.model, shipped) for name in files},
    )
    print(f"adapter written to {shipped}")
    return 0


def _bits_a_word(path: Path, model: str, adapter: Path) -> tuple[float, float]:
    """Bits a word of the plain and of the adapted model on lines of the test part."""
    texts = sentences(path, "test", (5, 30), _CARD_SENTENCES, np.random.default_rng(1))
    words = sum(len(text.split()) for text in texts)
    plain = load_codec("spinal", model=model, adapter="")
    plain_bits = sum(map(plain.source_bits, texts))
    adapted = load_codec("spinal", model=model, adapter=str(adapter))
    adapted_bits = sum(map(adapted.source_bits, texts))
    return plain_bits / words, adapted_bits / words


def run_answers(args: argparse.Namespace) -> int:
    """Train an adapter that answers; out/stories holds it as it is shipped."""
    from semcom_core.models.loader import load_network  # these load torch; `semcom --help` need not
    from semcom_core.train.answer_lora import AnswerTrainer, export_answers
    from semcom_core.train.answers import numbered_passages

    config = from_arguments(AnswerTraining, args)
    data = data_folder(args.data, "the stories")
    first = config.first_steps * config.passages
    draw = numbered_passages(data, config, first, _labelled_requests())
    prepare(args.out)
    tokenizer, network, prompt = load_network(args.model)
    trainer = AnswerTrainer(tokenizer, network, prompt, draw, config, args.out)
    follow(trainer.run(), _right)
    shipped = args.out / "stories"
    figures = export_answers(args.out, shipped, args.model, config, data)
    print(f"adapter written to {shipped}: {_shares(figures)}")
    return 0


def run_reader(args: argparse.Namespace) -> int:
    """Train a reader; out/answers holds it as it is shipped."""
    from semcom_core.models.sentence import load_embedder
    from semcom_core.train.answers import numbered_passages
    from semcom_core.train.reader import ReaderShape, ReaderTrainer, export_reader

    config = from_arguments(ReaderTraining, args)
    data = data_folder(args.data, "the stories")
    draw = numbered_passages(data, config, config.first_steps * config.passages)
    prepare(args.out)
    embedder = load_embedder(args.model)
    shape = ReaderShape(features=embedder.embed(["x"]).shape[1])
    follow(ReaderTrainer(embedder, draw, config, shape, args.out).run(), _right)
    shipped = args.out / "answers"
    figures = export_reader(args.out, shipped, embedder, config, data)
    print(f"reader written to {shipped}: {_shares(figures)}")
    return 0


def run_seq2seq(args: argparse.Namespace) -> int:
    """Train the small encoder-decoder; out/t5-stories holds it as it is shipped."""
    from semcom_core.train.answers import numbered_passages
    from semcom_core.train.seq2seq import Seq2seqTrainer, export_seq2seq, initial, numbered_pairs

    config = from_arguments(Seq2seqTraining, args)
    data = data_folder(args.data, "the stories")
    prepare(args.out)
    first = config.first_steps * config.pairs
    draw = numbered_passages(data, config, first, _labelled_requests())
    tokenizer, network = initial(draw, config, args.out)
    trainer = Seq2seqTrainer(tokenizer, network, numbered_pairs(draw, config), config, args.out)
    follow(trainer.run(), _right)
    shipped = args.out / "t5-stories"
    figures = export_seq2seq(tokenizer, network, shipped, config, data)
    print(f"model written to {shipped}: {_shares(figures)}")
    return 0


def _labelled_requests() -> list[tuple[str, str]]:
    """Requests of the training part with their tasks."""
    return [(request.text, request.task) for request in read_requests("train")]


def _right(
    state: answer_lora.AnswerProgress | reader.ReaderProgress | seq2seq.Seq2seqProgress,
) -> str:
    return f"loss {state.loss:.3f}, {state.right:.3f} right"


def _shares(figures: dict[str, float]) -> str:
    return ", ".join(f"{name} {share:.3f}" for name, share in figures.items())


def run_scenario(args: argparse.Namespace) -> int:
    """Train one stage of scenario question answering; out/NAME.safetensors holds its network."""
    from semcom_core.datasets.stories import TASKS, read_stories
    from semcom_core.train.scenario import train_stage

    check_choice("stage", args.stage, SCENARIO_STAGES)
    config = from_arguments(ScenarioTraining, args)
    data = data_folder(args.data, "the stories")
    read = [story for task in TASKS for story in read_stories(data, task, "train")]
    prepare(args.out)
    follow(train_stage(args.stage, config, read, args.out), _answered)
    print(f"network of the stage {args.stage} written to {args.out}")
    return 0


def _answered(state: scenario.ScenarioProgress) -> str:
    shares = " ".join(f"{task}:{share:.2f}" for task, share in state.accuracy.items())
    return f"loss {state.loss:.3f}, right {shares}"


def run_deepsc(args: argparse.Namespace) -> int:
    """Train the learned baseline of texts."""
    from semcom_core.train.deepsc import train_deepsc

    config = from_arguments(DeepscTraining, args)
    data = data_folder(args.data, "the training texts")
    texts = [
        example.text for example in examples("europarl", data, np.random.default_rng(config.seed))
    ]
    prepare(args.out)
    follow(train_deepsc(config, texts, args.out), _bits_a_token)
    print(f"weights written to {args.out}")
    return 0


def _bits_a_token(state: lora.LoraProgress | deepsc.DeepscProgress) -> str:
    return f"{state.bits_per_token:.3f} bits a token"


def run_image(args: argparse.Namespace) -> int:
    """Train one stage or all; each has a folder of its name in the output folder, with its
    checkpoint and its weights.
    """
    check_choice("stage", args.stage, STAGES)
    config = from_arguments(ImageTraining, args)
    data = data_folder(args.data, "cocoseg/ or photos/coco_extra/")
    prepare(args.out)
    if args.stage in (ATTENTION, ALL):
        run_attention(
            argparse.Namespace(
                data=str(data), out=args.out / ATTENTION, model="sam-tiny", seed=args.seed
            )
        )
    if args.stage == ALL:
        # The mask is trained from the weights of both ends, so the learning rate does not fall
        # before it.
        _train_lam_sc({CODEC: replace(config, fall=0.0), MASK: config}, data, args.out)
    elif args.stage != ATTENTION:
        _train_lam_sc({args.stage: config}, data, args.out)
    return 0


def _train_lam_sc(configs: dict[str, ImageTraining], data: Path, folder: Path) -> None:
    """Train the stages of "lam-sc" that are named, in this order."""
    from semcom_core.train.image_loop import training_examples
    from semcom_core.train.lam_sc import train_lam_sc  # these load torch; `semcom --help` need not

    found = training_examples(data, next(iter(configs.values())).crop)
    follow(train_lam_sc(configs, found, folder), _quality)
    print(f"weights written to {folder / list(configs)[-1]}")


def run_deepjscc(args: argparse.Namespace) -> int:
    """Train the learned baseline of pictures."""
    check_range("symbols", args.symbols, 1, _SYMBOLS)
    config = from_arguments(ImageTraining, args)
    data = data_folder(args.data, "cocoseg/ or photos/coco_extra/")
    prepare(args.out)
    from semcom_core.image.learned.deepjscc import DeepjsccShape
    from semcom_core.train.deepjscc import train_deepjscc
    from semcom_core.train.image_loop import training_examples

    shape = DeepjsccShape(symbols=args.symbols)
    follow(train_deepjscc(config, training_examples(data, config.crop), args.out, shape), _quality)
    print(f"weights written to {args.out}")
    return 0


def _quality(state: image_loop.ImageProgress) -> str:
    return f"{state.psnr_db:.2f} dB"


def run_sam(args: argparse.Namespace) -> int:
    """Train the network; one that was interrupted goes on, also to more steps than were asked for
    at first.
    """
    config = from_arguments(SamTraining, args)
    data = data_folder(args.data, "cocoseg/")
    prepare(args.out)
    from semcom_core.train.sam import SamTrainer  # loads torch; `semcom --help` need not

    scenes = list(labelled_scenes(data / "cocoseg", "train", side=_SAM_SIDE))
    follow(
        SamTrainer(scenes, config, args.out).run(),
        lambda state: f"IoU by point {state.point_iou:.3f}, by box {state.box_iou:.3f}",
    )
    print(f"weights written to {args.out}")
    return 0


def run_attention(args: argparse.Namespace) -> int:
    """Segment the pictures and train the attention over their segments."""
    config = from_arguments(AttentionTraining, args)
    data = data_folder(args.data, "cocoseg/")
    prepare(args.out)
    from semcom_core.train.attention import train_attention  # loads torch

    scenes = labelled_scenes(data / "cocoseg", "train", side=_ATTENTION_SIDE)
    knowledge = KnowledgeBase.from_settings(model=args.model)
    follow(
        train_attention(scenes, knowledge, config, args.out), lambda state: f"loss {state.loss:.3f}"
    )
    print(f"weights written to {args.out}")
    return 0


def run_vision(args: argparse.Namespace) -> int:
    """Train the detector on generated scenes; one that was interrupted goes on."""
    config = from_arguments(VisionTraining, args)
    prepare(args.out)
    from semcom_core.train.vision import VisionTrainer  # loads torch; `semcom --help` need not

    follow(VisionTrainer(config, args.out).run(), _loss)
    print(f"weights written to {args.out}")
    return 0


def run_intention(args: argparse.Namespace) -> int:
    """Train the understanding of requests on those of the training part."""
    config = from_arguments(IntentionTraining, args)
    prepare(args.out)
    from semcom_core.datasets.requests import read_requests
    from semcom_core.models.sentence import load_embedder
    from semcom_core.train.intention import IntentionTrainer

    encoder, tokenizer = load_embedder().encoder
    trainer = IntentionTrainer(read_requests("train"), encoder, tokenizer, config, args.out)
    follow(trainer.run(), _loss)
    print(f"weights written to {args.out}")
    return 0


def run_planner(args: argparse.Namespace) -> int:
    """Train the parser on generated questions."""
    config = from_arguments(PlannerTraining, args)
    prepare(args.out)
    from semcom_core.models.sentence import load_embedder
    from semcom_core.train.planner import PlannerTrainer, training_questions

    encoder, tokenizer = load_embedder().encoder
    trainer = PlannerTrainer(training_questions(config), encoder, tokenizer, config, args.out)
    follow(trainer.run(), _loss)
    print(f"weights written to {args.out}")
    return 0


class _HasLoss(Protocol):
    """Progress of a training that tells its loss."""

    @property
    def loss(self) -> float:
        """Mean over the last steps."""


def _loss(state: _HasLoss) -> str:
    return f"loss {state.loss:.3f}"


def run_alignment(args: argparse.Namespace) -> int:
    """Train the projection of pictures into the space of sentences."""
    config = from_arguments(AlignmentTraining, args)
    data = data_folder(args.data, "cocoseg/, photos/coco_extra/ and text/")
    prepare(args.out)
    from semcom_core.train.alignment import train_alignment  # loads torch

    follow(train_alignment(data, config, args.out), lambda state: "")
    print(f"weights written to {args.out}")
    return 0


def prepare(folder: Path) -> None:
    """Make the output folder.

    Raises:
        ConfigError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"output folder is {str(folder)!r}: {error.strerror}; allowed is a folder that can be "
            "written"
        ) from error


class Progress(Protocol):
    """Progress of a training."""

    @property
    def step(self) -> int:
        """Steps done."""

    @property
    def steps(self) -> int:
        """Steps in all."""


AnyProgress = TypeVar("AnyProgress", bound=Progress)


def follow(progress: Iterable[AnyProgress], shown: Callable[[AnyProgress], str]) -> int:
    """Show a training's progress to its end.

    Args:
        progress: a training that runs as it is iterated over.
        shown: what stands beside the bar, in a few words.

    Returns:
        The steps done.
    """
    bar = tqdm(unit="step")
    steps = 0
    for state in progress:
        bar.total = state.steps
        bar.n = state.step
        bar.set_postfix_str(shown(state))
        bar.refresh()
        steps = state.step
    bar.close()
    return steps
