"""What a card says of what was measured: accuracy, calibration, drift, groups, reasons, and where the model fails."""

from __future__ import annotations

import math
from typing import Any

from riskmodel.drawing import reliability_plot
from riskmodel.evaluation.card.document import Block, Grid, Items, Picture, Section, Text
from riskmodel.evaluation.compare import Table, headline_measures
from riskmodel.evaluation.drift import LARGE_SHIFT, Drift
from riskmodel.evaluation.drift_words import drift_sentence
from riskmodel.evaluation.findings import best_of, compared, findings, measure_name, mode_name, shown, table_name
from riskmodel.evaluation.metrics import capacity_label
from riskmodel.evaluation.regret_words import WORDS as REGRET
from riskmodel.evaluation.regret_words import distance_said, intro, not_believed, unchecked, where_missing
from riskmodel.evaluation.report_words import WORDS, how_measured
from riskmodel.evaluation.results import OUT_OF_TIME, Evaluation
from riskmodel.evaluation.selection_words import WORDS as CHOICE
from riskmodel.evaluation.selection_words import choice_rows, choice_said, tuning_said
from riskmodel.evaluation.subgroups import FOR_ANOTHER, NOT_RECORDED

_MOVERS_SHOWN = 5
_REASONS_SHOWN = 15
_TOO_FEW = ("太少，不列", "too few to show")
_HIDDEN = {
    NOT_RECORDED: ("登记中没有", "not recorded"),
    FOR_ANOTHER: ("不列，以免推算出另一个", "hidden so that the other cannot be worked out"),
}
_GROUP_MEASURES = ("recall", "precision", "false_omission", "observed_to_expected")


def performance(evaluation: Evaluation, lang: str) -> Section:
    """Every measure beside the baselines, pooled; the main ones at each origin."""
    labels = [capacity_label(c) for c in evaluation.experiment.capacities]
    wanted = ["auc", "average_precision", "brier", "brier_skill", "calibration_error"]
    wanted += [f"{kind}_at_{label}" for kind in ("recall", "precision") for label in labels]
    wanted += ["recall_at_rule", "precision_at_rule"]
    blocks: list[Block] = [Items(compared(evaluation, lang))]
    for mode in evaluation.tables:
        table = evaluation.summary(mode)
        name = mode_name(mode, lang)
        blocks.append(
            Text(f"{name.capitalize()}: {_tested(table, lang)}" if lang == "en" else f"{name}：{_tested(table, lang)}")
        )
        blocks.append(_scores(evaluation, table, [m for m in wanted if m in table.estimates["model"]], lang))
        singles = evaluation.single(mode)
        if len(singles) > 1:
            blocks += [_by_origin(evaluation, singles, lang)]
    blocks.append(Items(how_measured(evaluation, lang)))
    return Section("准不准：与其他办法并排" if lang == "zh" else "Results beside the baselines", blocks)


def _tested(table: Table, lang: str) -> str:
    share = f"{table.positives / table.rows:.1%}"
    if lang == "zh":
        return (
            f"{table_name(table, 'zh')}，检验 {table.rows:,} 户次，其中 {table.positives:,} 发生（{share}）。"
            "括号内为区间。"
        )
    return (
        f"{table_name(table, 'en')}, {table.rows:,} households tested, {table.positives:,} positive ({share}). "
        "Brackets hold intervals."
    )


def _scores(evaluation: Evaluation, table: Table, wanted: list[str], lang: str) -> Grid:
    rows = []
    for measure in wanted:
        best = best_of(table, measure)
        cells = [
            shown(table.estimates[s.name][measure], measure) + (" ★" if s.name == best else "")
            if measure in table.estimates[s.name]
            else "–"
            for s in evaluation.scorers
        ]
        rows.append([measure_name(measure, lang), *cells])
    return Grid(
        [("★ 最好" if lang == "zh" else "★ best"), *(s.zh if lang == "zh" else s.en for s in evaluation.scorers)], rows
    )


