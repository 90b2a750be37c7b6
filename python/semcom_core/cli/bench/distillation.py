# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom bench text --distill MODE`: channel symbols saved and meaning kept by distillation."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np

from semcom_core.bench.report import write_json
from semcom_core.bench.settings import settings_for
from semcom_core.bench.text.distillation import (
    MESSAGE_CORPORA,
    corpora,
    describe,
    distill_row,
    targets,
)
from semcom_core.bench.text.results import HEADLINE
from semcom_core.cli.codec_options import settings_from
from semcom_core.datasets.corpus import DATA_VARIABLE
from semcom_core.errors import ConfigError, check_choice
from semcom_core.text import load_codec
from semcom_core.text.distillation.distiller import MODES, load_distiller


def run_distill(args: argparse.Namespace, settings: dict) -> int:
    """Shorten the texts of a corpus, or of all that there are, and count what the first codec saves
    at every SNR.

    Raises:
        ConfigError: an option is outside what is allowed, or no data folder is named.
    """
    check_choice("distill", args.distill, MODES)
    folder = args.data or os.environ.get(DATA_VARIABLE)
    if not folder:
        raise ConfigError(f"no data: name a folder of corpora with --data or in ${DATA_VARIABLE}")
    name = HEADLINE if HEADLINE in args.codec else args.codec[0]
    names = tuple(MESSAGE_CORPORA) if args.corpus is None else (args.corpus,)
    texts = corpora(
        Path(folder), names, args.split, args.limit, rng=np.random.default_rng(args.seed)
    )
    codec = load_codec(name, **settings_for(name, args.codec, settings_from(args)))
    distiller = load_distiller(args.distill, codec, device=codec.device)
    print(f"devices: {name} {codec.device}, embedding {distiller.device}", file=sys.stderr)
    rows = []
    for corpus, chosen in texts.items():
        for snr_db in args.snr_db:
            rows.append(distill_row(corpus, chosen, codec, snr_db, distiller))
            print(describe(rows[-1]), flush=True)
            if args.json:
                write_json(args.json, "distill", args.seed, settings, rows)
    for line in targets(rows):
        print(line)
    return 0
