"""What is said of the model, in Chinese and English: each a title, what it rests on, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from riskmodel.explain.units import percent
from riskmodel.registry.codes import Lang


def of_untrue(f: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    """Return the words for risks that came true more or less often than they said."""
    if lang == "zh":
        return (
            "风险与结果不符",
            f"{f['first']} 至 {f['last']} 的 {f['months']} 份名单，预计 {f['expected']:.0f} 户、"
            f"实际 {f['found']:,} 户发生困难，差距超出偶然与年度差异。",
            "用已知结果重新校准（riskmodel recalibrate），或重新训练。",
        )
    return (
        "Risks do not come true as often as they say",
        f"Of {f['months']} lists from {f['first']} to {f['last']}, {f['expected']:.0f} cases were expected and "
        f"{f['found']:,} found, more apart than chance and the difference between years make.",
        "Recalibrate by the outcomes that are known (riskmodel recalibrate), or train again.",
    )


def of_feature(f: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    """Return the words for a feature that drifted and that nothing explains."""
    effect = "–" if f["effect"] is None else f"{f['effect']:+.2f}"
    usual = "–" if f["usual"] is None else f"{f['usual']:.2f}"
    missing = "–" if f["missing"] is None else f"{percent(f['missing'])}"
    if lang == "zh":
        return (
            f"特征分布变化：{f['zh']}",
            f"对平均评分的影响为 {effect}（对数几率；平常约 {usual}），缺失占 {missing}，稳定性指数 {f['index']:.2f}；"
            "没有哪张表的变化能解释它。",
            "核实该特征所读的表与目录是否改动；若是真实变化，检查校准。",
        )
    return (
        f"A feature drifted: {f['en']}",
        f"Its effect on the mean score is {effect} (log-odds; {usual} is usual), {missing} are missing, its stability "
        f"index is {f['index']:.2f}; nothing seen of a table explains it.",
        "Look at the tables that it reads and at the catalogue; if the world changed, look at calibration.",
    )


def of_score(f: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    """Return the words for scores that moved as a whole."""
    above = "–" if f["above"] is None else percent(f["above"])
    before = "–" if f["above_expected"] is None else percent(max(0.0, f["above_expected"]))
    if lang == "zh":
        return (
            "评分整体移动",
            f"平均评分比往年应有的移动 {f['margin']:+.2f}（对数几率；平常约 {f['usual']:.2f}），"
            f"高于去年入选线的户占 {above}，应为约 {before}。",
            "先看上面的原因；没有原因时核实模型与目录是否换过，并检查校准。",
        )
    return (
        "Scores moved as a whole",
        f"The mean score moved by {f['margin']:+.2f} against what was to be expected from earlier years (log-odds; "
        f"{f['usual']:.2f} is usual); {above} lie above last year's line of the list, where about {before} were "
        "to be expected.",
        "Look at the causes first; where there is none, ask whether model or catalogue were changed, and look at "
        "calibration.",
    )


def of_list(f: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    """Return the words for a list that is far from the one before."""
    overlap = percent(f["overlap"] or 0.0)
    if lang == "zh":
        return (
            "名单变动较大",
            f"与 {f['before']} 的名单相比，保留 {f['both']:,} 户（{overlap}），新进 {f['new']:,} 户，"
            f"退出 {f['dropped']:,} 户。",
            "供安排走访时参考。",
        )
    return (
        "The list changed much",
        f"Of the list of {f['before']}, {f['both']:,} households ({overlap}) are on it again; {f['new']:,} are new, "
        f"{f['dropped']:,} are gone.",
        "For those who plan the visits.",
    )


def of_group(f: Mapping[str, Any], lang: Lang) -> tuple[str, str, str]:
    """Return the words for a group that is flagged more or less often."""
    if lang == "zh":
        return (
            f"某类农户入选比例变化：{f['zh']}",
            f"现入选 {percent(f['now'])}，一年前 {percent(f['before'])}。",
            "看是否由上面的原因引起；若不是，查看该类农户的走访结果。",
        )
    return (
        f"A group is flagged more or less often: {f['en']}",
        f"{percent(f['now'])} of its households are flagged, {percent(f['before'])} were a year ago.",
        "See whether a cause above explains it; if none does, look at what visits find in the group.",
    )