def _by_origin(evaluation: Evaluation, tables: list[Table], lang: str) -> Grid:
    rows = []
    for table in tables:
        for measure in headline_measures(evaluation.experiment.capacities):
            cells = [shown(table.estimates[s.name][measure], measure) for s in evaluation.scorers]
            rows.append([f"{table_name(table, lang)} {measure_name(measure, lang)}", *cells])
    names = [s.zh if lang == "zh" else s.en for s in evaluation.scorers]
    return Grid(["检验时点" if lang == "zh" else "test origin", *names], rows)


def calibration(evaluation: Evaluation, lang: str) -> Section:
    """Whether risks come true as often as they say, origin by origin."""
    zh = lang == "zh"
    title = "风险说多少，是否就发生多少（校准）" if zh else "Calibration: do risks come true as often as they say?"
    if evaluation.drift is None:
        table = evaluation.summary(evaluation.main_mode)
        error = shown(table.estimates["model"]["calibration_error"], "calibration_error", digits=4)
        said = (
            f"没有检验时点；交叉验证的校准误差为 {error}。"
            if zh
            else f"No test origins; in cross-validation the error is {error}."
        )
        return Section(title, [Text(said)])
    blocks: list[Block] = [
        Text(
            "把每户的风险加起来，就是预计会有多少户发生；与实际发生数相除，1 为恰好。"
            "校准误差：按风险分十组，各组平均风险与实际比例之差的平均。"
            if zh
            else "The risks of all households add up to the cases expected; found over expected is 1 where they are "
            "right. The calibration error: mean distance of mean risk and share of cases over ten bins of equal count."
        ),
        _calibration_grid(evaluation.drift, lang),
    ]
    curves = [
        (table_name(table, lang), [(b["mean_risk"], b["share"], int(b["rows"])) for b in table.reliability["model"]])
        for table in evaluation.single(OUT_OF_TIME)
    ]
    words = WORDS[lang]
    blocks.append(
        Picture(
            reliability_plot(curves, title=words["reliability"], x_label=words["mean_risk"], y_label=words["share"])
        )
    )
    return Section(title, blocks)


def _calibration_grid(drift: Drift, lang: str) -> Grid:
    zh = lang == "zh"
    head = (
        ["检验时点", "户数", "预计发生", "实际发生", "实际 ÷ 预计", "校准误差", "判断"]
        if zh
        else ["test origin", "households", "expected", "found", "found ÷ expected", "calibration error", ""]
    )
    verdicts = {True: ("漂移", "drift"), False: ("未见漂移", "no drift seen")}
    rows = [
        [
            str(each.origin),
            f"{each.calibration.rows:,}",
            f"{each.calibration.expected:,.1f}",
            f"{each.calibration.found:,}",
            shown(each.calibration.ratio, "ratio", digits=2),
            shown(each.calibration.error, "calibration_error", digits=4),
            verdicts[each.calibration.drifted][0 if zh else 1],
        ]
        for each in drift.origins
    ]
    return Grid(head, rows)


