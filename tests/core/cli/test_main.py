# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom`: exit status 0, 2 for bad input, 1 for failure; one line on stderr for each error."""

from __future__ import annotations

import argparse
import subprocess
import sys

import pytest

from semcom_core import __version__, cli
from semcom_core import resources as flowgraphs
from semcom_core import resources as places
from semcom_core.cli import grc, main
from semcom_core.errors import ConfigError, FrameError, ModelError, RadioError

SIM = ["sim", "--text", "hello", "--codec"]


def failure(capsys, *arguments: str) -> tuple[int, str]:
    """Exit status of a command, and the one line that it writes to stderr."""
    status = main(list(arguments))
    err = capsys.readouterr().err
    assert err.startswith("semcom: ") and err.count("\n") == 1 and err.endswith("\n")
    return status, err[len("semcom: ") :].strip()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*SIM, "morse"], "codec is 'morse'; allowed is one of deepsc, deflate, "),
        ([*SIM, "deflate", "--channel", "fog:3"], "channel term is 'fog:3'; allowed is adc:BITS"),
        (
            [*SIM, "deflate", "--channel", "awgn:loud"],
            "channel SNR in dB is 'loud'; allowed is -60 to 100",
        ),
        ([*SIM, "deflate", "--channel", "awgn:5+rayleigh:6"], "channel has the SNR set by "),
        ([*SIM, "deflate", "--channel", ""], "channel term is ''; allowed is"),
        (
            [*SIM, "deflate", "--channel", "cfo:12khz"],
            "channel 'cfo:12khz' states no SNR; name the one to design for with --design-snr-db",
        ),
        (
            [*SIM, "deflate", "--channel", "awgn:5+cfo:12khz", "--no-modem"],
            "channel term 'cfo:12000' acts on samples",
        ),
        (
            [*SIM, "deflate", "--set", "efficiency"],
            "setting is 'efficiency'; allowed is NAME=VALUE",
        ),
        (
            [*SIM, "deflate", "--set", "beam=4"],
            "SeparateConfig has no setting 'beam'; allowed is one of efficiency, margin_db",
        ),
        ([*SIM, "deflate", "--set", "efficiency=2"], "efficiency is 2; allowed is 0.05 to 1.0"),
        (
            ["sim", "--text-file", "no_such_file.txt", "--codec", "deflate"],
            "text file no_such_file.txt cannot be read: ",
        ),
        (
            [*SIM, "deflate", "--json", "/no/such/folder/a.json"],
            "JSON file /no/such/folder/a.json cannot be written",
        ),
        (
            [*SIM, "deflate", "--design-snr-db", "nan"],
            "design SNR in dB is nan; allowed is -20 to 60",
        ),
        ([*SIM, "deflate", "--seed", "-1"], "seed is -1; allowed is 0"),
        ([*SIM, "deflate", "--set", "efficiency=["], "setting is 'efficiency=['"),
        ([*SIM, "deflate", "--set", "efficiency=high"], "efficiency is 'high'"),
        ([*SIM, "spinal", "--set", "model=5"], "model is 5"),
        ([*SIM, "spinal", "--set", "model=nonsense", "beam=1.5"], "beam is 1.5"),
        (["grc", "no_such_flowgraph"], "flowgraph is 'no_such_flowgraph'; allowed is one of "),
    ],
)
def test_bad_input_is_status_2(arguments, message, capsys):
    status, line = failure(capsys, *arguments)
    assert status == 2 and line.startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            [*SIM, "spinal", "--set", "model=nonsense"],
            "model 'nonsense' is not there; allowed is smollm2-135m",
        ),
        (["models", "verify", "nonsense"], "model 'nonsense' is not there"),
    ],
)
def test_failure_is_status_1(arguments, message, capsys):
    status, line = failure(capsys, *arguments)
    assert status == 1 and line.startswith(message)


@pytest.mark.parametrize(
    "command", [["demo"], ["grc", "text_link"], ["grc", "text_link", "--headless"]]
)
def test_without_gnuradio_is_status_1_with_how_to_install_it(command, monkeypatch, capsys):
    monkeypatch.setattr(grc.importlib.util, "find_spec", lambda name: None)
    status = main(command)
    error = capsys.readouterr().err
    assert status == 1 and error.count("\n") == 1
    assert error.startswith(
        f"semcom: GNU Radio is not there for {sys.executable}; install it (Debian and Ubuntu: apt "
        "install gnuradio"
    )


