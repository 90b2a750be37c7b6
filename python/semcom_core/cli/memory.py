# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`semcom memory`: inspect, search, edit and export what a receiver remembers, in its file."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from semcom_core.cli.train import prepare
from semcom_core.config import add_arguments as add_config_options
from semcom_core.config import from_arguments
from semcom_core.errors import ConfigError, check_choice, check_range
from semcom_core.memory import MODALITIES, MemoryItem, StoreConfig, text_item
from semcom_core.memory.database import MemoryDatabase
from semcom_core.memory.item import IMAGE, TEXT
from semcom_core.terminal import print_line, visible

#: Dimensions of a sentence embedding, by which an item is known to have one.
_SENTENCE = 384
#: Characters of a text in a list.
_SHOWN = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions and their options."""
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")

    def action(name: str, help: str, run: Callable) -> argparse.ArgumentParser:
        found = actions.add_parser(name, help=help)
        found.add_argument("file", type=Path, help="file of the memory")
        found.set_defaults(run=run)
        return found

    action("inspect", "settings, counts, size and fingerprint", run_inspect)
    listed = action("list", "the items, a line each, the oldest first", run_list)
    listed.add_argument("--modality", help=f"only of one of {', '.join(MODALITIES)}")
    listed.add_argument("--limit", type=int, help="only so many of the newest")
    show = action("show", "all of one item", run_show)
    show.add_argument("key", type=int, help="key of the item, see list")
    recall = action("recall", "the texts that are most like one", run_recall)
    recall.add_argument("text", help="what is looked for")
    recall.add_argument("--count", type=int, default=5, help="most items (default 5)")
    add = action("add", "take in a text; makes the file where there is none", run_add)
    add.add_argument("text", help="the text")
    add.add_argument("--slot", type=int, help="its time slot (default: the one after the last)")
    add.add_argument(
        "--worth", type=float, default=1.0, help="value of the item, 0 to 1 (default 1)"
    )
    _add_embedding_option(add)
    add_config_options(add, StoreConfig)
    edit = action("edit", "change an item", run_edit)
    edit.add_argument("key", type=int, help="key of the item, see list")
    edit.add_argument("--text", help="another text, of a text item")
    edit.add_argument("--slot", type=int, help="another time slot")
    edit.add_argument("--worth", type=float, help="another value of the item, 0 to 1")
    forget = action("forget", "remove items", run_forget)
    forget.add_argument("key", type=int, nargs="+", help="keys of the items, see list")
    action("compact", "give the room of what has left back to the file system", run_compact)
    export = action("export", "write the items to a folder", run_export)
    export.add_argument(
        "--out", type=Path, required=True, help="folder for items.json, pictures and arrays"
    )


def _add_embedding_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--embed",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="give the text a sentence embedding, by which it is recalled (default yes)",
    )


def run_inspect(args: argparse.Namespace) -> int:
    """Print what the file holds, in short."""
    from semcom_core.memory.agreement import fingerprint

    with _opened(args) as database:
        store = database.store
        settings = ", ".join(f"{name} {value}" for name, value in asdict(store.config).items())
        print(f"settings: {settings}")
        counts = Counter(item.modality for item in store.items)
        by_kind = ", ".join(f"{counts[name]} {name}" for name in MODALITIES if counts[name])
        print(f"items: {len(store)}" + (f" ({by_kind})" if by_kind else ""))
        if len(store):
            slots = [item.slot for item in store.items]
            print(f"slots: {min(slots)} to {max(slots)}, now {store.now}")
        print(f"bytes: {store.size} of items, {database.file_bytes()} of the file and its log")
        shared = [item for item in store.items if item.modality in (TEXT, IMAGE)]
        print(f"fingerprint of texts and pictures: {fingerprint(shared):08x}")
    return 0


def run_list(args: argparse.Namespace) -> int:
    """Print the items, a line each."""
    if args.modality is not None:
        check_choice("modality", args.modality, MODALITIES)
    if args.limit is not None:
        check_range("limit", args.limit, 1, 1 << 30)
    with _opened(args) as database:
        scores = database.store.scores()
        rows = [
            (item, score)
            for item, score in zip(database.store.items, scores, strict=True)
            if args.modality in (None, item.modality)
        ]
    for item, score in rows[-args.limit :] if args.limit else rows:
        print_line(f"{_line(item)}  score {score:.3f}  {_summary(item)}")
    return 0


def run_show(args: argparse.Namespace) -> int:
    """Print all of an item."""
    with _opened(args) as database:
        item = database.store.get(args.key)
    print_line(_line(item))
    print(f"digest {item.digest.hex()}, {'exact' if item.exact else 'not the same at both ends'}")
    norm = float(np.linalg.norm(item.embedding))
    print(f"embedding: {len(item.embedding)} numbers, length {norm:.3f}")
    if item.modality == TEXT:
        print_line(visible(item.text))
    for name, array in ({} if item.modality == TEXT else item.arrays).items():
        values = f" {array.tolist()}" if array.size <= 8 else ""
        print_line(f"{visible(name)}: {array.dtype} {array.shape}{values}")
    return 0


def run_recall(args: argparse.Namespace) -> int:
    """Print the items whose sentence embeddings are most like a text's."""
    with _opened(args) as database:
        for found in database.store.recall(_embedding(args.text), args.count):
            line = f"{found.similarity:+.3f}  {_line(found.item)}  {_summary(found.item)}"
            print_line(line)
    return 0


