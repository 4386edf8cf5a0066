"""An act: what somebody did about a case on a day, with what it must carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from riskmodel.registry.codes import Lang

ROLES: dict[str, tuple[str, str]] = {
    "system": ("系统", "the system"),
    "household": ("农户", "the household"),
    "village": ("村级", "the village"),
    "department": ("部门", "a department"),
    "township": ("乡级", "the township"),
    "county": ("县级", "the county"),
}

# Every action, with its words.
ACTIONS: dict[str, tuple[str, str]] = {
    "clue": ("收到线索", "a clue arrives"),
    "visit": ("入户核实", "home visit"),
    "authorise": ("承诺授权", "authorisation signed"),
    "compare": ("信息比对", "data comparison"),
    "review": ("村级评议", "village review"),
    "notice": ("村内公示", "village notice"),
    "township_review": ("乡级审核", "township review"),
    "approve": ("县级审批", "county approval"),
    "announce": ("结果公告", "result announced"),
    "measure": ("落实帮扶措施", "a measure is given"),
    "end_measure": ("帮扶措施结束", "a measure ends"),
    "reclassify": ("调整类别或风险类型", "category or risk types are changed"),
    "exit_visit": ("消除前入户核实", "visit before leaving"),
    "exit_review": ("消除评议", "review before leaving"),
    "exit_notice": ("消除公示", "notice before leaving"),
    "exit_approve": ("消除审批", "approval of leaving"),
    "exit_announce": ("消除公告", "leaving announced"),
    "abandon_exit": ("中止消除程序", "leaving is abandoned"),
    "roll_back": ("风险消除回退", "elimination is rolled back"),
    "refuse": ("不予纳入", "not admitted"),
    "send_back": ("退回重办", "sent back"),
    "close": ("结案", "closed"),
}


@dataclass(frozen=True)
class Act:
    """One act.

    Attributes
    ----------
    action : str
        One of :data:`ACTIONS`.
    day : date
        When it happened in the world.
    actor : str
        Who did it: an account of the county's own, never a name.
    role : str
        One of :data:`ROLES`.
    data : mapping
        What it carries: a verdict, a note, a category, ... Plain values only.
    """

    action: str
    day: date
    actor: str
    role: str
    data: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def action_words(action: str, lang: Lang) -> str:
    """Return the words of an action.

    >>> action_words("notice", "zh")
    '村内公示'
    """
    return ACTIONS[action][0 if lang == "zh" else 1]
