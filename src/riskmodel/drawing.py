"""Small pictures as SVG text: bars with intervals, reliability, a time line. No scripts, nothing fetched."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

# Faces that Windows, macOS, Linux and Kylin bring along; the first found is used.
FONTS = "'Noto Sans CJK SC','Source Han Sans SC','Microsoft YaHei','PingFang SC','WenQuanYi Micro Hei',sans-serif"

# The first seven are told apart by people with any colour vision, and in grey by their lightness; the others are there
# so that no two of a long table are drawn alike.
COLOURS = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999"),
    *("#332288", "#f0e442", "#882255", "#117733", "#000000", "#aa4499", "#ddcc77"),
)
INK, FAINT, GRID = "#222222", "#666666", "#dddddd"


@dataclass(frozen=True, kw_only=True)
class Series:
    """Values of one thing over the groups of a bar picture; NaN draws nothing.

    Attributes
    ----------
    low, high : sequence of float, optional
        Ends of the intervals, one a value.
    """

    name: str
    values: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True, kw_only=True)
class Span:
    """A stretch of time on a line: from ``start`` to ``end`` (a mark where both are the same)."""

    start: date
    end: date
    kind: str
    tip: str = ""


def nice_ticks(low: float, high: float, *, about: int = 5) -> list[float]:
    """Return round numbers that cover ``low`` to ``high``.

    >>> nice_ticks(0, 0.87)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if not high > low:
        high = low + 1.0
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(step * k, 10) for k in range(first, last + 1)]


def text(x: float, y: float, words: str, *, size: int = 12, anchor: str = "start", colour: str = INK) -> str:
    """Return a line of text."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">'
        f"{html.escape(words)}</text>"
    )


def line(x1: float, y1: float, x2: float, y2: float, *, colour: str = INK, width: float = 1, dash: str = "") -> str:
    """Return a straight line."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}"{dashed}/>'
    )


def box(x: float, y: float, width: float, height: float, *, colour: str, tip: str = "") -> str:
    """Return a filled rectangle with a tip that shows under the mouse and is read aloud."""
    shape = f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" fill="{colour}"'
    return f"{shape}><title>{html.escape(tip)}</title></rect>" if tip else f"{shape}/>"


