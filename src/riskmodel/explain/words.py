"""Reasons in sentences, in Chinese and in English.

A contribution is a share of the *score*: how far the value moved this household's log-odds from the base
value. It is never said to be a cause of anything that happened to the household.
"""

from __future__ import annotations

import math

from riskmodel.explain.units import format_value
from riskmodel.registry.codes import Lang


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


def reason_sentence(*, words: str, unit: str, value: float, contribution: float, lang: Lang) -> str:
    """Return one reason as a sentence with the household's own value.

    Parameters
    ----------
    words : str
        The feature's name in ``lang``.
    value : float
        The household's value in ``unit``; NaN is said as missing.
    contribution : float
        What the feature contributed to the margin (log-odds).

    >>> reason_sentence(words="近12个月人均纯收入", unit="yuan/person", value=7230, contribution=0.82, lang="zh")
    '近12个月人均纯收入：7,230元/人，使风险评分上升（贡献 +0.82）'
    >>> reason_sentence(words="net income per person, last 12 months", unit="yuan/person", value=7230,
    ...                 contribution=0.82, lang="en")
    'Net income per person, last 12 months: 7,230 yuan/person; contributed +0.82 to the score (raises it)'
    """
    shown = format_value(value, unit, lang)
    if lang == "zh":
        way = "上升" if contribution > 0 else "下降"
        return f"{words}：{shown}，使风险评分{way}（贡献 {signed(contribution)}）"
    way = "raises" if contribution > 0 else "lowers"
    return f"{words[:1].upper()}{words[1:]}: {shown}; contributed {signed(contribution)} to the score ({way} it)"
