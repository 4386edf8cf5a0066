"""Plain sentences about the tables, in Chinese and English: what the model beats, and first of all what it does not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from riskmodel.evaluation.baselines import Scorer
from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.evaluation.compare import Table, headline_measures
from riskmodel.evaluation.metrics import better
from riskmodel.evaluation.regret import RegretTable
from riskmodel.evaluation.results import CROSS_VALIDATION, OUT_OF_TIME, Evaluation

_MODES = {
    OUT_OF_TIME: {"zh": "时间外推", "en": "out of time"},
    CROSS_VALIDATION: {"zh": "分组交叉验证", "en": "grouped cross-validation"},
}

AHEAD = frozenset({"clearly_better", "better"})

_NAMES = {
    "auc": ("AUC", "AUC"),
    "average_precision": ("平均精度", "average precision"),
    "brier": ("Brier 分数", "Brier score"),
    "brier_skill": ("Brier 技巧", "Brier skill"),
    "calibration_error": ("校准误差", "calibration error"),
    "truth_gap": ("平均预测风险减平均真实风险（百分点）", "mean risk given minus mean true risk (percentage points)"),
    "truth_squared_error": ("与真实风险之差的均方", "mean squared difference from the true risk"),
    "truth_correlation": ("与真实风险的相关系数", "correlation with the true risk"),
    "truth_slope": ("真实风险对预测风险的斜率", "slope of the true risk on the risk given"),
}

# Shown as percentages, and differences of them in percentage points.
_SHARES = ("recall", "precision", "false_omission", "truth_gap")


def mode_name(mode: str, lang: str) -> str:
    """Return a mode in words."""
    return _MODES[mode][lang]


def table_name(table: Table | RegretTable, lang: str) -> str:
    """Return a table's origin in words."""
    words = {"pooled": {"zh": "合并", "en": "pooled"}, "folds": {"zh": "全部样本", "en": "all rows"}}
    return words[table.name][lang] if table.name in words else table.name


def measure_name(measure: str, lang: str) -> str:
    """Return a measure in words.

    >>> measure_name("recall_at_5pct", "en"), measure_name("precision_at_rule", "zh")
    ('recall at 5%', '精确率（名单与规则同长）')
    """
    at = 0 if lang == "zh" else 1
    if measure in _NAMES:
        return _NAMES[measure][at]
    kind, _, label = measure.partition("_at_")
    word = {"recall": ("召回率", "recall"), "precision": ("精确率", "precision")}[kind][at]
    if label == "rule":
        return f"{word}（名单与规则同长）" if lang == "zh" else f"{word}, list as long as the rule's"
    share = label.replace("pct", "%")
    return f"{word}（容量{share}）" if lang == "zh" else f"{word} at {share}"


def shown(estimate: Estimate, measure: str, *, interval: bool = True, digits: int = 3) -> str:
    """Return an estimate as text: shares as percentages, the rest with ``digits`` decimals; a dash where undefined.

    >>> shown(Estimate(value=0.256, low=0.2, high=0.31), "recall_at_5pct")
    '25.6% (20.0–31.0)'
    """
    if math.isnan(estimate.value):
        return "–"
    share = measure.startswith(_SHARES)
    value = f"{estimate.value * 100:.1f}%" if share else f"{estimate.value:.{digits}f}"
    if not interval or math.isnan(estimate.low):
        return value
    low, high = ((f"{e * 100:.1f}" if share else f"{e:.{digits}f}") for e in (estimate.low, estimate.high))
    return f"{value} ({low}–{high})" if estimate.low >= 0 else f"{value} ({low}, {high})"


def signed(difference: Estimate, measure: str, *, digits: int = 3) -> str:
    """Return a difference with its sign; shares in percentage points, the rest with ``digits`` decimals.

    >>> signed(Estimate(value=-0.0001, low=-0.02, high=0.01), "auc")
    '0.000 (−0.020, +0.010)'
    """
    points, digits = (100, 1) if measure.startswith(_SHARES) else (1, digits)
    value, low, high = (_with_sign(v * points, digits) for v in (difference.value, difference.low, difference.high))
    return value if math.isnan(difference.low) else f"{value} ({low}, {high})"


