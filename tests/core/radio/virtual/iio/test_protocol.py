# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dialogues of the network protocol, byte for byte."""

from __future__ import annotations

import pytest

PHY, DAC, ADC = "iio:device0", "iio:device2", "iio:device3"
#: What a client sends, and what comes back.
DIALOGUES = {
    "version": ("VERSION\r\n", "0.24.virtual\n"),
    "blank lines say nothing": ("\r\n\r\nVERSION\r\n", "0.24.virtual\n"),
    "newline alone ends a line too": ("VERSION\n", "0.24.virtual\n"),
    "compressed description is not known": ("ZPRINT\r\n", "-22\n"),
    "timeout": ("TIMEOUT 2500\r\n", "0\n"),
    "timeout for ever": ("TIMEOUT 0\r\n", "0\n"),
    "device attribute": (f"READ {PHY} ensm_mode\r\n", "4\nfdd\0\n"),
    "device by name": ("READ ad9361-phy ensm_mode\r\n", "4\nfdd\0\n"),
    "output channel by name": (f"READ {PHY} OUTPUT RX_LO frequency\r\n", "11\n2400000000\0\n"),
    "input channel": (f"READ {PHY} INPUT voltage0 hardwaregain\r\n", "13\n71.000000 dB\0\n"),
    "debug attribute": (f"READ {ADC} DEBUG direct_reg_access\r\n", "4\n0x0\0\n"),
    "buffer attribute": (f"READ {ADC} BUFFER length_align_bytes\r\n", "2\n8\0\n"),
    "all of a channel": (f"READ {PHY} INPUT temp0 \r\n", "12\n\0\0\0\00635000\0\0\0\n"),
    "write": (f"WRITE {PHY} OUTPUT altvoltage0 frequency 11\r\n2450000000\0", "11\n"),
    "write without NUL": (f"WRITE {PHY} OUTPUT altvoltage0 frequency 10\r\n2450000000", "10\n"),
    "payload of a refused write is consumed": (
        f"WRITE {PHY} nothing 3\r\nab\0VERSION\r\n",
        "-2\n0.24.virtual\n",
    ),
    "no trigger": (f"GETTRIG {PHY}\r\n", "-2\n"),
    "no trigger can be set": (f"SETTRIG {PHY} trigger0\r\n", "-2\n"),
    "unknown device": ("READ iio:device9 ensm_mode\r\n", "-19\n"),
    "unknown channel": (f"READ {PHY} INPUT voltage7 raw\r\n", "-6\n"),
    "unknown attribute": (f"READ {PHY} INPUT voltage0 nothing\r\n", "-2\n"),
    "attribute that cannot be written": (f"WRITE {PHY} INPUT voltage0 rssi 2\r\n1\0", "-13\n"),
    "unknown command": ("FORMAT C:\r\n", "-22\n"),
    "write without a size": (f"WRITE {PHY} ensm_mode many\r\n", "-22\n"),
    "no buffer": (f"READBUF {ADC} 4096\r\n", "-9\n"),
    "no buffer to close": (f"CLOSE {ADC}\r\n", "-9\n"),
    "device without buffers": (f"OPEN {PHY} 1024 00000003\r\n", "-22\n"),
    "empty buffer": (f"OPEN {ADC} 0 00000003\r\n", "-22\n"),
    "no channels": (f"OPEN {ADC} 1024 00000000\r\n", "-22\n"),
    "too many channels": (f"OPEN {ADC} 1024 0000000f\r\n", "-22\n"),
    "short mask": (f"OPEN {ADC} 1024 3\r\n", "-22\n"),
    "cyclic reception": (f"OPEN {ADC} 1024 00000003 CYCLIC\r\n", "-22\n"),
    "huge buffer": (f"OPEN {ADC} 9999999999 00000003\r\n", "-22\n"),
    "open twice, close": (
        f"OPEN {DAC} 512 00000003\r\nOPEN {DAC} 512 00000003\r\nCLOSE {DAC}\r\nCLOSE {DAC}\r\n",
        "0\n-16\n0\n-9\n",
    ),
    "buffers": (f"SET {ADC} BUFFERS_COUNT 8\r\n", "0\n"),
    "no buffers": (f"SET {ADC} BUFFERS_COUNT 0\r\n", "-22\n"),
    "part of a sample": (
        f"OPEN {DAC} 512 00000003\r\nWRITEBUF {DAC} 1022\r\nCLOSE {DAC}\r\n",
        "0\n-22\n0\n",
    ),
    "more than the buffer": (f"OPEN {DAC} 512 00000003\r\nWRITEBUF {DAC} 2052\r\n", "0\n-22\n"),
    "wrong direction": (f"OPEN {DAC} 512 00000003\r\nREADBUF {DAC} 2048\r\n", "0\n-9\n"),
    "line that is too long": ("READ " + "x" * 3000 + "\r\nVERSION\r\n", "-22\n0.24.virtual\n"),
    "line that is not ASCII": ("PRINT\u00e9\r\nVERSION\r\n", "-22\n0.24.virtual\n"),
    "value that is not ASCII": (
        f"WRITE {PHY} ensm_mode 2\r\n\u00e9VERSION\r\n",
        "-22\n0.24.virtual\n",
    ),
    "leave": ("\r\nEXIT\r\n", ""),
}


@pytest.mark.parametrize("sent, expected", DIALOGUES.values(), ids=list(DIALOGUES))
def test_dialogue(client, sent, expected):
    client.send(sent + "EXIT\r\n")
    assert client.replies.read() == expected.encode()


@pytest.mark.parametrize("step", [1, 7])
def test_commands_may_come_in_pieces(client, step):
    sent = f"VERSION\r\nWRITE {PHY} OUTPUT altvoltage0 frequency 11\r\n2450000000\0TIMEOUT 100\r\nEXIT\r\n".encode()
    for start in range(0, len(sent), step):
        client.send(sent[start : start + step])
    assert client.replies.read() == b"0.24.virtual\n11\n0\n"


def test_value_that_no_kernel_takes_ends_the_connection(client):
    client.send(f"WRITE {PHY} ensm_mode 5000\r\n")
    assert client.replies.read() == b"-22\n"


def test_description_has_its_length(client):
    length = client.command("PRINT")
    described = client.replies.read(length + 1)
    assert (
        described.startswith(b"<?xml")
        and described.endswith(b"</context>\n")
        and described.count(b"\n") == 1
    )


def test_all_values_of_a_device_are_those_read_one_by_one(client):
    length = client.command(f"READ {PHY}")
    data, values = client.replies.read(length + 1)[:-1], []
    while data:
        size = int.from_bytes(data[:4], "big", signed=True)
        values.append(data[4 : 4 + size].rstrip(b"\0").decode())
        data = data[4 + -(-size // 4) * 4 :]
    names = [
        "calib_mode",
        "calib_mode_available",
        "ensm_mode",
        "ensm_mode_available",
        "filter_fir_config",
    ]
    assert values[:5] == [client.read(f"{PHY} {name}") for name in names]
