"""The report's pictures as inline SVG: where the risks lie, bars that count, a contribution as a bar."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from riskmodel.drawing import FAINT, GRID, INK, box, line, nice_ticks, picture, text, text_width

RAISES, LOWERS, CALM, MARK = "#b5532d", "#2b7a8b", "#8fa9b5", "#b5532d"
_BINS = 40


def inline(svg: str) -> Markup:
    """Return a picture for use inside a page: without the namespace that only a file of its own needs."""
    return Markup(svg.replace(' xmlns="http://www.w3.org/2000/svg"', "", 1))


def risk_histogram(
    risk: NDArray[np.float64], *, threshold: float | None, title: str, x_label: str, mark: str, width: int = 1000
) -> Markup:
    """Draw how many households have which risk; from ``threshold`` on the bars are those the model flags.

    The counts are drawn on a square-root scale, so that the few high risks can be seen beside the many low ones;
    the ticks say the counts.
    """
    top, left, tall = 34.0, 64.0, 190.0
    highest = nice_ticks(0.0, max(float(risk.max()) if len(risk) else 0.0, 0.01))[-1]
    end = min(1.0, highest)
    counts, edges = np.histogram(risk, bins=_BINS, range=(0.0, end))
    most = max(int(counts.max()), 1)
    across = width - left - 16

    def height(count: float) -> float:
        return tall * math.sqrt(count / most)

    parts = []
    for tick in _count_ticks(most):
        level = top + tall - height(tick)
        parts += [
            line(left, level, left + across, level, colour=GRID),
            text(left - 8, level + 4, f"{tick:,}", anchor="end", colour=FAINT),
        ]
    slot = across / _BINS
    for number, count in enumerate(counts):
        if not count:
            continue
        low, high = edges[number], edges[number + 1]
        colour = RAISES if threshold is not None and low >= threshold - 1e-12 else CALM
        parts.append(
            box(
                left + number * slot + 0.5,
                top + tall - height(count),
                slot - 1,
                height(count),
                colour=colour,
                tip=f"{low:.1%} – {high:.1%}: {count:,}",
            )
        )
    for share in nice_ticks(0.0, end):
        if share <= end + 1e-9:
            x = left + across * share / end
            parts.append(text(x, top + tall + 18, f"{share * 100:g}%", anchor="middle", colour=FAINT))
    parts.append(line(left, top + tall, left + across, top + tall, colour=FAINT))
    if threshold is not None and threshold <= end:
        x = left + across * threshold / end
        anchor = "start" if x < left + across * 0.6 else "end"
        parts += [
            line(x, top - 8, x, top + tall, colour=MARK, width=1.5, dash="4 3"),
            text(x + (6 if anchor == "start" else -6), top - 4, mark, anchor=anchor, colour=MARK),
        ]
    parts.append(text(left + across, top + tall + 38, x_label, anchor="end", colour=FAINT))
    return inline(picture(parts, width=width, height=top + tall + 46, title=title))


def count_bars(rows: Sequence[tuple[str, float, str]], *, title: str, colour: str = CALM, width: int = 520) -> Markup:
    """Draw one bar a row of (name, value, what is written beside the bar)."""
    room = min(240.0, max((text_width(name) for name, _, _ in rows), default=40.0) + 14)
    beside = max((text_width(words) for _, _, words in rows), default=30.0) + 12
    biggest = max((value for _, value, _ in rows), default=1.0) or 1.0
    parts: list[str] = []
    for number, (name, value, words) in enumerate(rows):
        y = 6 + number * 25
        length = (width - room - beside) * value / biggest
        parts += [
            text(room - 8, y + 13, name, anchor="end", colour=INK),
            box(room, y, max(length, 1.0), 17, colour=colour, tip=f"{name}: {words}"),
            text(room + length + 6, y + 13, words, colour=FAINT),
        ]
    return inline(picture(parts, width=width, height=12 + 25 * len(rows), title=title))


def contribution_bar(contribution: float, *, scale: float, title: str, width: int = 220) -> Markup:
    """Draw one contribution: to the right when it raises the score, to the left when it lowers it.

    Parameters
    ----------
    scale : float
        The largest absolute contribution on the page; all bars of a page share it.
    """
    middle, half = width / 2, width / 2 - 4
    length = half * min(abs(contribution) / scale, 1.0) if scale else 0.0
    start = middle if contribution >= 0 else middle - length
    colour = RAISES if contribution >= 0 else LOWERS
    parts = [
        box(start, 3, max(length, 0.8), 14, colour=colour),
        line(middle, 0, middle, 20, colour=FAINT),
    ]
    return inline(picture(parts, width=width, height=20, title=title))


def _count_ticks(most: int) -> list[int]:
    """Return round counts that stand apart on a square-root scale.

    >>> _count_ticks(800)
    [0, 50, 200, 500, 800]
    """
    round_ = [m * 10**p for p in range(8) for m in (1, 2, 5)]
    chosen = [most]
    for count in reversed([r for r in round_ if r < most]):
        if math.sqrt(chosen[-1] / most) - math.sqrt(count / most) >= 0.18:
            chosen.append(count)
    return [0, *reversed([c for c in chosen if math.sqrt(c / most) >= 0.12])]
