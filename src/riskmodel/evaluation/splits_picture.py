"""The split plot: for every test origin, the dates that taught, the months kept free, and the months tested."""

from __future__ import annotations

from riskmodel.drawing import Span, timeline
from riskmodel.training.plan import Plan

_WORDS = {
    "zh": {
        "title": "各检验时点：训练、间隔与检验",
        "window": "训练样本的结果期",
        "teach": "训练时点",
        "gap": "间隔（不用作训练）",
        "test": "检验的结果期",
        "origin": "检验时点",
        "final": "最终模型",
    },
    "en": {
        "title": "Test origins: training, gap, test",
        "window": "outcomes that taught",
        "teach": "training date",
        "gap": "kept free",
        "test": "outcomes tested",
        "origin": "test origin",
        "final": "final model",
    },
}


def splits_svg(plan: Plan, *, lang: str) -> str:
    """Draw the dates of a plan.

    Parameters
    ----------
    plan : Plan
    lang : {"zh", "en"}
    """
    words = _WORDS[lang]
    rows = []
    for origin in plan.origins:
        ends = plan.horizon.known_on(origin.training[-1])
        spans = [
            Span(start=origin.training[0], end=ends, kind="window", tip=f"{origin.training[0]} – {ends}"),
            Span(start=ends, end=origin.as_of, kind="gap", tip=f"{ends} – {origin.as_of}"),
        ]
        spans = [span for span in spans if span.end > span.start]
        spans += [Span(start=day, end=day, kind="teach", tip=str(day)) for day in origin.training]
        known = plan.horizon.known_on(origin.as_of)
        spans += [
            Span(start=origin.as_of, end=known, kind="test", tip=f"{origin.as_of} – {known}"),
            Span(start=origin.as_of, end=origin.as_of, kind="origin", tip=str(origin.as_of)),
        ]
        rows.append((str(origin.as_of), spans))
    ends = plan.horizon.known_on(plan.training[-1])
    final = [Span(start=plan.training[0], end=ends, kind="window", tip=f"{plan.training[0]} – {ends}")]
    final += [Span(start=day, end=day, kind="teach", tip=str(day)) for day in plan.training]
    rows.append((words["final"], final))
    kinds = [
        ("window", "#b3d4e8", words["window"]),
        ("teach", "#0072b2", words["teach"]),
        ("gap", "#eeeeee", words["gap"]),
        ("test", "#f6d28f", words["test"]),
        ("origin", "#d55e00", words["origin"]),
    ]
    return timeline(rows, kinds=kinds, title=words["title"])
