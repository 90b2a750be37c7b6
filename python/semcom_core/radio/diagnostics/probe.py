# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a device says of itself, and which devices there are: by libiio, SoapySDR's and UHD's own
tools, each with a time limit.
"""

from __future__ import annotations

import re
import shutil
import subprocess

from semcom_core.errors import ConfigError, RadioError
from semcom_core.radio.profile import DEVICES, RadioProfile

#: How each backend looks for devices, and asks one; {address} is the profile's.
FIND = {"iio": ["iio_info", "-S"], "soapy": ["SoapySDRUtil", "--find"], "uhd": ["uhd_find_devices"]}
ASK = {
    "iio": ["iio_info", "-u", "{address}"],
    "soapy": ["SoapySDRUtil", "--probe={address}"],
    "uhd": ["uhd_usrp_probe", "--args={address}"],
}
#: Debian's packages of these tools.
PACKAGES = {"iio": "libiio-utils", "soapy": "soapysdr-tools", "uhd": "uhd-host"}
LIMIT_S = 30.0
#: What is worth showing of what the tools print, in the order in which they print it.
_TOLD = re.compile(
    r"hw_model:|fw_version:|hw_serial:|ad9361-phy,model|sampling_frequency_available|rf_bandwidth_available|hardwaregain_available"
    r"|frequency_available|gain_control_mode_available|driver=|hardware=|label|serial|Antennas|gain range|freq range|RF freq|Filter bw"
    r"|Sample rates|Stream formats|Sensors|Mboard|FW Version|FPGA Version|Gain range|Freq range|Bandwidth range|Antennas|Clock sources"
)  # fmt: skip


def found_devices(backend: str) -> list[str]:
    """Lines about the devices that a backend finds.

    Raises:
        RadioError: the backend's tool is not there, or does not answer.
    """
    told = re.compile(r"\[[a-z]+:|label|type:|serial:|driver =|product:")
    return [line.strip() for line in _tool(FIND[backend], backend) if told.search(line)]


def probe(profile: RadioProfile) -> list[str]:
    """What a radio says of itself: model, firmware, ranges of rates, frequencies and gains; a line
    each.

    Raises:
        ConfigError: the profile is of no device.
        RadioError: the radio is not there, or the tool is not.
    """
    if profile.backend not in DEVICES:
        raise ConfigError(
            f"backend of profile {profile.name} is {profile.backend!r}; allowed is one of "
            f"{', '.join(DEVICES)}"
        )
    lines = _tool(
        [part.format(address=profile.address) for part in ASK[profile.backend]],
        profile.backend,
        profile.address,
    )
    return list(
        dict.fromkeys(
            re.sub(r"^\s*(attr\s+\d+: )?[|\s]*", "", line).rstrip()
            for line in lines
            if _TOLD.search(line)
        )
    )


def _tool(command: list[str], backend: str, address: str = "") -> list[str]:
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
