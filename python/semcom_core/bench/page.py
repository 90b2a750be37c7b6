# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTML report of bench files: plots, tables and targets in one self-contained page.

The page has no scripts and needs no other file. Plots are SVG that takes the colour of the text
around it, so that it reads on a light and on a dark ground.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

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
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
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
    "limit_ratio",
    "marked_of_wrong",
    "rounds",
    "decode_s",
    "air_ratio",
}
_LATER_TEXT_FIELDS: dict[str, Any] = {
    "efficiency": None,
    "max_rounds": 1,
    "pilots": 0,
    "context": 0,
    "gap": {},
    "throughput": None,
    "context_ratio": None,
}
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
#: Captions of the plots of the text bench.
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
class Drawing:
    """A picture with what it shows.

    Args:
        caption: one or two sentences.
        svg: an svg element.
    """

    caption: str
    svg: str


@dataclass(frozen=True)
class Table:
    """A table of results.

    Args:
        title: above the table.
        headings: of the columns.
        rows: cells as text, as many a row as there are headings; the first names the row.
    """

    title: str
    headings: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Section:
    """Section of the page: one bench file.

    Args:
        title, lead: a heading, empty for one by the bench's name; and what was measured in a
            sentence.
        pictures, tables: what is shown.
        figures: what has a target.
        lines: what the command printed on its rows, for benches whose figures are in there.
        notes: what was left out.
        facts: settings, seed, version.
    """

    title: str
    lead: str
    pictures: list[Drawing] = field(default_factory=list)
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


def write_page(path: Path, sections: list[Section], title: str) -> None:
    """Write the page.

    Args:
        path: HTML file.
        sections: of the page, in order.
        title: of the page.

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


def page(sections: list[Section], title: str) -> str:
    """The page as HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("semcom_core.bench", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        sections=sections, title=title, version=__version__
    )


def section(found: dict, name: str, lines: Iterable[str] = ()) -> Section:
    """The section of a bench file; of a bench that is not known, the table of its rows.

    Args:
        found: what read_json gives.
        name: of the file.
        lines: what the bench's command says on its rows; shown where the section has no figures
            with a target.
    """
    rows = found["rows"]
    settings = found["settings"]
    build = _SECTIONS.get(found["bench"], _any_section)
    built = build(rows, settings) if rows else None
    if built is None:
        built = _any_section(rows, settings)
    facts = {"file": name, "version": found["version"], "seed": found["seed"], **settings}
    shown_lines = [] if built.figures else list(lines)
    with_target = [line for line in shown_lines if "(target " in line]
    return replace(
        built,
        title=built.title or f"Bench “{found['bench']}”",
        facts={key: _shown(value) for key, value in facts.items() if value not in (None, [], "")},
        lines=with_target or shown_lines,
        notes=list(settings.get("left_out", [])),
    )


def _text_section(rows: list[dict], settings: dict) -> Section | None:
    if not all(_TEXT_FIELDS <= row.keys() for row in rows):
        return None
    rows = [{**_LATER_TEXT_FIELDS, "design_snr_db": row["snr_db"], **row} for row in rows]
    kind = rows[0]["channel"].partition(":")[0]
    names = {"awgn": "white noise", "rayleigh": "Rayleigh fading", "rician": "Rician fading"}
    title = f"Text over {names.get(kind, kind)}"
    if settings.get("uses_per_word"):
        title += f", at most {settings['uses_per_word']:g} uses a word"
    drawn = [
        name
        for name in PICTURES
        if name not in ("throughput", "gap") or all(row[name] not in (None, {}) for row in rows)
    ]
    tables = [
        Table("All rows", *cells(rows)),
        Table("Channel uses a word, by cause", *gap_cells(rows)),
        Table("Uses over those of other codecs", *ratio_cells(rows)),
        Table("Published: BLEU-1 / BLEU-4", *published_cells(kind)),
    ]
    return Section(
        title,
        _text_lead(rows, settings),
        pictures=[picture(_CAPTIONS[name], PICTURES[name], rows) for name in drawn],
        tables=[table for table in tables if table.rows],
        figures=figures(rows, settings),
    )


