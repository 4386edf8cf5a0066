"""The evaluation report: one HTML page in Chinese and English with its pictures inside, no script, nothing fetched."""

from __future__ import annotations

import html
from collections.abc import Sequence

from riskmodel.drawing import COLOURS, Series, grouped_bars, horizontal_bars, reliability_plot
from riskmodel.evaluation.compare import Table, headline_measures
from riskmodel.evaluation.contents import with_contents
from riskmodel.evaluation.drift_words import drift_sentence
from riskmodel.evaluation.findings import (
    best_of,
    compared,
    findings,
    measure_name,
    mode_name,
    shown,
    signed,
    table_name,
)
from riskmodel.evaluation.further_page import further_sections
from riskmodel.evaluation.metrics import capacity_label
from riskmodel.evaluation.page import bilingual_page
from riskmodel.evaluation.regret_page import regret_section
from riskmodel.evaluation.report_words import WORDS, how_measured
from riskmodel.evaluation.results import OUT_OF_TIME, Evaluation
from riskmodel.evaluation.selection_words import choice_html
from riskmodel.evaluation.splits_picture import splits_svg


def evaluation_html(evaluation: Evaluation) -> str:
    """Return the whole page; the reader picks the language, Chinese first."""
    title = evaluation.experiment.title_zh or evaluation.experiment.name
    return bilingual_page(
        f"{title} · {WORDS['zh']['title']}", {lang: _section(evaluation, lang) for lang in ("zh", "en")}
    )


def _section(evaluation: Evaluation, lang: str) -> str:
    words, experiment = WORDS[lang], evaluation.experiment
    title = (experiment.title_zh if lang == "zh" else experiment.title_en) or experiment.name
    at = 0 if lang == "zh" else 1
    parts = [
        f"<h1>{html.escape(title)} · {words['title']}</h1>",
        f"<p>{words['outcome']}{html.escape(evaluation.outcome_words[at])}<br>"
        f"{words['cohort']}{html.escape(evaluation.cohort_words[at])}</p>",
        f'<p class="note">{words["clue"]}</p>',
        _drift(evaluation, lang),
        _findings(evaluation, lang),
        f'<p class="note">{"<br>".join(html.escape(line) for line in compared(evaluation, lang))}</p>',
    ]
    for mode, tables in evaluation.tables.items():
        parts += [
            f"<h2>{words['results']}{mode_name(mode, lang)}</h2>",
            _scores_table(evaluation.summary(mode), evaluation, mode=mode, lang=lang),
            _pictures(evaluation, mode, lang),
        ]
        if len(tables) > 1:
            parts += [_by_origin(evaluation, mode, lang)]
            parts += [_scores_table(table, evaluation, mode=mode, lang=lang) for table in evaluation.single(mode)]
    parts += [further_sections(evaluation, lang), regret_section(evaluation, lang), choice_html(evaluation, lang)]
    if evaluation.plan.origins:
        parts += [f"<h2>{words['splits']}</h2>", splits_svg(evaluation.plan, lang=lang)]
    parts += [
        f"<h2>{words['importance']}</h2><p class='note'>{words['importance_note']}</p>",
        _importance(evaluation, lang),
        f"<h2>{words['flow']}</h2>",
        _flow(evaluation, lang),
        f"<h2>{words['how']}</h2><ul>",
        *(f"<li>{html.escape(line)}</li>" for line in how_measured(evaluation, lang)),
        "</ul>",
    ]
    return with_contents("".join(parts), lang=lang)


def _findings(evaluation: Evaluation, lang: str) -> str:
    said = findings(evaluation)
    out = []
    for good, kind in ((False, "lost"), (True, "won")):
        lines = [html.escape(f.zh if lang == "zh" else f.en) for f in said if f.good is good]
        if lines:
            items = "".join(f"<li>{line}</li>" for line in lines)
            out.append(f'<div class="{kind}"><b>{WORDS[lang][kind]}</b><ul>{items}</ul></div>')
    return "".join(out)


def _drift(evaluation: Evaluation, lang: str) -> str:
    if evaluation.drift is None:
        return ""
    kind = "lost" if evaluation.drift.seen else "won"
    return f'<p class="{kind}">{html.escape(drift_sentence(evaluation.drift, lang))}</p>'


def _rows_note(table: Table, lang: str) -> str:
    share = table.positives / table.rows
    return WORDS[lang]["rows_note"].format(
        rows=f"{table.rows:,}",
        positives=f"{table.positives:,}",
        share=f"{share:.1%}",
        trained=f"{table.trained_rows:,}",
        trained_positives=f"{table.trained_positives:,}",
    )