def drift(evaluation: Evaluation, lang: str) -> Section:
    """Whether drift was seen at the origins, by which rule, and which features moved."""
    zh = lang == "zh"
    found = evaluation.drift
    title = "漂移" if zh else "Drift"
    if found is None:
        return Section(
            title, [Text("没有检验时点，无法判断。" if zh else "Cannot be told: there are no test origins.")]
        )
    blocks: list[Block] = [
        Text(drift_sentence(found, lang), kind="lost" if found.seen else "won"),
        Text(
            f"规则：实际与预计之比偏离 1 超过 {found.rule.factor:g} 倍，"
            f"且其 {found.rule.level:.0%} 区间（按村抽样）不含 1。"
            if zh
            else f"The rule: found over expected is further from 1 than a factor of {found.rule.factor:g}, and its "
            f"{found.rule.level:.0%} interval (villages drawn again) excludes 1.",
            kind="note",
        ),
    ]
    rows = [
        [
            str(each.origin),
            mover.zh if zh else mover.en,
            f"{mover.index:.2f}" + (" ▲" if mover.index > LARGE_SHIFT else ""),
            _figure(mover.mean_before),
            _figure(mover.mean_now),
        ]
        for each in found.origins
        for mover in each.movers[:_MOVERS_SHOWN]
    ]
    moved = "、".join(f"{o.origin} {o.moved} 个" for o in found.origins)
    moved_en = ", ".join(f"{o.moved} at {o.origin}" for o in found.origins)
    blocks += [
        Text(
            f"哪些特征的分布变了（与训练样本相比；稳定性指数 PSI 超过 {LARGE_SHIFT} 为明显变化，记 ▲：{moved}）。"
            "特征会随物价、年景而动，这本身不说明风险不准；它告诉人该往哪里看。"
            if zh
            else f"Which features moved, against the rows that taught (population stability index; ▲ above "
            f"{LARGE_SHIFT}, a large shift: {moved_en}). Prices and seasons move features; that alone does not make "
            "risks wrong, it says where to look."
        ),
        Grid(
            ["时点", "特征", "PSI", "训练时平均", "检验时平均"]
            if zh
            else ["origin", "feature", "PSI", "mean then", "mean now"],
            rows,
            words=2,
        ),
    ]
    return Section(title, blocks)


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def groups(evaluation: Evaluation, lang: str) -> list[Section]:
    """How the list serves each group, where that was measured; nothing else."""
    zh = lang == "zh"
    cells = group_cells(evaluation)
    if not cells:
        return []
    names = {
        "recall": ("召回率", "recall"),
        "precision": ("精确率", "precision"),
        "false_omission": ("漏报率", "false omission"),
        "observed_to_expected": ("实际 ÷ 预计", "found ÷ expected"),
    }
    rows = []
    for cell in cells:
        word = cell.zh if zh else cell.en
        if cell.hidden is not None:
            why = _HIDDEN.get(cell.hidden, _TOO_FEW)[0 if zh else 1]
            rows.append([word, why, *["–"] * (1 + len(_GROUP_MEASURES))])
            continue
        figures = [
            shown(cell.estimates[m], "ratio" if m == "observed_to_expected" else m) + (" ▲" if cell.differs(m) else "")
            for m in _GROUP_MEASURES
        ]
        rows.append([word, f"{cell.rows:,}", f"{cell.positives:,}", *figures])
    head = [
        *(("群体", "户次", "发生") if zh else ("group", "households", "cases")),
        *(names[m][0 if zh else 1] for m in _GROUP_MEASURES),
    ]
    note = (
        "▲：与其他农户之差的区间不含 0。各群体的人数少，区间就宽；没有标记不等于没有差别。"
        "漏报率：不在名单上的农户中此后发生的比例。"
        if zh
        else "▲: the interval of the difference to everyone else excludes 0. Small groups have wide intervals: no mark "
        "is not proof of no difference. False omission: of those off the list, the share that became cases."
    )
    return [Section("对不同群体" if zh else "Groups", [Grid(head, rows), Text(note, kind="note")])]


def group_cells(evaluation: Evaluation) -> list[Any]:
    """Return what the evaluation says of each group; empty where it does not look at any."""
    return list(getattr(getattr(evaluation, "further", None), "subgroups", None) or ())


def reasons(evaluation: Evaluation, lang: str) -> Section:
    """What moves the score most over all households, and which way."""
    zh = lang == "zh"
    ways = {
        "rises": ("越大，风险越高", "the higher, the riskier"),
        "falls": ("越大，风险越低", "the higher, the safer"),
        "mixed": ("视情况而定", "depends"),
    }
    rows = [
        [
            (item.zh if zh else item.en) + (" *" if item.sensitive else ""),
            ways[item.direction][0 if zh else 1],
            f"{item.mean_contribution:.3f}",
        ]
        for item in evaluation.importance[:_REASONS_SHOWN]
    ]
    head = ["特征", "方向", "平均影响（对数几率）"] if zh else ["feature", "direction", "mean effect (log-odds)"]
    note = (
        "对全体农户取平均。它说明分数从何而来，不说明因果。* 为敏感信息。"
        if zh
        else "Mean absolute contribution over all households: it says where scores come from, not what causes what. "
        "* marks a sensitive feature."
    )
    return Section(
        "分数主要看什么" if zh else "What moves the score", [Grid(head, rows, words=2), Text(note, kind="note")]
    )


