# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GNU Radio's own blocks of a radio, set up by the settings of a profile, and their tuning.

The settings `s` are those of semcom_core.radio.profile.RadioProfile as a dict, with `filter_hz`
(bandwidth of the analog filter, Hz) and `mode`. Each library is imported when a radio of it is
made: its import alone may take a second and print lines.
"""

from __future__ import annotations

from gnuradio import gr

from semcom_core.errors import RadioError, check_choice

#: Key of the tag with the length of a burst on its first sample.
PACKET_LEN = "packet_len"
#: How far the sample rate of a radio may be off what was asked for.
RATE_TOLERANCE = 1e-4
#: Transfers that libiio and the kernel hold: a sample has left when this many more were taken.
IIO_TRANSFERS = 5


def iio_source(s: dict) -> gr.basic_block:
    """A Pluto's receiver.

    Its gain mode is set twice: gr-iio 3.10 writes the mode that was asked for before.
    """
    from gnuradio import iio

    block = iio.fmcomms2_source_fc32(_uri(s), [True, True], s["buffer_size"])
    block.set_len_tag_key("")
    block.set_frequency(int(s["rx_lo_hz"]))
    block.set_samplerate(int(s["rate_hz"]))
    for _ in range(2):
        block.set_gain_mode(0, "manual")
    block.set_gain(0, s["rx_gain_db"])
    block.set_quadrature(True)
    block.set_rfdc(True)
    block.set_bbdc(True)
    block.set_filter_params("Auto", "", 0, 0)
    return block


def iio_sink(s: dict) -> gr.basic_block:
    """A Pluto's transmitter."""
    from gnuradio import iio

    block = iio.fmcomms2_sink_fc32(_uri(s), [True, True], s["buffer_size"], False)
    block.set_len_tag_key("")
    block.set_bandwidth(int(s["filter_hz"]))
    block.set_frequency(int(s["tx_lo_hz"]))
    block.set_samplerate(int(s["rate_hz"]))
    block.set_attenuation(0, -s["tx_gain_db"])
    block.set_filter_params("Auto", "", 0, 0)
    return block


def uhd_source(s: dict) -> gr.basic_block:
    """A USRP's receiver."""
    from gnuradio import uhd

    stream = uhd.stream_args(cpu_format="fc32", channels=[0])
    return _set_usrp(uhd.usrp_source(s["address"], stream), s, "rx")


def uhd_sink(s: dict) -> gr.basic_block:
    """A USRP's transmitter."""
    from gnuradio import uhd

    tag = PACKET_LEN if s["mode"] == "burst" else ""
    stream = uhd.stream_args(cpu_format="fc32", channels=[0])
    return _set_usrp(uhd.usrp_sink(s["address"], stream, tag), s, "tx")


def soapy_source(s: dict) -> gr.basic_block:
    """The receiver of a radio that SoapySDR knows."""
    from gnuradio import soapy

    return _set_soapy(soapy.source(s["address"], "fc32", 1, "", "", [""], [""]), s, "rx")


def soapy_sink(s: dict) -> gr.basic_block:
    """The transmitter of a radio that SoapySDR knows."""
    from gnuradio import soapy

    block = _set_soapy(soapy.sink(s["address"], "fc32", 1, "", "", [""], [""]), s, "tx")
    if s["mode"] == "burst":
        block.set_length_tag_name(PACKET_LEN)
    return block


#: Factories of receivers and transmitters, by backend.
SOURCES = {"iio": iio_source, "uhd": uhd_source, "soapy": soapy_source}
SINKS = {"iio": iio_sink, "uhd": uhd_sink, "soapy": soapy_sink}
#: How a block of a backend is tuned: setting → what to call.
TUNING = {
    "iio": {
        "rx_gain_db": lambda block, value: block.set_gain(0, value),
        "tx_gain_db": lambda block, value: block.set_attenuation(0, -value),
        "lo_hz": lambda block, value: block.set_frequency(int(value)),
    },
    "uhd": {
        "rx_gain_db": lambda block, value: block.set_gain(value, 0),
        "tx_gain_db": lambda block, value: block.set_gain(value, 0),
        "lo_hz": lambda block, value: block.set_center_freq(value, 0),
    },
    "soapy": {
        "rx_gain_db": lambda block, value: block.set_gain(0, value),
        "tx_gain_db": lambda block, value: block.set_gain(0, value),
        "lo_hz": lambda block, value: block.set_frequency(0, value),
    },
}


def tune(backend: str, side: str, block: gr.basic_block, settings: dict[str, float]) -> None:
    """Change the gain and the frequency of one side of a radio.

    Args:
        backend: a key of TUNING.
        side: "rx" or "tx".
        block: the side's block.
        settings: new values by name of the setting; those of the other side are left alone.
    """
    for name, value in settings.items():
        if name.startswith(side):
            TUNING[backend][name if name.endswith("gain_db") else "lo_hz"](block, value)


def _uri(s: dict) -> str:
    """The address as libiio expects it: a bare host is one of the network."""
    return s["address"] if ":" in s["address"] else f"ip:{s['address']}"


def _set_usrp(block: gr.basic_block, s: dict, side: str) -> gr.basic_block:
    if s["clock_source"]:
        check_choice("clock_source", s["clock_source"], block.get_clock_sources(0))
        block.set_clock_source(s["clock_source"], 0)
    if s["time_source"]:
        check_choice("time_source", s["time_source"], block.get_time_sources(0))
        block.set_time_source(s["time_source"], 0)
    block.set_samp_rate(s["rate_hz"])
    _check_rate(s, block.get_samp_rate())
    block.set_center_freq(s[f"{side}_lo_hz"], 0)
    block.set_gain(s[f"{side}_gain_db"], 0)
    block.set_bandwidth(s["filter_hz"], 0)
    if s[f"{side}_antenna"]:
        check_choice(f"{side}_antenna", s[f"{side}_antenna"], block.get_antennas(0))
        block.set_antenna(s[f"{side}_antenna"], 0)
    return block


def _set_soapy(block: gr.basic_block, s: dict, side: str) -> gr.basic_block:
    block.set_sample_rate(0, s["rate_hz"])
    _check_rate(s, block.get_sample_rate(0))
    block.set_bandwidth(0, s["filter_hz"])
    block.set_frequency(0, s[f"{side}_lo_hz"])
    if block.has_gain_mode(0):
        block.set_gain_mode(0, False)
    block.set_gain(0, s[f"{side}_gain_db"])
    if s[f"{side}_antenna"]:
        check_choice(f"{side}_antenna", s[f"{side}_antenna"], block.list_antennas(0))
        block.set_antenna(0, s[f"{side}_antenna"])
    return block


def _check_rate(s: dict, rate_hz: float) -> None:
    if abs(rate_hz - s["rate_hz"]) > RATE_TOLERANCE * s["rate_hz"]:
        raise RadioError(f"rate_hz is {s['rate_hz']:.10g}; the radio's nearest is {rate_hz:.10g}")
