"""The model card: what a model is for, what it learned from, how it did beside baselines, where it may mislead."""

from __future__ import annotations

from collections.abc import Sequence

from riskmodel.evaluation.compare import Table, headline_measures
from riskmodel.evaluation.findings import best_of, compared, findings, measure_name, mode_name, shown, table_name
from riskmodel.evaluation.metrics import capacity_label
from riskmodel.evaluation.regret_words import WORDS, distance_said, intro, not_believed, unchecked, where_missing
from riskmodel.evaluation.report_words import group_words, how_measured
from riskmodel.evaluation.results import CROSS_VALIDATION, Evaluation
from riskmodel.evaluation.selection_words import choice_markdown
from riskmodel.training.flow import flow_markdown


def model_card(evaluation: Evaluation) -> str:
    """Return the card as Markdown, in English with a Chinese summary at its head."""
    experiment, plan = evaluation.experiment, evaluation.plan
    title = experiment.title_en or experiment.name
    sensitive = [f for f in evaluation.features if f.get("sensitive")]
    data = (
        f"{evaluation.rows:,} rows (household at a date), {evaluation.positives:,} positive, at {len(plan.training)} "
        f"dates from {plan.training[0]} to {plan.training[-1]}; the registry holds what was known before {plan.cut_on}."
    )
    parts = [
        f"# {title}: model card",
        _summary_zh(evaluation),
        "## Intended use\n\n"
        "A clue for a home visit: the list's order in which households are verified at the door. **The score never "
        "admits or refuses anyone**, is not shown to third parties, and is not a measure of a household's merit. A "
        "household may ask for the reasons and contest them. Not for households outside the cohort below, other "
        "counties, or dates far beyond those trained on without a new evaluation.",
        "## What is predicted, and of whom\n\n"
        f"- Outcome `{experiment.outcome}`: {evaluation.outcome_words[1]}. Horizon {plan.horizon.months} months; "
        f"counted as known {plan.horizon.lag_days} days after its end.\n"
        f"- Cohort `{experiment.cohort.name}`: {evaluation.cohort_words[1]}.\n- Learned from {data}\n"
        f"- {len(evaluation.features)} features, each from what was known strictly before the date.",
        "## Flow of rows\n\n" + flow_markdown(evaluation.flow),
        "## Results beside the baselines\n\n" + _bullets(compared(evaluation, "en")) + "\n\n" + _results(evaluation),
        "## Where the model does not win\n\n" + _losses(evaluation),
        *_best_possible(evaluation),
        *choice_markdown(evaluation),
        "## How this was measured\n\n" + _bullets(how_measured(evaluation, "en")),
        "## What moves the score\n\n" + _importance(evaluation),
        "## Sensitive features\n\n" + _sensitive(sensitive),
        "## Limits\n\n" + _bullets(_LIMITS),
        "## Checklist of bias\n\n" + _checklist(evaluation),
    ]
    return "\n\n".join(parts) + "\n"


_LIMITS = (
    "The label is with present support: assistance hides risk. A household kept out of need by a measure counts as "
    "negative, and a low score is no reason to take the measure away.",
    "Contributions say where the score comes from. They are not causes, and changing a feature need not change the "
    "outcome.",
    "What the registry does not know, the model does not know: late or missing reports look like calm.",
    "Accuracy was measured on the dates above. Lines, policies and prices move; watch drift, and train again.",
    "Calibration is on average over the cohort; small groups may be off.",
)


def _summary_zh(evaluation: Evaluation) -> str:
    mode = evaluation.main_mode
    table, capacities = evaluation.summary(mode), evaluation.experiment.capacities
    model = table.estimates["model"]
    figures = "；".join(
        f"{measure_name(m, 'zh')} {shown(model[m], m)}" for m in headline_measures(capacities) if m in model
    )
    lost = [f.zh for f in findings(evaluation) if not f.good]
    said = "".join(f"\n> - {line}" for line in lost[:8]) if lost else " 无。"
    return (
        "> **摘要。** 分数只是入户走访的线索，既不能决定纳入，也不能决定不纳入；由人核实，由人决定。"
        f"预测：{evaluation.outcome_words[0]}；对象：{evaluation.cohort_words[0]}。"
        f"{mode_name(mode, 'zh')}（{table_name(table, 'zh')}）：{figures}。"
        f"结果是在现有帮扶之下发生的，帮扶会掩盖风险。\n>\n> 模型没有胜出之处：{said}"
    )


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _results(evaluation: Evaluation) -> str:
    out = []
    for mode, tables in evaluation.tables.items():
        out.append(f"### {mode_name(mode, 'en').capitalize()}")
        out += [_scores(evaluation, table) for table in reversed(tables)]
    return "\n\n".join(out)


