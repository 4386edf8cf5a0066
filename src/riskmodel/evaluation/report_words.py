"""The fixed words of the evaluation report, and how it says what was measured and how."""

from __future__ import annotations

from typing import Any

from riskmodel.evaluation.metrics import CALIBRATION_BINS
from riskmodel.evaluation.results import CROSS_VALIDATION, OUT_OF_TIME, Evaluation

WORDS: dict[str, dict[str, Any]] = {
    "zh": {
        "title": "模型评估报告",
        "outcome": "预测的结果：",
        "cohort": "对象范围：",
        "clue": "分数只是入户走访的线索，既不能决定纳入，也不能决定不纳入；由人核实，由人决定。",
        "lost": "模型没有胜出之处",
        "won": "模型胜出之处",
        "results": "结果：",
        "splits": "时间划分",
        "importance": "最终模型的特征重要性",
        "importance_note": "对分数（对数几率）贡献绝对值的平均。贡献说明分数从何而来，不说明因果。带 * 的是敏感特征。",
        "flow": "样本流程（各时点户数）",
        "how": "如何度量",
        "differences": "模型减基线的差（括号内为区间）",
        "rows_note": "检验 {rows} 户次，其中 {positives} 发生（{share}）；"
        "训练至少 {trained} 户次，其中 {trained_positives} 发生。",
        "recall_picture": "不同走访容量下的召回率",
        "recall_axis": "召回率",
        "by_origin": "各检验时点：",
        "recall_note": "横轴：可走访的户数占比。纵轴：此后确实发生的农户中，有多少在名单内。竖线为区间。",
        "reliability": "可靠性：风险说多少，是否就发生多少",
        "reliability_note": f"按风险分为 {CALIBRATION_BINS} 组，每组户数大致相等；落在对角线上为一致。",
        "mean_risk": "平均预测风险",
        "share": "实际发生比例",
        "flow_words": {
            "as_of": "时点",
            "seen": "登记在册",
            "present": "在户",
            "not on the list": "不在监测名单上",
            "washout after elimination": "近期未消除风险",
            "not already below the line": "收入未低于监测线",
            "not yet known": "结果尚未可知",
            "gone before the horizon's end": "期末前已无成员",
            "cannot be told": "结果无从得知",
            "outcome known": "结果已知",
            "outcome true": "结果发生",
        },
        "verdicts": {
            "clearly_better": "明显较好",
            "better": "较好（区间含 0）",
            "level": "持平",
            "worse": "较差（区间含 0）",
            "clearly_worse": "明显较差",
        },
    },
    "en": {
        "title": "evaluation report",
        "outcome": "Outcome: ",
        "cohort": "Who is at risk: ",
        "clue": "A score is a clue for a home visit. It never admits or refuses anyone: people verify, people decide.",
        "lost": "Where the model does not win",
        "won": "Where the model wins",
        "results": "Results: ",
        "splits": "Splits in time",
        "importance": "Importance of features in the final model",
        "importance_note": "Mean absolute contribution to the score, in log-odds. A contribution says where the score "
        "comes from, not what causes what. * marks a sensitive feature.",
        "flow": "Flow of rows (households at each date)",
        "how": "How this was measured",
        "differences": "Model minus baseline (interval in brackets)",
        "rows_note": "{rows} households tested, {positives} of them positive ({share}); trained on at least {trained} "
        "rows, {trained_positives} of them positive.",
        "recall_picture": "Recall by visiting capacity",
        "recall_axis": "recall",
        "by_origin": "At each test origin: ",
        "recall_note": "Across: the share of households that can be visited. Up: of those whom it then happened to, "
        "the share that was on the list. Whiskers are intervals.",
        "reliability": "Reliability: does the risk come true as often as it says?",
        "reliability_note": f"{CALIBRATION_BINS} bins of about equal count; on the diagonal both agree.",
        "mean_risk": "mean risk given",
        "share": "share that came true",
        "flow_words": {"as_of": "as of"},
        "verdicts": {
            "clearly_better": "clearly better",
            "better": "better (interval holds 0)",
            "level": "level",
            "worse": "worse (interval holds 0)",
            "clearly_worse": "clearly worse",
        },
    },
}

_GROUPS = {"village": ("村", "village"), "township": ("乡镇", "township"), "household": ("户", "household")}


def group_words(by: str, lang: str) -> str:
    """Return what a group is, in words: ``feature:NAME`` is called by its name."""
    pair = _GROUPS.get(by, (by.removeprefix("feature:"),) * 2)
    return pair[0 if lang == "zh" else 1]


def how_measured(evaluation: Evaluation, lang: str) -> list[str]:
    """Return the sentences that a careful reader wants: splits, hold-out, ties, bins, intervals, pooling, limits."""
    experiment, plan = evaluation.experiment, evaluation.plan
    holdout, intervals = experiment.validation.holdout, experiment.intervals
    fill = {
        "months": plan.horizon.months,
        "days": plan.horizon.lag_days,
        "gap": plan.gap_months,
        "folds": holdout.folds,
        "by": group_words(holdout.by, lang),
        "draws": intervals.bootstrap,
        "drawn": group_words(intervals.by, lang),
        "level": f"{intervals.level:.0%}",
        "cut": plan.cut_on,
        "dates": len(plan.training),
        "first": plan.training[0],
        "last": plan.training[-1],
        "bins": CALIBRATION_BINS,
        "rows": f"{evaluation.rows:,}",
        "positives": f"{evaluation.positives:,}",
        "absent": ", ".join(evaluation.record.get("tables_absent", [])),
        "origins": len(plan.origins),
    }
    lines = [zh if lang == "zh" else en for condition, zh, en in _LINES if condition(evaluation)]
    return [line.format(**fill) for line in lines]


