"""The section of the evaluation report that holds everyone against the true risks of a simulated county."""

from __future__ import annotations

import html
from collections.abc import Sequence

from riskmodel.drawing import Series, grouped_bars
from riskmodel.evaluation.baselines import Scorer
from riskmodel.evaluation.findings import measure_name, shown, signed
from riskmodel.evaluation.metrics import capacity_label
from riskmodel.evaluation.regret import DISTANCES, ORACLE, Band, Regret, RegretTable
from riskmodel.evaluation.regret_words import (
    WORDS,
    digits,
    intro,
    not_believed,
    notes,
    points,
    root,
    unchecked,
    where,
    where_missing,
)
from riskmodel.evaluation.results import Evaluation


def regret_section(evaluation: Evaluation, lang: str) -> str:
    """Return the section, or nothing where no truth lies beside the registry."""
    regret = evaluation.regret
    if regret is None:
        return ""
    words = WORDS[lang]
    parts = [f"<h2>{words['title']}</h2><p>{html.escape(intro(regret, lang))}</p>"]
    said = not_believed(evaluation, lang)
    if said:
        parts.append(f'<div class="lost"><b>{html.escape(said)}</b></div>')
    warned = (unchecked(regret, lang), where_missing(regret, lang))
    parts += [f'<div class="lost">{html.escape(line)}</div>' for line in warned if line]
    for mode, tables in regret.tables.items():
        if tables:
            parts.append(_mode(evaluation, regret, mode=mode, tables=tables, lang=lang))
    return "".join(parts)


def _mode(evaluation: Evaluation, regret: Regret, *, mode: str, tables: Sequence[RegretTable], lang: str) -> str:
    words, table = WORDS[lang], tables[-1]
    labels = [capacity_label(share) for share in evaluation.experiment.capacities]
    parts = [
        f"<h3>{where(table, mode, lang)}</h3>{_rows_note(table, lang)}",
        _regrets(table, evaluation.scorers, lang),
        "".join(f"<p class='note'>{html.escape(note)}</p>" for note in notes(regret, lang)),
        f"<h3>{words['recall_picture']}</h3>{_recall_picture(table, evaluation.scorers, labels, lang)}",
        f"<h3>{words['distance']}</h3>{_distances(table, evaluation.scorers, lang)}",
        f"<p class='note'>{html.escape(words['distance_note'])}</p>",
        f"<h3>{words['bands']}</h3>{_bands(table, evaluation.scorers, lang)}",
        f"{_bands_picture(table, evaluation.scorers, lang)}<p class='note'>{html.escape(words['bands_note'])}</p>",
    ]
    if len(tables) > 1:
        each = "".join(
            f"<h3>{where(one, mode, lang)}</h3>{_rows_note(one, lang)}{_regrets(one, evaluation.scorers, lang)}"
            f"{_distances(one, evaluation.scorers, lang)}{_bands(one, evaluation.scorers, lang)}"
            for one in tables[:-1]
        )
        parts.append(f"<details><summary>{words['by_origin']}</summary>{each}</details>")
    return "".join(parts)


def _rows_note(table: RegretTable, lang: str) -> str:
    said = WORDS[lang]["rows_note"].format(
        rows=f"{table.rows:,}", positives=f"{table.positives:,}", share=f"{table.positives / table.rows:.1%}"
    )
    return f"<p class='note'>{said}</p>"


def _name(scorer: Scorer, lang: str) -> str:
    return scorer.zh if lang == "zh" else scorer.en


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose cells are HTML already."""
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<div class='scroll'><table><tr>{top}</tr>{body}</table></div>"


def _regrets(table: RegretTable, scorers: Sequence[Scorer], lang: str) -> str:
    rows = []
    for measure, best in table.estimates[ORACLE].items():
        figures = digits(measure)
        row = [html.escape(measure_name(measure, lang)), html.escape(shown(best, measure, digits=figures))]
        for scorer in scorers:
            if measure not in table.regrets[scorer.name]:
                row.append("–")
                continue
            own = shown(table.estimates[scorer.name][measure], measure, interval=False, digits=figures)
            behind = signed(table.regrets[scorer.name][measure], measure, digits=figures)
            row.append(f"{html.escape(own)}<br>{html.escape(behind)}")
        rows.append(row)
    return _grid(["", WORDS[lang]["oracle"], *(html.escape(_name(s, lang)) for s in scorers)], rows)


def _distances(table: RegretTable, scorers: Sequence[Scorer], lang: str) -> str:
    given = {_name(s, lang): table.distances[s.name] for s in scorers if s.name in table.distances}
    rows = [[WORDS[lang]["root"], *(points(root(by["truth_squared_error"])) for by in given.values())]]
    for measure in DISTANCES:
        said = signed if measure == "truth_gap" else shown
        figures = (said(by[measure], measure, digits=digits(measure)) for by in given.values())
        rows.append([measure_name(measure, lang), *figures])
    return _grid(["", *map(html.escape, given)], [list(map(html.escape, row)) for row in rows])


def _band_name(band: Band, lang: str, *, last: bool) -> str:
    return str(WORDS[lang]["all"]) if last else f"{band.low * 100:g}–{band.high * 100:g}%"


def _bands(table: RegretTable, scorers: Sequence[Scorer], lang: str) -> str:
    words = WORDS[lang]
    given = [s for s in scorers if s.name in table.distances]
    head = [words["band"], words["band_rows"], words["mean_true"], words["came_true"]]
    head += [html.escape(words["said"].format(name=_name(s, lang))) for s in given]
    rows = [
        [
            _band_name(band, lang, last=place == len(table.bands)),
            f"{band.rows:,}",
            f"{band.true_risk:.1%}",
            html.escape(shown(band.share, "recall")),
            *(f"{band.said[s.name]:.1%}" for s in given),
        ]
        for place, band in enumerate(table.bands, start=1)
    ]
    return _grid(head, rows)


def _bands_picture(table: RegretTable, scorers: Sequence[Scorer], lang: str) -> str:
    words, bands = WORDS[lang], table.bands[:-1]
    model = next(s for s in scorers if s.name == "model")
    series = [
        Series(name=words["mean_true"], values=[band.true_risk for band in bands]),
        Series(
            name=words["came_true"],
            values=[band.share.value for band in bands],
            low=[band.share.low for band in bands],
            high=[band.share.high for band in bands],
        ),
        Series(name=words["said"].format(name=_name(model, lang)), values=[band.said["model"] for band in bands]),
    ]
    return grouped_bars(
        [_band_name(band, lang, last=False) for band in bands],
        series,
        title=words["bands"],
        y_label=words["bands_axis"],
    )


def _recall_picture(table: RegretTable, scorers: Sequence[Scorer], labels: Sequence[str], lang: str) -> str:
    words = WORDS[lang]
    # The oracle comes last, so that everyone else keeps the colour of the other pictures.
    named = [*((s.name, _name(s, lang)) for s in scorers), (ORACLE, words["oracle"])]
    series = []
    for scorer, name in named:
        found = [table.estimates[scorer][f"recall_at_{label}"] for label in labels]
        series.append(
            Series(
                name=name,
                values=[e.value for e in found],
                low=[e.low for e in found],
                high=[e.high for e in found],
            )
        )
    groups = [label.replace("pct", "%") for label in labels]
    return grouped_bars(groups, series, title=words["recall_picture"], y_label=words["recall_axis"])
