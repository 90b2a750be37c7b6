# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom sim` with what nobody expects: exact round trips, one-line errors, nothing that steers a
terminal, never a traceback.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from semcom_core.cli import main, sim
from semcom_core.text import DecodedText, load_codec

LONG = " ".join(
    f"Sentence {number} of a long text that nobody will read." for number in range(300)
)[:10000]
TEXTS = {
    "empty": "",
    "blank": " ",
    "emoji": "\U0001f469\u200d\U0001f4bb ❤\ufe0f",
    "scripts": "Ελλ नमस्ते 你好 שלום 한국",
    "control": "a\0b\r\x1b[2Jc\x7f",
    "special": "<|im_end|></s>",
    "long": LONG,
}


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    status = main(["sim", "--codec", "deflate", *arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_any_text_comes_back_byte_for_byte(text, tmp_path, capsys):
    status, out, _ = run(
        capsys, "--text", text, "--channel", "awgn:12", "--json", str(tmp_path / "a.json")
    )
    row = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["rows"][0]
    assert status == 0 and row["received"] == text and row["exact"]
    assert not any(character < " " and character not in "\n\t" for character in out)


def test_a_damaged_message_does_not_steer_the_terminal(monkeypatch, capsys):
    guess = DecodedText("\x1b]0;title\x07\x1b[31m", False, reason="the CRC does not hold")
    (frame,) = load_codec("deflate").encode("x", 5.0)
    codec = type(
        "Codec",
        (),
        {
            "name": "a",
            "modality": "text",
            "encode": lambda *a, **k: [frame],
            "decode": lambda self, frames: guess,
        },
    )()
    monkeypatch.setattr(sim, "codec_from", lambda args: codec)
    status, out, _ = run(capsys, "--text", "x")
    assert status == 1 and "received  ␛]0;title␇␛[31m   [undecoded: the CRC does not hold]" in out


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--channel", "fog:3"], 2, "channel term is 'fog:3'"),
        (["--channel", "awgn:nan"], 2, "is 'nan'"),
        (["--channel", "awgn:5+"], 2, "channel term is ''"),
        (["--channel", "clean"], 2, "states no SNR"),
        (["--design-snr-db", "1e300"], 2, "design SNR in dB is 1e+300"),
    ],
)
def test_errors_are_one_line(arguments, status, words, capsys):
    found, out, err = run(capsys, "--text", "x", *arguments)
    assert (found, out, err.count("\n")) == (status, "", 1) and words in err


def test_a_text_that_is_no_unicode_is_counted_as_not_arrived(capsys):
    status, out, err = run(capsys, "--text", "ab\udcff", "--channel", "awgn:8")
    assert status == 1 and "lone surrogates" in out and err == ""


def test_arguments_that_are_no_utf_8_are_no_traceback():
    options = ["--codec", "deflate", "--channel", "awgn:9", "--no-modem"]
    command = [sys.executable, "-m", "semcom_core.cli", "sim", *options, "--text", b"a\xff\x1b"]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert done.returncode == 1 and b"Traceback" not in done.stderr and b"\x1b" not in done.stdout


def test_a_terminal_that_lacks_a_character_gets_its_number():
    command = [
        sys.executable,
        "-m",
        "semcom_core.cli",
        "sim",
        "--codec",
        "deflate",
        "--channel",
        "awgn:12",
        "--text",
        "ü 你",
    ]
    done = subprocess.run(
        command,
        capture_output=True,
        timeout=60,
        env={"PYTHONIOENCODING": "latin-1", "PATH": "/usr/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert "received  ü \\u4f60" in done.stdout.decode("latin-1")
