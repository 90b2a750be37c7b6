# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel simulation: noise, fading, multipath, interference and front-end errors by a string.

A channel is written as terms joined by +. It acts on codec symbols, whose gain it takes out, or on
the samples of the modem, whole or as a stream in pieces. Randomness comes from the Generator that
is passed in, so the same seed gives the same channel.

>>> import numpy as np
>>> rng = np.random.default_rng(1)
>>> x = np.exp(2j * np.pi * rng.random(1000)).astype(np.complex64)   # symbols of mean power 1

Symbols, y = x + n with E|n|^2 = noise_var for each:

>>> y, noise_var = parse_channel("rayleigh:10,block=64").through_symbols(x, rng)
>>> y.shape, noise_var.shape, y.dtype
((1000,), (1000,), dtype('complex64'))

Samples of a waveform at a sample rate, longer by the delays of the channel:

>>> channel = parse_channel("awgn:5+cfo:12khz+delay:20", rate_hz=1e6)
>>> channel.through_samples(x, rng).shape
(1020,)

A stream in pieces; what comes out does not depend on how it is cut:

>>> stream = channel.stream(rng)
>>> y = np.concatenate([stream.push(x[:300]), stream.push(x[300:]), stream.end()])

A channel of your own is a function of samples, a Generator and the numbers of the string:

>>> @term("blockage", symbol_level=True)
... def blockage(samples, rng, probability, loss_db=20.0):
...     '''Samples that lose LOSS_DB behind an obstacle, each with a PROBABILITY.'''
...     blocked = rng.random(len(samples)) < probability
...     return samples * np.where(blocked, 10 ** (-loss_db / 20), 1.0)
>>> y, noise_var = parse_channel("blockage:0.1,30+awgn:10").through_symbols(x, rng)

Other packages add terms by entry points (see registry); usages() lists all terms.
"""

from semcom_core.channel.base import Processor, Signal, Term
from semcom_core.channel.channel import Channel, Stream, parse_channel
from semcom_core.channel.registry import TERMS, register_term, term, usages

__all__ = [
    "TERMS",
    "Channel",
    "Processor",
    "Signal",
    "Stream",
    "Term",
    "parse_channel",
    "register_term",
    "term",
    "usages",
]