def _text_lead(rows: list[dict], settings: dict) -> str:
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


def _image_section(rows: list[dict], settings: dict) -> Section | None:
    if not all(_IMAGE_FIELDS <= row.keys() for row in rows):
        return None
    how = ", each fragment in a burst of its own" if settings.get("modem") else ""
    return Section(
        "Pictures",
        f"{rows[0]['images']} pictures through {settings.get('channel', 'the channel')}{how}. "
        "All channel uses count.",
        pictures=[picture(caption, draw, rows) for caption, draw in image_pictures(rows).items()],
        tables=[Table("All rows", *image_cells(rows))],
        figures=image_figures(rows, settings),
    )


def _modem_section(rows: list[dict], settings: dict) -> Section | None:
    if not all("stimulus" in row for row in rows):
        return None
    bursts = [row for row in rows if row["stimulus"] == "bursts" and row["snr_db"] is not None]
    captions = {
        draw_received: "Share of the bursts detected and of the headers read.",
        draw_loss: "SNR lost in the modem: the channel's SNR less that of the symbols handed to "
        "the codec.",
    }
    stimuli = dict.fromkeys(row["stimulus"] for row in rows)
    return Section(
        "Burst modem",
        "The burst modem alone: detection, losses, impairments, collisions, false alarms, "
        "throughput and cost.",
        pictures=[picture(caption, draw, bursts) for draw, caption in captions.items() if bursts],
        tables=[
            _table(f"Rows: {name}", [row for row in rows if row["stimulus"] == name])
            for name in stimuli
        ],
    )


def _any_section(rows: list[dict], settings: dict) -> Section:
    """The table of the rows, whatever they are."""
    if not rows:
        return Section(
            "", "The file has no rows: the bench was stopped before the first was there."
        )
    return Section("", "The rows of the bench as they are.", tables=[_table("All rows", rows)])


#: Bench → its section without facts and lines: (rows, settings) → Section, or None where the rows
#: are not as expected.
_SECTIONS: dict[str, Callable[[list[dict], dict], Section | None]] = {
    "text": _text_section,
    "image": _image_section,
    "modem": _modem_section,
}


def _table(title: str, rows: list[dict]) -> Table:
    """A table of rows, without the columns in which none has a value."""
    keys = [
        key
        for key in dict.fromkeys(key for row in rows for key in row)
        if any(row.get(key) is not None for row in rows)
    ]
    headings = [_heading(key) for key in keys]
    return Table(title, headings, [[_shown(row.get(key)) for key in keys] for row in rows])


def _heading(key: str) -> str:
    """A field's name in words, its unit in brackets."""
    *words, last = str(key).split("_")
    if words and words[-1] != "per" and last in _UNITS:
        return f"{' '.join(words)} ({_UNITS[last]})"
    return str(key).replace("_", " ")


def _shown(value: object) -> str:
    """A value as it stands in a table."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return " ".join(map(_shown, value))
    return str(value)


def picture(
    caption: str, draw: Callable, *data: Any, size: tuple[float, float] = (7.0, 4.6)
) -> Drawing:
    """Draw a picture, its legend beneath.

    Args:
        caption: what it shows.
        draw: draws on axes: (axes, *data).
        data: what it draws.
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
    return Drawing(caption, _inline(file.getvalue(), axes.get_title()))


def _inline(svg: str, title: str) -> str:
    """The svg element alone, in the colour of the text, as wide as there is room, with a name for
    those who do not see it.
    """
    element = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    found = re.search(r'viewBox="[^"]+"', element)
    box = found[0] if found else ""
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return (
        f'<svg {box} {names} role="img" aria-label="{html.escape(title)}">'
        + element[element.index(">") + 1 :]
    )
