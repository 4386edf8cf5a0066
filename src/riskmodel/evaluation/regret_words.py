"""What the report, the card and the terminal say of the distance to the best possible, in Chinese and English."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.evaluation.compare import headline_measures
from riskmodel.evaluation.doubt import Doubt
from riskmodel.evaluation.findings import measure_name, mode_name, shown, signed, table_name
from riskmodel.evaluation.regret import ORACLE, Regret, RegretTable
from riskmodel.evaluation.results import OUT_OF_TIME, Evaluation

WORDS: dict[str, dict[str, Any]] = {
    "zh": {
        "title": "距最佳可能还有多远",
        "oracle": "最佳可能",
        "intro": "这个县是模拟出来的，因此每户的真实风险可以知道：从该户在时点上的全部状态出发，把此后一年反复过"
        "{lives}，其中出现困难的比例。按真实风险排序，就是任何人在期望意义上能做到的最好（“最佳可能”）。它知道登记中没"
        "有的事（健康、性情、尚未上报的情况），因此不能指望任何模型达到它。",
        "lives": " {replays} 次",
        "lives_unknown": "多次",
        "regret_note": "每格上行是该方法自己的数值，下行是差距（regret）：同样的农户上比最佳可能差多少，正数越大越差；"
        "括号内为区间，两边用同一批抽样。某一年的运气可以使差距为负。",
        "bar": "真实风险来自有限次重复，排序本身略有误差，因此最佳可能的 AUC、平均精度、召回率和精确率略微偏低。",
        "corrected": "重复次数有限带来的误差已从一切平方距离中扣除（最佳可能的 Brier 分数、均方差、相关系数）。",
        "uncorrected": "文件没有说明重复次数，或只有一次：其误差无法扣除，因此各平方距离偏大，相关系数偏小。",
        "rows_note": "检验中已知真实风险的 {rows} 户次，其中 {positives} 发生（{share}）。",
        "distance": "概率与真实风险的距离",
        "distance_note": "只列给出概率的方法。斜率：预测风险每高 1，真实风险高多少；等于 1 为恰当，小于 1 是说得过分，"
        "大于 1 是说得不够。Brier 分数的差距与均方差量的是同一距离，前者还带着当年结果的运气。",
        "root": "典型差距（均方根，百分点）",
        "bands": "真实风险说多少，是否就发生多少",
        "bands_axis": "比例",
        "band": "真实风险",
        "band_rows": "户次",
        "mean_true": "平均真实风险",
        "came_true": "实际发生",
        "said": "{name}平均预测",
        "all": "全部",
        "bands_note": "真实风险若名副其实，说多少就应发生多少。同一年的灾害和物价使各档一起变动，区间不含这一点；重复"
        "次数有限，最低一档实际发生会略多，最高一档会略少。相去甚远时，说明这里的结果定义或政策数字与模拟所用的不同。",
        "recall_picture": "不同走访容量下的召回率：与最佳可能并列",
        "recall_axis": "召回率",
        "by_origin": "各检验时点",
        "missing": "以下检验时点没有真实风险，未计入：{missing}。",
        "ask": "要得到它，按原来的选项重新模拟，并加上：{options}。",
        "odd": "不是月初的时点不能有真实风险：{odd}。",
        "none": "没有任何检验时点有真实风险，因此没有差距可报。",
        "says": "{mode}，{where}（{rows} 户次）与最佳可能相比：{figures}。",
        "figure": "{measure} {own}，最佳可能 {best}，差距 {regret}{unit}",
        "points": " 个百分点",
        "not_true": "这些“真实风险”不是本登记库、本结果定义的真实风险，所报差距（regret）不可信：{signs}。请将 "
        "truth.parquet 与登记库一并重新模拟，核对结果定义与政策数字，或将该文件移走。",
        "share": "{mode}：检验的农户中 {found:,.0f} 户次发生，而按这些风险应约为 {expected:,.0f} 户次",
        "better": "{mode}：{scorer}的 {measure} 为 {expected}，明显优于所谓最佳可能的 {found}",
        "unchecked": "truth.parquet 没有说明它属于哪个县、按哪条监测线和哪个上报期限判定：无法核对它是否属于本登记库。",
        "typical": "；概率与真实风险的典型差距 {root} 个百分点",
    },
    "en": {
        "title": "Distance to the best possible",
        "oracle": "best possible",
        "intro": "This county is simulated, so each household's true risk can be known: its year ahead was lived "
        "{lives} from its full state at the date, and the risk is the share of lives that ended in need. To rank by "
        "it is the best that anyone can do in expectation (“best possible”). It knows what no registry holds (health, "
        "temper, what is not reported yet), so no model can be expected to reach it.",
        "lives": "{replays} times",
        "lives_unknown": "many times",
        "regret_note": "In each cell a scorer's own value stands above its regret: by how much it is worse than the "
        "best possible on the same households; more is worse. Brackets hold intervals, from the same draws for both "
        "sides. The luck of one year can make a regret negative.",
        "bar": "True risks come from a limited number of lives, so the order by them is a little off: the best "
        "possible's AUC, average precision, recall and precision are slightly low.",
        "corrected": "The noise of a limited number of lives is taken out of every squared distance (the best "
        "possible's Brier score, the squared difference, the correlation).",
        "uncorrected": "The file does not say how many lives there were, or there was one only: their noise cannot be "
        "taken out, so squared distances are too large and correlations too small.",
        "rows_note": "{rows} households tested with a known true risk, {positives} of them positive ({share}).",
        "distance": "Distance of the probabilities from the true risk",
        "distance_note": "Only scorers that give probabilities. Slope: how much the true risk rises where the risk "
        "given rises by 1; at 1 it is right, below 1 differences are overstated, above 1 understated. The regret of "
        "the Brier score estimates the mean squared difference as well, with the luck of the year's outcomes in it.",
        "root": "typical difference (root mean square, percentage points)",
        "bands": "Does the true risk come true as often as it says?",
        "bands_axis": "share",
        "band": "true risk",
        "band_rows": "households",
        "mean_true": "mean true risk",
        "came_true": "came true",
        "said": "{name} said, on average",
        "all": "all",
        "bands_note": "If the truth deserves its name, as many come true as it says. Disasters and prices of a year "
        "move all bands together, which the intervals do not hold; and as lives are limited in number, the lowest "
        "band comes true a little more often than it says, the highest a little less. Where they are far apart, the "
        "outcome or the policy's figures here are not those that the simulation counts by.",
        "recall_picture": "Recall by visiting capacity, beside the best possible",
        "recall_axis": "recall",
        "by_origin": "At each test origin",
        "missing": "No true risk at these test origins, which are left out: {missing}.",
        "ask": "To have it, simulate again with the options as they were and besides: {options}.",
        "odd": "A date that is not the first of a month can have none: {odd}.",
        "none": "No test origin has true risks, so there is no regret to report.",
        "says": "{mode}, {where} ({rows} households tested), against the best possible: {figures}.",
        "figure": "{measure} {own} where the best possible has {best}, regret {regret}{unit}",
        "points": " points",
        "not_true": "THESE TRUE RISKS ARE NOT THOSE OF THIS REGISTRY AND OUTCOME, and the regret must not be believed: "
        "{signs}. Simulate registry and truth.parquet anew by one call, compare the outcome's definition and the "
        "policy's figures, or move the file away.",
        "share": "{mode}, it happened to {found:,.0f} of the households tested, where these risks expect "
        "{expected:,.0f}",
        "better": "{mode}, {scorer} has {measure} {expected}, clearly better than the {found} of what would be the "
        "best possible",
        "unchecked": "truth.parquet does not say which county it is of, nor by which monitoring line and lag its "
        "outcomes were judged: it cannot be checked whether it is this registry's.",
        "typical": "; the probability is typically {root} percentage points off the true risk",
    },
}


def digits(measure: str) -> int:
    """Return how many decimals a measure wants here: squared distances are small where few are in need.

    >>> digits("brier"), digits("auc")
    (4, 3)
    """
    return 4 if measure in {"brier", "truth_squared_error"} else 3


def root(squared: Estimate) -> Estimate:
    """Return the root of a mean squared difference; what noise took below 0 is 0."""
    value, low, high = (
        math.sqrt(max(v, 0.0)) if math.isfinite(v) else v for v in (squared.value, squared.low, squared.high)
    )
    return Estimate(value=value, low=low, high=high)


def points(estimate: Estimate, *, interval: bool = True) -> str:
    """Return a share as percentage points.

    >>> points(Estimate(value=0.0612, low=0.055, high=0.0678))
    '6.1 (5.5–6.8)'
    """
    if math.isnan(estimate.value):
        return "–"
    said = f"{estimate.value * 100:.1f}"
    return (
        said
        if not interval or math.isnan(estimate.low)
        else f"{said} ({estimate.low * 100:.1f}–{estimate.high * 100:.1f})"
    )


def intro(regret: Regret, lang: str) -> str:
    """Say what the best possible is."""
    words = WORDS[lang]
    lives = words["lives"].format(replays=regret.replays) if regret.replays else words["lives_unknown"]
    return str(words["intro"].format(lives=lives))


def notes(regret: Regret, lang: str) -> list[str]:
    """Say how to read regret, and what the limited number of lives does to it."""
    words = WORDS[lang]
    return [words["regret_note"], words["corrected" if regret.corrected else "uncorrected"], words["bar"]]


def where_missing(regret: Regret, lang: str) -> str:
    """Name the test origins without true risks and how to get them; empty where none is missing."""
    if not regret.missing:
        return ""
    words = WORDS[lang]
    parts = [] if regret.dates else [words["none"]]
    parts.append(words["missing"].format(missing=_listed(regret.missing, lang)))
    askable = [day for day in sorted({*regret.dates, *regret.missing}) if day.day == 1]
    odd = [day for day in regret.missing if day.day != 1]
    if len(odd) < len(regret.missing):
        options = f"--truth {regret.replays or 100} " + " ".join(f"--truth-at {day}" for day in askable)
        parts.append(words["ask"].format(options=options))
    if odd:
        parts.append(words["odd"].format(odd=_listed(odd, lang)))
    return ("" if lang == "zh" else " ").join(parts)


def not_believed(evaluation: Evaluation, lang: str) -> str:
    """Say that the true risks are not those of this registry and outcome, and by which signs; empty without any."""
    regret = evaluation.regret
    if regret is None or regret.believable:
        return ""
    signs = ("；" if lang == "zh" else "; ").join(_sign(evaluation, doubt, lang) for doubt in regret.doubts)
    return str(WORDS[lang]["not_true"].format(signs=signs))


def _sign(evaluation: Evaluation, doubt: Doubt, lang: str) -> str:
    words, mode = WORDS[lang], mode_name(doubt.mode, lang)
    if doubt.scorer is None:
        return str(words["share"].format(mode=mode, found=doubt.found, expected=doubt.expected))
    scorer = next(s for s in evaluation.scorers if s.name == doubt.scorer)
    figures = digits(doubt.sign)
    return str(
        words["better"].format(
            mode=mode,
            scorer=scorer.zh if lang == "zh" else scorer.en,
            measure=measure_name(doubt.sign, lang),
            expected=f"{doubt.expected:.{figures}f}",
            found=f"{doubt.found:.{figures}f}",
        )
    )


def unchecked(regret: Regret, lang: str) -> str:
    """Say that the truth could not be compared with the registry; empty where it was."""
    return "" if regret.checked else str(WORDS[lang]["unchecked"])


def _listed(days: tuple[date, ...] | list[date], lang: str) -> str:
    return ("、" if lang == "zh" else ", ").join(map(str, days))


def distance_said(evaluation: Evaluation, lang: str) -> list[str]:
    """Say how far the model stays behind the best possible, one sentence a mode; empty where no truth is known."""
    if evaluation.regret is None:
        return []
    return [_says(evaluation, mode, tables[-1], lang) for mode, tables in evaluation.regret.tables.items() if tables]


def _says(evaluation: Evaluation, mode: str, table: RegretTable, lang: str) -> str:
    words = WORDS[lang]
    figures = ("；" if lang == "zh" else "; ").join(
        words["figure"].format(
            measure=measure_name(m, lang),
            own=shown(table.estimates["model"][m], m, interval=False),
            best=shown(table.estimates[ORACLE][m], m, interval=False),
            regret=signed(table.regrets["model"][m], m),
            unit=words["points"] if m.startswith("recall") else "",
        )
        for m in headline_measures(evaluation.experiment.capacities)
    )
    off = root(table.distances["model"]["truth_squared_error"])
    figures += words["typical"].format(root=points(off, interval=False))
    named = mode_name(mode, lang)
    return str(
        words["says"].format(
            mode=named if lang == "zh" else named.capitalize(),
            where=table_name(table, lang),
            rows=f"{table.rows:,}",
            figures=figures,
        )
    )


def where(table: RegretTable, mode: str, lang: str) -> str:
    """Return what heads a table: its origin, or the mode where time is disregarded."""
    return table_name(table, lang) if mode == OUT_OF_TIME else mode_name(mode, lang)