@pytest.mark.parametrize(
    "command", [["grc"], ["grc", "text_link"], ["grc", "text_link", "--headless"]]
)
def test_without_flowgraphs_is_status_1_with_where_they_were_sought(
    command, monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr(
        flowgraphs,
        "places",
        lambda checkout, installed: [tmp_path / checkout, tmp_path / "share" / installed],
    )
    status, line = failure(capsys, *command)
    assert status == 1 and line.startswith(
        f"no flowgraphs (*.grc) are in {tmp_path}/grc, {tmp_path}/share/gr-semcom/grc; "
    )


@pytest.mark.parametrize("scheme", ["environment", "system", "user"])
def test_flowgraphs_of_an_installation_are_listed(scheme, monkeypatch, capsys, tmp_path):
    data = {"posix_user": str(tmp_path / "user"), "system": str(tmp_path / "system")}
    monkeypatch.setattr(
        places, "__file__", str(tmp_path / "lib/python3/site-packages/semcom_core/resources.py")
    )
    monkeypatch.setattr(places.sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.setattr(
        places.sysconfig, "get_preferred_scheme", lambda key: {"user": "posix_user"}[key]
    )
    monkeypatch.setattr(
        places.sysconfig, "get_path", lambda name, scheme="system": {"data": data[scheme]}[name]
    )
    folder = tmp_path / scheme / "share/gr-semcom/grc"
    folder.mkdir(parents=True)
    (folder / "some_link.grc").write_text(
        "options: {parameters: {title: Some Link}}", encoding="utf-8"
    )
    assert main(["grc"]) == 0
    assert capsys.readouterr().out.split() == ["some_link", "Some", "Link"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ConfigError("a"), 2),
        (FrameError("a"), 1),
        (ModelError("a"), 1),
        (RadioError("a"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_status_of_each_kind_of_error(error, status, monkeypatch, capsys):
    def run(args: argparse.Namespace) -> int:
        raise error

    command = argparse.Namespace(
        add_parser=lambda subparsers: subparsers.add_parser("fail").set_defaults(run=run)
    )
    monkeypatch.setattr(cli, "COMMANDS", (command,))
    assert main(["fail"]) == status
    assert capsys.readouterr().err == ("" if status == 130 else "semcom: a\n")


def test_an_error_of_the_program_is_not_hidden(monkeypatch):
    def run(args: argparse.Namespace) -> int:
        raise ZeroDivisionError

    command = argparse.Namespace(
        add_parser=lambda subparsers: subparsers.add_parser("fail").set_defaults(run=run)
    )
    monkeypatch.setattr(cli, "COMMANDS", (command,))
    with pytest.raises(ZeroDivisionError):
        main(["fail"])


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["sim"], ["sim", "--text", "a", "--text-file", "b"], ["bench"], ["bench", "fog"]],
)
def test_arguments_that_do_not_parse_are_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2 and "usage: semcom" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["sim", "bench", "grc", "models", "demo"])
def test_help_of_every_command(command, capsys):
    for arguments in ([command, "--help"], ["--help"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 0 and command in capsys.readouterr().out


def test_version_and_status_in_a_process_of_its_own():
    call = [sys.executable, "-m", "semcom_core.cli"]
    done = subprocess.run([*call, "--version"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"semcom {__version__}\n", "")
    done = subprocess.run(
        [*call, "sim", "--text", "a", "--channel", "fog"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_models_list_names_each_model_and_its_state(capsys):
    assert main(["models", "list"]) == main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == 2 * [
        "smollm2-135m",
        "llama-3.2-1b",
        "tinyllama-1.1b",
    ]
    assert "Apache-2.0" in lines[0] and "on the hub" in lines[1]


def test_models_list_without_the_weights(monkeypatch, capsys):
    monkeypatch.setattr(grc.importlib.util, "find_spec", lambda name: None)
    assert main(["models", "list"]) == 0
    assert "weights not installed" in capsys.readouterr().out.splitlines()[0]
