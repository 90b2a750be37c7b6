# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Device discovery and probing by the tools of libiio, SoapySDR and UHD, each with a time limit."""

from __future__ import annotations

import re
import shutil
import subprocess

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.profile import DEVICES, RadioProfile

#: Commands that list devices.
FIND = {"iio": ["iio_info", "-S"], "soapy": ["SoapySDRUtil", "--find"], "uhd": ["uhd_find_devices"]}
#: Commands that probe a device; {address} is the profile's.
PROBE = {
    "iio": ["iio_info", "-u", "{address}"],
    "soapy": ["SoapySDRUtil", "--probe={address}"],
    "uhd": ["uhd_usrp_probe", "--args={address}"],
}
#: Debian's packages of these tools.
PACKAGES = {"iio": "libiio-utils", "soapy": "soapysdr-tools", "uhd": "uhd-host"}
#: How long a tool may take, s.
LIMIT_S = 30.0
#: Lines of their output that are shown: of a list of devices, and of a probe.
_FOUND = re.compile(r"\[[a-z]+:|label|type:|serial:|driver =|product:")
_PROBED = re.compile(
    r"hw_model:|fw_version:|hw_serial:|ad9361-phy,model|sampling_frequency_available"
    r"|rf_bandwidth_available|hardwaregain_available|frequency_available"
    r"|gain_control_mode_available|driver=|hardware=|label|serial|Antennas|gain range|freq range"
    r"|RF freq|Filter bw|Sample rates|Stream formats|Sensors|Mboard|FW Version|FPGA Version"
    r"|Gain range|Freq range|Bandwidth range|Clock sources"
)
#: Prefix that the tools print before the text of a line.
_INDENT = re.compile(r"^\s*(attr\s+\d+: )?[|\s]*")


def found_devices(backend: str) -> list[str]:
    """Lines about the devices that a backend finds.

    Raises:
        RadioError: the backend's tool is not there, or does not answer.
    """
    return [line.strip() for line in _run_tool(FIND[backend], backend) if _FOUND.search(line)]


def probe(profile: RadioProfile) -> list[str]:
    """Model, firmware, and ranges of rates, frequencies and gains of a radio, in lines.

    Raises:
        ConfigError: the profile is of no device.
        RadioError: the radio is not there, or the tool is not.
    """
    if profile.backend not in DEVICES:
        raise ConfigError(
            f"backend of profile {profile.name} is {profile.backend!r}; allowed is one of "
            f"{', '.join(DEVICES)}"
        )
    command = [part.format(address=profile.address) for part in PROBE[profile.backend]]
    lines = _run_tool(command, profile.backend, profile.address)
    shown = [_INDENT.sub("", line).rstrip() for line in lines if _PROBED.search(line)]
    return list(dict.fromkeys(shown))


def _run_tool(command: list[str], backend: str, address: str = "") -> list[str]:
    """Lines that a tool prints.

    Raises:
        RadioError: it is not there, takes too long, or fails on an address.
    """
    if shutil.which(command[0]) is None:
        raise RadioError(
            f"{command[0]} is not there; install it (Debian and Ubuntu: apt install "
            f"{PACKAGES[backend]})"
        )
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=LIMIT_S
        )
    except subprocess.TimeoutExpired as error:
        raise RadioError(f"{command[0]} has not answered within {LIMIT_S:g} s") from error
    if done.returncode and address:
        words = [line for line in (done.stderr.strip() or done.stdout).splitlines() if line.strip()]
        raise RadioError(
            f"no radio answers at {address}: "
            f"{words[-1].strip() if words else command[0] + ' says nothing'}"
        )
    return done.stdout.splitlines()
