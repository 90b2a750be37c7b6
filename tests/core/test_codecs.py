# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Codecs of others that do not keep the contract: each is refused in one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import semcom_core as sc
from semcom_core.codecs import _declared, codec_names, find_codec
from semcom_core.config import setting
from semcom_core.worker import answer, load


@dataclass(frozen=True)
class SignConfig:
    words: Any = setting("", "words that both ends know")


class SignCodec(sc.SymbolTextCodec):
    name = "sign"
    number = 24
    config_class: Any = SignConfig

    def to_symbols(self, text, snr_db):
        return np.ones(8)

    def from_symbols(self, symbols, noise_var):
        return sc.DecodedText("yes", True)


class WithoutDecoder(sc.SymbolTextCodec):
    name = "sign"
    number = 24
    config_class = SignConfig

    def to_symbols(self, text, snr_db):
        return np.ones(8)


class WithoutDataclass(SignCodec):
    config_class = dict


class TextNumber(SignCodec):
    number = "24"


class BareText(SignCodec):
    def from_symbols(self, symbols, noise_var):
        return "yes"


class Defect(SignCodec):
    def to_symbols(self, text, snr_db):
        raise ValueError("first line\nsecond line")


@dataclass(frozen=True)
class CornerConfig:
    cbr: str = setting("1/2", "channel bandwidth ratio")


class CornerCodec(sc.SymbolImageCodec):
    """Gives back another size than was sent."""

    name = "corner"
    number = 26
    config_class = CornerConfig

    def to_symbols(self, pixels, snr_db):
        return np.ones(100)

    def from_symbols(self, symbols, noise_var, height, width):
        return np.zeros((5, 5, 3), np.uint8)


@pytest.mark.parametrize(
    "name, reason",
    [
        ("WithoutDecoder", "does not define from_symbols"),
        ("WithoutDataclass", "has a config_class that is no dataclass"),
        ("TextNumber", "has number '24'; allowed is 24 to 25"),
    ],
)
def test_a_class_that_does_not_keep_the_contract(name, reason):
    with pytest.raises(sc.ConfigError, match=reason):
        find_codec(f"{__name__}:{name}")


def test_a_module_that_ends_the_program_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "leaving_codec.py").write_text("raise SystemExit(0)")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(sc.ConfigError, match="cannot be imported: SystemExit: 0"):
        find_codec("leaving_codec:Any")


def test_one_name_of_two_packages_is_an_error(tmp_path, monkeypatch):
    for package, target in {"one": "SignCodec", "two": "Defect"}.items():
        folder = tmp_path / package / f"{package}-1.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
        stated = f"[semcom.codecs]\nsign = {__name__}:{target}\nspinal = {__name__}:{target}\n"
        (folder / "entry_points.txt").write_text(stated)
        monkeypatch.syspath_prepend(tmp_path / package)
    _declared.cache_clear()
    try:
        with pytest.raises(
            sc.ConfigError, match="'sign' is declared as .*Defect, .*SignCodec; all"
        ):
            find_codec("sign")
        names = list(codec_names())
        assert "sign" not in names and names.count("spinal") == 1
    finally:
        _declared.cache_clear()


def test_names_are_listed_without_importing_a_plugin(tmp_path, monkeypatch):
    folder = tmp_path / "loud-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: loud\nVersion: 1\n")
    stated = "[semcom.codecs]\nloud = loud_codec:Loud\nsign = loud_codec:Sign\n"
    (folder / "entry_points.txt").write_text(stated)
    (tmp_path / "loud_codec.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    _declared.cache_clear()
    try:
        with pytest.raises(sc.ConfigError) as caught:
            find_codec("huffmann", "text")
        assert str(caught.value) == (
            "codec is 'huffmann'; allowed is one of deepsc, deflate, huffman, llama2-jscc, llm-ac, "
            "llm-sc, spinal; or, if it is such a codec, of other packages loud, sign"
        )
        assert list(codec_names("image"))[-3:] == ["avif", "loud", "sign"]
        with pytest.raises(sc.ConfigError, match="loud_codec:Loud' cannot be imported: RuntimeErr"):
            find_codec("loud")
    finally:
        _declared.cache_clear()


def test_settings_are_what_json_can_hold():
    assert (
        SignCodec().fingerprint == SignCodec().fingerprint != SignCodec(SignConfig("a")).fingerprint
    )
    # the text of a set differs from one process to the next
    with pytest.raises(sc.ConfigError, match="codec 'sign' has a setting without JSON"):
        SignCodec(SignConfig(frozenset("ab"))).encode("text", snr_db=5)


def test_what_a_decoder_must_give():
    received = sc.transmit(BareText().encode("text", snr_db=9), "awgn:20")
    with pytest.raises(sc.FrameError, match="codec 'sign' decodes to str; allowed is DecodedText"):
        BareText().decode(received)
    result = sc.simulate(CornerCodec(), np.zeros((32, 48, 3), np.uint8), "awgn:20")
    assert result.received is None and "decodes to shape (5, 5, 3)" in result.reason


def test_the_worker_tells_in_one_line_why():
    state, reason = answer(Defect(), "encode", ("text", 5.0), {})
    assert (state, reason) == ("lost", "ValueError: first line second line")
    with pytest.raises(sc.ConfigError, match="codec '__main__:Mine' cannot be imported: Attribute"):
        load("__main__:Mine")


def test_a_channel_bandwidth_ratio_may_be_a_number():
    codecs = [sc.load_image_codec("softcast", cbr=cbr) for cbr in (0.125, "0.125", "1/8")]
    pixels = np.zeros((64, 96, 3), np.uint8)
    assert len({sum(len(f.symbols) for f in c.encode(pixels, 10.0)) for c in codecs}) == 1
    with pytest.raises(sc.ConfigError, match="cbr is 0; allowed is above 0"):
        sc.load_image_codec("softcast", cbr=0)


@pytest.mark.parametrize("name", ["deflate", "spinal"])
def test_texts_as_sent_are_no_received_frames(name):
    codec = sc.load_text_codec(name)
    with pytest.raises(sc.FrameError, match="frames are as sent"):
        codec.decode(codec.encode("Hello.", snr_db=9))


def test_pictures_as_sent_are_no_received_frames():
    codec = sc.load_image_codec("softcast")
    with pytest.raises(sc.FrameError, match="frames are as sent"):
        codec.decode(codec.encode(np.zeros((64, 96, 3), np.uint8), 9.0))