def _always(_: Evaluation) -> bool:
    return True


def _forward(evaluation: Evaluation) -> bool:
    return OUT_OF_TIME in evaluation.tables


def _crossed(evaluation: Evaluation) -> bool:
    return CROSS_VALIDATION in evaluation.tables


def _few_origins(evaluation: Evaluation) -> bool:
    return len(evaluation.plan.origins) < 3


def _absent(evaluation: Evaluation) -> bool:
    return bool(evaluation.record.get("tables_absent"))


_LINES = (
    (
        _forward,
        "时间向前检验：在检验时点，只有结果当时已经知道的样本（时点 + {months} 个月 + 报告滞后 {days} 天"
        "不晚于检验时点，且间隔不少于 {gap} 个月）才用于训练。",
        "Forward in time: at a test origin only rows whose outcome was known by then teach (as-of date + {months} "
        "months + {days} days of reporting lag, on or before the origin; a gap of at least {gap} months).",
    ),
    (
        _always,
        "按{by}分为 {folds} 组：被检验的农户及其所在{by}的任何样本都不参与训练；各组的预测合在一起度量。",
        "Households not trained on: groups ({by}) are divided into {folds} folds; no row of a household or {by} tested "
        "teaches the model that is asked about it. The predictions of all folds are measured together.",
    ),
    (
        _crossed,
        "分组交叉验证不看时间先后，只说明对未见过的农户的表现，通常偏乐观。",
        "Grouped cross-validation disregards time: it speaks of households not seen, not of years not seen, and is "
        "usually the more flattering of the two.",
    ),
    (
        _few_origins,
        "检验时点只有 {origins} 个，少于 3 个（数据轮次不足）：准确性是否稳定，本报告看不出来。",
        "There are {origins} test origins, fewer than 3 (the panel has too few rounds): whether accuracy holds over "
        "time cannot be seen here.",
    ),
    (
        _always,
        "容量为 k% 时，名单长度为户数的 k%，四舍五入，至少 1 户。分数相同者按随机先后的期望计算（规则只有 0 和 1，"
        "因此是期望召回率）。“名单与规则同长”指名单长度等于规则标出的户数。",
        "At a capacity of k % the list holds k % of the households, rounded, at least one. Ties are treated in "
        "expectation, as if broken at random (a rule gives only 0 and 1: its recall is the expected one). “As long as "
        "the rule's” means a list of the length that the rule flags.",
    ),
    (
        _always,
        "区间：整{drawn}有放回抽样 {draws} 次的 {level} 百分位区间，"
        "{drawn}少时按 t 分布放宽（做法与模拟检验见 docs/intervals.md）。"
        "模型减基线的差用同一批抽样，因此是成对比较；"
        "“明显”指区间不含 0。训练的随机性不在区间之内。",
        "Intervals: {level} percentile intervals over {draws} draws of whole groups ({drawn}) with replacement, taken "
        "wider where groups are few, as Student's t is (docs/intervals.md says how, and how often they cover). "
        "Differences use the same draws for both sides, so they are paired; “clearly” means that the interval excludes "
        "0. The chance in training itself is not in them.",
    ),
    (
        _always,
        "校准误差：按预测风险分为 {bins} 个户数大致相等的组，各组平均风险与实际比例之差的加权平均。"
        "它总是偏大：样本越少，风险说得完全正确的模型也会因机遇显出更大的误差，区间说的是它如何波动。"
        "不给出概率的基线没有 Brier 分数和校准误差。Brier 技巧 = 1 − Brier ÷ 一律报平均值时的 Brier。",
        "Calibration error: rows in {bins} bins of about equal count by risk; the weighted mean distance between mean "
        "risk and share that came true. It errs upward: by chance alone a model whose risks are exactly right "
        "shows some, the more the fewer the rows; its interval says how it varies. "
        "Baselines that give no probability have neither it nor a Brier score. Brier "
        "skill = 1 − Brier ÷ the Brier of always saying the mean.",
    ),
    (
        _forward,
        "“合并”只在同一时点内比较农户：AUC 按正负对数、平均精度和召回率按正例数、Brier 按户数加权。",
        "“Pooled” compares households within an origin only: AUC is weighted by pairs, average precision and recall by "
        "positives, Brier and calibration error by households.",
    ),
    (
        _always,
        "最终模型用以上训练时点和检验时点中结果已知的样本训练：{dates} 个时点（{first} 至 {last}），"
        "{rows} 户次，其中 {positives} 发生；其他时点即使结果已知也不参与。登记数据截至 {cut} 之前。",
        "The final model learned from the rows with a known outcome at the dates above that taught or were tested: "
        "{dates} dates from {first} to {last}, {rows} rows, {positives} of them positive. Other dates teach nothing, "
        "even where their outcomes are known. The registry holds what was known before {cut}.",
    ),
    (
        _always,
        "结果是在现有帮扶之下发生的：得到帮扶而没有发生困难的农户记为未发生，帮扶会掩盖风险。",
        "Outcomes happened with present support in place: a household that support kept out of need counts as "
        "negative, so assistance hides risk.",
    ),
    (
        _absent,
        "登记中缺少以下表，相应特征为缺失：{absent}。",
        "The registry lacks these tables, and their features are missing: {absent}.",
    ),
)
