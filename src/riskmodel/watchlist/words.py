"""What states and signals are called."""

from __future__ import annotations

from riskmodel.registry.codes import Lang

STATE_WORDS: dict[str, tuple[str, str]] = {
    "clue": ("线索待核实", "clue, to be visited"),
    "visited": ("已入户核实", "visited"),
    "authorised": ("已承诺授权", "authorised"),
    "compared": ("已信息比对", "compared"),
    "reviewed": ("村级评议通过", "passed the village review"),
    "on_notice": ("公示中", "on notice"),
    "township_reviewed": ("乡级已审核", "reviewed by the township"),
    "approved": ("县级已审批", "approved"),
    "listed": ("监测帮扶中", "on the list"),
    "exit_visited": ("消除前已入户", "visited before leaving"),
    "exit_reviewed": ("消除评议通过", "passed the review before leaving"),
    "exit_on_notice": ("消除公示中", "on notice before leaving"),
    "exit_approved": ("消除已审批", "leaving approved"),
    "eliminated": ("风险已消除", "risk eliminated"),
    "closed": ("已结案（未纳入）", "closed, not admitted"),
}
LEVEL_WORDS: dict[str, tuple[str, str]] = {
    "red": ("红", "red"),
    "yellow": ("黄", "yellow"),
    "green": ("绿", "green"),
    "orange": ("橙（超期）", "orange (overdue)"),
}


def state_words(state: str, lang: Lang) -> str:
    """Return the words of a state.

    >>> state_words("on_notice", "zh")
    '公示中'
    """
    return STATE_WORDS[state][0 if lang == "zh" else 1]