def _scores_table(table: Table, evaluation: Evaluation, *, mode: str, lang: str) -> str:
    names = {s.name: (s.zh if lang == "zh" else s.en) for s in evaluation.scorers}
    measures = list(table.estimates["model"])
    head = "".join(f"<th>{html.escape(names[s])}</th>" for s in table.estimates)
    body = []
    for measure in measures:
        best = best_of(table, measure)
        cells = "".join(
            f"<td{' class=best' if scorer == best else ''}>"
            f"{html.escape(shown(by[measure], measure)) if measure in by else '–'}</td>"
            for scorer, by in table.estimates.items()
        )
        body.append(f"<tr><td>{html.escape(measure_name(measure, lang))}</td>{cells}</tr>")
    caption = table_name(table, lang) if mode == OUT_OF_TIME else mode_name(mode, lang)
    return (
        f"<h3>{caption}</h3><p class='note'>{_rows_note(table, lang)}</p>"
        f"<div class='scroll'><table><tr><th></th>{head}</tr>{''.join(body)}</table></div>"
        f"<details><summary>{WORDS[lang]['differences']}</summary>{_differences(table, names, lang)}</details>"
    )


def _differences(table: Table, names: dict[str, str], lang: str) -> str:
    head = "".join(f"<th>{html.escape(names[b])}</th>" for b in table.differences)
    rows = []
    for measure in table.estimates["model"]:
        if not any(measure in by for by in table.differences.values()):
            continue
        cells = "".join(
            f"<td>{html.escape(signed(by[measure], measure)) if measure in by else '–'}"
            f"{' ' + WORDS[lang]['verdicts'][table.verdict(baseline, measure)] if measure in by else ''}</td>"
            for baseline, by in table.differences.items()
        )
        rows.append(f"<tr><td>{html.escape(measure_name(measure, lang))}</td>{cells}</tr>")
    return f"<div class='scroll'><table><tr><th></th>{head}</tr>{''.join(rows)}</table></div>"


def _bars(evaluation: Evaluation, cells: Sequence[tuple[Table, str]], lang: str) -> list[Series]:
    return [
        Series(
            name=s.zh if lang == "zh" else s.en,
            values=[table.estimates[s.name][measure].value for table, measure in cells],
            low=[table.estimates[s.name][measure].low for table, measure in cells],
            high=[table.estimates[s.name][measure].high for table, measure in cells],
        )
        for s in evaluation.scorers
    ]


def _by_origin(evaluation: Evaluation, mode: str, lang: str) -> str:
    measure = headline_measures(evaluation.experiment.capacities)[-1]
    tables = evaluation.tables[mode]
    title = f"{WORDS[lang]['by_origin']}{measure_name(measure, lang)}"
    series = _bars(evaluation, [(table, measure) for table in tables], lang)
    drawn = grouped_bars(
        [table_name(t, lang) for t in tables], series, title=title, y_label=measure_name(measure, lang)
    )
    return f"<h3>{title}</h3>{drawn}"


def _pictures(evaluation: Evaluation, mode: str, lang: str) -> str:
    words, table = WORDS[lang], evaluation.summary(mode)
    labels = [capacity_label(c) for c in evaluation.experiment.capacities]
    groups = [label.replace("pct", "%") for label in labels]
    series = _bars(evaluation, [(table, f"recall_at_{label}") for label in labels], lang)
    recall = grouped_bars(groups, series, title=words["recall_picture"], y_label=words["recall_axis"])
    curves = [
        (
            s.zh if lang == "zh" else s.en,
            [(b["mean_risk"], b["share"], int(b["rows"])) for b in table.reliability[s.name]],
        )
        for s in evaluation.scorers
        if s.name in table.reliability
    ]
    reliable = reliability_plot(
        curves,
        title=words["reliability"],
        x_label=words["mean_risk"],
        y_label=words["share"],
        colours=[COLOURS[i % len(COLOURS)] for i, s in enumerate(evaluation.scorers) if s.name in table.reliability],
    )
    return (
        f"<h3>{words['recall_picture']}</h3>{recall}<p class='note'>{words['recall_note']}</p>"
        f"<h3>{words['reliability']}</h3>{reliable}<p class='note'>{words['reliability_note']}</p>"
    )


def _importance(evaluation: Evaluation, lang: str) -> str:
    top = evaluation.importance[:20]
    names = [(item.zh if lang == "zh" else item.en) + (" *" if item.sensitive else "") for item in top]
    return horizontal_bars(names, [i.mean_contribution for i in top], title=WORDS[lang]["importance"])


def _flow(evaluation: Evaluation, lang: str) -> str:
    words = WORDS[lang]["flow_words"]
    columns: Sequence[str] = list(evaluation.flow.columns)
    head = "".join(f"<th>{html.escape(words.get(c, c))}</th>" for c in columns)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{value:,}</td>" if isinstance(value, int) else f"<td>{value}</td>" for value in row)
        + "</tr>"
        for row in evaluation.flow.astype(object).itertuples(index=False)
    )
    return f"<div class='scroll'><table><tr>{head}</tr>{body}</table></div>"