def _scores(evaluation: Evaluation, table: Table) -> str:
    labels = [capacity_label(c) for c in evaluation.experiment.capacities]
    wanted = ["auc", "average_precision", "brier", "calibration_error"]
    wanted += [f"{kind}_at_{label}" for kind in ("recall", "precision") for label in labels]
    wanted += [m for m in ("recall_at_rule", "precision_at_rule") if m in table.estimates["model"]]
    names = [s.en for s in evaluation.scorers]
    lines = [
        f"**{table_name(table, 'en')}**: {table.rows:,} households tested, {table.positives:,} positive "
        f"({table.positives / table.rows:.1%}).\n",
        "| | " + " | ".join(names) + " |",
        "|---|" + "---|" * len(names),
    ]
    for measure in wanted:
        best = best_of(table, measure)
        cells = [
            ("**{}**" if s.name == best else "{}").format(shown(table.estimates[s.name][measure], measure))
            if measure in table.estimates[s.name]
            else "–"
            for s in evaluation.scorers
        ]
        lines.append(f"| {measure_name(measure, 'en')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _losses(evaluation: Evaluation) -> str:
    lost = [f.en for f in findings(evaluation) if not f.good]
    return (
        _bullets(lost) if lost else "By AUC, average precision and recall at the main capacity it is ahead everywhere."
    )


def _best_possible(evaluation: Evaluation) -> list[str]:
    """The distance to the oracle, where the registry is simulated and tells the true risks."""
    regret = evaluation.regret
    if regret is None:
        return []
    doubted = not_believed(evaluation, "en")
    said = [
        f"**{doubted}**" if doubted else "",
        unchecked(regret, "en"),
        *distance_said(evaluation, "en"),
        where_missing(regret, "en"),
    ]
    return [f"## {WORDS['en']['title']}\n\n{intro(regret, 'en')}\n\n{_bullets([line for line in said if line])}"]


def _importance(evaluation: Evaluation) -> str:
    head = "Mean absolute contribution, in log-odds.\n\n| feature | | contribution |\n|---|---|---|\n"
    return head + "\n".join(f"| `{i.name}` | {i.en} | {i.mean_contribution:.3f} |" for i in evaluation.importance[:15])


def _sensitive(features: Sequence[dict[str, object]]) -> str:
    if not features:
        return "None is marked sensitive in the catalogue."
    head = "Marked sensitive in the catalogue (health, disability and the like); keep them out of public notices:\n\n"
    return head + _bullets([f"`{f['name']}`: {f['en']}" for f in features])


def _checklist(evaluation: Evaluation) -> str:
    holdout = evaluation.experiment.validation.holdout
    answers = [
        ("Is every feature from before the date?", "Yes, by construction: rows known on or after it are not read."),
        (
            "Did training rows know outcomes of test rows?",
            f"No: gap of {evaluation.plan.gap_months} months, and only outcomes known at the origin taught."
            if evaluation.plan.origins
            else "Time was disregarded: cross-validation only.",
        ),
        (
            "Were tested households trained on?",
            f"No: held out by {group_words(holdout.by, 'en')}, {holdout.folds} folds.",
        ),
        ("Is it beside the county's rule and one number?", _beside(evaluation)),
        (
            "Who is excluded before the model speaks?",
            "See the flow of rows; households absent from the registry are not seen at all.",
        ),
        (
            "Does the label carry administrative bias?",
            "Labels of admission do (admitted is not in need). Labels of need miss what nobody recorded.",
        ),
        ("Are groups treated alike?", "Not measured in this card: compare recall by group before use."),
        (
            "Is it stable over time?",
            "See the table of each origin."
            if len(evaluation.plan.origins) >= 3
            else "Cannot be told: fewer than three test origins.",
        ),
    ]
    if CROSS_VALIDATION in evaluation.tables and evaluation.plan.origins:
        answers.append(("Are folds and time kept apart?", "Yes: two tables, and the one out of time is the main one."))
    return "| question | answer |\n|---|---|\n" + "\n".join(f"| {q} | {a} |" for q, a in answers)


def _beside(evaluation: Evaluation) -> str:
    names = [s.en for s in evaluation.baselines]
    return f"Beside {', '.join(names)}." if names else "No: no baseline was asked for."
