"""Reasons in sentences, in Chinese and in English.

A contribution is a share of the *score*: how far the value moved this household's log-odds from the base
value. It is never said to be a cause of anything that happened to the household.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from riskmodel.explain.units import format_number, format_value, percent
from riskmodel.registry.codes import Lang

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec

_YES_NO = "yes_no"


@dataclass(frozen=True)
class Fact:
    """A household's value of one feature, and what it is held beside; NaN where there is nothing.

    Attributes
    ----------
    value : float
    village_median : float
        Among the households of its village.
    year_ago : float
        Its own, twelve months before.
    unseen : bool
        Whether the value lies outside what the model saw in training.
    """

    value: float
    village_median: float = math.nan
    year_ago: float = math.nan
    unseen: bool = False


def signed(contribution: float) -> str:
    """Write a contribution with its sign and two decimals; a smaller one with the digits that show it.

    >>> signed(0.8234), signed(-0.31), signed(0.0042), signed(-0.0000123), signed(0.0)
    ('+0.82', '-0.31', '+0.0042', '-0.000012', '0')
    """
    size = abs(contribution)
    if size == 0:
        return "0"
    decimals = 2 if size >= 0.005 else 1 - math.floor(math.log10(size))
    return f"{contribution:+.{decimals}f}"


def fact_words(spec: FeatureSpec, fact: Fact, lang: Lang) -> str:
    """Return the feature's words with the household's own value, and what it is held beside.

    A missing value is said in the catalogue's words for it.

    >>> from riskmodel.features import feature
    >>> income = feature(zh="近12个月人均纯收入", en="net income per person, last 12 months", unit="yuan/person")(
    ...     lambda h: h.income.last(months=12).sum("amount")).specs[0]
    >>> fact_words(income, Fact(7230, village_median=11200, year_ago=9800), "zh")
    '近12个月人均纯收入：7,230元/人（本村中位数11,200，一年前9,800）'
    >>> fact_words(income, Fact(7230, village_median=11200, year_ago=7230), "en")
    'Net income per person, last 12 months: 7,230 yuan/person (village median 11,200, the same a year ago)'
    """
    zh, en = Speaker(spec).words(fact)
    return zh if lang == "zh" else en


class Speaker:
    """Says facts of one feature in both languages."""

    def __init__(self, spec: FeatureSpec) -> None:
        self._unit = spec.unit
        self._zh, self._en = f"{spec.zh}：", f"{spec.en[:1].upper()}{spec.en[1:]}: "
        self._missing = spec.missing_zh or "无记录", spec.missing

    def words(self, fact: Fact) -> tuple[str, str]:
        """Return what :func:`fact_words` does, in Chinese and in English."""
        unit = self._unit
        missing = math.isnan(fact.value)
        if missing:
            zh, en = self._missing
        else:
            zh, en = format_value(fact.value, unit, "zh"), format_value(fact.value, unit, "en")
        zh, en = self._zh + zh, self._en + en
        beside_zh, beside_en = [], []
        if not math.isnan(fact.village_median) and not missing and unit != _YES_NO:
            median = format_number(fact.village_median, unit, "en")
            beside_zh.append(f"本村中位数{median}")
            beside_en.append(f"village median {median}")
        if not math.isnan(fact.year_ago):
            beside_zh.append(_year_ago(unit, fact, "zh"))
            beside_en.append(_year_ago(unit, fact, "en"))
        if beside_zh:
            zh, en = f"{zh}（{'，'.join(beside_zh)}）", f"{en} ({', '.join(beside_en)})"
        if fact.unseen:
            zh, en = f"{zh}，超出模型学习时见过的范围", f"{en}, beyond what the model saw in training"
        return zh, en


def reason_sentence(spec: FeatureSpec, fact: Fact, *, contribution: float, lang: Lang, together: int = 0) -> str:
    """Return one reason as a sentence.

    Parameters
    ----------
    spec : FeatureSpec
        The catalogue's entry: words, unit, what missing means.
    fact : Fact
        The household's own value.
    contribution : float
        What the reason contributed to the margin (log-odds).
    together : int
        How many other features of the same idea are in the contribution.

    >>> from riskmodel.features import feature
    >>> income = feature(zh="近12个月人均纯收入", en="net income per person, last 12 months", unit="yuan/person")(
    ...     lambda h: h.income.last(months=12).sum("amount")).specs[0]
    >>> reason_sentence(income, Fact(7230), contribution=0.82, lang="zh", together=3)
    '近12个月人均纯收入：7,230元/人；连同3项相关指标，对评分的贡献 +0.82（使评分上升）'
    >>> reason_sentence(income, Fact(7230), contribution=-0.4, lang="en")
    'Net income per person, last 12 months: 7,230 yuan/person; contributed -0.40 to the score (lowers it)'
    """
    return fact_words(spec, fact, lang) + contribution_words(contribution, lang, together=together)


def contribution_words(contribution: float, lang: Lang, *, together: int = 0) -> str:
    """Return what stands behind a fact: how far it moved the score.

    >>> contribution_words(-0.4, "en"), contribution_words(0.82, "zh", together=3)
    ('; contributed -0.40 to the score (lowers it)', '；连同3项相关指标，对评分的贡献 +0.82（使评分上升）')
    """
    before, after = _around_contribution(contribution > 0, lang, together)
    return f"{before}{signed(contribution)}{after}"


def contribution_in_words(contribution: float, together: int) -> tuple[str, str]:
    """Return :func:`contribution_words` in Chinese and in English.

    >>> contribution_in_words(-0.4, 0)
    ('；对评分的贡献 -0.40（使评分下降）', '; contributed -0.40 to the score (lowers it)')
    """
    figure, raises = signed(contribution), contribution > 0
    zh, en = _around_contribution(raises, "zh", together), _around_contribution(raises, "en", together)
    return f"{zh[0]}{figure}{zh[1]}", f"{en[0]}{figure}{en[1]}"


@cache
def _around_contribution(raises: bool, lang: Lang, together: int) -> tuple[str, str]:
    """Return what stands before and behind a contribution."""
    if lang == "zh":
        joined = f"；连同{together}项相关指标，" if together else "；"
        return f"{joined}对评分的贡献 ", f"（使评分{'上升' if raises else '下降'}）"
    joined = f"with {together} related figure{'s' if together > 1 else ''}, " if together else ""
    return f"; {joined}contributed ", f" to the score ({'raises' if raises else 'lowers'} it)"


def what_if_sentence(words: str, *, risk: float, now: float, lang: Lang) -> str:
    """Return what the model would compute if something were so: its arithmetic, never a promise.

    >>> what_if_sentence("住房已修缮", risk=0.12, now=0.3, lang="zh")
    '若住房已修缮：模型算得12%（现为30%）'
    >>> what_if_sentence("the house had been made safe", risk=0.12, now=0.3, lang="en")
    'If the house had been made safe: the model would compute 12% (now 30%)'
    """
    if lang == "zh":
        return f"若{words}：模型算得{percent(risk)}（现为{percent(now)}）"
    return f"If {words}: the model would compute {percent(risk)} (now {percent(now)})"


def _year_ago(unit: str, fact: Fact, lang: Lang) -> str:
    write = format_value if math.isnan(fact.value) else format_number
    before, now = write(fact.year_ago, unit, lang), write(fact.value, unit, lang)
    if before == now:
        return "与一年前相同" if lang == "zh" else "the same a year ago"
    return f"一年前{before}" if lang == "zh" else f"a year ago {before}"
