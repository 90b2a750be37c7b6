# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures for a page: SVG that takes the colour of the text around it, so that it reads on a light and on a dark ground."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

#: Drawn in this colour, lines and letters take that of the page.
_INK = "#010203"
_STYLE = {
    **{name: _INK for name in ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")},
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
    """The svg element alone, in the colour of the text, as wide as there is room, with a name for those who do not see it."""
    element = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    box = re.search(r'viewBox="[^"]+"', element)[0]
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'<svg {box} {names} role="img" aria-label="{html.escape(title)}">' + element[element.index(">") + 1 :]
