"""What the report says of a run and of a household, in either language."""

from __future__ import annotations

import numpy as np

from riskmodel.explain.units import percent
from riskmodel.registry.codes import Lang, label
from riskmodel.report.data import MOSTLY_MISSING, Flag, Reason, ReportData
from riskmodel.report.histories import History
from riskmodel.report.vocabulary import word


def horizon(data: ReportData, lang: Lang) -> str:
    """Return the words for how far the outcome looks ahead."""
    months = data.horizon_months
    return word("horizon_unknown", lang) if months is None else word("horizon_known", lang, n=months)


def question(data: ReportData, lang: Lang) -> list[str]:
    """Return in words what the model predicts and of whom, as far as its manifest says so."""
    manifest = data.record["model"]["manifest"]
    outcome, cohort = manifest.get(f"outcome_{lang}"), manifest.get(f"cohort_{lang}")
    said = [word("need_is", lang, outcome=outcome)] if outcome else []
    return said + ([word("cohort_is", lang, cohort=cohort)] if cohort else [])


def one_in(risk: float) -> tuple[int, int]:
    """Return a risk as so many (a) of so few (b) that anyone can picture it.

    >>> one_in(0.13), one_in(0.34), one_in(0.62), one_in(0.031), one_in(0.99)
    ((1, 8), (1, 3), (6, 10), (1, 32), (10, 10))
    """
    if risk >= 0.4:
        return round(10 * risk), 10
    return 1, round(1 / risk)


def meaning(flag: Flag, data: ReportData, lang: Lang) -> str:
    """Return what the score means: so many of how many, so many times the mean, which place in the queue.

    Outside the model's cohort it has never been tested and means none of that: there, the words say so.
    """
    if not flag.in_cohort:
        return word("outside", lang)
    ahead = horizon(data, lang)
    if flag.risk >= 0.0095:
        few, many = one_in(flag.risk)
        first = word("one_in", lang, a=few, b=many, horizon=ahead)
    elif flag.risk >= 0.0005:
        first = word("below_one", lang, n=max(1, round(1000 * flag.risk)), horizon=ahead)
    else:
        first = word("below_thousandth", lang, horizon=ahead)
    mean = data.mean_risk
    against = word(
        "against_mean",
        lang,
        mean=percent(mean),
        times=f"{flag.risk / mean:.1f}" if mean > 0 else "–",
        queue=f"{data.counts['eligible']:,}",
        rank=f"{flag.rank:,}",
    )
    town = word(
        "standing",
        lang,
        township=flag.township or word("no_code", lang),
        queue=f"{flag.queue:,}",
        place=f"{flag.place:,}",
    )
    return "".join([first, against, town]) if lang == "zh" else " ".join([first, against, town])


def unseen(flag: Flag, data: ReportData, lang: Lang) -> str:
    """Return which of the household's values lie outside what the model saw, at most three by name; "" for none."""
    if not flag.unseen:
        return ""
    names = [getattr(data.words[name], lang) for name in flag.unseen[:3]]
    more = [word("unseen_more", lang, n=len(flag.unseen) - 3)] if len(flag.unseen) > 3 else []
    joined = "、".join(names) + "".join(more) if lang == "zh" else "; ".join([*names, *more])
    return word("unseen", lang, names=joined)


def little_known(flag: Flag, lang: Lang) -> str:
    """Return a warning where most of what the model asks is missing, else ""."""
    return word("little_known", lang, share=percent(flag.missing_share)) if flag.missing_share > MOSTLY_MISSING else ""


def together(reason: Reason, lang: Lang) -> str:
    """Return how many other figures of the same idea are in a contribution, "" for none."""
    n = len(reason.together)
    return "" if not n else word("together_one", lang) if n == 1 else word("together", lang, n=n)


def category(flag: Flag, lang: Lang) -> str:
    """Return the proposed category in words."""
    return label("listing_category", flag.category, lang) if flag.category else word("none", lang)


def source(flag: Flag, lang: Lang) -> str:
    """Return who flagged the household, in words."""
    return word(f"by_{flag.flagged_by}", lang)


def rules(flag: Flag, data: ReportData, lang: Lang) -> list[str]:
    """Return the rules that name the household, in the words of the run's record."""
    said = {rule["name"]: rule[lang] for rule in data.record["rules"]}
    return [said.get(name, name) for name in flag.rules]


def risk_types(flag: Flag, lang: Lang) -> list[tuple[str, str]]:
    """Return (code, words) of the household's risk types; what points to nothing in particular comes last."""
    ordered = sorted(flag.risk_types, key=lambda kind: kind == "other")
    return [(kind, label("risk_type", kind, lang)) for kind in ordered]


def measures(flag: Flag, lang: Lang) -> list[str]:
    """Return the proposed measures in words."""
    return [label("measure_kind", measure, lang) for measure in flag.measures]


def has_income(history: History) -> bool:
    """Return whether a history holds any quarter of income to draw."""
    return not bool(np.isnan(history.income).all())


def provenance(data: ReportData, lang: Lang) -> list[str]:
    """Return what the pages were made from, how the contributions were checked, and which tables are absent."""
    record = data.record
    check, explained = record["contributions_check"], record["explanations"]
    by = (
        word("explained_by_lightgbm", lang)
        if explained["by"] == "lightgbm"
        else word(
            "explained_by",
            lang,
            by=explained["by"],
            n=explained["rows_checked"],
            off=f"{explained['against_lightgbm']:.1e}",
        )
    )
    made = word(
        "made_from", lang, registry=record["registry"]["fingerprint"], catalogue=record["model"]["catalogue_hash"]
    )
    added = word("checked", lang, margin=f"{check['against_margin']:.1e}")
    return [
        made,
        by + added if lang == "zh" else f"{by} {added}",
        *(word("absent", lang, table=name, n=len(features)) for name, features in record["registry"]["absent"].items()),
    ]
