# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codec registry and base class: codecs by name, by "module:Class", or from other packages.

A codec turns texts or pictures into frames of complex symbols and back; it knows nothing of
samples. Where it is named (command line, benches, blocks, `semcom_core.load_text_codec`), the name
is one of

    spinal                 a codec of this package: CODECS
    my_package.codec:Mine  a class that can be imported
    mine                   a name that an installed package declares in its entry points:

        [project.entry-points."semcom.codecs"]
        mine = "my_package.codec:Mine"

A module is imported when its codec is first asked for. A codec of another package derives from
TextCodec or ImageCodec (most easily from SymbolTextCodec or SymbolImageCodec) and travels under one
of the header numbers kept for such codecs (frame.PLUGIN_TEXT_NUMBERS, frame.PLUGIN_IMAGE_NUMBERS).
Two of them may share a number: their frames carry a fingerprint of the codec and its configuration.
"""

from __future__ import annotations

import hashlib
import importlib
import json
from abc import ABC
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any, ClassVar, Self

import numpy as np

from semcom_core.config import from_mapping
from semcom_core.errors import ConfigError, FrameError, SemcomError, printable
from semcom_core.frame import PLUGIN_IMAGE_NUMBERS, PLUGIN_TEXT_NUMBERS, ROUND_NUMBERS

#: Entry-point group in which other packages declare codecs.
GROUP = "semcom.codecs"
#: What a codec carries.
TEXT = "text"
IMAGE = "image"


@dataclass(frozen=True)
class CodecEntry:
    """A line of the registry.

    Args:
        name: as given to `--codec` and to the blocks.
        modality: TEXT or IMAGE.
        numbers: in the frame header; the first is that of first transmissions, further ones are
            those of increments or of a profile of its own.
        target: "module:Class".
        label: what the companion shows.
    """

    name: str
    modality: str
    numbers: tuple[int, ...]
    target: str
    label: str

    @property
    def number(self) -> int:
        """Number in the header of a first transmission."""
        return self.numbers[0]

    @property
    def rounds(self) -> int:
        """Most rounds of a message: 1 without increments of fresh symbols."""
        return len(ROUND_NUMBERS.get(self.number, (self.number,)))

    def load_class(self) -> type[Codec]:
        """The codec's class; its module is imported, no model is loaded."""
        return _imported(self.target)


_ROWS = [
    (
        "spinal",
        TEXT,
        ROUND_NUMBERS[1],
        "text.spinal.codec:SpinalCodec",
        "Token-spinal (language model)",
    ),
    ("deflate", TEXT, (2,), "text.baselines.deflate:DeflateCodec", "Deflate + LDPC + QAM"),
    (
        "llama2-jscc",
        TEXT,
        (3,),
        "text.baselines.base64_bpsk:Base64Codec",
        "Llama-2-JSCC (base64 + BPSK)",
    ),
    ("huffman", TEXT, (4,), "text.baselines.huffman:HuffmanCodec", "Huffman + LDPC + QAM"),
    (
        "llm-ac",
        TEXT,
        (5,),
        "text.baselines.llm_arithmetic:LlmArithmeticCodec",
        "Language model arithmetic coding + polar + QAM",
    ),
    ("llm-sc", TEXT, (6,), "text.baselines.llm_sc:LlmScCodec", "LLM-SC (fixed symbols a token)"),
    ("deepsc", TEXT, (7,), "text.baselines.deepsc.codec:DeepscCodec", "DeepSC (learned)"),
    (
        "hybrid",
        IMAGE,
        (8, 15),
        "image.hybrid.codec:HybridCodec",
        "Hybrid (digital base and analog refinement)",
    ),
    ("lam-sc", IMAGE, (9,), "image.learned.lam_sc:LamScCodec", "LAM-SC (learned with a mask)"),
    ("deepjscc", IMAGE, (10,), "image.learned.deepjscc:DeepjsccCodec", "DeepJSCC (learned)"),
    ("softcast", IMAGE, (11,), "image.softcast:SoftcastCodec", "SoftCast (linear analog)"),
    ("jpeg", IMAGE, (12,), "image.separate:JpegCodec", "JPEG + LDPC + QAM"),
    ("webp", IMAGE, (13,), "image.separate:WebpCodec", "WebP + LDPC + QAM"),
    ("avif", IMAGE, (14,), "image.separate:AvifCodec", "AVIF + LDPC + QAM"),
]
#: The codecs of this package by name.
CODECS: dict[str, CodecEntry] = {
    name: CodecEntry(name, modality, numbers, f"semcom_core.{target}", label)
    for name, modality, numbers, target, label in _ROWS
}