def picture(parts: Sequence[str], *, width: float, height: float, title: str) -> str:
    """Return the parts as one ``<svg>`` that scales with its page."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'width="{width:.0f}" style="max-width:100%;height:auto" font-family="{FONTS}">'
        f"<title>{html.escape(title)}</title>" + "".join(parts) + "</svg>"
    )


def legend(names: Sequence[tuple[str, str]], *, x: float, y: float, width: float) -> tuple[list[str], float]:
    """Return a legend of (name, colour) that wraps within ``width``, and the height it took."""
    parts: list[str] = []
    at, row = x, 0
    for name, colour in names:
        need = 22 + text_width(name)
        if at > x and at + need > x + width:
            at, row = x, row + 1
        parts += [
            box(at, y + row * 20, 12, 12, colour=colour),
            text(at + 17, y + row * 20 + 11, name, colour=FAINT),
        ]
        at += need + 12
    return parts, (row + 1) * 20.0


def text_width(words: str, *, size: int = 12) -> float:
    """Return about how wide a text is: a Chinese character takes a square, a Latin one half of it."""
    return sum(size if ord(character) > 0x2E80 else size * 0.56 for character in words)


def grouped_bars(
    groups: Sequence[str], series: Sequence[Series], *, title: str, y_label: str, percent: bool = True, width: int = 760
) -> str:
    """Draw bars side by side for every group, with intervals as whiskers.

    Parameters
    ----------
    groups : sequence of str
        Under the axis.
    series : sequence of Series
        One colour each.
    percent : bool
        Whether values are shares, shown as percentages.
    """
    key, used = legend(
        [(s.name, COLOURS[i % len(COLOURS)]) for i, s in enumerate(series)], x=56, y=26, width=width - 70
    )
    top, left, tall = 40 + used, 56.0, 220.0
    tops = [v for s in series for v in (*s.values, *s.high) if math.isfinite(v)]
    ticks = nice_ticks(0.0, max(tops, default=1.0))

    def height(value: float) -> float:
        return top + tall * (1 - value / ticks[-1])

    parts = [text(left, 16, y_label, colour=FAINT), *key]
    for tick in ticks:
        parts += [
            line(left, height(tick), width - 10, height(tick), colour=GRID),
            text(left - 6, height(tick) + 4, _number(tick, percent=percent), anchor="end", colour=FAINT),
        ]
    slot = (width - 10 - left) / max(1, len(groups))
    bar = slot * 0.8 / max(1, len(series))
    for g, group in enumerate(groups):
        start = left + g * slot + slot * 0.1
        parts.append(text(start + slot * 0.4, top + tall + 18, group, anchor="middle"))
        for i, s in enumerate(series):
            value = s.values[g]
            if not math.isfinite(value):
                continue
            x = start + i * bar
            tip = f"{s.name}, {group}: {_number(value, percent=percent, exact=True)}"
            parts.append(
                box(x, height(value), bar * 0.9, top + tall - height(value), colour=COLOURS[i % len(COLOURS)], tip=tip)
            )
            if s.low and math.isfinite(s.low[g]) and math.isfinite(s.high[g]):
                middle = x + bar * 0.45
                parts.append(line(middle, height(max(s.low[g], 0.0)), middle, height(s.high[g]), width=1.2))
    return picture(parts, width=width, height=top + tall + 30, title=title)


def reliability_plot(
    curves: Sequence[tuple[str, Sequence[tuple[float, float, int]]]],
    *,
    title: str,
    x_label: str,
    y_label: str,
    colours: Sequence[str] = COLOURS,
    size: int = 420,
) -> str:
    """Draw the share that came true against the mean risk given; on the diagonal they agree.

    Parameters
    ----------
    curves : sequence of (name, points)
        A point is (mean risk, share, rows).
    colours : sequence of str
        One a curve, so that a method has the colour that it has in the pictures beside this one.
    """
    key, used = legend([(n, colours[i % len(colours)]) for i, (n, _) in enumerate(curves)], x=56, y=8, width=size - 60)
    top, left = 30 + used, 56.0
    side = size - left - 16.0
    limit = nice_ticks(0.0, max((max(r, s) for _, points in curves for r, s, _ in points), default=1.0))
    end = limit[-1]

    def place(risk: float, share: float) -> tuple[float, float]:
        return left + side * risk / end, top + side * (1 - share / end)

    parts = [text(left, top - 8, y_label, colour=FAINT), *key]
    for tick in limit:
        x, y = place(tick, tick)
        parts += [line(left, y, left + side, y, colour=GRID), line(x, top, x, top + side, colour=GRID)]
        parts += [
            text(left - 6, y + 4, _number(tick, percent=True), anchor="end", colour=FAINT),
            text(x, top + side + 16, _number(tick, percent=True), anchor="middle", colour=FAINT),
        ]
    parts.append(line(*place(0, 0), *place(end, end), colour=FAINT, dash="4 4"))
    for i, (name, points) in enumerate(curves):
        colour = colours[i % len(colours)]
        at = [place(risk, share) for risk, share, _ in points]
        track = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        parts.append(f'<polyline points="{track}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        for (x, y), (risk, share, rows) in zip(at, points, strict=True):
            tip = html.escape(f"{name}: {risk:.1%} / {share:.1%} (n = {rows:,})")
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"><title>{tip}</title></circle>')
    parts.append(text(left + side / 2, top + side + 36, x_label, anchor="middle", colour=FAINT))
    return picture(parts, width=size, height=top + side + 46, title=title)


def in_lines(words: str, *, width: float, size: int = 12) -> list[str]:
    """Break a text into lines of at most ``width``: between words, or between Chinese characters.

    >>> in_lines("net income per person", width=100)
    ['net income per', 'person']
    """
    lines = [""]
    for piece in re.findall(r"[\u2e80-\uffff]|[^\s\u2e80-\uffff]+\s*|\s+", words):
        if lines[-1] and text_width((lines[-1] + piece).rstrip(), size=size) > width:
            lines.append("")
        lines[-1] += piece
    return [line.strip() for line in lines]


def horizontal_bars(names: Sequence[str], values: Sequence[float], *, title: str, width: int = 760) -> str:
    """Draw one bar a name, longest first as given; a long name takes several lines."""
    room = min(360.0, max((text_width(n) for n in names), default=60.0) + 12)
    biggest = max(values, default=1.0) or 1.0
    parts: list[str] = []
    y = 8.0
    for name, value in zip(names, values, strict=True):
        length = (width - room - 70) * value / biggest
        lines = in_lines(name, width=room - 10)
        middle = y + 7 * len(lines)
        parts += [text(room - 6, y + 12 + 14 * at, words, anchor="end") for at, words in enumerate(lines)]
        parts += [
            box(room, middle - 7, length, 16, colour=COLOURS[0], tip=f"{name}: {value:.3f}"),
            text(room + length + 6, middle + 5, f"{value:.3f}", colour=FAINT),
        ]
        y += 8 + 14 * len(lines)
    return picture(parts, width=width, height=y + 8, title=title)


def dots_with_intervals(
    names: Sequence[str],
    points: Sequence[tuple[float, float, float]],
    *,
    title: str,
    x_label: str,
    at: float | None = None,
    marked: Sequence[bool] = (),
    percent: bool = True,
    width: int = 760,
) -> str:
    """Draw one line a name: a dot with its interval; NaN draws nothing.

    Parameters
    ----------
    points : sequence of (value, low, high)
        One a name.
    at : float, optional
        Where a dashed line stands to compare with.
    marked : sequence of bool, optional
        Which names are drawn in the colour that warns.
    """
    room = min(300.0, max((text_width(n) for n in names), default=60.0) + 14)
    numbers = [v for point in points for v in point if math.isfinite(v)] + ([at] if at is not None else [])
    ticks = nice_ticks(min(0.0, *numbers) if numbers else 0.0, max(numbers, default=1.0))
    across, top = width - room - 24, 24.0

    def place(value: float) -> float:
        return room + across * (value - ticks[0]) / (ticks[-1] - ticks[0])

    lines = [in_lines(name, width=room - 10) for name in names]
    bottom = top + sum(8 + 14 * len(words) for words in lines)
    parts = [text(room, 12, x_label, colour=FAINT)]
    for tick in ticks:
        parts += [
            line(place(tick), top, place(tick), bottom, colour=GRID),
            text(place(tick), bottom + 15, _number(tick, percent=percent), anchor="middle", colour=FAINT),
        ]
    if at is not None:
        parts.append(line(place(at), top, place(at), bottom, colour=FAINT, dash="4 4"))
    y = top
    for number, (words, (value, low, high)) in enumerate(zip(lines, points, strict=True)):
        middle = y + 4 + 7 * len(words)
        parts += [text(room - 8, y + 15 + 14 * k, part, anchor="end") for k, part in enumerate(words)]
        colour = COLOURS[5] if marked and marked[number] else COLOURS[0]
        if math.isfinite(low) and math.isfinite(high):
            parts.append(line(place(low), middle, place(high), middle, colour=colour, width=2))
        if math.isfinite(value):
            tip = html.escape(f"{names[number]}: {_number(value, percent=percent, exact=True)}")
            parts.append(
                f'<circle cx="{place(value):.1f}" cy="{middle:.1f}" r="4.5" fill="{colour}">'
                f"<title>{tip}</title></circle>"
            )
        y += 8 + 14 * len(words)
    return picture(parts, width=width, height=bottom + 24, title=title)


def timeline(
    rows: Sequence[tuple[str, Sequence[Span]]],
    *,
    kinds: Sequence[tuple[str, str, str]],
    title: str,
    width: int = 760,
) -> str:
    """Draw stretches of time, one line a row.

    Parameters
    ----------
    rows : sequence of (label, spans)
        From top to bottom.
    kinds : sequence of (kind, colour, name)
        For the spans and the legend.
    """
    colours = {kind: colour for kind, colour, _ in kinds}
    days = [day for _, spans in rows for span in spans for day in (span.start, span.end)]
    first, last = min(days), max(days)
    room = max(text_width(label) for label, _ in rows) + 14
    across = width - room - 16
    length = max(1, (last - first).days)

    def place(day: date) -> float:
        return room + across * (day - first).days / length

    key, used = legend([(name, colour) for _, colour, name in kinds], x=room, y=6, width=across)
    top = 14 + used
    bottom = top + 30 * len(rows)
    parts = list(key)
    years = list(range(first.year, last.year + 2))
    for year in years:
        day = date(year, 1, 1)
        if first <= day <= last:
            parts += [
                line(place(day), top, place(day), bottom, colour=GRID),
                text(place(day), bottom + 16, str(year), anchor="middle", colour=FAINT),
            ]
    for number, (label, spans) in enumerate(rows):
        y = top + 30 * number + 5
        parts.append(text(room - 8, y + 14, label, anchor="end"))
        for span in spans:
            wide = max(place(span.end) - place(span.start), 0.0)
            x = place(span.start)
            if span.start == span.end:
                x, wide = x - 2.5, 5.0
            parts.append(box(x, y, wide, 20, colour=colours[span.kind], tip=span.tip))
    return picture(parts, width=width, height=bottom + 26, title=title)


def _number(value: float, *, percent: bool, exact: bool = False) -> str:
    if percent:
        return f"{value:.1%}" if exact else f"{value * 100:g}%"
    return f"{value:.3f}" if exact else f"{value:g}"
