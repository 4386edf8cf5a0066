"""A checklist of biases after PROBAST, each item answered by a fact of the run.

PROBAST (Wolff et al. 2019, "PROBAST: a tool to assess the risk of bias and applicability of prediction model studies",
Annals of Internal Medicine 170:51-58) asks about participants, predictors, outcome and analysis. Of its questions those
are kept that a run can answer about itself; what it cannot tell is answered ``unknown``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from riskmodel.evaluation.card.about import table_words
from riskmodel.evaluation.card.document import Grid, Section, Text
from riskmodel.evaluation.card.measured import broken_directions, group_cells
from riskmodel.evaluation.drift_words import drift_sentence
from riskmodel.evaluation.findings import findings, shown
from riskmodel.evaluation.other_eyes import UNTREATED
from riskmodel.evaluation.report_words import group_words
from riskmodel.evaluation.results import Evaluation
from riskmodel.training import flow as steps

Answer = Literal["pass", "fail", "unknown"]

# Outcomes that cannot be told, of the cohort's rows: above this share those left may be others than those gone.
_UNTOLD = 0.05
# Events per predictor, and events tested: Riley et al. 2020 (BMJ 368:m441) and Collins et al. 2016 (Stat Med 35:214).
_EVENTS_PER_FEATURE, _EVENTS_TESTED = 10, 100
_ENOUGH_ORIGINS = 3
_LISTING = "listing"


@dataclass(frozen=True, kw_only=True)
class Check:
    """One item: its domain and question in zh and en, the answer, and the fact that decided it in zh and en."""

    domain: str
    question: tuple[str, str]
    answer: Answer
    fact: tuple[str, str]


def checks(evaluation: Evaluation) -> list[Check]:
    """Answer every item from the run's facts."""
    return [ask(evaluation) for ask in _ASKED]


def failed(evaluation: Evaluation) -> list[Check]:
    """Return the items that the run does not pass."""
    return [check for check in checks(evaluation) if check.answer == "fail"]


def checklist(evaluation: Evaluation, lang: str) -> Section:
    """The checklist as a table."""
    at = 0 if lang == "zh" else 1
    answers = {"pass": ("✔ 通过", "✔ pass"), "fail": ("✘ 未通过", "✘ fail"), "unknown": ("？ 不知道", "? unknown")}
    domains = {
        "participants": ("对象", "participants"),
        "predictors": ("特征", "predictors"),
        "outcome": ("结果", "outcome"),
        "analysis": ("分析", "analysis"),
    }
    rows = [[domains[c.domain][at], c.question[at], answers[c.answer][at], c.fact[at]] for c in checks(evaluation)]
    head = (
        ["方面", "问题", "回答", "依据"] if lang == "zh" else ["domain", "question", "answer", "the fact that decides"]
    )
    note = (
        "参照 PROBAST（预测模型偏倚风险评估工具）。每一项都由这次训练的事实得出。"
        if lang == "zh"
        else "After PROBAST. Every answer follows from facts of this training."
    )
    return Section(
        "偏倚检查表" if lang == "zh" else "Checklist of bias", [Grid(head, rows, wide=True), Text(note, kind="note")]
    )


def _rules_held(evaluation: Evaluation) -> Check:
    lacking = evaluation.record.get("cohort_rules_without_table")
    named = ", ".join(lacking or ())
    return Check(
        domain="participants",
        question=("该排除的都能排除吗？", "Could every rule of who is in be applied?"),
        answer="unknown" if lacking is None else "fail" if lacking else "pass",
        fact=(f"缺表、未起作用的规则：{named}。", f"Rules without their table, which excluded nobody: {named}.")
        if lacking
        else ("每条规则所需的表都在。", "The tables of every rule are there."),
    )


def _untold(evaluation: Evaluation) -> Check:
    flow = evaluation.flow
    lost = int(flow[steps.GONE].sum() + flow[steps.UNTOLD].sum())
    total = lost + int(flow[steps.KNOWN].sum())
    share = lost / total if total else 1.0
    return Check(
        domain="participants",
        question=("结果无从得知的户多吗？", "Are outcomes missing for few of them only?"),
        answer="pass" if share <= _UNTOLD else "fail",
        fact=(
            f"{total:,} 户次中 {lost:,} 户次结果无从得知（{share:.1%}，界限 {_UNTOLD:.0%}）。",
            f"{lost:,} of {total:,} rows cannot be told ({share:.1%}; the bound is {_UNTOLD:.0%}).",
        ),
    )


