"""Random lives on the list: no forbidden state, every clock right, the log whole, its replay the list."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from lives import NOW, PLACE, SAFE, START, STEPS, TODAY

from riskmodel.watchlist.act import ACTIONS, Act
from riskmodel.watchlist.case import Case
from riskmodel.watchlist.clocks import due
from riskmodel.watchlist.facts import Facts
from riskmodel.watchlist.log import replay
from riskmodel.watchlist.rulebook import Rulebook
from riskmodel.watchlist.store import ListStore

# By hand, apart from the code: from each state, where each action may lead.
ALLOWED = {
    "clue": {"visit": {"visited", "closed", "clue"}, "close": {"closed"}},
    "visited": {"authorise": {"authorised"}},
    "authorised": {"compare": {"compared"}, "review": {"reviewed"}, "township_review": {"township_reviewed"}},
    "compared": {"review": {"reviewed"}},
    "reviewed": {"notice": {"on_notice"}},
    "on_notice": {"township_review": {"township_reviewed"}},
    "township_reviewed": {"approve": {"approved"}},
    "approved": {"announce": {"listed"}},
    "listed": {"exit_visit": {"exit_visited", "listed"}},
    "exit_visited": {"exit_review": {"exit_reviewed"}},
    "exit_reviewed": {"exit_notice": {"exit_on_notice"}},
    "exit_on_notice": {"exit_approve": {"exit_approved"}},
    "exit_approved": {"exit_announce": {"eliminated"}},
    "eliminated": {"roll_back": {"listed"}},
    "closed": {},
}
ENTERING = ("clue", "visited", "authorised", "compared", "reviewed", "on_notice", "township_reviewed", "approved")
LEAVING = ("exit_visited", "exit_reviewed", "exit_on_notice", "exit_approved")
OTHERS = {
    "measure": {"kind": "health"},
    "end_measure": {"number": 1},
    "reclassify": {"risk_types": ["water"], "reason": "water found unsafe"},
    "abandon_exit": {"reason": "ill again"},
    "roll_back": {"reason": "work lost"},
    "refuse": {"reason": "income well above"},
    "send_back": {"to": "visit", "reason": "look again"},
    "close": {"reason": "moved away"},
}
ROLES = ("system", "household", "village", "department", "township", "county")
_numbers = itertools.count(1)


def may_lead(before: Case, action: str, to: str) -> bool:
    """Whether the hand-made table has the transition."""
    here = before.state
    if to in ALLOWED[here].get(action, set()):
        return True
    if action in ("clue", "measure", "end_measure", "reclassify"):
        return to == here and here not in ("closed", "eliminated")
    if action in ("refuse", "close"):
        return to == "closed" and here in ENTERING
    if action == "abandon_exit":
        return to == "listed" and here in LEAVING
    if action == "send_back":
        return (here in ENTERING and to in ENTERING) or (here in LEAVING and to in (*LEAVING, "listed"))
    return False


class Life(RuleBasedStateMachine):
    """One household's life; all lives of a run share the store."""

    store: ListStore

    @initialize(emergency=st.booleans(), risk=st.sampled_from(["disaster", "schooling"]))
    def begin(self, emergency: bool, risk: str) -> None:
        self.household = f"H{next(_numbers):07d}"
        self.day = START
        data = {"source": "model", "risk_type": risk, "track": "emergency" if emergency else "ordinary"}
        self.case: Case | None = None
        self.do(Act("clue", self.day, "batch", "system", data), SAFE)
        if emergency and risk != "disaster":
            assert self.case is None
            self.do(Act("clue", self.day, "batch", "system", {"source": "model"}), SAFE)
        assert self.case is not None

    @rule(
        days=st.sampled_from([0, 0, 1, 2, 5, 5, 90]),
        wish=st.integers(0, 3),
        name=st.sampled_from([*STEPS, *OTHERS, "clue"]),
        verdict=st.sampled_from(["at_risk", "at_risk", "no_risk", "unreachable"]),
        right_role=st.integers(0, 9),
        role=st.sampled_from(ROLES),
        natural=st.booleans(),
        working=st.sampled_from([2, 2, 2, 0]),
        income=st.sampled_from([12_000, 12_000, 7_000]),
        compared=st.booleans(),
    )
    def live(
        self,
        days: int,
        wish: int,
        name: str,
        verdict: str,
        right_role: int,
        role: str,
        natural: bool,
        working: int,
        income: int,
        compared: bool,
    ) -> None:
        case = self.case
        assert case is not None
        if wish and case.state in ALLOWED and ALLOWED[case.state]:
            # Mostly what comes next, so that lives get far; else anything.
            name = sorted(ALLOWED[case.state])[0] if case.state != "clue" else "visit"
            if case.track == "emergency" and case.state == "authorised":
                name = "township_review"
        self.day += timedelta(days=days)
        usual, data = (
            (STEPS[name][0], dict(STEPS[name][2])) if name in STEPS else ("county", dict(OTHERS.get(name, {})))
        )
        if name == "clue":
            usual, data = "village", {"source": "cadre_patrol", "level": "yellow"}
        if name == "measure":
            usual = "township"
        if name == "visit":
            data["verdict"] = verdict
        if name == "exit_visit":
            data["mode"] = "natural" if natural else "assisted"
        facts = replace(SAFE, as_of=None, members_working=working, net_income_pc=income, already_compared=compared)
        self.do(Act(name, self.day, "somebody", role if right_role == 0 else usual, data), facts)

    def do(self, act: Act, facts: Facts) -> None:
        before = self.case
        with self.store.writing(now=NOW) as writer:
            outcome = writer.act(self.household, act, facts=facts, place=PLACE)
        if outcome.status == "refused":
            assert outcome.failures
            return
        after = outcome.case
        assert after is not None
        if before is not None and (before.active or act.action != "clue"):
            assert may_lead(before, act.action, after.state), (before.state, act.action, after.state)
            assert act.day >= before.changed_on
            self.check_conditions(before, act, facts)
        elif before is not None:
            assert after.spell == before.spell + 1 and after.state == "clue"
        self.case = after

    def check_conditions(self, before: Case, act: Act, facts: Facts) -> None:
        """What must have held, said again by hand."""
        done = dict(before.steps)
        if act.action == "measure":
            assert before.state not in ENTERING or before.track == "emergency"
        if act.action == "compare":
            assert done["authorise"] <= act.day
        if act.action == "township_review" and before.track == "ordinary":
            assert (act.day - done["notice"]).days >= 5
        if act.action == "approve":
            assert {"visit", "authorise", "township_review"} <= done.keys()
        if act.action in ("exit_visit", "exit_approve") and act.data.get("verdict") != "unreachable":
            mode = act.data.get("mode", before.elimination_mode)
            if mode == "assisted":
                assert before.identified_on is not None
                assert (act.day - before.identified_on).days >= 181
                assert facts.members_working and (facts.net_income_pc or 0) > 8_500
                assert before.measures

    @invariant()
    def clocks_are_right(self) -> None:
        case = getattr(self, "case", None)
        if case is None:
            return
        rules = Rulebook(self.store.policy, region=case.county_code, on=self.day)
        dues = {one.what: one for one in due(case, rules=rules, members_able=2)}
        if case.state in ENTERING:
            assert dues["recognition"].until == case.opened_on + timedelta(days=15)
            assert ("visit" in dues) == (case.state == "clue")
            if case.state == "clue":
                assert dues["visit"].until == case.opened_on + timedelta(days=3)
                assert dues["visit"].overdue(case.opened_on + timedelta(days=4))
                assert not dues["visit"].overdue(case.opened_on + timedelta(days=3))
        elif case.active:
            assert ("measure" in dues) == (not case.measures)
            assert ("developing_measure" in dues) == bool(case.measures)
        else:
            assert not dues

    @invariant()
    def a_case_is_itself_in_writing(self) -> None:
        case = getattr(self, "case", None)
        if case is not None:
            assert Case.from_json(case.to_json()) == case


