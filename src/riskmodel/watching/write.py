"""What a watch leaves: ``monitor.json`` and ``monitor.html``, whole or not at all."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from riskmodel.files import write_aside
from riskmodel.watching.feeds import amount_change, rows_change
from riskmodel.watching.findings import Finding
from riskmodel.watching.learnt import Learnt, shown_lateness
from riskmodel.watching.page import page
from riskmodel.watching.watch import Watch
from riskmodel.watching.words import say

JSON, PAGE = "monitor.json", "monitor.html"


def write_watch(watch: Watch, out: Path) -> None:
    """Write both files into the folder ``out``; neither takes its place before both are written."""
    shown, measured = page(watch), json.dumps(told(watch), ensure_ascii=False, indent=1, allow_nan=False)
    with write_aside(out / JSON) as told_aside, write_aside(out / PAGE) as page_aside:
        told_aside.write_text(measured + "\n", encoding="utf-8")
        page_aside.write_text(shown, encoding="utf-8")


def told(watch: Watch) -> dict[str, Any]:
    """Return a watch as plain data; it holds no household's id."""
    return _finite(
        {
            "as_of": str(watch.as_of),
            "model": watch.model,
            "reference": [str(day) for day in watch.months[:-1]],
            "needs_person": watch.needs_person,
            "findings": [_finding(one) for one in watch.findings],
            "precision": {
                "flagged": int(watch.drawn.flagged.sum()),
                "mean_risk": watch.mean_risk,
                "estimated": watch.estimate.to_dict(),
                "set_right_by": dict(vars(watch.shift)),
                "matured": [month.to_dict() for month in watch.matured],
            },
            "features": [drift.to_dict() for drift in watch.features],
            "feeds": [_feed(feed) for feed in watch.feeds],
            "score": {**watch.score.to_dict(), "risks": watch.risks},
            "list": [one.to_dict() for one in watch.stability],
            "cohort": watch.cohort.to_dict(),
            "groups": [one.to_dict() for one in watch.groups],
        }
    )


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "place": one.place,
        "needs_person": one.needs_person,
        "size": one.size,
        **{lang: say(one, lang)._asdict() for lang in ("zh", "en")},
        "figures": dict(one.figures),
        "features": [dict(feature) for feature in one.features],
        "below": [_finding(under) for under in one.below],
    }


def _feed(feed: Learnt) -> dict[str, Any]:
    rows, amounts = rows_change(feed), amount_change(feed)
    return {
        "feed": "/".join(part for part in feed.feed if part),
        "rows": [int(count) for count in feed.rows],
        "days_late": shown_lateness(feed),
        "rows_change": None if rows is None else rows.to_dict(),
        "amounts_change": None if amounts is None else amounts.to_dict(),
    }


def _finite(value: Any) -> Any:
    """Return plain data with nothing in place of what is no number: JSON has none."""
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
