"""When a household's risk counts as eliminated: every condition, each said when it fails.

Conditions of the national practice: half a year on the list, at least one targeted measure, income above the line in
force and so for half a year, what is left after medical spending above it too, all guarantees held, and for some risk
types a measure that answers them. A household without anyone able to work is never closed. Natural elimination (death,
merging) asks for none of it, but does not close a household without labour whose members are there.
"""

from __future__ import annotations

from datetime import date

from riskmodel.engine.calendar import add_months
from riskmodel.registry.codes import label
from riskmodel.watchlist.case import Case
from riskmodel.watchlist.facts import Facts
from riskmodel.watchlist.refusal import Failure
from riskmodel.watchlist.rulebook import Rulebook


def elimination_failures(case: Case, facts: Facts, *, mode: str, day: date, rules: Rulebook) -> list[Failure]:
    """Return the conditions of elimination that do not hold; none when the household may leave.

    Parameters
    ----------
    case : Case
        On the list, with the measures it was given.
    facts : Facts
        As known on ``day``. A fact that is not known fails its condition: nobody leaves on a guess.
    mode : {"assisted", "natural"}
    """
    if mode == "natural":
        there = facts.members is None or facts.members > 0
        return _labour(facts, rules) if facts.members_working == 0 and there else []
    return [*_labour(facts, rules), *_time(case, day, rules), *_measures(case, day, rules), *_means(facts, day)]


def earliest_exit(case: Case, rules: Rulebook) -> date | None:
    """Return the first day on which the case may be eliminated by assistance; None before its admission."""
    if case.identified_on is None:
        return None
    return add_months(case.identified_on, int(rules.figure("elimination.months")))


def _labour(facts: Facts, rules: Rulebook) -> list[Failure]:
    if not rules.figure("elimination.no_labour_stays"):
        return []
    if facts.members_working is None:
        return [_unknown("members_working", "有无劳动能力", "whether anyone is able to work")]
    if facts.members_working == 0:
        return [
            Failure(
                "no_labour_stays",
                "整户无劳动能力，不标注风险消除，继续跟踪",
                "nobody in the household is able to work: it is not marked as eliminated and is tracked on",
            )
        ]
    return []


def _time(case: Case, day: date, rules: Rulebook) -> list[Failure]:
    earliest = earliest_exit(case, rules)
    if earliest is not None and day >= earliest:
        return []
    return [
        Failure(
            "months_on_list",
            f"识别未满{rules.figure('elimination.months'):g}个月，最早为 {earliest}",
            f"identified less than {rules.figure('elimination.months'):g} months ago; the earliest day is {earliest}",
        )
    ]


def _measures(case: Case, day: date, rules: Rulebook) -> list[Failure]:
    delivered = [given for given in case.measures if given.started_on <= day]
    least = int(rules.figure("elimination.measures"))
    failures = []
    if len(delivered) < least:
        failures.append(
            Failure(
                "measures_delivered",
                f"已落实帮扶措施{len(delivered)}项，少于{least}项",
                f"{len(delivered)} measures delivered, fewer than {least}",
            )
        )
    kinds = {given.kind for given in delivered}
    for risk_type in case.risk_types:
        asked = rules.measures_asked(risk_type)
        if asked and not kinds & set(asked):
            zh = "、".join(label("measure_kind", kind, "zh") for kind in asked)
            en = " or ".join(label("measure_kind", kind, "en") for kind in asked)
            failures.append(
                Failure(
                    f"measure_for_{risk_type}",
                    f"风险类型“{label('risk_type', risk_type, 'zh')}”没有对应措施（{zh}）",
                    f"no measure answers {label('risk_type', risk_type, 'en')} ({en})",
                )
            )
    return failures


def _means(facts: Facts, day: date) -> list[Failure]:
    failures = []
    if facts.as_of is not None and facts.as_of > day:
        failures.append(Failure("facts_of_the_day", "情况晚于办理日期", "the facts are of a day after the act"))
    if facts.line is None:
        failures.append(_unknown("line", "监测线", "the monitoring line in force"))
        return failures
    for name, income, zh, en in (
        ("income_above_line", facts.net_income_pc, "人均纯收入", "net income per head"),
        (
            "income_steady",
            facts.net_income_pc_before,
            "半年前人均纯收入",
            "net income per head half a year ago",
        ),
    ):
        if income is None:
            failures.append(_unknown(name, zh, en))
        elif not income > facts.line:
            failures.append(
                Failure(
                    name,
                    f"{zh}{income:,.0f}元，未超过监测线{facts.line:,.0f}元",
                    f"{en} is {income:,.0f} yuan, not above the line of {facts.line:,.0f}",
                )
            )
    failures.extend(_spending(facts))
    if facts.guarantees_unmet is None:
        failures.append(_unknown("guarantees_held", "“三保障”和饮水情况", "whether the guarantees are held"))
    elif facts.guarantees_unmet > 0:
        failures.append(
            Failure(
                "guarantees_held",
                f"“三保障”和饮水有{facts.guarantees_unmet:g}项未达标",
                f"{facts.guarantees_unmet:g} guarantees are not met",
            )
        )
    return failures


def _spending(facts: Facts) -> list[Failure]:
    if facts.net_income_pc is None or facts.line is None:
        return []
    if facts.out_of_pocket_pc is None:
        return [_unknown("spending_resolved", "合规自付支出", "compliant out-of-pocket spending")]
    left = facts.net_income_pc - facts.out_of_pocket_pc + (facts.claims_pc or 0.0)
    if left > facts.line:
        return []
    return [
        Failure(
            "spending_resolved",
            f"扣除合规自付支出后人均{left:,.0f}元，未超过监测线",
            f"after out-of-pocket spending {left:,.0f} yuan per head are left, not above the line",
        )
    ]


def _unknown(condition: str, zh: str, en: str) -> Failure:
    return Failure(f"{condition}_unknown", f"{zh}不明，请补充", f"{en} is not known: add it as a fact")
