"""The page of a watch: one file in Chinese and English that needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import jinja2

from riskmodel.evaluation.page import bilingual_page
from riskmodel.evaluation.subgroups import NOT_RECORDED
from riskmodel.explain.units import percent
from riskmodel.registry.codes import Lang, label
from riskmodel.watching.feeds import amount_change, rows_change
from riskmodel.watching.findings import Finding
from riskmodel.watching.learnt import LEAST_SHOWN, shown_lateness
from riskmodel.watching.page_words import WORDS
from riskmodel.watching.series import Change
from riskmodel.watching.watch import Watch
from riskmodel.watching.words import feed_words, number, say

_FEATURES, _FEEDS = 20, 80
_STYLE = """
.finding{border-left:4px solid #bbb;padding:2px 12px;margin:.8em 0}.finding.needs{border-color:#d55e00}
.finding h3{margin:.2em 0}.finding p{margin:.3em 0}.finding .finding{margin:.4em 0}
"""


def page(watch: Watch) -> str:
    """Return the whole page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("riskmodel.watching"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    template = environment.get_template("monitor.html")
    sections = {}
    for lang in get_args(Lang):
        w = WORDS[lang]
        head = w["head"].format(
            model=watch.model,
            as_of=watch.as_of,
            first=watch.months[0],
            last=watch.months[-2],
            months=len(watch.months) - 1,
        )
        sections[lang] = template.render(
            w={**w, "head": head},
            needs=watch.needs_person,
            findings=[_finding(one, lang) for one in watch.findings],
            sections=[
                _precision(watch, w),
                _features(watch, w, lang),
                _feeds(watch, w, lang),
                _scores(watch, w),
                _cohort(watch, w, lang),
                _groups(watch, w, lang),
            ],
        )
    return bilingual_page(f"{WORDS['zh']['title']} {watch.model} {watch.as_of}", sections, style=_STYLE)


def _finding(one: Finding, lang: Lang) -> dict[str, Any]:
    return {
        "needs_person": one.needs_person,
        "said": say(one, lang),
        "features": [{"words": f[lang], "effect": _signed(f["effect"])} for f in one.features],
        "below": [_finding(under, lang) for under in one.below],
    }


def _section(
    title: str,
    *,
    lines: Sequence[str] = (),
    head: Sequence[str] = (),
    rows: Sequence[Sequence[str]] = (),
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    table = {"head": list(head), "rows": [list(row) for row in rows]} if rows else None
    return {"title": title, "lines": list(lines), "table": table, "notes": list(notes)}


def _precision(watch: Watch, w: dict[str, str]) -> dict[str, Any]:
    estimate, shift = watch.estimate, watch.shift
    first = w["estimate"].format(
        flagged=f"{int(watch.drawn.flagged.sum()):,}",
        mean=percent(watch.mean_risk),
        value=percent(estimate.value),
        low=percent(estimate.low),
        high=percent(estimate.high),
    )
    second = w["shift"].format(months=shift.months, shift=_signed(shift.mean)) if shift.months else w["shift_none"]
    rows = [
        [
            str(month.as_of),
            f"{month.known:,}",
            number(month.expected, 1),
            f"{month.found:,}",
            f"{percent(month.estimated.value)} ({percent(month.estimated.low)}–{percent(month.estimated.high)})",
            f"{percent(month.realised.value)} ({percent(month.realised.low)}–{percent(month.realised.high)})",
            w["yes"] if month.covered else w["no"],
            w["yes"] if month.taught else w["no"],
        ]
        for month in watch.matured
    ]
    head = [w[n] for n in ("as_of", "known", "expected", "found", "estimated", "realised", "covered", "taught")]
    return _section(w["precision"], lines=[first, second], head=head, rows=rows, notes=[w["precision_note"]])


def _features(watch: Watch, w: dict[str, str], lang: Lang) -> dict[str, Any]:
    rows = [
        [
            drift.spec.zh if lang == "zh" else drift.spec.en,
            _signed(None if drift.effect is None else drift.effect.deviation),
            number(None if drift.effect is None else drift.effect.spread, 3),
            _percent(None if drift.missing is None else drift.missing.now),
            _percent(None if drift.missing is None else drift.missing.expected),
            number(drift.index),
            number(drift.usual_index),
            number(drift.mean_before),
            number(drift.mean_now),
        ]
        for drift in watch.features[:_FEATURES]
    ]
    names = ("feature", "effect", "usual", "missing_now", "missing_expected", "index", "usual_index")
    head = [w[name] for name in (*names, "mean_before", "mean_now")]
    return _section(w["features"], head=head, rows=rows, notes=[w["features_note"]])


def _feeds(watch: Watch, w: dict[str, str], lang: Lang) -> dict[str, Any]:
    rows = []
    for feed in watch.feeds[:_FEEDS]:
        counts, amounts = rows_change(feed), amount_change(feed)
        rows.append(
            [
                feed_words(feed.feed, lang),
                f"{int(feed.rows[-1]):,}",
                number(_exp(None if counts is None else counts.expected), 0),
                number(shown_lateness(feed)[-1], 0),
                number(_exp(None if amounts is None else amounts.deviation)),
            ]
        )
    head = [w[name] for name in ("feed", "rows", "rows_expected", "days", "amount_ratio")]
    return _section(w["feeds"], head=head, rows=rows)


def _scores(watch: Watch, w: dict[str, str]) -> dict[str, Any]:
    risks, score = watch.risks, watch.score
    last = score.months[-1]
    expected = None if score.above is None else max(0.0, score.above.expected)
    lines = [
        w["score_line"].format(
            margin=_moved(last["mean_margin"], score.margin), above=_percent(last["above"]), expected=_percent(expected)
        ),
        w["risk_line"].format(
            households=f"{risks['households']:,}",
            mean=percent(risks["mean"]),
            deciles=", ".join(percent(value) for value in risks["deciles"]),
        ),
    ]
    for one in watch.stability:
        told = one.to_dict()
        lines.append(w["stable"].format(**{**told, "source": w[one.source]}))
    return _section(w["scores"], lines=lines)


def _moved(now: float, found: Change | None) -> str:
    return f"{now:.2f}" if found is None else f"{now:.2f} ({_signed(found.deviation)})"


def _cohort(watch: Watch, w: dict[str, str], lang: Lang) -> dict[str, Any]:
    cohort = watch.cohort
    line = w["cohort_line"].format(households=f"{cohort.households:,}", new=f"{cohort.new:,}", gone=f"{cohort.gone:,}")
    parts = {label("household_type", code, lang): counts for code, counts in cohort.types.items()} | dict(
        cohort.townships
    )
    rows = [
        [name, *(_count(counts[when]) for when in ("now", "month_ago", "year_ago"))] for name, counts in parts.items()
    ]
    return _section(w["cohort"], lines=[line], head=[w[n] for n in ("part", "now", "month_ago", "year_ago")], rows=rows)


def _groups(watch: Watch, w: dict[str, str], lang: Lang) -> dict[str, Any]:
    rows = []
    for one in watch.groups:
        name = one.zh if lang == "zh" else one.en
        if one.hidden is not None:
            rows.append([name, w["not_recorded"] if one.hidden == NOT_RECORDED else w["hidden"], "", "", "", ""])
            continue
        rows.append(
            [
                name,
                f"{one.households:,}",
                f"{one.flagged:,}",
                _percent(one.share),
                _percent(one.share_before),
                _percent(one.mean_risk),
            ]
        )
    head = [w[name] for name in ("group", "households", "flagged", "share", "share_before", "mean_risk")]
    return _section(w["groups"], head=head, rows=rows)


def _count(count: float | None) -> str:
    return f"<{LEAST_SHOWN}" if count is None else f"{int(count):,}"


def _percent(share: float | None) -> str:
    return "–" if share is None else percent(share)


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"


def _exp(value: float | None) -> float | None:
    import math

    return None if value is None else math.exp(value)
