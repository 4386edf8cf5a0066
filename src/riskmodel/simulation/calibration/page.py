"""The calibration report as a Markdown page, and a figure as it reads there."""

from __future__ import annotations

from collections.abc import Sequence

from riskmodel.simulation.calibration.compare import Line
from riskmodel.simulation.calibration.targets import Target

_CERTAINTY = "A official, B secondary, C general knowledge, D arithmetic from A or B, S assumed for simulation"
_SMALL = "Bands are meant for 10,000 households or more: in a smaller county chance alone moves figures out of them."
PAGE = "calibration.md"
VERDICT = {True: "in", False: "OUT", None: "not there"}


def shown(value: float | None) -> str:
    """Return a figure with as many digits as it bears.

    >>> shown(16981.4), shown(3.35), shown(0.0472), shown(None)
    ('16,981', '3.35', '0.047', '')
    """
    if value is None:
        return ""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1 else f"{value:.2g}"


def banded(target: Target) -> str:
    """Return a target's band as it reads in a table."""
    return f"{shown(target.low)} to {shown(target.high)}"


def summary(lines: Sequence[Line]) -> str:
    """Say in a sentence how many figures lie in their bands, and name those that do not."""
    asked = [line for line in lines if line.inside is not None]
    out = [line.name for line in asked if not line.inside]
    said = f"{len(asked) - len(out)} of {len(asked)} figures lie in their bands"
    return f"{said}; out: {', '.join(out)}." if out else f"{said}."


def markdown(lines: Sequence[Line], *, title: str, remark: str = "") -> str:
    """Return the page: per theme a table of targets, bands and simulated figures, with every source; then a remark."""
    legend = f"Certainty of a target: {_CERTAINTY}. Bands are judgements. {_SMALL}"
    parts = [f"# {title}", "", summary(lines), "", legend, ""]
    for theme in dict.fromkeys(line.name.split(".")[0] for line in lines):
        parts += [f"## {theme}", "", "| figure | target | band | simulated | | unit | source | certainty |"]
        parts.append("|---|--:|--:|--:|---|---|---|---|")
        parts += [_row(line) for line in lines if line.name.startswith(f"{theme}.")]
        parts.append("")
    return "\n".join([*parts, remark, ""] if remark else parts)


def _row(line: Line) -> str:
    target = line.target
    cells = [
        line.name.split(".")[1].replace("_", " "),
        shown(target.value),
        banded(target),
        shown(line.simulated),
        VERDICT[line.inside],
        target.unit,
        target.source,
        target.certainty,
    ]
    return f"| {' | '.join(cells)} |"