class Codec(ABC):
    """Base of all codecs: name, number, modality and configuration.

    A codec of another package states name, number, modality, config_class and, where it likes, a
    label in its class body; for the codecs of this package number and label come from CODECS.

    Attributes:
        name: name of the codec.
        number: number in the frame header.
        modality: TEXT or IMAGE.
        config_class: frozen dataclass of its settings (see semcom_core.config); checks itself.
        label: what people are shown.
        rounds: most rounds of a message; above 1 `increments` gives fresh symbols for each.
        config: the settings of this instance.
        device: what its network computes on, if it has one.
    """

    name: ClassVar[str]
    number: ClassVar[int]
    modality: ClassVar[str]
    config_class: ClassVar[type]
    label: ClassVar[str] = ""
    rounds: ClassVar[int] = 1
    config: Any
    device: str = "cpu"

    def __init__(self, config: Any = None):
        self.config = self.config_class() if config is None else config

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        entry = CODECS.get(cls.__dict__.get("name", ""))
        if entry is not None and entry.target == f"{cls.__module__}:{cls.__qualname__}":
            cls.number = entry.number
            cls.label = entry.label
            cls.rounds = entry.rounds

    @classmethod
    def from_settings(cls, **settings: Any) -> Self:
        """Make the codec; keyword arguments are fields of `config_class`.

        Raises:
            ConfigError: unknown setting, or one out of range.
            ModelError: the codec needs a model that is not there.
        """
        return cls(from_mapping(cls.config_class, settings))

    @property
    def fingerprint(self) -> int:
        """Hash of the codec's name and settings, 32 bits, that both ends must share.

        Raises:
            ConfigError: a setting has no JSON, and so no text that is the same at both ends.
        """
        try:
            stated = json.dumps([self.name, asdict(self.config)], sort_keys=True)
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"codec {self.name!r} has a setting without JSON ({error}); allowed is what JSON "
                "can hold"
            ) from error
        return int.from_bytes(hashlib.sha256(stated.encode()).digest()[:4], "big")


def find_codec(name: str, modality: str | None = None, what: str = "codec") -> CodecEntry:
    """The registry's line for a codec.

    Args:
        name: a name in CODECS, "module:Class", or a name in the entry points of a package.
        modality: TEXT or IMAGE where only such a codec will do.
        what: what the error calls the option.

    Raises:
        ConfigError: there is no such codec, it carries something else, or its class cannot be
            imported or does not keep the contract of Codec.
    """
    entry = None
    if isinstance(name, str):
        entry = CODECS.get(name)
        if entry is None and ":" in name:
            entry = _described(name)
        if entry is None and name in _declared():
            entry = _of_package(name)
    if entry is None or modality not in (None, entry.modality):
        known = ", ".join(sorted(own_names(modality)))
        others = ", ".join(declared for declared in names_of_packages() if declared != name)
        further = f"; or, if it is such a codec, of other packages {others}" if others else ""
        raise ConfigError(f"{what} is {printable(name)}; allowed is one of {known}{further}")
    return entry


def codec_names(modality: str | None = None) -> Iterator[str]:
    """Names of the codecs of this package, and those that other packages declare: of these the
    modality is not known before they are imported, and nothing is imported here.
    """
    yield from own_names(modality)
    yield from names_of_packages()


def own_names(modality: str | None = None) -> list[str]:
    """Names of the codecs of this package."""
    return [entry.name for entry in CODECS.values() if modality in (None, entry.modality)]


def names_of_packages() -> list[str]:
    """Names that other packages declare in their entry points, in order; those on which two
    packages disagree, and those of this package, are left out.
    """
    declared = _declared()
    return sorted(name for name in declared.keys() - CODECS.keys() if len(declared[name]) == 1)


