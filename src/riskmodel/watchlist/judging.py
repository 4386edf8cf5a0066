"""Whether an act may be done: a function of the case, the act, the facts and the rules; it changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from riskmodel.registry.codes import codes
from riskmodel.watchlist.act import ACTIONS, ROLES, Act
from riskmodel.watchlist.carried import carried_failures
from riskmodel.watchlist.case import ENDED, ENTERING, LEAVING, ON_LIST, STATE_AFTER, Case
from riskmodel.watchlist.elimination import elimination_failures
from riskmodel.watchlist.facts import Facts
from riskmodel.watchlist.refusal import Failure
from riskmodel.watchlist.rulebook import Procedure, Rulebook

# In which states an action that is no step may be done; a clue of an ended spell opens the next one.
_FROM: dict[str, tuple[str, ...]] = {
    "clue": (*ENTERING, *ON_LIST),
    "measure": (*ENTERING, *ON_LIST),
    "end_measure": (*ENTERING, *ON_LIST),
    "reclassify": ("approved", *ON_LIST),
    "abandon_exit": LEAVING,
    "roll_back": ("eliminated",),
    "refuse": tuple(state for state in ENTERING if state != "clue"),
    "send_back": (*ENTERING[1:], *LEAVING),
    "close": ENTERING,
}


@dataclass(frozen=True)
class Judgement:
    """What becomes of an act: the state it leads to, or the conditions that fail.

    Attributes
    ----------
    to : str
        The state after it; empty when it is refused.
    failures : tuple of Failure
    policy : tuple of str
        The entries of the policy record that were asked.
    """

    to: str
    failures: tuple[Failure, ...]
    policy: tuple[str, ...]


def judge(case: Case, act: Act, *, facts: Facts, rules: Rulebook, today: date) -> Judgement:
    """Say what an act leads to, or why it is refused.

    Parameters
    ----------
    case : Case
        As it stands before the act.
    act : Act
    facts : Facts
        What is known of the household on the act's day.
    rules : Rulebook
        The policy record in the case's county on the act's day.
    today : date
        The day on which it is entered; nothing may be dated after it.
    """
    rules.used()
    failures = list(_dates(case, act, today))
    to = case.state
    if act.action not in ACTIONS:
        failures.append(Failure("action_known", f"没有“{act.action}”这一操作", f'there is no action "{act.action}"'))
    elif act.action in STATE_AFTER:
        to = _step_to(case, act)
        failures += _step_failures(case, act, facts, rules)
    else:
        to = _other_to(case, act)
        failures += _other_failures(case, act, rules)
    if not any(failure.condition in ("action_known", "state", "role") for failure in failures):
        failures += carried_failures(case, act, facts, rules)
    return Judgement("" if failures else to, tuple(failures), tuple(rules.used()))


def judge_opening(before: Case | None, act: Act, *, rules: Rulebook, today: date) -> Judgement:
    """Say whether a clue may open a spell, as :func:`judge` says of other acts.

    Parameters
    ----------
    before : Case, optional
        The household's last spell, which has ended.
    """
    rules.used()
    failures = []
    if before is not None and act.day < before.changed_on:
        failures.append(_before_last_change(before, act))
    if act.day > today:
        failures.append(_in_the_future(act, today))
    allowed = rules.roles_of("clue")
    if act.role not in allowed:
        failures.append(_role(act, allowed))
    failures += carried_failures(None, act, Facts(), rules)
    return Judgement("" if failures else "clue", tuple(failures), tuple(rules.used()))


def _dates(case: Case, act: Act, today: date) -> list[Failure]:
    failures = []
    if act.day < case.changed_on:
        failures.append(_before_last_change(case, act))
    if act.day > today:
        failures.append(_in_the_future(act, today))
    return failures


def _before_last_change(case: Case, act: Act) -> Failure:
    return Failure(
        "not_before_last_change",
        f"日期 {act.day} 早于上一次变动 {case.changed_on}",
        f"{act.day} is before the last change of {case.changed_on}",
    )


def _in_the_future(act: Act, today: date) -> Failure:
    return Failure(
        "not_in_the_future", f"日期 {act.day} 晚于录入日期 {today}", f"{act.day} is after {today}, the day of entry"
    )


def _step_to(case: Case, act: Act) -> str:
    if act.action == "visit":
        verdict = act.data.get("verdict")
        return {"no_risk": "closed", "unreachable": "clue"}.get(str(verdict), "visited")
    if act.action == "exit_visit" and act.data.get("verdict") == "unreachable":
        return "listed"
    return STATE_AFTER[act.action]


def _step_failures(case: Case, act: Act, facts: Facts, rules: Rulebook) -> list[Failure]:
    if case.state in ENDED:
        return [_state(case, act)]
    if act.action == "visit" and case.verdict in ("at_risk", "no_risk"):
        return [
            Failure(
                "one_verdict_a_visit",
                f"已有核实结论（{case.day_of('visit')}）",
                f"this clue has its verdict already, of {case.day_of('visit')}",
            )
        ]
    leaving = act.action.startswith("exit_")
    if leaving != (case.state in ON_LIST):
        return [_state(case, act)]
    procedure = rules.procedure("exit" if leaving else case.track)
    done = tuple(step for step, _ in case.steps) if leaving == (case.state in LEAVING) else ()
    if not leaving and case.state == "clue":
        done = ()
    known = frozenset({"already_compared"} if facts.already_compared else ())
    allowed = {step.step: step for step in procedure.after(done, known=known)}
    if act.action not in allowed:
        return [_state(case, act, instead=list(allowed))]
    if act.role not in allowed[act.action].by:
        return [_role(act, allowed[act.action].by)]
    failures = _notice_has_run(case, act, procedure)
    if act.action in ("exit_visit", "exit_approve") and act.data.get("verdict") != "unreachable":
        mode = str(act.data.get("mode", case.elimination_mode or "assisted"))
        if mode in codes("elimination_mode"):
            failures += elimination_failures(case, facts, mode=mode, day=act.day, rules=rules)
    return failures


def _notice_has_run(case: Case, act: Act, procedure: Procedure) -> list[Failure]:
    """Every step after a notice waits until its days are over."""
    if case.state not in ("on_notice", "exit_on_notice") or case.notice_until is None:
        return []
    if act.day >= case.notice_until:
        return []
    return [
        Failure(
            "notice_has_run",
            f"公示期未满，{case.notice_until} 起方可办理",
            f"the notice has not run its days: from {case.notice_until} on",
        )
    ]


def _other_to(case: Case, act: Act) -> str:
    return {
        "abandon_exit": "listed",
        "roll_back": "listed",
        "refuse": "closed",
        "close": "closed",
        "send_back": sent_back_to(case, str(act.data.get("to", ""))),
    }.get(act.action, case.state)


def sent_back_to(case: Case, step: str) -> str:
    """Return the state in which ``step`` is to be done again; the case's own where it was not done."""
    names = [name for name, _ in case.steps]
    if step not in names:
        return case.state
    before = names[: names.index(step)]
    if before:
        return STATE_AFTER[before[-1]]
    return "listed" if case.state in LEAVING else "clue"