def run_add(args: argparse.Namespace) -> int:
    """Take in a text."""
    config = None if args.file.exists() else from_arguments(StoreConfig, args)
    with MemoryDatabase(args.file, config) as database:
        store = database.store
        slot = args.slot if args.slot is not None else store.now + bool(len(store))
        embedding = _embedding(args.text) if args.embed else ()
        item = text_item(store.next_key(), slot, args.text, embedding, args.worth)
        for gone in database.add(item):
            print_line(f"left: {_line(gone)}  {_summary(gone)}")
    print(f"key {item.key}")
    return 0


def run_edit(args: argparse.Namespace) -> int:
    """Change an item; a new text gets a new embedding where the old one had one."""
    if args.text is None and args.slot is None and args.worth is None:
        raise ConfigError("nothing to change; allowed is --text, --slot, --worth or several")
    with _opened(args) as database:
        item = database.store.get(args.key)
        slot = item.slot if args.slot is None else args.slot
        value = item.value if args.worth is None else args.worth
        changed = replace(item, slot=slot, value=value)
        if args.text is not None:
            item.text  # noqa: B018  # refuses items of other modalities
            embedding = _embedding(args.text) if len(item.embedding) == _SENTENCE else ()
            changed = text_item(item.key, slot, args.text, embedding, value, item.exact)
        database.replace(changed)
    print_line(f"{_line(changed)}  {_summary(changed)}")
    return 0


def run_forget(args: argparse.Namespace) -> int:
    """Remove items, all or none."""
    with _opened(args) as database:
        for key in args.key:
            database.store.get(key)
        for key in dict.fromkeys(args.key):
            item = database.forget(key)
            print_line(f"forgotten: {_line(item)}  {_summary(item)}")
    return 0


def run_compact(args: argparse.Namespace) -> int:
    """Give room back."""
    with _opened(args) as database:
        before, after = database.compact()
    print(f"{before} bytes before, {after} bytes now")
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Write items.json, KEY.png of each picture and KEY.npz of other arrays."""
    with _opened(args) as database:
        items = database.store.items
        settings = asdict(database.store.config)
    prepare(args.out)
    rows = [_exported(item, args.out) for item in items]
    path = args.out / "items.json"
    try:
        path.write_text(
            json.dumps({"settings": settings, "items": rows}, indent=1) + "\n", encoding="utf-8"
        )
    except OSError as error:
        raise ConfigError(
            f"output file is {str(path)!r}: {error.strerror}; allowed is a file that can be written"
        ) from error
    print(f"{len(rows)} items written to {args.out}")
    return 0


def _exported(item: MemoryItem, folder: Path) -> dict[str, Any]:
    """An item as JSON; what is no text goes to a file beside it."""
    row: dict[str, Any] = {
        name: getattr(item, name) for name in ("key", "modality", "slot", "value", "exact")
    }
    row["digest"] = item.digest.hex()
    row["embedding"] = item.embedding.tolist()
    if item.modality == TEXT:
        return {**row, "text": item.text}
    arrays = item.arrays
    if item.modality == IMAGE and "pixels" in arrays:
        from PIL import Image

        Image.fromarray(item.pixels).save(folder / f"{item.key}.png")
        return {**row, "file": f"{item.key}.png"}
    np.savez(folder / f"{item.key}.npz", **arrays)
    return {**row, "file": f"{item.key}.npz"}


def _opened(args: argparse.Namespace) -> MemoryDatabase:
    return MemoryDatabase(args.file, create=False)


def _line(item: MemoryItem) -> str:
    return f"{item.key:6d}  slot {item.slot:6d}  {item.modality:7s}  value {item.value:.2f}"


def _summary(item: MemoryItem) -> str:
    """An item's content in a few words; one that cannot be read is told."""
    try:
        if item.modality == TEXT:
            text = visible(item.text).replace("\n", " ")
            return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
        arrays = item.arrays
    except ConfigError as error:
        return visible(str(error))
    shapes = (
        f"{visible(name)} {'x'.join(map(str, array.shape)) or '1'}"
        for name, array in arrays.items()
    )
    return ", ".join(shapes) or f"{len(item.payload)} bytes"


def _embedding(text: str) -> np.ndarray:
    from semcom_core.models.sentence import load_embedder  # loads torch; a list need not

    return load_embedder().embed([text])[0]
