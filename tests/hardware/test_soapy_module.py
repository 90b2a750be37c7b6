# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SoapySDR module by SoapySDR's own tools: found, probed, installed."""

from __future__ import annotations

import subprocess


def test_radios_are_found_by_name(soapy_radios):
    found = soapy_radios.run("SoapySDRUtil", "--find=driver=air").stdout
    assert "serial = alice" in found and "serial = bob" in found
    found = soapy_radios.run("SoapySDRUtil", "--find=driver=air,serial=bob").stdout
    assert "serial = alice" not in found and "serial = bob" in found


def test_a_probe_tells_ranges(soapy_radios):
    probed = soapy_radios.run("SoapySDRUtil", "--probe=driver=air,serial=bob").stdout
    for line in (
        "hardware=virtual",
        "Full gain range: [0, 76, 1] dB",
        "Full gain range: [0, 89.75, 0.25] dB",
        "Full-duplex: YES",
        "Full freq range: [50, 6000] MHz",
        "Sample rates: [0.032, 61.44] MSps",
        "Antennas: RX2, TX/RX",
        "ref_locked): true",
        # fmt: skip
        "Stream formats: CF32, CS16",
        "Clock sources: internal, external",
        "Timestamps: YES",
    ):
        assert line in probed


def test_without_an_air_no_radio_is_found(soapy_radios):
    soapy_radios.server.stop()
    done = soapy_radios.run("SoapySDRUtil", "--find=driver=air")
    assert done.returncode != 0 and "No devices found" in done.stdout + done.stderr


def test_the_module_is_installed_where_soapysdr_looks(soapy_module, tmp_path):
    subprocess.run(
        ["cmake", "--install", soapy_module, "--prefix", tmp_path],
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert [path.parent.name for path in tmp_path.rglob("libsemcomAirSupport.so")] == ["modules0.8"]
