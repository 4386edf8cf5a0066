"""Plain sentences about the tables, in Chinese and English: what the model beats, and first of all what it does not."""

from __future__ import annotations

import math
from dataclasses import dataclass

from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.evaluation.compare import Table, headline_measures
from riskmodel.evaluation.metrics import better
from riskmodel.evaluation.results import CROSS_VALIDATION, OUT_OF_TIME, Evaluation

_MODES = {
    OUT_OF_TIME: {"zh": "时间外推", "en": "out of time"},
    CROSS_VALIDATION: {"zh": "分组交叉验证", "en": "grouped cross-validation"},
}

_NAMES = {
    "auc": ("AUC", "AUC"),
    "average_precision": ("平均精度", "average precision"),
    "brier": ("Brier 分数", "Brier score"),
    "brier_skill": ("Brier 技巧", "Brier skill"),
    "calibration_error": ("校准误差", "calibration error"),
}


def mode_name(mode: str, lang: str) -> str:
    """Return a mode in words."""
    return _MODES[mode][lang]


def table_name(table: Table, lang: str) -> str:
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


def shown(estimate: Estimate, measure: str, *, interval: bool = True) -> str:
    """Return an estimate as text: shares as percentages, the rest with three decimals; a dash where undefined.

    >>> shown(Estimate(value=0.256, low=0.2, high=0.31), "recall_at_5pct")
    '25.6% (20.0–31.0)'
    """
    if estimate.value != estimate.value:
        return "–"
    share = measure.startswith(("recall", "precision"))
    value = f"{estimate.value * 100:.1f}%" if share else f"{estimate.value:.3f}"
    if not interval or estimate.low != estimate.low:
        return value
    low, high = ((f"{e * 100:.1f}" if share else f"{e:.3f}") for e in (estimate.low, estimate.high))
    return f"{value} ({low}–{high})" if estimate.low >= 0 else f"{value} ({low} to {high})"


def signed(difference: Estimate, measure: str) -> str:
    """Return a difference with its sign; shares in percentage points."""
    points = 100 if measure.startswith(("recall", "precision")) else 1
    form = "{:+.1f}" if points == 100 else "{:+.3f}"
    value, low, high = (form.format(v * points) for v in (difference.value, difference.low, difference.high))
    return value if difference.low != difference.low else f"{value} ({low}, {high})"


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


def findings(evaluation: Evaluation) -> list[Finding]:
    """Say, for each mode and baseline, at which origins the model is ahead and where it is not.

    Returns
    -------
    list of Finding
        Those where the model is not ahead first.
    """
    said = []
    for mode in evaluation.tables:
        tables = evaluation.single(mode)
        for baseline in evaluation.baselines:
            for measure in headline_measures(evaluation.experiment.capacities):
                verdicts = [table.verdict(baseline.name, measure) for table in tables]
                ahead = [v in {"clearly_better", "better"} for v in verdicts]
                if all(ahead):
                    said.append(_won(evaluation, mode, baseline.name, measure, verdicts))
                said += [
                    _lost(evaluation, mode, table, baseline.name, measure)
                    for table, won in zip(tables, ahead, strict=True)
                    if not won
                ]
    return sorted(said, key=lambda finding: finding.good)


def _words(evaluation: Evaluation, name: str) -> tuple[str, str]:
    scorer = next(s for s in evaluation.scorers if s.name == name)
    return scorer.zh, scorer.en


def _won(evaluation: Evaluation, mode: str, baseline: str, measure: str, verdicts: list[str]) -> Finding:
    zh, en = _words(evaluation, baseline)
    total, clear = len(verdicts), verdicts.count("clearly_better")
    where_zh = f"全部 {total} 个检验时点上" if mode == OUT_OF_TIME else ""
    where_en = f" at all {total} test origins" if mode == OUT_OF_TIME and total > 1 else ""
    sure_zh = f"其中 {clear} 个的差异区间不含 0" if total > 1 else ("差异区间不含 0" if clear else "但差异区间含 0")
    sure_en = (
        f"at {clear} of them the interval of the difference excludes 0"
        if total > 1
        else f"the interval of the difference {'excludes' if clear else 'includes'} 0"
    )
    return Finding(
        good=True,
        zh=f"{mode_name(mode, 'zh')}：按{measure_name(measure, 'zh')}，模型{where_zh}优于{zh}；{sure_zh}。",
        en=f"{mode_name(mode, 'en').capitalize()}, by {measure_name(measure, 'en')}: the model is better than "
        f"{en}{where_en}; {sure_en}.",
    )


def _lost(evaluation: Evaluation, mode: str, table: Table, baseline: str, measure: str) -> Finding:
    zh, en = _words(evaluation, baseline)
    model, other = table.estimates["model"][measure], table.estimates[baseline][measure]
    how_zh, how_en = {
        "clearly_worse": ("，明显较差", ", clearly worse"),
        "level": ("，持平", ", level"),
    }.get(table.verdict(baseline, measure), ("", ""))
    figures = f"{shown(model, measure, interval=False)} / {shown(other, measure, interval=False)}"
    gap = signed(table.differences[baseline][measure], measure)
    return Finding(
        good=False,
        zh=f"{mode_name(mode, 'zh')}，{table_name(table, 'zh')}：按{measure_name(measure, 'zh')}，"
        f"模型不优于{zh}（{figures}，差 {gap}{how_zh}）。",
        en=f"{mode_name(mode, 'en').capitalize()}, {table_name(table, 'en')}, by {measure_name(measure, 'en')}: "
        f"the model does not beat {en} ({figures}, difference {gap}{how_en}).",
    )


def best_of(table: Table, measure: str) -> str:
    """Return the scorer with the best value of a measure, the model where it shares the first place."""
    sign = better(measure)
    values = {s: sign * by[measure].value for s, by in table.estimates.items() if measure in by}
    defined = [s for s, value in values.items() if not math.isnan(value)]
    return max(defined, key=values.__getitem__, default="model")
