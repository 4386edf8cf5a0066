"""What a finding says, in Chinese and English: what it is, what it rests on, and what to do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from riskmodel.explain.units import percent, trimmed
from riskmodel.registry import schema
from riskmodel.registry.codes import Lang, label
from riskmodel.watching.feeds import UNITS
from riskmodel.watching.findings import Finding
from riskmodel.watching.item_words import item_words
from riskmodel.watching.learnt import kind_columns
from riskmodel.watching.words_of_model import of_feature, of_group, of_list, of_score, of_untrue


class Said(NamedTuple):
    """A finding in words."""

    title: str
    evidence: str
    todo: str


def feed_words(feed: Sequence[str], lang: Lang) -> str:
    """Return a feed in words: its table, and the codes of its kind.

    >>> feed_words(("income", "transfer", "dibao"), "en"), feed_words(("spending", "medical_oop"), "zh")
    ('income: transfer income, dibao', '支出：合规自付医疗支出')
    >>> feed_words(("income", "wage", "local_wage"), "zh")
    '收入：工资性收入、本地务工'
    """
    table = schema.table(feed[0])
    name = table.zh if lang == "zh" else table.en
    parts = []
    for column, code in zip(kind_columns(table), feed[1:], strict=False):
        book = table.column(column).codes
        parts.append(label(book, code, lang) if book else item_words(code, lang))
    if not parts:
        return name
    return f"{name}：{'、'.join(parts)}" if lang == "zh" else f"{name}: {', '.join(parts)}"


def say(finding: Finding, lang: Lang) -> Said:
    """Return what a finding says."""
    return Said(*_SAYS[finding.kind](finding, finding.figures, lang))


def _feed(finding: Finding, lang: Lang) -> str:
    return feed_words(finding.feed, lang)


def _column(finding: Finding, lang: Lang) -> str:
    column = schema.table(finding.feed[0]).column(finding.figures["column"])
    return column.zh if lang == "zh" else column.en


def _feeds(figures: Mapping[str, Any], lang: Lang) -> str:
    feeds = figures.get("feeds", ())
    if len(feeds) < 2:
        return ""
    named = [feed_words(place.split("/"), lang) for place in feeds]
    return f"（{'；'.join(named)}）" if lang == "zh" else f" ({'; '.join(named)})"


def _unit(finding: Finding, f: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    power = int(abs(f["power"]))
    en, zh = UNITS[power]
    larger = f["power"] > 0
    # In fen amounts are larger; in thousands and ten thousands they are smaller. The other way the unit was another
    # one before.
    as_expected = (power == 2) == larger
    times = f"{f['ratio']:.3g}"
    if lang == "zh":
        what = f"像是以{zh}填报，而不是元" if as_expected else f"像是以前以{zh}填报，现在改以元填报"
        return (
            f"金额单位疑似改变：{_feed(finding, lang)}",
            f"最近一个月获知的金额（几何均值）是按往年应有的 {times} 倍，{what}{_feeds(f, lang)}；"
            f"共 {f['rows']:,} 行，参照 {f['months']} 个月的变化。",
            "请向报送部门核实单位，按元重新导入这批数据；在此之前不要用本月评分。",
        )
    what = (
        f"as if they came in {en} instead of yuan"
        if as_expected
        else f"as if they had come in {en} before, and came in yuan now"
    )
    return (
        f"Amounts seem to be in another unit: {_feed(finding, lang)}",
        f"Amounts learnt last month are {times} times what earlier years lead one to expect (geometric mean), {what}"
        f"{_feeds(f, lang)}; {f['rows']:,} rows, held against {f['months']} earlier changes.",
        "Ask the department that sends them for the unit and import the batch again in yuan; do not use this month's "
        "scores before.",
    )


def _policy(finding: Finding, f: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    kinds = f["kinds"].items()
    if lang == "zh":
        told = "；".join(
            f"{label('measure_kind', kind, lang)}在帮 {n['now']:,} 项（按往年应有约 {n['expected']:,} 项）"
            for kind, n in kinds
        )
        return (
            "帮扶政策疑似退出：" + "、".join(label("measure_kind", kind, lang) for kind, _ in kinds),
            f"在帮措施大量结束：{told}。" + ("随之变化的列在下面。" if finding.below else ""),
            "请向乡村振兴部门核实是政策退出还是批量误录。若属实，模型没有见过这种情况："
            "已有帮扶的户优先走访，结果成熟后重新校准或训练。",
        )
    told = "; ".join(
        f"{label('measure_kind', kind, lang)}: {n['now']:,} in force (about {n['expected']:,} expected)"
        for kind, n in kinds
    )
    return (
        "Support seems to have been withdrawn: " + ", ".join(label("measure_kind", kind, lang) for kind, _ in kinds),
        f"Measures ended in numbers: {told}." + (" What went with them stands below." if finding.below else ""),
        "Ask whether the policy ended or ends were entered by mistake. If it did, the model has never seen this: visit "
        "who had the support first, and recalibrate or train again once outcomes are known.",
    )


def _stopped(finding: Finding, f: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    gone = finding.kind == "feed_stopped"
    if lang == "zh":
        return (
            f"{'报送中断' if gone else '报送大幅减少'}：{_feed(finding, lang)}",
            f"最近一个月获知 {f['rows']:,} 行，按往年同月应有约 {f['expected']:,} 行{_feeds(f, lang)}，"
            f"参照 {f['months']} 个月的变化。",
            "请联系报送部门，补报后再评分；没有记录不等于没有发生，读这些行的特征会把农户看得比实际好或差。",
        )
    return (
        f"A feed {'stopped' if gone else 'fell away'}: {_feed(finding, lang)}",
        f"{f['rows']:,} rows were learnt last month where about {f['expected']:,} were to be expected"
        f"{_feeds(f, lang)}, held against {f['months']} earlier changes.",
        "Ask the department that sends it, and score again once it has caught up: no row is not the same as nothing "
        "happened, and features that read these rows are off.",
    )


def _risen(finding: Finding, f: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    if lang == "zh":
        return (
            f"行数明显增多：{_feed(finding, lang)}",
            f"最近一个月获知 {f['rows']:,} 行，按往年应有约 {f['expected']:,} 行。",
            "若当月确有灾害等事件，无须处理；否则核实是否重复报送或补报。",
        )
    return (
        f"More rows than usual: {_feed(finding, lang)}",
        f"{f['rows']:,} rows were learnt last month where about {f['expected']:,} were to be expected.",
        "If a disaster or the like explains it, nothing is to be done; else ask whether rows were sent twice or late.",
    )


def _late(finding: Finding, f: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    if lang == "zh":
        return (
            f"报送变晚：{_feed(finding, lang)}",
            f"最近一个月获知的 {f['rows']:,} 行，从发生到获知的中位天数为 {f['days']:.0f} 天，"
            f"按往年应为 {f['expected']:.0f} 天。",
            "请向报送部门核实；近几个月的记录尚不完整，读近期窗口的特征会偏低。",
        )
    return (
        f"A feed comes late: {_feed(finding, lang)}",
        f"Of {f['rows']:,} rows learnt last month the median was known {f['days']:.0f} days after the fact, where "
        f"{f['expected']:.0f} were to be expected.",
        "Ask the department that sends it; the last months are not complete yet, and features of recent windows are "
        "low.",
    )


def _unseen(finding: Finding, f: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    if lang == "zh":
        why = "不在代码表中" if f["outside_code_book"] else "以前各月从未出现"
        return (
            f"没见过的代码：{_feed(finding, lang)}，{_column(finding, lang)}“{f['code']}”",
            f"最近一个月有 {f['rows']:,} 行（共 {f['of']:,} 行）用了它，{why}。",
            "核实含义后在导入的对照表中归到已有代码；特征不认识它，会把这些行略去或算错。",
        )
    why = "the code book does not have it" if f["outside_code_book"] else "no earlier month had it"
    return (
        f'A code not seen before: {_feed(finding, lang)}, {_column(finding, lang)} "{f["code"]}"',
        f"{f['rows']:,} of {f['of']:,} rows of the last month have it; {why}.",
        "Find out what it means and map it to a known code when importing: features do not know it and leave such rows "
        "out.",
    )


def _amounts(finding: Finding, f: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    change = f["ratio"] - 1
    size = percent(abs(change))
    place, spread = _feed(finding, lang), percent(f["usual"] - 1)
    where = _where(f, lang)
    if lang == "zh":
        verb = "下降" if change < 0 else "上升"
        title = {
            "price_shock": f"价格冲击：{place}{verb}",
            "rate_changed": f"转移性收入标准变化：{place}{verb}",
            "amounts_moved": f"金额水平变化：{place}{verb}",
        }[finding.kind]
        todo = {
            "price_shock": "核实是否市场价格或工价变化。若属实，受影响的户风险确实变了：评分可用，但请提前安排走访，"
            "并在结果成熟后检查校准。",
            "rate_changed": "核实补贴、低保等标准是否调整；若下调，受影响的户优先走访。",
            "amounts_moved": "只在部分乡镇下降：核实是当地的灾害、市场，还是填报有误，并先走访这些乡镇。"
            if finding.needs_person
            else "供了解；若报送部门改了口径，请核实。",
        }[finding.kind]
        return (
            title,
            f"最近一个月获知的金额（几何均值）比按往年应有的{verb} {size}，平常的变动约 {spread}"
            f"{where}{_feeds(f, lang)}；共 {f['rows']:,} 行。",
            todo,
        )
    verb = "fell" if change < 0 else "rose"
    title = {
        "price_shock": f"A price shock: {place} {verb}",
        "rate_changed": f"Transfers are paid at another rate: {place} {verb}",
        "amounts_moved": f"Amounts moved: {place} {verb}",
    }[finding.kind]
    todo = {
        "price_shock": "Find out whether prices or wages changed. If they did, the risks of those hit did too: the "
        "scores may be used, visits should be planned early, and calibration looked at once outcomes are known.",
        "rate_changed": "Find out whether rates of benefits were changed; where they were cut, visit those hit first.",
        "amounts_moved": "It fell in some townships only: find out whether it is a disaster or a market there, or how "
        "they enter it, and visit there first."
        if finding.needs_person
        else "For the record; ask whether the department changed what it counts.",
    }[finding.kind]
    return (
        title,
        f"Amounts learnt last month (geometric mean) {verb} by {size} against what was to be expected from "
        f"earlier years, where about {spread} is usual{where}{_feeds(f, lang)}; {f['rows']:,} rows.",
        todo,
    )


def _where(f: Mapping[str, Any], lang: Lang) -> str:
    if "townships" not in f:
        return ""
    if lang == "zh":
        return f"，{f['townships']} 个乡镇中 {f['townships_moved']} 个同向变化"
    return f", in {f['townships_moved']} of {f['townships']} townships"


def _cohort(finding: Finding, f: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    column, _, code = f["part"].partition("=")
    if column == "household_type":
        code = label("household_type", code, lang)
    if lang == "zh":
        who = {"": "全县", "township_code": f"乡镇 {code}", "household_type": code}[column]
        return (
            f"在册户数突变：{who}",
            f"现有 {f['now']:,} 户，按前几个月的走势应为约 {f['expected']:,} 户。",
            "核实是否合并、拆分、批量新增或注销；人群变了，按往月比较的其他结果要谨慎看。",
        )
    who = {"": "the whole county", "township_code": f"township {code}", "household_type": code}[column]
    return (
        f"Households come or go in numbers: {who}",
        f"{f['now']:,} are present where about {f['expected']:,} were to be expected from the months before.",
        "Ask whether units were merged or split, or households entered or removed in bulk; with other people, whatever "
        "is compared with earlier months is to be read with care.",
    )


_SAYS: dict[str, Callable[[Finding, Mapping[str, Any], Lang], tuple[str, str, str]]] = {
    "unit_swapped": _unit,
    "policy_withdrawn": _policy,
    "feed_stopped": _stopped,
    "feed_fallen": _stopped,
    "feed_risen": _risen,
    "feed_late": _late,
    "unseen_code": _unseen,
    "price_shock": _amounts,
    "rate_changed": _amounts,
    "amounts_moved": _amounts,
    "cohort_changed": _cohort,
    "risks_untrue": lambda _, f, lang: of_untrue(f, lang),
    "feature_drift": lambda _, f, lang: of_feature(f, lang),
    "score_moved": lambda _, f, lang: of_score(f, lang),
    "list_moved": lambda _, f, lang: of_list(f, lang),
    "group_moved": lambda _, f, lang: of_group(f, lang),
}


def number(value: float | None, decimals: int = 2) -> str:
    """Write a number of the page; a dash where there is none."""
    return "–" if value is None or not math.isfinite(value) else trimmed(value, decimals)