def _with_sign(value: float, digits: int) -> str:
    if math.isnan(value):
        return "–"
    rounded = round(value, digits)
    return f"{rounded:+.{digits}f}".replace("-", "−") if rounded else f"{0:.{digits}f}"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One sentence in both languages.

    Attributes
    ----------
    good : bool
        Whether the model is ahead; the others are shown first and in a box.
    """

    good: bool
    zh: str
    en: str


def compared(evaluation: Evaluation, lang: str) -> list[str]:
    """Say what each scorer of the tables goes by, the model first."""
    if lang == "zh":
        return [f"{s.zh}：{s.means_zh}" for s in evaluation.scorers]
    return [f"{s.en}: {s.means_en}" for s in evaluation.scorers]


def findings(evaluation: Evaluation) -> list[Finding]:
    """Say, in one sentence for each mode and baseline, by which measures the model is ahead and where it is not.

    Returns
    -------
    list of Finding
        Those where the model is not ahead first.
    """
    said = [
        _finding(evaluation, mode, baseline, headline_measures(evaluation.experiment.capacities))
        for mode in evaluation.tables
        for baseline in evaluation.baselines
    ]
    return sorted(said, key=lambda finding: finding.good)


def _finding(evaluation: Evaluation, mode: str, baseline: Scorer, measures: Sequence[str]) -> Finding:
    tables = evaluation.single(mode)
    behind = {m: [t for t in tables if t.verdict(baseline.name, m) not in AHEAD] for m in measures}
    lost = {m: where for m, where in behind.items() if where}
    won = [m for m in measures if m not in lost]
    zh, en = [], []
    if lost:
        zh.append(
            f"模型不优于{baseline.zh}："
            + "；".join(_lost(tables, m, at, baseline.name, "zh") for m, at in lost.items())
        )
        en.append(
            f"the model does not beat {baseline.en} "
            + "; ".join(_lost(tables, m, at, baseline.name, "en") for m, at in lost.items())
        )
    if won:
        zh.append(("但" if lost else "模型") + f"优于{baseline.zh}：" + _won(tables, won, baseline.name, "zh"))
        en.append(
            f"{'it' if lost else 'the model'} is better than {baseline.en} " + _won(tables, won, baseline.name, "en")
        )
    return Finding(
        good=not lost,
        zh=f"{mode_name(mode, 'zh')}，" + "；".join(zh) + "。",
        en=f"{mode_name(mode, 'en').capitalize()}, " + ", but ".join(en) + ".",
    )


def _won(tables: list[Table], measures: Sequence[str], baseline: str, lang: str) -> str:
    names = [measure_name(measure, lang) for measure in measures]
    clear = [sum(t.verdict(baseline, measure) == "clearly_better" for t in tables) for measure in measures]
    counts = (", " if lang == "en" else "、").join(map(str, clear))
    total = len(tables)
    if lang == "zh":
        where = f"，{total} 个检验时点全部如此；差异区间不含 0 的时点依次为 {counts} 个" if total > 1 else ""
        sure = "" if total > 1 else "，差异区间不含 0" if all(clear) else "，但差异区间并非都不含 0"
        return "、".join(f"按{name}" for name in names) + where + sure
    where = f" at all {total} test origins (the interval of the difference excludes 0 at {counts} of them)"
    sure = (
        " (the interval of the difference excludes 0)" if all(clear) else " (the interval of a difference includes 0)"
    )
    return f"by {_listed(names)}" + (where if total > 1 else sure)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _lost(tables: list[Table], measure: str, where: list[Table], baseline: str, lang: str) -> str:
    total = len(tables)
    if lang == "zh":
        at = f"（{total} 个检验时点中的 {len(where)} 个）" if total > 1 else ""
        return f"按{measure_name(measure, 'zh')}{at} " + "，".join(_figures(t, baseline, measure, "zh") for t in where)
    at = f" at {len(where)} of {total} test origins" if total > 1 else ""
    return f"by {measure_name(measure, 'en')}{at}: " + ", ".join(_figures(t, baseline, measure, "en") for t in where)


def _figures(table: Table, baseline: str, measure: str, lang: str) -> str:
    model, other = table.estimates["model"][measure], table.estimates[baseline][measure]
    kind = table.verdict(baseline, measure)
    if lang == "zh":
        how = {"clearly_worse": "，明显较差", "level": "，持平"}.get(kind, "")
        ahead, beside, gap = table_name(table, "zh") + " ", " 对 ", "，差 "
    else:
        how = {"clearly_worse": ", clearly worse", "level": ", level"}.get(kind, "")
        ahead, beside, gap = table_name(table, "en") + " ", " against ", ", difference "
    values = shown(model, measure, interval=False) + beside + shown(other, measure, interval=False)
    return f"{ahead}{values}{gap}{signed(table.differences[baseline][measure], measure)}{how}"


def best_of(table: Table, measure: str) -> str:
    """Return the scorer with the best value of a measure, the model where it shares the first place."""
    sign = better(measure)
    values = {s: sign * by[measure].value for s, by in table.estimates.items() if measure in by}
    defined = [s for s, value in values.items() if not math.isnan(value)]
    return max(defined, key=values.__getitem__, default="model")
