"""A training in a few lines of Markdown, shown above its run: the figures, and where the model is behind."""

from __future__ import annotations

from riskmodel.evaluation.compare import headline_measures
from riskmodel.evaluation.findings import AHEAD, best_of, findings, measure_name, mode_name, shown, table_name
from riskmodel.evaluation.regret_words import not_believed
from riskmodel.evaluation.results import Evaluation


def not_ahead_of(evaluation: Evaluation) -> list[str]:
    """Return the baselines that the model does not beat everywhere by every headline measure, by name."""
    measures = headline_measures(evaluation.experiment.capacities)
    return [
        baseline.name
        for baseline in evaluation.baselines
        if any(
            table.verdict(baseline.name, measure) not in AHEAD
            for mode in evaluation.tables
            for table in evaluation.single(mode)
            for measure in measures
        )
    ]


def standing(evaluation: Evaluation) -> str:
    """Say in a few words what the model does not beat, by the headline measures at every test origin."""
    behind = not_ahead_of(evaluation)
    if not behind:
        return "ahead of every baseline"
    return f"NOT ahead everywhere of: {', '.join(behind)}"


def run_note(evaluation: Evaluation, *, reference: str) -> str:
    """Return the description of a run."""
    experiment, plan = evaluation.experiment, evaluation.plan
    parts = [
        f"**{experiment.title_en or experiment.name}** · `{reference}` · {evaluation.outcome_words[1]}; "
        f"{evaluation.cohort_words[1]}.",
        f"Learned from {evaluation.rows:,} rows, {evaluation.positives:,} positive, at {len(plan.training)} dates from "
        f"{plan.training[0]} to {plan.training[-1]}; the registry holds what was known before {plan.cut_on}.",
        *(_table(evaluation, mode) for mode in evaluation.tables),
        _losses(evaluation),
    ]
    doubted = not_believed(evaluation, "en")
    if doubted:
        parts.append(f"**{doubted}**")
    parts.append(
        "A score is a clue for a home visit; it admits and refuses nobody. `card.md` and `evaluation.html` among the "
        "artifacts say more."
    )
    return "\n\n".join(parts)


def _table(evaluation: Evaluation, mode: str) -> str:
    table, measures = evaluation.summary(mode), headline_measures(evaluation.experiment.capacities)
    lines = [
        f"{mode_name(mode, 'en').capitalize()}, {table_name(table, 'en')}: {table.positives:,} positive of "
        f"{table.rows:,} households tested.\n",
        "| | " + " | ".join(measure_name(m, "en") for m in measures) + " |",
        "|---|" + "---|" * len(measures),
    ]
    best = {measure: best_of(table, measure) for measure in measures}
    for scorer in evaluation.scorers:
        by = table.estimates[scorer.name]
        cells = [shown(by[m], m) if m in by else "–" for m in measures]
        marked = [f"**{c}**" if best[m] == scorer.name else c for m, c in zip(measures, cells, strict=True)]
        lines.append(f"| {scorer.en} | " + " | ".join(marked) + " |")
    return "\n".join(lines)


def _losses(evaluation: Evaluation) -> str:
    lost = [f"- {finding.en}" for finding in findings(evaluation) if not finding.good]
    if not lost:
        return "**Where the model does not win:** nowhere, by these measures at each test origin."
    return "**Where the model does not win:**\n\n" + "\n".join(lost)
