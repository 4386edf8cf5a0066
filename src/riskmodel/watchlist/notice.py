"""The public notice in the village: what the law allows to be shown there, and nothing else.

A notice may carry the head's name, the village, the category and the household's size. Numbers of people, phones,
accounts, health, and the risk types that would tell of it, must not appear: a notice is made of :class:`NoticeLine`,
which has no place for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from riskmodel.errors import CallError
from riskmodel.registry.codes import Lang, label
from riskmodel.watchlist.case import Case

SHOWN_IN = ("reviewed", "on_notice", "exit_reviewed", "exit_on_notice")
_WORDS = {
    "title": ("公示", "Public notice"),
    "entering": ("拟纳入防止返贫监测对象名单", "Households proposed for return-to-poverty monitoring"),
    "leaving": ("拟标注风险消除的监测对象名单", "Monitored households whose risk is proposed as eliminated"),
    "who": ("户主", "head of household"),
    "household": ("户编号", "household"),
    "village": ("村", "village"),
    "category": ("监测类别", "category"),
    "size": ("家庭人口", "members"),
    "days": ("公示期：{since} 至 {until}", "Posted from {since} until {until}"),
    "objection": (
        "公示期内如有异议，可向村民委员会、乡镇或县级防返贫监测部门反映。",
        "Whoever objects may tell the village committee, the township or the county before the last day.",
    ),
    "nobody": ("本次没有需要公示的农户。", "No household is to be posted."),
}


@dataclass(frozen=True)
class NoticeLine:
    """One household on a notice: all that may be shown of it."""

    who: str
    village: str
    category: str
    size: int | None = None


def notice_lines(
    cases: Sequence[Case],
    *,
    names: Mapping[str, str] | None = None,
    sizes: Mapping[str, int] | None = None,
    categories: Mapping[str, str] | None = None,
    lang: Lang,
) -> list[NoticeLine]:
    """Return the lines of a notice, by village and by who is shown.

    Parameters
    ----------
    cases : sequence of Case
        Those to be shown; others than reviewed ones and those on notice are refused.
    names : mapping of str to str, optional
        Heads' names by household, from an authorised opening of the identity table; without it pseudonymous ids stand.
    categories : mapping of str to str, optional
        Proposed categories of those not yet approved.
    """
    lines = []
    for case in cases:
        if case.state not in SHOWN_IN:
            raise CallError(f"household {case.household_id} is {case.state}; a notice shows those that were reviewed.")
        category = case.category or (categories or {}).get(case.household_id) or ""
        lines.append(
            NoticeLine(
                who=(names or {}).get(case.household_id, case.household_id),
                village=case.village_code,
                category=label("listing_category", category, lang) if category else "",
                size=(sizes or {}).get(case.household_id),
            )
        )
    return sorted(lines, key=lambda line: (line.village, line.who))


def notice_page(
    lines: Sequence[NoticeLine],
    *,
    leaving: bool,
    since: date,
    until: date,
    head: str,
    lang: Lang,
    named: bool = False,
) -> str:
    """Return the notice as one page of HTML to print and post.

    Parameters
    ----------
    since, until : date
        The first and the last day of the notice.
    head : str
        The head of the audit log when it was made, so that the log can be held to it later.
    """

    import jinja2

    def word(key: str, **values: object) -> str:
        return _WORDS[key][0 if lang == "zh" else 1].format(**values)

    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("riskmodel.watchlist"),
        autoescape=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return templates.get_template("notice.html").render(
        word=word,
        language="zh-CN" if lang == "zh" else "en",
        lines=lines,
        leaving=leaving,
        since=since,
        until=until,
        head=head[:16],
        who="who" if named else "household",
    )
