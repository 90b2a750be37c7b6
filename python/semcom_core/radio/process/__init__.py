# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Radio in a child process: supervision, restart, and the protocol between both processes.

A client library that hangs, throws or crashes takes down the child process alone; the supervisor
starts another one.

    parent: flowgraph or command                          child: one process a radio
    ┌──────────────────────────────────────────┐          ┌───────────────────────────────────┐
    │ RadioProcess       supervisor.py         │          │ gnuradio.semcom.radio.process     │
    │   supervisor thread: start, watch,       │ control  │   control loop                    │
    │     restart              RadioSession  ◄─┼──────────┼─►   settings in, states out       │
    │   read()  ◄──────────────── RadioChild ◄─┼─receive──┼── device source (gr-iio, gr-uhd,  │
    │   write() ─► TransmitQueue ─► sender ────┼─transmit─┼─► device sink     gr-soapy)       │
    │                             DriverLog  ◄─┼──stdout──┼── what the drivers print          │
    └──────────────────────────────────────────┘  stderr  └───────────────────────────────────┘

The child's program gets one argument, JSON: the profile's settings, "receive", "transmit", "mode",
and "descriptors", the file descriptors of its sockets (Unix stream sockets, inherited):

    control   lines of JSON. To the child: {"set": {...}}. From it: {"state": "ready"};
              {"state": "failed", "reason": ...}, with "final" where another try would fail as well;
              {"sent": number}, this burst and all before it have left the radio;
              {"taken": count} from time to time, samples taken by the radio so far
    receive   complex64 samples from the child
    transmit  bursts to the child: number (uint64), count (uint64), then count complex64 samples

The child ends on SIGTERM, or when its control socket is closed. Its standard output and standard
error are one pipe.
"""
