# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures for a page: SVG that takes the colour of the text around it, so that it reads on a light
and on a dark ground.

What a page says about a bench file: for each kind of bench its title, pictures, tables and targets.

One self-contained page on bench files: no scripts, no other files, light or dark as the reader has
it.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from semcom_core import __version__
from semcom_core.bench.image.plot import image_pictures
from semcom_core.bench.image.results import image_cells
from semcom_core.bench.image.targets import image_figures
from semcom_core.bench.plot import PICTURES, draw_loss, draw_received
from semcom_core.bench.text.results import (
    Figure,
    cells,
    figures,
    gap_cells,
    published_cells,
    ratio_cells,
)
from semcom_core.errors import ConfigError

#: Drawn in this colour, lines and letters take that of the page.
_INK = "#010203"
_STYLE = {
    **{
        name: _INK
        for name in (
            "text.color",
            "axes.edgecolor",
            "axes.labelcolor",
            "xtick.color",
            "ytick.color",
        )
    },
    "grid.color": _INK,
    "grid.alpha": 0.15,
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


@dataclass(frozen=True)
class Picture:
    """A picture with what it shows.

    Args:
        caption: one or two sentences.
        svg: an svg element.
    """

    caption: str
    svg: str


def picture(caption: str, draw: Callable, *data, size: tuple[float, float] = (7.0, 4.6)) -> Picture:
    """Draw a picture, its legend beneath.

    Args:
        draw: draws on axes: (axes, *data).
        size: width and height, inches.
    """
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": caption}):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        draw(axes, *data)
        handles, labels = axes.get_legend_handles_labels()
        if handles:
            figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=8)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return Picture(caption, _inline(file.getvalue(), axes.get_title()))


def _inline(svg: str, title: str) -> str:
    """The svg element alone, in the colour of the text, as wide as there is room, with a name for
    those who do not see it.
    """
    element = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    box = re.search(r'viewBox="[^"]+"', element)[0]
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return (
        f'<svg {box} {names} role="img" aria-label="{html.escape(title)}">'
        + element[element.index(">") + 1 :]
    )


#: Fields that rows of the text bench have had from the beginning, and values for those that came
#: later.
_TEXT_FIELDS = {
    "codec",
    "channel",
    "snr_db",
    "uses_per_word",
    "bits_per_word",
    "exact_rate",
    "bleu1",
    "bleu4",
    "bound_ratio",
}
_TEXT_FIELDS |= {"limit_ratio", "marked_of_wrong", "rounds", "decode_s", "air_ratio"}
#: Fields that rows of the image bench have.
_IMAGE_FIELDS = {
    "codec",
    "channel",
    "snr_db",
    "cbr",
    "psnr_db",
    "ms_ssim",
    "roi_psnr_db",
    "cbr_spent",
    "settings",
    "roi",
    "matched",
}
_LATER = {
    "efficiency": None,
    "max_rounds": 1,
    "pilots": 0,
    "context": 0,
    "gap": {},
    "throughput": None,
    "context_ratio": None,
}
_CAPTIONS = {
    "cost": "Channel uses (complex symbols) that a word takes, all rounds and pilots counted. "
    "Below is better. Dotted: what the source bits"
    " of the language model would need at capacity; dash-dotted: the same for messages this short "
    "(normal approximation).",
    "delivery": "Share of the texts that arrive character for character.",
    "bleu1": "BLEU-1 of what is delivered, best guesses included. Grey, dashed and hollow: "
    "published figures of other systems.",
    "bleu4": "BLEU-4, likewise.",
    "throughput": "Source bits of the texts delivered exactly, over all channel uses spent.",
    "gap": "Where the channel uses of a word go, by cause.",
}
#: Words for the units that field names end in.
_UNITS = {"db": "dB", "hz": "Hz", "s": "s", "msps": "Msps", "bits": "bits"}


@dataclass(frozen=True)
class Table:
    """A table with its title; the first column names the row."""

    title: str
    headings: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Section:
    """What is shown of one bench file.

    Args:
        title, lead: a heading, and what was measured in a sentence.
        figures: what has a target.
        lines: what the command printed on its rows, for benches whose figures are in there.
        notes: what was left out.
        facts: settings, seed, version.
    """

    title: str
    lead: str
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def missed(self) -> int:
        """How many figures miss their target."""
        return sum(not figure.reached for figure in self.figures)

    @property
    def snrs_db(self) -> list[float]:
        """SNRs at which there are figures with a target, dB."""
        return sorted({figure.snr_db for figure in self.figures})

    @property
    def targets(self) -> dict[tuple[str, str], dict[float, Figure]]:
        """The figures with a target: by series and name, then by SNR."""
        found: dict[tuple[str, str], dict[float, Figure]] = {}
        for figure in self.figures:
            found.setdefault((figure.series, figure.name), {})[figure.snr_db] = figure
        return found


def section(found: dict, name: str, lines: Iterable[str] = ()) -> Section:
    """The section of a bench file; of a bench that is not known, the table of its rows.

    Args:
        found: what read_json gives.
        name: of the file.
        lines: what the bench's command says on its rows; shown where the section has no figures
            with a target.
    """
    settings = found["settings"]
    facts = {"file": name, "version": found["version"], "seed": found["seed"], **settings}
    shown = {key: _shown(value) for key, value in facts.items() if value not in (None, [], "")}
    tell: Callable = _TELL.get(found["bench"], _any) if found["rows"] else _any
    parts = tell(found["rows"], settings) or _any(found["rows"], settings)
    title = parts.pop("title", f"Bench “{found['bench']}”")
    lines = [] if parts.get("figures") else list(lines)
    judged = [line for line in lines if "(target " in line]
    return Section(
        title, facts=shown, lines=judged or lines, notes=list(settings.get("left_out", [])), **parts
    )