def _before(evaluation: Evaluation) -> Check:
    after = set(evaluation.record.get("exposures", ())) & {f["name"] for f in evaluation.features}
    known = "exposures" in evaluation.record
    named = ", ".join(sorted(after))
    return Check(
        domain="predictors",
        question=("特征在预测当时都已知道吗？", "Was every predictor known when the prediction was made?"),
        answer="fail" if after else "pass" if known else "unknown",
        fact=(f"事后才知道的：{named}。", f"Known only afterwards: {named}.")
        if after
        else (
            "只读时点之前已发生并已登记的内容；事后的措施、走访、列入名单都不是特征。",
            "Only rows from before the date and known before it are read; measures, visits and listing after it are no "
            "features.",
        ),
    )


def _tables_there(evaluation: Evaluation) -> Check:
    absent = evaluation.record.get("tables_absent")
    named = table_words(absent or (), "zh"), table_words(absent or (), "en")
    return Check(
        domain="predictors",
        question=("特征所需的数据都有吗？", "Is the data of every predictor there?"),
        answer="unknown" if absent is None else "fail" if absent else "pass",
        fact=(f"登记中缺少的表：{named[0]}。", f"Tables that the registry lacks: {named[1]}.")
        if absent
        else ("特征所需的表都在。", "Every table that a feature reads is there."),
    )


def _directions(evaluation: Evaluation) -> Check:
    broken = broken_directions(evaluation)
    named = ", ".join(broken or ())
    return Check(
        domain="predictors",
        question=("模型的方向合乎常理吗？", "Do the directions that theory gives hold?"),
        answer="unknown" if broken is None else "fail" if broken else "pass",
        fact=("没有检验。", "Not tested in this run.")
        if broken is None
        else (f"不符的：{named}。", f"Not held: {named}.")
        if broken
        else ("有方向约束的特征逐一检验，全部成立。", "Swept over real rows: all of them hold."),
    )


def _gap(evaluation: Evaluation) -> Check:
    plan = evaluation.plan
    good = bool(plan.origins) and plan.gap_months >= plan.horizon.months
    return Check(
        domain="outcome",
        question=("训练时会不会已经知道检验期的结果？", "Was training kept from knowing the tested time's outcomes?"),
        answer="pass" if good else "unknown",
        fact=(
            f"间隔 {plan.gap_months} 个月，不短于 {plan.horizon.months} 个月的结果期；只用检验时点已知的结果训练。",
            f"A gap of {plan.gap_months} months, the horizon is {plan.horizon.months}; only outcomes known at the "
            "origin taught.",
        )
        if good
        else ("没有按时间划分。", "There is no split in time."),
    )


def _administrative(evaluation: Evaluation) -> Check:
    read = evaluation.record.get("outcome_tables")
    listed = read is not None and _LISTING in read
    named = table_words(read or (), "zh"), table_words(read or (), "en")
    return Check(
        domain="outcome",
        question=(
            "结果是否取决于谁被列入名单？",
            "Is the outcome free of whom officials happened to list?",
        ),
        answer="unknown" if read is None else "fail" if listed else "pass",
        fact=("没有记录结果读哪些表。", "Which tables the outcome reads is not recorded.")
        if read is None
        else (
            f"结果由这些表得出：{named[0]}。" + ("其中有监测名单：没被看到的户算作没有发生。" if listed else ""),
            f"It is read from: {named[1]}."
            + (" The monitoring list is among them: whom nobody saw counts as negative." if listed else ""),
        ),
    )


def _supported(evaluation: Evaluation) -> Check:
    views = getattr(getattr(evaluation, "further", None), "by_treatment", None) or ()
    apart = any(view.name == UNTREATED and view.hidden is None for view in views)
    return Check(
        domain="outcome",
        question=("在未受帮扶的户上也检验过吗？", "Was it judged on untreated households too?"),
        answer="pass" if apart else "unknown",
        fact=("受帮扶与未受帮扶的户分开度量过。", "Treated and untreated households are measured apart.")
        if apart
        else (
            "没有分开度量：帮扶掩盖的风险有多大，无从得知。",
            "Not measured apart: how much risk support hides cannot be told.",
        ),
    )


def _enough_to_learn(evaluation: Evaluation) -> Check:
    each = evaluation.positives / max(1, len(evaluation.features))
    return Check(
        domain="analysis",
        question=("发生的户够学吗？", "Are there enough cases to learn from?"),
        answer="pass" if each >= _EVENTS_PER_FEATURE else "fail",
        fact=(
            f"每个特征 {each:.1f} 例（{evaluation.positives:,} 例，{len(evaluation.features)} 个特征；"
            f"界限 {_EVENTS_PER_FEATURE}）。",
            f"{each:.1f} cases a feature ({evaluation.positives:,} cases, {len(evaluation.features)} features; the "
            f"bound is {_EVENTS_PER_FEATURE}).",
        ),
    )


