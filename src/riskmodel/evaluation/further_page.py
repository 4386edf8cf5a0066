"""The sections of the evaluation report on visits, townships, groups, totals, assistance, other outcomes, lead time."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from riskmodel.drawing import Series, dots_with_intervals, grouped_bars
from riskmodel.evaluation.ablation import DRAWS, Theme
from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.evaluation.further import Further
from riskmodel.evaluation.further_words import WORDS
from riskmodel.evaluation.lead_time import LeadTime
from riskmodel.evaluation.metrics import capacity_label
from riskmodel.evaluation.other_eyes import View
from riskmodel.evaluation.reasons_page import reasons_section
from riskmodel.evaluation.results import Evaluation
from riskmodel.evaluation.subgroups import COMPARED, LEAST_CLUSTERS, Cell
from riskmodel.evaluation.told import grid, told
from riskmodel.evaluation.townships import TownshipLists

_SHARES = ("recall", "precision", "false_omission", "listed_share", "mean_risk", "share")
_MARK = " ▲"


def further_sections(evaluation: Evaluation, lang: str) -> str:
    """Return the sections; nothing where nothing further was asked."""
    further = evaluation.further
    if further is None:
        return ""
    level = f"{evaluation.experiment.intervals.level:.0%}"
    parts = [_visits(further, lang, level=level)]
    if further.townships is not None:
        parts.append(_townships(further, further.townships, lang))
    if further.subgroups:
        parts.append(_groups(further, lang, level=evaluation.experiment.intervals.level))
    parts += [_totals(further, lang), _treatment(further, lang)]
    if further.by_outcome:
        parts.append(_section("outcomes", lang) + _views(further.by_outcome, further, lang))
    if further.lead_time is not None:
        parts.append(_lead(further, further.lead_time, lang))
    if further.stability:
        parts.append(_stability(further, lang))
    if further.reasons is not None:
        parts.append(reasons_section(further.reasons, share=share_of(further.capacity), lang=lang))
    if further.shuffled:
        parts.append(_themes(further, lang))
    return "".join(parts)


def share_of(capacity: float) -> str:
    """Return a capacity as text."""
    return capacity_label(capacity).replace("pct", "%")


def _section(key: str, lang: str, **fill: object) -> str:
    words = WORDS[lang]
    return f"<h2>{words[key]}</h2><p class='note'>{html.escape(words[f'{key}_note'].format(**fill))}</p>"


def _visits(further: Further, lang: str, *, level: str) -> str:
    words = WORDS[lang]
    rows = [
        [
            share_of(v.capacity),
            f"{v.listed:,.0f}",
            f"{v.caught:,.1f}",
            told(v.visits_per_case, digits=1),
            told(v.precision, share=True),
            told(v.recall, share=True),
        ]
        for v in further.visits
    ]
    tied = [
        words["tied"].format(share=share_of(v.capacity), tied=v.tied, places=v.places) for v in further.visits if v.tied
    ]
    notes = "".join(f"<p class='note'>{html.escape(line)}</p>" for line in tied or [words["no_ties"]])
    return _section("visits", lang, level=level) + grid(words["visits_head"], rows) + notes


def _townships(further: Further, found: TownshipLists, lang: str) -> str:
    words, share = WORDS[lang], share_of(further.capacity)
    rows = [
        [
            share_of(capacity),
            told(own["recall"], share=True),
            told(county["recall"], share=True),
            told(less["recall"], share=True, sign=True),
            told(own["visits_per_case"], digits=1),
            told(county["visits_per_case"], digits=1),
        ]
        for capacity, own, county, less in zip(found.capacities, found.own, found.county, found.less, strict=True)
    ]
    each = []
    for own, county in zip(found.by_township_own, found.by_township_county, strict=True):
        if own.hidden is not None:
            each.append(_hidden(own, further, lang))
            continue
        estimates = [own.estimates["recall"], own.estimates["precision"]]
        estimates += [county.estimates[m] for m in ("recall", "precision", "listed_share")]
        each.append([*_counts(own, lang), *(told(e, share=True) for e in estimates)])
    seen = [cell for cell in found.by_township_own if cell.hidden is None]
    main = found.capacities.index(further.capacity)
    picture = dots_with_intervals(
        [_name(cell, lang) for cell in seen],
        [_point(cell.estimates["recall"]) for cell in seen],
        title=words["by_township_picture"],
        x_label=words["recall"],
        at=found.own[main]["recall"].value,
    )
    drawn = f"<h3>{words['by_township_picture']}</h3>{picture}" if seen else ""
    return (
        _section("townships", lang)
        + grid(words["townships_head"], rows)
        + drawn
        + _folded(
            words["by_township"].format(share=share),
            grid(words["by_township_head"], each) + _few_villages(seen, lang),
        )
    )


def _groups(further: Further, lang: str, *, level: float) -> str:
    words = WORDS[lang]
    groups = [cell for cell in further.subgroups if not cell.township]
    townships = [cell for cell in further.subgroups if cell.township]
    compared = sum(len(cell.differences) for cell in further.subgroups)
    seen = [cell for cell in groups if cell.hidden is None]
    recall = next(v.recall for v in further.visits if v.capacity == further.capacity)
    picture = dots_with_intervals(
        [_name(cell, lang) for cell in seen],
        [_point(cell.estimates["recall"]) for cell in seen],
        title=words["groups_picture"],
        x_label=words["recall"],
        at=recall.value,
        marked=[cell.differs("recall") for cell in seen],
    )
    note = {"share": share_of(further.capacity), "compared": compared, "chance": f"{compared * (1 - level):.1f}"}
    parts = [_section("groups", lang, **note), _flagged(further, lang)]
    if groups:
        parts += [_group_table(groups, further, lang), _few_villages(seen, lang)]
    if seen:
        parts.append(f"<h3>{words['groups_picture']}</h3>{picture}")
    if townships:
        parts.append(_folded(words["groups_townships"], _group_table(townships, further, lang)))
    differences = [
        [_name(cell, lang), *(_less(cell, m) + (_MARK if cell.differs(m) else "") for m in COMPARED)]
        for cell in further.subgroups
        if cell.differences
    ]
    parts.append(_folded(words["groups_differences"], grid(words["groups_differences_head"], differences)))
    return "".join(parts)


def _group_table(cells: Sequence[Cell], further: Further, lang: str) -> str:
    rows = []
    for cell in cells:
        if cell.hidden is not None:
            rows.append(_hidden(cell, further, lang))
            continue
        said = [
            told(cell.estimates[m], share=m in _SHARES) + (_MARK if cell.differs(m) else "")
            for m in ("recall", "precision", "false_omission", "observed_to_expected")
        ]
        risk, share = cell.estimates["mean_risk"].value, cell.estimates["share"].value
        rows.append([*_counts(cell, lang), *said[:3], f"{risk:.1%} → {share:.1%}", said[3]])
    return grid(WORDS[lang]["groups_head"], rows)


def _folded(summary: str, body: str) -> str:
    return f"<details><summary>{html.escape(summary)}</summary>{body}</details>"


def flags(further: Further, lang: str) -> list[str]:
    """Return one sentence for each group that differs from everyone else."""
    words, between = WORDS[lang], "；" if lang == "zh" else "; "
    said = []
    for cell in further.subgroups:
        measures = [
            words["higher" if cell.differences[m].value > 0 else "lower"].format(
                measure=words["measures"][m],
                difference=_less(cell, m) + (words["points"] if m in _SHARES else ""),
            )
            for m in cell.flagged
        ]
        if measures:
            said.append(words["flag"].format(group=_name(cell, lang), measures=between.join(measures)))
    return said


def _flagged(further: Further, lang: str) -> str:
    words, said = WORDS[lang], flags(further, lang)
    if said:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in said)
        return f'<div class="lost"><b>{html.escape(words["groups_flagged"])}</b><ul>{items}</ul></div>'
    compared = any(cell.differences for cell in further.subgroups)
    return f"<p>{html.escape(words['groups_none_flagged'])}</p>" if compared else ""


def _less(cell: Cell, measure: str) -> str:
    return told(cell.differences[measure], share=measure in _SHARES, sign=True)


def _name(cell: Cell, lang: str) -> str:
    return cell.zh if lang == "zh" else cell.en


def _counts(cell: Cell, lang: str) -> list[str]:
    return [_name(cell, lang), f"{cell.rows:,}", f"{cell.positives:,}", f"{cell.clusters:,}"]


def _hidden(cell: Cell, further: Further, lang: str) -> list[str]:
    why = WORDS[lang]["hidden"][cell.hidden]
    return [_name(cell, lang), why.format(rows=further.smallest.rows, positives=further.smallest.positives)]


def _few_villages(cells: Sequence[Cell], lang: str) -> str:
    if all(cell.clusters is not None and cell.clusters >= LEAST_CLUSTERS for cell in cells):
        return ""
    return _few_villages_note(lang)


def _few_villages_note(lang: str) -> str:
    return f"<p class='note'>{html.escape(WORDS[lang]['few_villages'].format(least=LEAST_CLUSTERS))}</p>"


def _point(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.low, estimate.high


def _totals(further: Further, lang: str) -> str:
    words = WORDS[lang]
    rows = [
        [
            words.get(total.origin, total.origin),
            f"{total.rows:,}",
            told(total.expected, digits=1),
            told(total.observed, digits=0),
            told(total.ratio) + (_MARK if total.off else ""),
        ]
        for total in further.totals
    ]
    return _section("totals", lang) + grid(words["totals_head"], rows)


def _treatment(further: Further, lang: str) -> str:
    said = _section("treatment", lang)
    if len(further.by_treatment) < 2:
        return f"{said}<p>{html.escape(WORDS[lang]['treatment_missing'])}</p>"
    return said + _views(further.by_treatment, further, lang)


def _views(views: Sequence[View], further: Further, lang: str) -> str:
    words, share = WORDS[lang], share_of(further.capacity)
    label = capacity_label(further.capacity)
    rows = []
    for view in views:
        name = view.zh if lang == "zh" else view.en
        if view.hidden is not None:
            why = words["hidden"][view.hidden]
            rows.append([name, why.format(rows=further.smallest.rows, positives=further.smallest.positives)])
            continue
        found = view.estimates
        rows.append(
            [
                name,
                f"{view.rows:,}",
                f"{view.positives:,}",
                told(found["auc"], digits=3),
                told(found["average_precision"], digits=3),
                told(found[f"recall_at_{label}"], share=True),
                told(found[f"precision_at_{label}"], share=True),
                told(found["observed_to_expected"]),
            ]
        )
    bare = any(math.isnan(e.low) and not math.isnan(e.value) for view in views for e in view.estimates.values())
    return grid([cell.format(share=share) for cell in words["view_head"]], rows) + (
        _few_villages_note(lang) if bare else ""
    )


def _lead(further: Further, found: LeadTime, lang: str) -> str:
    words, least = WORDS[lang], further.smallest.positives
    lines = []
    for key, quartiles, n, already in (
        ("lead_line", found.flagged, found.n_flagged, found.already_flagged),
        ("missed_line", found.missed, found.n_missed, found.already_missed),
    ):
        if quartiles is not None:
            low, middle, high = (f"{q:g}" for q in quartiles)
            said = {"middle": middle, "low": low, "high": high}
            if n is None or already is None:
                lines.append(words[f"{key}_uncounted"].format(least=least, **said))
            else:
                lines.append(words[key].format(total=n + already, already=already, n=n, **said))
        elif key == "lead_line":
            lines.append(words["lead_few"].format(least=least))
    head = _section("lead", lang, share=share_of(found.capacity))
    return head + "".join(f"<p>{html.escape(line)}</p>" for line in lines) + _lead_picture(found, lang, least=least)


def _lead_picture(found: LeadTime, lang: str, *, least: int) -> str:
    words = WORDS[lang]
    if not found.by_month:
        return f"<p class='note'>{html.escape(words['lead_no_picture'].format(least=least))}</p>"
    drawn = grouped_bars(
        [str(first) if first == last else f"{first}–{last}" for first, last, _, _ in found.by_month],
        [
            Series(name=words["on_list"], values=[float(on) for _, _, on, _ in found.by_month]),
            Series(name=words["off_list"], values=[float(off) for _, _, _, off in found.by_month]),
        ],
        title=words["lead_picture"],
        y_label=words["lead_axis"],
        percent=False,
    )
    note = ""
    if any(first < last for first, last, _, _ in found.by_month):
        note = f"<p class='note'>{html.escape(words['lead_merged'].format(least=least))}</p>"
    return f"<h3>{words['lead_picture']}</h3>{drawn}{note}"


def _stability(further: Further, lang: str) -> str:
    words = WORDS[lang]
    rows = [
        [
            words.get(one.origin, one.origin),
            f"{one.rows:,}",
            told(one.stays, share=True),
            f"{one.jaccard:.1%}",
            "–" if math.isnan(one.still_near) else f"{one.still_near:.1%}",
            "–" if math.isnan(one.rank_correlation) else f"{one.rank_correlation:.3f}",
        ]
        for one in further.stability
    ]
    return _section("stability", lang, share=share_of(further.capacity)) + grid(words["stability_head"], rows)


def _themes(further: Further, lang: str) -> str:
    words = WORDS[lang]
    names = [theme.zh if lang == "zh" else theme.en for theme in further.shuffled]
    picture = dots_with_intervals(
        names,
        [_point(theme.worth["average_precision"]) for theme in further.shuffled],
        title=words["themes_picture"],
        x_label=words["themes_axis"],
        at=0.0,
        percent=False,
    )
    parts = [
        _section("themes", lang, draws=DRAWS),
        _theme_table(further.shuffled, lang),
        f"<h3>{words['themes_picture']}</h3>{picture}",
    ]
    if further.left_out:
        parts.append(f"<h3>{words['left_out']}</h3>{_theme_table(further.left_out, lang)}")
    return "".join(parts)


def _theme_table(themes: Sequence[Theme], lang: str) -> str:
    rows = [
        [
            theme.zh if lang == "zh" else theme.en,
            str(theme.features),
            *(told(e, digits=3, share=m.startswith("recall"), sign=True) for m, e in theme.worth.items()),
        ]
        for theme in themes
    ]
    return grid(WORDS[lang]["themes_head"], rows)