def _text(rows: list[dict], settings: dict) -> dict | None:
    if not all(_TEXT_FIELDS <= row.keys() for row in rows):
        return None
    rows = [{**_LATER, "design_snr_db": row["snr_db"], **row} for row in rows]
    kind = rows[0]["channel"].partition(":")[0]
    drawn = [
        name
        for name in PICTURES
        if name not in ("throughput", "gap") or all(row[name] not in (None, {}) for row in rows)
    ]
    tables = [
        Table("All rows", *cells(rows)),
        Table("Channel uses a word, by cause", *gap_cells(rows)),
    ]
    tables += [
        Table("Uses over those of other codecs", *ratio_cells(rows)),
        Table("Published: BLEU-1 / BLEU-4", *published_cells(kind)),
    ]
    pictures = [picture(_CAPTIONS[name], PICTURES[name], rows) for name in drawn]
    names = {"awgn": "white noise", "rayleigh": "Rayleigh fading", "rician": "Rician fading"}
    title = f"Text over {names.get(kind, kind)}"
    if settings.get("uses_per_word"):
        title += f", at most {settings['uses_per_word']:g} uses a word"
    tables = [table for table in tables if table.rows]
    lead = _lead(rows, settings)
    judged = figures(rows, settings)
    return {"title": title, "lead": lead, "pictures": pictures, "tables": tables, "figures": judged}


def _lead(rows: list[dict], settings: dict) -> str:
    """What the text bench measured, in sentences."""
    said = [
        f"{rows[0].get('sentences', '?')} texts of {settings.get('corpus', 'a file')} "
        f"({settings.get('split', '?')} part,"
        f" {settings.get('words', '?')} words) through {settings.get('channel', 'the channel')}, "
        "each codec at each SNR."
    ]
    if settings.get("uses_per_word"):
        said.append(
            "The rate of each codec is chosen so that the mean uses a word are at most "
            f"{settings['uses_per_word']:g}."
        )
    if settings.get("design_snr_db") is not None:
        said.append(
            f"The rate is that for {settings['design_snr_db']:g} dB, whatever the channel has."
        )
    if settings.get("design_offset_db"):
        said.append(
            f"The rate is that for {settings['design_offset_db']:g} dB more than the channel has."
        )
    return " ".join(said)


def _image(rows: list[dict], settings: dict) -> dict | None:
    if not all(_IMAGE_FIELDS <= row.keys() for row in rows):
        return None
    how = ", each fragment in a burst of its own" if settings.get("modem") else ""
    lead = (
        f"{rows[0]['images']} pictures through {settings.get('channel', 'the channel')}{how}. "
        "All channel uses count."
    )
    pictures = [picture(caption, draw, rows) for caption, draw in image_pictures(rows).items()]
    tables = [Table("All rows", *image_cells(rows))]
    judged = image_figures(rows, settings)
    return {
        "title": "Pictures",
        "lead": lead,
        "pictures": pictures,
        "tables": tables,
        "figures": judged,
    }


def _modem(rows: list[dict], settings: dict) -> dict | None:
    if not all("stimulus" in row for row in rows):
        return None
    bursts = [row for row in rows if row["stimulus"] == "bursts" and row["snr_db"] is not None]
    loss = "SNR lost in the modem: the channel's SNR less that of the symbols handed to the codec."
    drawn = (
        (
            (draw_received, "Share of the bursts detected and of the headers read."),
            (draw_loss, loss),
        )
        if bursts
        else ()
    )
    stimuli = dict.fromkeys(row["stimulus"] for row in rows)
    return {
        "title": "Burst modem",
        "lead": "The burst modem alone: detection, losses, impairments, collisions, false alarms, "
        "throughput and cost.",
        "pictures": [picture(caption, draw, bursts) for draw, caption in drawn],
        "tables": [
            _table(f"Rows: {name}", [row for row in rows if row["stimulus"] == name])
            for name in stimuli
        ],
    }


def _any(rows: list[dict], settings: dict) -> dict:
    """The table of the rows, whatever they are."""
    if not rows:
        return {"lead": "The file has no rows: the bench was stopped before the first was there."}
    return {"lead": "The rows of the bench as they are.", "tables": [_table("All rows", rows)]}


def _table(title: str, rows: list[dict]) -> Table:
    """A table of rows, without the columns in which none has a value."""
    keys = [
        key
        for key in dict.fromkeys(key for row in rows for key in row)
        if any(row.get(key) is not None for row in rows)
    ]
    return Table(
        title,
        [_heading(key) for key in keys],
        [[_shown(row.get(key)) for key in keys] for row in rows],
    )


#: Kind of bench → who tells what to show: (rows, settings) → fields of Section, or None where the
#: rows are not as expected.
_TELL: dict[str, Callable] = {"text": _text, "image": _image, "modem": _modem}


def _heading(key: str) -> str:
    """A field's name in words, its unit in brackets."""
    *words, last = str(key).split("_")
    return (
        f"{' '.join(words)} ({_UNITS[last]})"
        if words and words[-1] != "per" and last in _UNITS
        else str(key).replace("_", " ")
    )


def _shown(value) -> str:
    """A value as it stands in a table."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(one)}" for key, one in value.items())
    return " ".join(map(_shown, value)) if isinstance(value, (list, tuple)) else str(value)


def page(sections: list[Section], title: str) -> str:
    """The page as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("semcom_core.bench", ".")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        sections=sections, title=title, version=__version__
    )


def write_page(path: Path, sections: list[Section], title: str) -> None:
    """Write the page.

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        path.write_text(page(sections, title), encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"HTML file {path} cannot be written: {error.strerror}; allowed is a file in a folder "
            "that exists"
        ) from error
