"""The small picture of a household's last three years: income by source against the line, shocks marked."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from riskmodel.drawing import FAINT, GRID, INK, box, line, nice_ticks, picture, text, text_width
from riskmodel.registry.codes import Lang, label
from riskmodel.report.charts import MARK, inline
from riskmodel.report.histories import SOURCES, History

# Told apart in grey by their lightness, from dark to light, in the order in which they are stacked.
FILLS = ("#1f4e63", "#6f97a8", "#a9c3cd", "#dbe6ea")
_MARKS = {
    "illness": ("病", "ill"),
    "accident": ("伤", "acc"),
    "disaster": ("灾", "dis"),
    "job_loss": ("失业", "job"),
    "enterprise_failure": ("亏损", "ent"),
    "death": ("亡", "death"),
}
_SOURCE_WORDS = {
    "wage": ("工资", "wages"),
    "operating": ("经营（减成本）", "farm and business, less costs"),
    "property": ("财产", "property"),
    "transfer": ("转移", "transfers"),
}
_TOP, _LEFT, _TALL = 30.0, 52.0, 74.0


def history_picture(history: History, *, title: str, per: str, line_word: str, lang: Lang, width: int = 720) -> Markup:
    """Draw twelve quarters: yuan per person by source, stacked; the quarter's part of the line, dashed; events above.

    Parameters
    ----------
    title : str
        What the picture is, for who cannot see it.
    per, line_word : str
        The words of the axis and of the line.
    """
    income = np.nan_to_num(history.income)
    up, down = np.maximum(income, 0.0), np.minimum(income, 0.0)
    highest = max(up.sum(axis=1).max(initial=0.0), np.nanmax(np.append(history.line, 1.0)))
    lowest = down.sum(axis=1).min(initial=0.0)
    ticks = nice_ticks(min(lowest, 0.0), highest, about=3)
    span = ticks[-1] - ticks[0]
    across = width - _LEFT - 8

    def level(amount: float) -> float:
        return _TOP + _TALL * (ticks[-1] - amount) / span

    parts = [_legend(line_word, lang, width)]
    for tick in ticks:
        parts += [
            line(_LEFT, level(tick), _LEFT + across, level(tick), colour=GRID),
            text(_LEFT - 6, level(tick) + 4, f"{tick:,.0f}", anchor="end", colour=FAINT),
        ]
    slot = across / len(history.quarters)
    for number, quarter in enumerate(history.quarters):
        x = _LEFT + number * slot
        if np.isnan(history.income[number]).all():
            parts.append(text(x + slot / 2, level(0) - 4, "–", anchor="middle", colour=FAINT))
        above = below = 0.0
        for position in range(len(SOURCES)):
            for amounts, positive in ((up, True), (down, False)):
                amount = float(amounts[number, position])
                if amount == 0:
                    continue
                start = above if positive else below
                high, low = (start + amount, start) if positive else (start, start + amount)
                name = _SOURCE_WORDS[SOURCES[position]][lang == "en"]
                parts.append(
                    _bar(x + 5, level(high), slot - 10, level(low) - level(high), position, f"{name}: {amount:,.0f}")
                )
                above, below = (above + amount, below) if positive else (above, below + amount)
        if not np.isnan(history.line[number]):
            y = level(float(history.line[number]))
            parts.append(line(x, y, x + slot, y, colour=MARK, width=1.6, dash="5 3"))
        said = " ".join(_MARKS[kind][lang == "en"] for kind in history.events[number] if kind in _MARKS)
        if said:
            top = min(level(above), level(float(np.nan_to_num(history.line[number])))) - 5
            words = ", ".join(label("event_kind", kind, lang) for kind in history.events[number])
            parts.append(_event(x + slot / 2, max(top, _TOP - 2), said, words))
        parts.append(
            text(
                x + slot / 2,
                _TOP + _TALL + 14,
                f"{quarter.year % 100:02d}-{quarter.month:02d}",
                anchor="middle",
                colour=FAINT,
                size=10,
            )
        )
    parts.append(line(_LEFT, level(0), _LEFT + across, level(0), colour=FAINT))
    parts.append(text(0, 10, per, colour=FAINT, size=10))
    return inline(picture(parts, width=width, height=_TOP + _TALL + 18, title=title))


def _bar(x: float, y: float, width: float, height: float, position: int, tip: str) -> str:
    # The lightest would be lost on white paper: every bar has an edge.
    drawn = box(x, y, width, max(height, 0.4), colour=FILLS[position], tip=tip)
    return drawn.replace("<rect ", f'<rect stroke="{FILLS[0]}" stroke-width="0.6" ', 1)


def _event(x: float, y: float, said: str, words: str) -> str:
    shown = text(x, y, f"▼{said}", anchor="middle", colour=INK, size=10)
    return shown.replace("</text>", f"<title>{Markup.escape(words)}</title></text>", 1)


def _legend(line_word: str, lang: Lang, width: int) -> str:
    parts = []
    x = float(width)
    x -= text_width(line_word, size=10) + 4
    parts.append(text(x, 10, line_word, colour=FAINT, size=10))
    parts.append(line(x - 24, 6.5, x - 4, 6.5, colour=MARK, width=1.6, dash="5 3"))
    x -= 36
    for position in reversed(range(len(SOURCES))):
        name = _SOURCE_WORDS[SOURCES[position]][lang == "en"]
        x -= text_width(name, size=10) + 4
        parts.append(text(x, 10, name, colour=FAINT, size=10))
        parts.append(_bar(x - 15, 1, 11, 11, position, name))
        x -= 26
    return "".join(parts)