def is_codec(name: str, modality: str | None = None) -> bool:
    """Whether there is a codec of that name."""
    try:
        find_codec(name, modality)
    except ConfigError:
        return False
    return True


def load_codec(name: str, modality: str | None = None, **settings: Any) -> Codec:
    """Make a codec by name; keyword arguments are fields of its configuration.

    Args:
        name: see find_codec.
        modality: TEXT or IMAGE where only such a codec will do.

    Raises:
        ConfigError: unknown codec, unknown setting, or a setting out of range.
        ModelError: the codec needs a model that is not there.
    """
    return find_codec(name, modality).load_class().from_settings(**settings)


def settings_of(name: str) -> dict[str, Any]:
    """A codec's settings and their defaults; no model is loaded."""
    return {f.name: f.default for f in fields(find_codec(name).load_class().config_class)}


def check_power(symbols: np.ndarray) -> None:
    """Raise FrameError unless symbols are finite, at least one, and of unit mean power, as far as
    so many can tell: a random code of n symbols strays by some 1 / sqrt(n).
    """
    if symbols.ndim != 1 or not symbols.size or not np.isfinite(symbols).all():
        raise FrameError(
            f"symbols have shape {symbols.shape}; allowed are finite ones, (n,), n > 0"
        )
    power = float(np.mean(np.abs(symbols) ** 2))
    if power > 1.05 + 5 / np.sqrt(symbols.size):
        raise FrameError(f"symbols have mean power {power:.3g}; allowed is 1")


@cache
def _declared() -> dict[str, tuple[str, ...]]:
    """Name in the entry points of other packages → its "module:Class"; several where packages
    disagree.
    """
    found: dict[str, tuple[str, ...]] = {}
    for point in entry_points(group=GROUP):
        found[point.name] = tuple(sorted({*found.get(point.name, ()), point.value}))
    return found


def _of_package(name: str) -> CodecEntry:
    """The line of a codec that another package declares."""
    target, *others = _declared()[name]
    if others:
        raise ConfigError(
            f"codec {name!r} is declared as {', '.join([target, *others])}; allowed is one, by "
            "module:Class"
        )
    entry = _described(target)
    if entry.name != name:
        raise ConfigError(f"codec {name!r} of an entry point calls itself {entry.name!r}")
    return entry


def _imported(target: str) -> type[Codec]:
    """The class that "module:Class" names."""
    module, _, name = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except SemcomError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a module of somebody else may do anything)
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ConfigError(f"codec {target!r} cannot be imported: {reason}") from error
    if not (isinstance(found, type) and issubclass(found, Codec)):
        raise ConfigError(f"codec {target!r} is no class derived from TextCodec or ImageCodec")
    return found


def _described(target: str) -> CodecEntry:
    """The line of a codec that is not in CODECS, from what its class declares."""
    cls = _imported(target)
    missing = [
        name for name in ("name", "number", "modality", "config_class") if not hasattr(cls, name)
    ]
    if missing or not cls.name:
        raise ConfigError(f"codec {target!r} declares no {', '.join(missing) or 'name'}")
    if abstract := ", ".join(sorted(cls.__abstractmethods__)):
        raise ConfigError(f"codec {target!r} does not define {abstract}")
    if not is_dataclass(cls.config_class):
        raise ConfigError(f"codec {target!r} has a config_class that is no dataclass")
    if cls.name in CODECS:
        if CODECS[cls.name].target == target:
            return CODECS[cls.name]
        raise ConfigError(f"codec {target!r} has the name {cls.name!r} of another codec")
    if cls.modality == IMAGE and "cbr" not in {f.name for f in fields(cls.config_class)}:
        raise ConfigError(f"codec {target!r} has no setting 'cbr' (see SymbolImageCodec)")
    allowed = PLUGIN_TEXT_NUMBERS if cls.modality == TEXT else PLUGIN_IMAGE_NUMBERS
    if cls.number not in allowed:
        raise ConfigError(
            f"codec {target!r} has number {cls.number!r}; allowed is {allowed[0]} to {allowed[-1]}"
        )
    return CodecEntry(cls.name, cls.modality, (cls.number,), target, cls.label or cls.name)