def _other_failures(case: Case, act: Act, rules: Rulebook) -> list[Failure]:
    if case.state not in _FROM[act.action]:
        return [_state(case, act)]
    allowed = rules.roles_of(act.action)
    if act.role not in allowed:
        return [_role(act, allowed)]
    if act.action == "measure" and case.state in ENTERING and not rules.procedure(case.track).measures_first:
        return [
            Failure(
                "measures_after_admission",
                "尚未认定；仅应急程序可先行落实措施",
                "not admitted yet: only the emergency track gives measures first",
            )
        ]
    return []


def _state(case: Case, act: Act, instead: list[str] | None = None) -> Failure:
    then_zh = f"，下一步为{'或'.join(ACTIONS[name][0] for name in instead)}" if instead else ""
    then_en = f"; next comes {' or '.join(instead)}" if instead else ""
    return Failure(
        "state",
        f"当前状态（{case.state}）不能{ACTIONS[act.action][0]}{then_zh}",
        f'"{act.action}" cannot be done in the state "{case.state}"{then_en}',
    )


def _role(act: Act, allowed: tuple[str, ...]) -> Failure:
    zh = "、".join(ROLES[role][0] for role in allowed if role in ROLES)
    return Failure(
        "role",
        f"“{ACTIONS[act.action][0]}”须由{zh}办理",
        f'"{act.action}" is for {" or ".join(allowed)}, not for {act.role}',
    )
