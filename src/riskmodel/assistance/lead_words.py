"""What a follow-up says and cannot say, in Chinese and English."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riskmodel.registry.codes import Lang, label

if TYPE_CHECKING:
    from riskmodel.assistance.lead import Lead
    from riskmodel.evaluation.bootstrap import Estimate

LANGS: tuple[Lang, ...] = ("zh", "en")

_LEFT_OUT = {
    "too_recent": ("随访期未满", "not yet followed for the whole time"),
    "had_one_before": ("此前一年内已有同类措施", "had one of the kind in the year before"),
    "no_history": ("此前两年收入记录不全", "without recorded income in both years before"),
    "gone": ("随访期末已不在户或此后无收入记录", "gone, or without recorded income since"),
    "unmatched": ("没有足够相近的农户可比", "nobody near enough to compare with"),
}

_LIMITS = {
    "zh": (
        "谁得到帮扶不是随机的：意愿、本领、干部的判断等未登记的差别仍在其中，因此这是比较，不是因果证明。",
        "收入低时被选中的农户，之后收入本来就容易回升；匹配只考虑了已登记的收入水平和变化。",
        "对照户是事后才知道在随访期内也未得到同类措施的农户；他们住在同一乡镇或县，也可能因这些措施受益或受损。",
        "收入为当年价格，未扣除物价上涨；两组受到的影响相同。",
        "两组都处在现有帮扶之下（低保和其他措施照常）：说的是在现有帮扶下多一项措施的情况，不是没有任何帮扶时的情况。",
    ),
    "en": (
        "Who gets a measure is not drawn by lot: will, skill and a cadre's judgement are not recorded and remain in "
        "the difference. It is a comparison, not a proof of cause.",
        "Households chosen while their income is low tend to recover by themselves; matching takes account only of the "
        "level and change of income that are recorded.",
        "Those compared with are households known only afterwards to have had no such measure in the follow-up either; "
        "they live in the same township or county and may have gained, or lost, by it.",
        "Incomes are in the yuan of their year, not corrected for prices; that touches both groups alike.",
        "Both groups live with present support (dibao and other measures go on): it speaks of one measure more on top "
        "of it, not of what would be without any.",
    ),
}

_OF_KIND = {
    "industry": (
        "计入收入账的产业奖补本身就是收入，其中有多少来自经营，这里分不开。",
        "An industry award entered as income is itself part of the difference; what was earned is not told apart.",
    ),
    "finance": (
        "贷款本金不是收入；贷款期限长于随访期时，看不到还款之后的情况。",
        "What is borrowed is not income; while a loan outlasts the follow-up, what comes after repayment is unseen.",
    ),
    "public_post": (
        "公益岗位的报酬本身就计入收入：岗位结束后这部分也随之结束。",
        "The pay of a public-welfare post is itself income: it ends when the post does.",
    ),
    "jobs": (
        "就业帮扶多给予正在找工作的农户，他们不少人本来也会找到工作。",
        "Job support goes to people who look for work, and many of them would have found some anyway.",
    ),
}


def sentence(found: Lead, lang: Lang) -> str:
    """Return who was followed up, what came of it, and how sure that is."""
    return _zh(found) if lang == "zh" else _en(found)


def limits(kind: str, lang: Lang) -> list[str]:
    """Return what a follow-up of the kind cannot show."""
    return [*_LIMITS[lang], _OF_KIND[kind][_at(lang)]]


def warnings(found: Lead, lang: Lang) -> list[str]:
    """Return what speaks against relying on the result."""
    said = []
    zh = lang == "zh"
    if found.matched and not found.few:
        said += [w for w in (_before(found, zh), _earlier(found.placebo_earlier, zh)) if w]
    unlike = [row for row in found.balance if row.unlike]
    if unlike and found.matched:
        names = ("、" if zh else "; ").join(f"{row.zh if zh else row.en} ({row.after:+.2f})" for row in unlike)
        said.append(
            f"匹配后两组仍有差别（标准化均值差超过0.1）：{names}。"
            if zh
            else f"After matching the groups still differ (standardised mean difference beyond 0.1): {names}."
        )
    if found.matched < found.begun / 2 and found.matched:
        said.append(
            f"只随访到{found.begun:,}户中的{found.matched:,}户，其余农户的情况可能不同。"
            if zh
            else f"Only {found.matched:,} of {found.begun:,} households are in it; the others may have fared otherwise."
        )
    return said


def _zh(found: Lead) -> str:
    named = label("measure_kind", found.kind, "zh")
    said = f"{found.start}至{found.end}（不含）开始{named}的有{found.begun:,}户。{_others(found, 'zh')}"
    if found.effect is None or found.with_measure is None or found.without is None:
        return said + "没有一户可以随访比较，因此没有结果（不是零）。"
    mine, theirs = found.with_measure, found.without
    said += (
        f"随访{found.months}个月并匹配的有{found.matched:,}户，与{found.compared:,}户相近农户比较："
        f"年人均纯收入由{mine.before:,.0f}元变为{mine.after:,.0f}元，对照户由{theirs.before:,.0f}元变为"
        f"{theirs.after:,.0f}元；{'校正其余差别后，' if found.adjusted else ''}多变化{found.effect.value:+,.0f}元"
    )
    if found.few:
        return said + f"。只有{found.matched:,}户、{found.villages}个村，太少，不给区间：这一数字可能只是偶然。"
    said += f"（{found.level:.0%}区间{found.effect.low:+,.0f}至{found.effect.high:+,.0f}元）。"
    if not _apart(found.effect):
        said += "区间包含零：看不出收入变化与对照户不同。"
    return said


def _en(found: Lead) -> str:
    named = label("measure_kind", found.kind, "en")
    said = (
        f"From {found.start} to before {found.end}, {found.begun:,} households began a measure of the kind {named}. "
        + _others(found, "en")
    )
    if found.effect is None or found.with_measure is None or found.without is None:
        return said + "None could be followed up and compared, so there is no result (not a result of zero)."
    mine, theirs = found.with_measure, found.without
    said += (
        f"{found.matched:,} were followed for {found.months} months and matched with {found.compared:,} households "
        f"like them: net income a head and year went from {mine.before:,.0f} to {mine.after:,.0f} yuan, that of the "
        f"others from {theirs.before:,.0f} to {theirs.after:,.0f}. "
        f"{'Adjusted for what they still differ in, it' if found.adjusted else 'It'} changed by "
        f"{found.effect.value:+,.0f} yuan more"
    )
    if found.few:
        return (
            said + f". {found.matched:,} households in {found.villages} villages are too few for an interval: the "
            "figure may be chance."
        )
    said += f" ({found.level:.0%} interval {found.effect.low:+,.0f} to {found.effect.high:+,.0f})."
    if not _apart(found.effect):
        said += " The interval holds zero: no change other than that of the others is seen."
    return said


def _others(found: Lead, lang: Lang) -> str:
    parts = [(words[_at(lang)], found.left_out.get(name, 0)) for name, words in _LEFT_OUT.items()]
    said = [f"{words}{n:,}户" if lang == "zh" else f"{n:,} {words}" for words, n in parts if n]
    if not said:
        return ""
    return f"不在比较之内的：{'，'.join(said)}。" if lang == "zh" else f"Not compared: {', '.join(said)}. "


def _before(found: Lead, zh: bool) -> str:
    placebo = found.placebo_before
    if placebo is None or not _apart(placebo):
        return ""
    told = _interval(placebo, zh)
    if zh:
        then = "所给数字对此作了回归校正" if found.adjusted else "所给数字未能校正"
        return f"措施开始前一年，两组收入的变化已相差{told}：匹配没有完全消除，{then}。"
    then = "the figure is adjusted for it by regression" if found.adjusted else "the figure is not adjusted for it"
    return (
        f"In the year before the measure the groups' incomes already changed apart by {told}: matching left that; "
        f"{then}."
    )


def _earlier(placebo: Estimate | None, zh: bool) -> str:
    if placebo is None or not np.isfinite(placebo.low):
        return (
            "登记的历史不够长，不能用更早的年份作安慰剂检验。"
            if zh
            else "The history is too short, or of too few, for a placebo on earlier years."
        )
    if not _apart(placebo):
        return ""
    told = _interval(placebo, zh)
    if zh:
        return (
            f"安慰剂检验不为零：措施开始之前更早的一年，两组收入的变化相差{told}。"
            "两组原本就不同，结果不可当作措施的作用。"
        )
    return (
        f"The placebo is not zero: a year earlier, before any measure, the groups' incomes changed apart by {told}. "
        "They were unlike to begin with; do not take the result for what the measure did."
    )


def _interval(found: Estimate, zh: bool) -> str:
    if zh:
        return f"{found.value:+,.0f}元（{found.low:+,.0f}至{found.high:+,.0f}元）"
    return f"{found.value:+,.0f} yuan ({found.low:+,.0f} to {found.high:+,.0f})"


def _apart(found: Estimate) -> bool:
    """Whether the interval excludes zero."""
    return bool(found.low > 0 or found.high < 0)


def _at(lang: Lang) -> int:
    return 0 if lang == "zh" else 1
