"""Units in words: how a feature's value is written for a reader, in Chinese and in English.

A unit is a word of the table below or several joined by ``/`` ("yuan/person"). A unit that the table does not
know (of a bundle that another version wrote) is written as it stands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache

from riskmodel.registry.codes import Lang


@dataclass(frozen=True)
class Unit:
    """A unit's words.

    Attributes
    ----------
    zh : str
        Written straight after the number ("3个月").
    zh_per : str
        The word after a slash ("元/月").
    en, en_plural : str
        Written after the number and a space ("1 month", "3 months").
    whole : bool
        The quantity is counted: decimals are shown only where the value has them.
    """

    zh: str
    zh_per: str
    en: str
    en_plural: str
    whole: bool = False


_UNITS: dict[str, Unit] = {
    "yuan": Unit("元", "元", "yuan", "yuan"),
    "usd": Unit("美元", "美元", "US$", "US$"),
    "person": Unit("人", "人", "person", "persons", whole=True),
    "month": Unit("个月", "月", "month", "months", whole=True),
    "day": Unit("天", "天", "day", "days", whole=True),
    "year": Unit("年", "年", "year", "years", whole=True),
    "age": Unit("岁", "岁", "year", "years", whole=True),
    "mu": Unit("亩", "亩", "mu", "mu"),
    "hectare": Unit("公顷", "公顷", "hectare", "hectares"),
    "livestock_unit": Unit("热带牲畜单位", "热带牲畜单位", "TLU", "TLU"),
    "km": Unit("公里", "公里", "km", "km"),
    "item": Unit("项", "项", "item", "items", whole=True),
    "kind": Unit("种", "种", "kind", "kinds", whole=True),
    "count": Unit("次", "次", "", "", whole=True),
    "job": Unit("份", "份", "", "", whole=True),
    "points": Unit("分", "分", "point", "points"),
    "score": Unit("分", "分", "point", "points"),
    "grade": Unit("", "", "", "", whole=True),
}

_BARE = frozenset({"", "ratio"})
_SHARE = "share"
_YES_NO = "yes_no"

_NO_YES = {"zh": ("否", "是"), "en": ("no", "yes")}
_NOTHING = {"zh": "无记录", "en": "no record"}


def format_value(value: float | None, unit: str, lang: Lang) -> str:
    """Write ``value`` with its unit as a reader expects it.

    Yuan with thousands separators, shares as per cent, counts without decimals, 0/1 as yes or no, and a
    missing value as missing.

    >>> format_value(7230.4, "yuan/person", "zh"), format_value(7230.4, "yuan/person", "en")
    ('7,230元/人', '7,230 yuan/person')
    >>> format_value(0.254, "share", "zh"), format_value(1.0, "yes_no", "en")
    ('25.4%', 'yes')
    >>> format_value(1.0, "month", "en"), format_value(float("nan"), "month", "zh")
    ('1 month', '无记录')
    """
    number = format_number(value, unit, lang)
    if value is None or math.isnan(value):
        return number
    word = unit_word(unit, lang, plural=number != "1")
    if not word:
        return number
    return f"{number}{word}" if lang == "zh" and not word[0].isascii() else f"{number} {word}"


@lru_cache(maxsize=1 << 16)
def format_number(value: float | None, unit: str, lang: Lang) -> str:
    """Write ``value`` as :func:`format_value` does, without the unit's words: for one beside another that has them.

    >>> format_number(7230.4, "yuan/person", "zh"), format_number(0.254, "share", "en"), format_number(2, "month", "en")
    ('7,230', '25.4%', '2')
    """
    if value is None or math.isnan(value):
        return _NOTHING[lang]
    if unit == _YES_NO and value in (0.0, 1.0):
        return _NO_YES[lang][int(value)]
    if unit == _SHARE:
        return f"{trimmed(100 * value, 1)}%"
    return _number(value, unit)


@cache
def unit_word(unit: str, lang: Lang, *, plural: bool = True) -> str:
    """Return the words of ``unit``, composed where it has a slash; an unknown word stays as it is.

    >>> unit_word("yuan/person", "zh"), unit_word("mu/person", "en"), unit_word("jin", "zh")
    ('元/人', 'mu/person', 'jin')
    >>> unit_word("count", "en"), unit_word("count/month", "en"), unit_word("count/month", "zh")
    ('', 'per month', '次/月')
    """
    if unit in _BARE or unit in (_SHARE, _YES_NO):
        return ""
    first, *rest = unit.split("/")
    word = _first_word(first, lang, plural=plural and not rest)
    per = "/".join(_per_word(part, lang) for part in rest)
    if not per:
        return word
    return f"{word}/{per}" if word else f"per {per}"


def percent(share: float) -> str:
    """Write a risk as a reader takes it in: whole per cent where that says enough; a dash where there is none.

    >>> percent(0.234), percent(0.034), percent(0.0004), percent(0.999), percent(0.0), percent(float("nan"))
    ('23%', '3.4%', '0.04%', '99.9%', '0%', '–')
    """
    if math.isnan(share):
        return "–"
    if share == 0 or 0.0995 <= share < 0.985:
        return f"{share:.0%}"
    return f"{share:.1%}" if share >= 0.00095 else f"{share:.2%}"


def trimmed(value: float, decimals: int) -> str:
    """Write ``value`` with separators and at most ``decimals`` decimals, without trailing zeros or a minus zero.

    >>> trimmed(1234.50, 2), trimmed(-0.0001, 1), trimmed(25.0, 1)
    ('1,234.5', '0', '25')
    """
    text = f"{value:,.0f}" if decimals == 0 else f"{value:,.{decimals}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _first_word(unit: str, lang: Lang, *, plural: bool) -> str:
    known = _UNITS.get(unit)
    if known is None:
        return unit
    if lang == "zh":
        return known.zh
    return known.en_plural if plural else known.en


def _per_word(unit: str, lang: Lang) -> str:
    known = _UNITS.get(unit)
    if known is None:
        return unit
    return known.zh_per if lang == "zh" else known.en


def _number(value: float, unit: str) -> str:
    known = _UNITS.get(unit.split("/", maxsplit=1)[0])
    if known is not None and known.whole:
        return trimmed(value, 0 if value == round(value) else 1)
    size = abs(value)
    return trimmed(value, 0 if size >= 100 else 1 if size >= 10 else 2)
