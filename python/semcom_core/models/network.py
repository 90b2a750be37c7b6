# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a network by the transformers library, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from semcom_core.errors import ModelError


def read_network(name: str, place: Path | str, **options):
    """A causal network, float32, in evaluation mode.

    Args:
        name: what to call it in an error.
        place: folder or hub name.
        options: further arguments of the library's from_pretrained, such as gguf_file.

    Raises:
        ModelError: a weight is absent or of another shape; the library would fill it with random numbers.
    """
    from transformers import AutoModelForCausalLM

    network, report = AutoModelForCausalLM.from_pretrained(
        place, dtype="float32", output_loading_info=True, ignore_mismatched_sizes=True, **options
    )
    absent = sorted({*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])})
    if absent:
        raise ModelError(f"model {name!r} lacks weights that fit its configuration: {len(absent)} tensors, {absent[0]} the first")
    return network.eval()