@pytest.mark.parametrize("lives", [60, pytest.param(1000, marks=pytest.mark.long)])
def test_random_lives(store: ListStore, lives: int) -> None:
    class Here(Life):
        pass

    Here.store = store
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=lives, stateful_step_count=24, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    cases = store.cases()
    assert len({case.household_id for case in cases}) >= lives
    store.verify()
    assert replay(store.log()) == {case.key: case for case in cases}
    assert "listed" in {entry.to_state for entry in store.log()}
    if lives >= 1000:
        assert {"listed", "eliminated", "closed", "clue"} <= {case.state for case in cases}
        assert {entry.action for entry in store.log()} == set(ACTIONS)
    assert store.rebuild() == len(cases)
    assert store.cases() == cases
    assert max(entry.day for entry in store.log()) <= TODAY.isoformat()


def test_the_working_day_of_anhui_is_not_the_calendar_day_of_fengcheng(store: ListStore) -> None:
    friday = date(2024, 3, 1)
    case = Case("H1", 1, "340123", "t", "v", "clue", "ordinary", friday, friday)
    anhui = Rulebook(store.policy, region="340123", on=friday)
    here = Rulebook(store.policy, region="360981", on=friday)
    assert {one.what: one.until for one in due(case, rules=anhui)} == {
        "visit": date(2024, 3, 5),
        "recognition": date(2024, 3, 29),
    }
    assert {one.what: one.until for one in due(case, rules=here)} == {
        "visit": date(2024, 3, 4),
        "recognition": date(2024, 3, 16),
    }
