"""The section of the evaluation report on the reasons: do they stay, how few say most, do they name what is true."""

from __future__ import annotations

import html

from riskmodel.evaluation.reasons_quality import Rate, ReasonsQuality
from riskmodel.evaluation.told import grid, told
from riskmodel.registry.codes import Lang, label

# What a county was promised of the reasons: below it, the page says so before the table.
PROMISED = 0.8
# Where the trivial answer may do as well, the page says so too.
_MORE = {
    "no_better_three": "driver_more_than_the_same_three",
    "no_better_first": "driver_first_more_than_the_same",
}
_IDEAS = {"medical_insurance": ("未参加医保", "no medical insurance")}

_WORDS: dict[str, dict[str, str]] = {
    "zh": {
        "title": "理由有多可靠",
        "note": "对各检验时点名单（容量 {share}）上的 {flags} 户次逐户说明理由："
        "同一意思的相关指标合为一项，取使评分上升最多的三项；"
        "括号内为整村抽样的区间。",
        "few": "一半的提示户只需 {median:.0f} 项理由即占全部贡献的 80%（四分位 {low:.0f}–{high:.0f} 项）。",
        "below": "在已知真实主因的模拟县中，前三项理由包含真实主因的比例为 {value}，未达到 80%："
        "理由只能作为上门时先看什么的提示。",
        "no_better": "对每户都说最常见的主因，命中的比例不见得更低（{which}）：此处理由并未被证明比常识更能指出主因。",
        "no_better_three": "前三项",
        "no_better_first": "第一项",
        "joins": "、",
        "head": "量|值|户次",
        "drivers": "真实主因（模拟县）",
        "drivers_note": "真实主因：去掉该户的某一困难后重新推演未来一年，使真实风险下降最多的那一项。"
        "只看此后确实出现困难的提示户。",
        "drivers_head": "真实主因|户次|第一项理由说到|前三项理由说到",
        "driver_among_three": "真实主因在前三项理由之中",
        "driver_first": "真实主因就是第一项理由",
        "driver_by_always_the_same_three": "若对每户都说最常见的三类主因",
        "driver_first_by_always_the_same": "若对每户都只说最常见的一类主因",
        "driver_more_than_the_same_three": "前三项理由比总说那三类多命中（百分点）",
        "driver_first_more_than_the_same": "第一项理由比总说那一类多命中（百分点）",
        "driver_by_permutation": "置换法的前三项理由包含真实主因（少数提示户）",
        "driver_beside_permutation": "同样这些户：本模型的前三项理由",
        "has_driver": "能确定真实主因的户次占比",
        "villages_overlap": "由另外一些村（含本村）教出的模型：前三项理由相同的比例",
        "villages_same_first": "由另外一些村（含本村）教出的模型：第一项理由相同",
        "origin_overlap": "前一检验时点的模型：前三项理由相同的比例",
        "origin_same_first": "前一检验时点的模型：第一项理由相同",
        "month_overlap": "同一模型、一个月前：当时的前三项理由仍在前三项的比例",
        "month_same_first": "同一模型、一个月前：第一项理由相同",
        "month_gone_unchanged": "同一模型、一个月前：该户数值未变而理由退出前三项的比例",
        "permutation_overlap": "与置换法（对照检验农户）相比：前三项理由相同的比例",
        "permutation_same_first": "与置换法相比：第一项理由相同",
    },
    "en": {
        "title": "How good are the reasons?",
        "note": "Every one of the {flags} household-dates on the test origins' lists (capacity {share}) is explained: "
        "correlated figures of one idea speak once, and the three that raise the score most count. Intervals are over "
        "whole villages.",
        "few": "For half of the flags {median:.0f} reasons carry 80% of all that contributes (quartiles {low:.0f} to "
        "{high:.0f}).",
        "below": "On this simulated county, whose true drivers are known, the true driver is among the first three "
        "reasons for {value} of the flags: below 80%. Reasons say what to look at first, no more.",
        "no_better": "Naming the most frequent drivers for everybody may do as well ({which}): there the reasons are "
        "not shown to tell the driver better than that.",
        "no_better_three": "the first three",
        "no_better_first": "the first",
        "joins": ", ",
        "head": "measure|value|household-dates",
        "drivers": "True drivers (simulated county)",
        "drivers_note": "The true driver: the trouble without which the household's true risk is lowest when its year "
        "is lived again. Of flagged households that did fall into need.",
        "drivers_head": "true driver|household-dates|the first reason names it|one of the first three does",
        "driver_among_three": "the true driver is among the first three reasons",
        "driver_first": "the true driver is the first reason",
        "driver_by_always_the_same_three": "naming the three most frequent drivers for everybody would reach",
        "driver_first_by_always_the_same": "naming the one most frequent driver for everybody would reach",
        "driver_more_than_the_same_three": "the first three reasons reach more than those three by (points)",
        "driver_first_more_than_the_same": "the first reason reaches more than that one by (points)",
        "driver_by_permutation": "by permutation: the true driver is among its first three reasons (a few flags)",
        "driver_beside_permutation": "of the same flags: among our first three",
        "has_driver": "share of flags in need whose true driver can be told",
        "villages_overlap": "a model taught by other villages and its own: first three reasons in common",
        "villages_same_first": "a model taught by other villages and its own: the same first reason",
        "origin_overlap": "the model of the origin before: share of the first three reasons in common",
        "origin_same_first": "the model of the origin before: the same first reason",
        "month_overlap": "the same model a month earlier: share of its first three reasons that still are",
        "month_same_first": "the same model a month earlier: the same first reason",
        "month_gone_unchanged": "the same model a month earlier: share of reasons gone though the values are unchanged",
        "permutation_overlap": "beside permutation (against households tested): first three reasons in common",
        "permutation_same_first": "beside permutation: the same first reason",
    },
}