def _enough_to_test(evaluation: Evaluation) -> Check:
    tables = evaluation.single(evaluation.main_mode)
    least = min(table.positives for table in tables)
    return Check(
        domain="analysis",
        question=("发生的户够检验吗？", "Are there enough cases to test on?"),
        answer="pass" if least >= _EVENTS_TESTED else "fail",
        fact=(
            f"最少的检验时点有 {least:,} 例（界限 {_EVENTS_TESTED}）。",
            f"The origin with the fewest has {least:,} cases (the bound is {_EVENTS_TESTED}).",
        ),
    )


def _not_seen(evaluation: Evaluation) -> Check:
    holdout = evaluation.experiment.validation.holdout
    forward = bool(evaluation.plan.origins)
    by = group_words(holdout.by, "zh"), group_words(holdout.by, "en")
    return Check(
        domain="analysis",
        question=(
            "检验的是没教过模型的户、没教过模型的年份吗？",
            "Was it tested on households and times that taught nothing?",
        ),
        answer="pass" if forward else "fail",
        fact=(
            f"按{by[0]}留出，{holdout.folds} 组；" + ("时间向前。" if forward else "但不看时间先后。"),
            f"Held out by {by[1]}, {holdout.folds} folds; "
            + ("forward in time." if forward else "time was disregarded."),
        ),
    )


def _calibrated(evaluation: Evaluation) -> Check:
    drift = evaluation.drift
    question = ("风险说多少就发生多少吗？", "Do risks come true as often as they say?")
    if drift is None:
        fact = ("没有检验时点。", "There are no test origins.")
        return Check(domain="analysis", question=question, answer="unknown", fact=fact)
    errors = [shown(o.calibration.error, "calibration_error", interval=False, digits=4) for o in drift.origins]
    listed = ", ".join(errors)
    return Check(
        domain="analysis",
        question=question,
        answer="fail" if drift.seen else "pass",
        fact=(
            f"{drift_sentence(drift, 'zh')}各时点校准误差：{listed}。",
            f"{drift_sentence(drift, 'en')} Calibration error at the origins: {listed}.",
        ),
    )


def _stable(evaluation: Evaluation) -> Check:
    tables = evaluation.single(evaluation.main_mode)
    aucs = [table.estimates["model"]["auc"] for table in tables]
    span = f"{min(a.value for a in aucs):.3f}–{max(a.value for a in aucs):.3f}"
    apart = max(a.low for a in aucs) > min(a.high for a in aucs)
    few = len(tables) < _ENOUGH_ORIGINS
    return Check(
        domain="analysis",
        question=("各时点的准确度稳定吗？", "Is accuracy stable over time?"),
        answer="unknown" if few else "fail" if apart else "pass",
        fact=(
            f"{len(tables)} 个时点，AUC {span}"
            + ("，太少，无从判断。" if few else "，区间互不重叠。" if apart else "，区间重叠。"),
            f"AUC {span} at {len(tables)} origins"
            + ("; too few to tell." if few else "; intervals lie apart." if apart else "; intervals overlap."),
        ),
    )


def _beside(evaluation: Evaluation) -> Check:
    names = [(s.zh, s.en) for s in evaluation.baselines]
    lost = [f for f in findings(evaluation) if not f.good]
    return Check(
        domain="analysis",
        question=("比简单办法强吗？", "Does it beat the plain alternatives?"),
        answer="unknown" if not names else "fail" if lost else "pass",
        fact=("没有设对照。", "No baseline was asked for.")
        if not names
        else (
            f"对照：{'、'.join(zh for zh, _ in names)}。"
            + (f"有 {len(lost)} 项没有胜出，见“已知的不足”。" if lost else "处处领先。"),
            f"Beside {', '.join(en for _, en in names)}. "
            + (f"Not won: {len(lost)}, see where the model does not win." if lost else "Ahead everywhere."),
        ),
    )


def _groups_alike(evaluation: Evaluation) -> Check:
    shown_cells = [cell for cell in group_cells(evaluation) if cell.hidden is None]
    differing = [cell for cell in shown_cells if cell.flagged]
    named = "、".join(cell.zh for cell in differing), ", ".join(cell.en for cell in differing)
    return Check(
        domain="analysis",
        question=("对各类农户一样准吗？", "Does it serve groups alike?"),
        answer="unknown" if not shown_cells else "fail" if differing else "pass",
        fact=("没有度量。", "Not measured: compare recall by group before use.")
        if not shown_cells
        else (f"有差别的：{named[0]}。", f"These differ: {named[1]}.")
        if differing
        else (f"度量了 {len(shown_cells)} 类，未见差别。", f"{len(shown_cells)} groups measured, no difference seen."),
    )


_ASKED: tuple[Callable[[Evaluation], Check], ...] = (
    _rules_held,
    _untold,
    _before,
    _tables_there,
    _directions,
    _gap,
    _administrative,
    _supported,
    _enough_to_learn,
    _enough_to_test,
    _not_seen,
    _calibrated,
    _stable,
    _beside,
    _groups_alike,
)