def failures(evaluation: Evaluation, lang: str) -> Section:
    """Where the model does not win, where it drifted, whom it serves worse, which directions do not hold."""
    zh = lang == "zh"
    lines = [f.zh if zh else f.en for f in findings(evaluation) if not f.good]
    found = evaluation.drift
    if found is not None and found.seen:
        lines.append(drift_sentence(found, lang))
    for cell in group_cells(evaluation):
        worse = [] if cell.hidden is not None else _worse(cell, lang)
        if worse:
            name = cell.zh if zh else cell.en
            lines.append(f"{name}：{'；'.join(worse)}。" if zh else f"{name}: {'; '.join(worse)}.")
    broken = broken_directions(evaluation)
    if broken:
        named = ", ".join(broken)
        lines.append(f"方向与目录所写不符的特征：{named}。" if zh else f"Directions that do not hold: {named}.")
    if not lines:
        lines = [
            "按 AUC、平均精度和主要容量下的召回率，处处领先；未见漂移。"
            if zh
            else "By AUC, average precision and recall at the main capacity it is ahead everywhere; no drift seen."
        ]
        return Section("已知的不足" if zh else "Where the model does not win", [Items(lines)])
    return Section("已知的不足" if zh else "Where the model does not win", [Items(lines, kind="lost")])


def _worse(cell: Any, lang: str) -> list[str]:
    """The measures in which a group is clearly worse served than everyone else."""
    words = {
        "recall": ("召回率低于其他农户", "recall below everyone else's"),
        "precision": ("精确率低于其他农户", "precision below everyone else's"),
        "false_omission": ("名单外仍发生的比例高于其他农户", "false omission above everyone else's"),
        "observed_to_expected": ("风险说低了", "risks say too little"),
    }
    said = []
    for measure, (zh, en) in words.items():
        difference = cell.differences.get(measure)
        sign = 1 if measure in ("false_omission", "observed_to_expected") else -1
        if difference is not None and cell.differs(measure) and sign * difference.value > 0:
            said.append(zh if lang == "zh" else en)
    return said


def broken_directions(evaluation: Evaluation) -> list[str] | None:
    """Return the constrained features whose direction did not hold; None where that was not tested."""
    held = evaluation.directions_held
    return None if held is None else [name for name, holds in held.items() if not holds]


def best_possible(evaluation: Evaluation, lang: str) -> list[Section]:
    """The distance to the oracle, where the registry is simulated and tells the true risks."""
    regret = evaluation.regret
    if regret is None:
        return []
    doubted = not_believed(evaluation, lang)
    said = [unchecked(regret, lang), *distance_said(evaluation, lang), where_missing(regret, lang)]
    blocks: list[Block] = [Text(doubted, kind="lost")] if doubted else []
    blocks += [Text(intro(regret, lang)), Items([line for line in said if line])]
    return [Section(REGRET[lang]["title"], blocks)]


def choice(evaluation: Evaluation, lang: str) -> list[Section]:
    """Which scorer stated rules would have chosen over time, and what searches for settings found; empty without."""
    words, found = CHOICE[lang], []
    if evaluation.choice is not None:
        blocks: list[Block] = [Text(line) for line in choice_said(evaluation.choice, lang)]
        rows = choice_rows(evaluation.choice, evaluation, lang)
        if rows:
            blocks.append(Grid(rows[0], rows[1:]))
        found.append(Section(words["title"], blocks))
    told = tuning_said(evaluation, lang)
    if told:
        found.append(Section(words["tuning_title"], [Items(told)]))
    return found