def reasons_section(found: ReasonsQuality, *, share: str, lang: str) -> str:
    """Return the section."""
    words = _WORDS[lang]
    low, median, high = found.reasons_needed
    parts = [
        f"<h2>{html.escape(words['title'])}</h2>",
        _note(words["note"].format(share=share, flags=f"{found.flags:,}")),
        _note(words["few"].format(low=low, median=median, high=high)),
    ]
    agreed = found.rate("driver_among_three")
    if agreed is not None and agreed.value.value < PROMISED:
        parts.append(_note(words["below"].format(value=_told(agreed))))
    weak = [words[key] for key, name in _MORE.items() if (more := found.rate(name)) and not more.value.low > 0]
    if weak:
        parts.append(_note(words["no_better"].format(which=words["joins"].join(weak))))
    rows = [[words[rate.name], _told(rate), f"{rate.n:,}"] for rate in found.rates if rate.n]
    parts.append(grid(words["head"].split("|"), rows))
    if found.drivers:
        code: Lang = "zh" if lang == "zh" else "en"
        table = [
            [driver_words(name, code), *(f"{told[key]:,}" for key in ("flags", "first", "among_three"))]
            for name, told in found.drivers.items()
        ]
        parts += [
            f"<h3>{html.escape(words['drivers'])}</h3>",
            _note(words["drivers_note"]),
            grid(words["drivers_head"].split("|"), table),
        ]
    return "".join(parts)


def driver_words(driver: str, lang: Lang) -> str:
    """Return a driver in words.

    >>> driver_words("illness", "en"), driver_words("illness:medical_insurance", "zh")
    ('illness', '因病（未参加医保）')
    """
    kind, _, idea = driver.partition(":")
    words = label("risk_type", kind, lang)
    if not idea:
        return words
    zh, en = _IDEAS.get(idea, (idea, idea))
    return f"{words}（{zh}）" if lang == "zh" else f"{words} ({en})"


def _note(text: str) -> str:
    return f"<p class='note'>{html.escape(text)}</p>"


def _told(rate: Rate) -> str:
    return told(rate.value, share=True, sign=rate.name in _MORE.values())
