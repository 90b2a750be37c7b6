# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radio source: samples of a recording and of a radio's process, its notices, its setters and its
end.
"""

from __future__ import annotations

import numpy as np
import pytest
from gnuradio import blocks, semcom
from gnuradio.semcom import notices

from semcom_core.errors import ConfigError
from semcom_core.radio.recording import Recorder
from semcom_core.units import complex_noise
from tests.blocks.radio_stand_in import said, stand_in, wait_for  # noqa: F401 (a fixture)


def test_a_recording_comes_out_as_it_is_and_again_after_a_restart(flowgraph, tmp_path):
    x = complex_noise(50_000, 0.1, np.random.default_rng(1))
    with Recorder(tmp_path / "some", 1e6, 2.45e9) as recorder:
        recorder.write(x)
    source, head, sink = (
        semcom.radio_source(profile="file", address=str(tmp_path / "some")),
        blocks.head(8, 60_000),
        blocks.vector_sink_c(),
    )
    flowgraph.connect(source, head, sink)
    for _ in range(2):
        sink.reset()
        head.reset()
        flowgraph.run()
        out = np.array(sink.data(), np.complex64)
        assert np.array_equal(out[:50_000], x) and not out[50_000:].any() and len(out) == 60_000


def test_samples_of_a_process_and_notices_of_its_death(flowgraph, collect, stand_in):  # noqa: F811
    source, sink = semcom.radio_source(**stand_in("once:5000")), blocks.vector_sink_c()
    notices_ = collect(source, "feedback")
    flowgraph.connect(source, blocks.head(8, 9000), sink)
    flowgraph.run()
    assert np.array_equal(np.real(sink.data()), [*range(5000), *range(4000)])
    assert said(notices_, 4) == ["loading", "ready", "reconnecting", "ready"]


def test_a_radio_that_never_comes_fails_and_ends_the_stream(flowgraph, collect, stand_in):  # noqa: F811
    source = semcom.radio_source(**stand_in("refuse"), retries=0)
    notices_ = collect(source, "feedback")
    flowgraph.connect(source, blocks.null_sink(8))
    flowgraph.run()
    assert said(notices_, 2) == ["loading", "failed"]
    assert "there is no such radio" in notices.read_notice(notices_.wait(2)[1]).reason


def test_a_recording_that_is_not_there_fails_in_one_line(flowgraph, collect, caplog, tmp_path):
    source = semcom.radio_source(profile="file", address=str(tmp_path / "nothing"))
    notices_ = collect(source, "feedback")
    flowgraph.connect(source, blocks.null_sink(8))
    flowgraph.run()
    assert (
        said(notices_, 1) == ["failed"]
        and "nothing" in notices.read_notice(notices_.wait(1)[0]).reason
    )
    (record,) = caplog.records
    assert record.exc_info is None and "\n" not in record.getMessage()


def test_a_second_source_of_a_radio_fails_and_takes_none_of_its_samples(
    flowgraph,
    collect,
    stand_in,  # noqa: F811
):
    sources, sinks = (
        [semcom.radio_source(**stand_in("count")) for _ in range(2)],
        [blocks.vector_sink_c() for _ in range(2)],
    )
    told = [collect(source, "feedback") for source in sources]
    for source, sink in zip(sources, sinks, strict=True):
        flowgraph.connect(source, blocks.head(8, 5000), sink)
    flowgraph.run()
    (first, collector, _), (second, other, _) = sorted(
        zip(sinks, told, sources, strict=True), key=lambda end: len(end[0].data())
    )
    assert not first.data() and np.array_equal(np.real(second.data()), np.arange(5000))
    assert said(collector, 1) == ["failed"] and said(other, 2) == ["loading", "ready"]
    assert (
        "has two radio_sources; allowed is one radio_source"
        in notices.read_notice(collector.wait(1)[0]).reason
    )


def test_troubles_are_told_with_their_number(flowgraph, collect, stand_in):  # noqa: F811
    source = semcom.radio_source(**stand_in("print:OOO"))
    notices_ = collect(source, "feedback")
    flowgraph.connect(source, blocks.null_sink(8))
    flowgraph.start()
    assert [notices.read_notice(message).count for message in notices_.wait(3)] == [1, 1, 3]
    assert said(notices_, 3)[-1] == "overrun"


def test_setters(flowgraph, stand_in):  # noqa: F811
    source, sink = semcom.radio_source(**stand_in("silent"), gain_db=10), blocks.vector_sink_c()
    assert source.radio_profile.rx_gain_db == 10
    source.set_lo_hz(434e6)
    flowgraph.connect(source, sink)
    flowgraph.start()
    assert source.station.wait_for_all(15.0)
    source.set_gain_db(21)
    wait_for(sink, 1000)
    assert set(sink.data()) == {21}
    source.set_gain_db(1000)  # refused with a line in the log
    assert (source.gain_db, source.radio_profile.rx_gain_db, source.radio_profile.rx_lo_hz) == (
        21,
        21,
        434e6,
    )


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"profile": "nothing"}, "profile is 'nothing'"),
        ({"profile": "pluto", "lo_hz": 1e9, "gain_db": 99}, "rx_gain_db of profile pluto is 99"),
        ({"profile": "pluto", "lo_hz": 7e9}, "rx_lo_hz of profile pluto is 7000000000"),
        ({"profile": "pluto", "overrides": {"colour": 1}}, "no setting 'colour'"),
        ({"retries": -1}, "retries is -1"),
    ],
)
def test_bad_arguments(settings, message):
    with pytest.raises(ConfigError, match=message):
        semcom.radio_source(**settings)
