"""Tables and estimates as the report's pages write them."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from riskmodel.evaluation.bootstrap import Estimate


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; a row of two cells says in its second, across all columns, why there is no more."""
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = []
    for row in rows:
        cells = [html.escape(cell) for cell in row]
        if len(row) == 2:
            body.append(f'<tr><td>{cells[0]}</td><td colspan="{len(head) - 1}" class="why">{cells[1]}</td></tr>')
        else:
            told_of = "".join(f"<td>{cell}</td>" for _, cell in zip(head, cells, strict=True))
            body.append(f"<tr>{told_of}</tr>")
    return f"<div class='scroll'><table class='told'><tr>{top}</tr>{''.join(body)}</table></div>"


def told(estimate: Estimate, *, share: bool = False, digits: int = 2, sign: bool = False) -> str:
    """Return an estimate with its interval, where it has one.

    >>> told(Estimate(value=3.43, low=2.98, high=4.18), digits=1)
    '3.4 (3.0–4.2)'
    >>> told(Estimate(value=-0.041, low=-0.1, high=0.02), share=True, sign=True)
    '−4.1 (−10.0, +2.0)'
    """
    if math.isnan(estimate.value):
        return "–"
    times, digits = (100, 1) if share else (1, digits)
    kind = "+" if sign else ""
    value, low, high = (
        f"{round(v * times, digits) + 0.0:{kind}.{digits}f}".replace("-", "−")
        for v in (estimate.value, estimate.low, estimate.high)
    )
    unit = "%" if share and not sign else ""
    if math.isnan(estimate.low):
        return value + unit
    return f"{value}{unit} ({low}, {high})" if sign else f"{value}{unit} ({low}–{high})"
