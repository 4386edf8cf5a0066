"""Acts of an ordinary life on the list, to build tests from."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from riskmodel.policy import default_policy
from riskmodel.watchlist.act import Act
from riskmodel.watchlist.advancing import advance, opened
from riskmodel.watchlist.case import Case
from riskmodel.watchlist.facts import UNKNOWN, Facts
from riskmodel.watchlist.judging import Judgement, judge
from riskmodel.watchlist.rulebook import Rulebook

FENGCHENG = "360981"
PLACE = (FENGCHENG, "360981100", "360981100201")
START = date(2024, 3, 1)
TODAY = date(2026, 1, 1)
NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)
SAFE = Facts(
    as_of=date(2024, 9, 13),
    household_type="lifted",
    members=4,
    members_able=2,
    members_working=2,
    net_income_pc=12_000,
    net_income_pc_before=11_000,
    out_of_pocket_pc=500,
    claims_pc=0,
    line=8_500,
    guarantees_unmet=0,
)

# What each step carries, who takes it, and how many days after the clue.
STEPS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "visit": ("village", 2, {"verdict": "at_risk"}),
    "authorise": ("village", 2, {"form": "A-17"}),
    "compare": ("county", 4, {"result": "clear"}),
    "review": ("village", 5, {"note": "agreed by the meeting"}),
    "notice": ("village", 6, {"days": 5}),
    "township_review": ("township", 11, {"note": "papers in order", "objections": 0}),
    "approve": ("county", 13, {"category": "unstable_lifted", "risk_types": ["illness"]}),
    "announce": ("county", 14, {}),
    "exit_visit": ("village", 200, {"verdict": "no_risk", "mode": "assisted"}),
    "exit_review": ("village", 202, {"note": "agreed by the meeting"}),
    "exit_notice": ("village", 203, {"days": 5}),
    "exit_approve": ("county", 208, {"objections": 0}),
    "exit_announce": ("county", 209, {}),
}


def clue(day: date = START, **data: Any) -> Act:
    """A clue of the model."""
    return Act("clue", day, "batch", "system", {"source": "model", **data})


def step(name: str, *, day: date | None = None, role: str | None = None, **data: Any) -> Act:
    """A step as it is usually taken; what is given replaces the usual."""
    usual_role, after, carried = STEPS[name]
    return Act(name, day or START + timedelta(days=after), f"{usual_role}-1", role or usual_role, carried | data)


def new_case(**data: Any) -> Case:
    """A case that a clue has just opened."""
    return opened(household_id="H0000001", spell=1, place=PLACE, act=clue(**data))


def lived(until: str, *, case: Case | None = None, extra: list[Act] | None = None, facts: Facts = SAFE) -> Case:
    """A case that has taken every step up to and with ``until``; ``extra`` acts come once it is listed."""
    case = case or new_case()
    for name in STEPS:
        case = done(case, step(name), facts=facts)
        if name == "announce":
            for act in extra if extra is not None else [health()]:
                case = done(case, act, facts=facts)
        if name == until:
            return case
    raise AssertionError(until)


def health(day: date | None = None) -> Act:
    """The measure that answers an illness."""
    return Act("measure", day or START + timedelta(days=30), "township-1", "township", {"kind": "health"})


def judged(case: Case, act: Act, *, facts: Facts = UNKNOWN, today: date = TODAY, region: str = FENGCHENG) -> Judgement:
    """What the package's own record says of an act."""
    return judge(case, act, facts=facts, rules=Rulebook(default_policy(), region=region, on=act.day), today=today)


def done(case: Case, act: Act, *, facts: Facts = UNKNOWN) -> Case:
    """The case after an act that must be accepted."""
    judgement = judged(case, act, facts=facts)
    assert not judgement.failures, judgement.failures
    return advance(case, act, to=judgement.to)


def refused(case: Case, act: Act, *, facts: Facts = UNKNOWN, today: date = TODAY) -> tuple[str, ...]:
    """The conditions by which an act is refused."""
    return tuple(failure.condition for failure in judged(case, act, facts=facts, today=today).failures)
