"""Each condition of the procedure, by its line in the procedure's table: what is accepted, what is refused and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from lives import (
    SAFE,
    START,
    STEPS,
    TODAY,
    clue,
    done,
    health,
    judged,
    lived,
    new_case,
    refused,
    step,
)

from riskmodel.watchlist.act import Act
from riskmodel.watchlist.case import Case
from riskmodel.watchlist.facts import Facts


def test_the_ordinary_track_ends_on_the_list() -> None:
    case = lived("announce")
    assert case.state == "listed"
    assert case.identified_on == START + timedelta(days=13)
    assert case.category == "unstable_lifted"
    assert [name for name, _ in case.steps] == list(STEPS)[:8]


@pytest.mark.parametrize("name", list(STEPS)[1:8])
def test_no_step_may_be_left_out(name: str) -> None:
    assert refused(new_case(), step(name)) == ("state",)


@pytest.mark.parametrize("name", list(STEPS))
def test_a_step_is_for_its_role_alone(name: str) -> None:
    names = list(STEPS)
    before = new_case() if name == "visit" else lived(names[names.index(name) - 1])
    assert refused(before, step(name, role="household"), facts=SAFE) == ("role",)


def test_authorisation_comes_before_data_comparison() -> None:
    visited = lived("visit")
    failure = judged(visited, step("compare")).failures[0]
    assert failure.condition == "state"
    assert "next comes authorise" in failure.en
    assert refused(visited, step("authorise", form=" ")) == ("carries_form",)


def test_comparison_is_skipped_for_those_already_compared() -> None:
    authorised = lived("authorise")
    assert refused(authorised, step("review")) == ("state",)
    assert done(authorised, step("review"), facts=Facts(already_compared=True)).state == "reviewed"


def test_the_village_notice_runs_five_days_or_more() -> None:
    reviewed = lived("review")
    assert refused(reviewed, step("notice", days=4)) == ("notice_days",)
    on_notice = done(reviewed, step("notice"))
    day = on_notice.day_of("notice")
    assert day is not None
    assert refused(on_notice, step("township_review", day=day + timedelta(days=4))) == ("notice_has_run",)
    assert not refused(on_notice, step("township_review", day=day + timedelta(days=5)))


def test_objections_to_a_notice_must_be_settled() -> None:
    on_notice = lived("notice")
    assert refused(on_notice, step("township_review", objections=1)) == ("objections_settled",)
    assert not refused(on_notice, step("township_review", objections=1, settled="visited again, withdrawn"))


def test_a_review_needs_its_note_and_an_approval_category_and_risk_types() -> None:
    assert refused(lived("compare"), step("review", note="")) == ("carries_note",)
    reviewed = lived("township_review")
    assert refused(reviewed, step("approve", category="poor")) == ("carries_category",)
    assert refused(reviewed, step("approve", risk_types=[])) == ("carries_risk_types",)
    six = ["illness", "disability", "schooling", "disaster", "accident", "housing"]
    assert refused(reviewed, step("approve", risk_types=six)) == ("carries_risk_types",)
    assert not refused(reviewed, step("approve", risk_types=six[:5]))


@pytest.mark.parametrize(
    ("category", "kind", "fits"),
    [
        ("unstable_lifted", "lifted", True),
        ("unstable_lifted", "ordinary", False),
        ("marginal", "ordinary", True),
        ("marginal", "lifted", False),
        ("sudden_hardship", "lifted", True),
        ("sudden_hardship", "ordinary", True),
    ],
)
def test_the_category_fits_the_household_type(category: str, kind: str, fits: bool) -> None:
    conditions = refused(lived("township_review"), step("approve", category=category), facts=Facts(household_type=kind))
    assert conditions == (() if fits else ("category_fits",))


def test_no_act_is_dated_before_the_last_change_or_after_today() -> None:
    visited = lived("visit")
    assert refused(visited, step("authorise", day=START)) == ("not_before_last_change",)
    assert refused(visited, step("authorise", day=TODAY + timedelta(days=1))) == ("not_in_the_future",)


def test_a_visit_has_one_verdict_and_a_closed_spell_none() -> None:
    visited = lived("visit")
    assert refused(visited, step("visit", verdict="no_risk")) == ("one_verdict_a_visit",)
    closed = done(new_case(), step("visit", verdict="no_risk"))
    assert (closed.state, closed.reason) == ("closed", "no_risk")
    assert refused(closed, step("visit")) == ("state",)


def test_nobody_at_home_is_another_visit() -> None:
    case = done(new_case(), step("visit", verdict="unreachable"))
    assert (case.state, case.tries, case.verdict) == ("clue", 1, None)
    assert done(case, step("visit")).state == "visited"


def test_measures_come_after_admission_but_first_in_an_emergency() -> None:
    assert refused(new_case(), health()) == ("measures_after_admission",)
    struck = new_case(track="emergency", risk_type="disaster")
    helped = done(struck, health(START))
    assert helped.state == "clue"
    assert helped.measures[0].kind == "health"
    steps = ("visit", "authorise", "township_review", "approve", "announce")
    case = helped
    for name in steps:
        case = done(case, step(name), facts=SAFE)
    assert case.state == "listed"


def test_the_emergency_track_is_for_sudden_blows() -> None:
    joined = clue(track="emergency", risk_type="schooling")
    assert refused(new_case(), joined) == ("emergency_risks",)
    assert not refused(new_case(), clue(track="emergency", risk_type="accident"))


def test_sent_back_a_step_is_done_again() -> None:
    case = lived("township_review")
    back = Act("send_back", case.changed_on, "township-1", "township", {"to": "compare", "reason": "two incomes"})
    again = done(case, back)
    assert again.state == "authorised"
    assert [name for name, _ in again.steps] == ["visit", "authorise"]
    later = step("compare", day=again.changed_on)
    assert done(again, later).state == "compared"
    assert refused(case, Act("send_back", case.changed_on, "t", "township", {"to": "approve", "reason": "x"})) == (
        "carries_to",
    )


def test_a_refusal_closes_with_its_reason() -> None:
    case = done(lived("review"), Act("refuse", START + timedelta(days=5), "v", "village", {"reason": "moved to town"}))
    assert (case.state, case.reason) == ("closed", "moved to town")
    assert refused(lived("announce"), Act("refuse", TODAY, "c", "county", {"reason": "x"})) == ("state",)


# Elimination: domain section 2.3.


def leaving(case: Case, **changes: object) -> tuple[str, ...]:
    return refused(case, step("exit_visit"), facts=replace(SAFE, **changes))  # type: ignore[arg-type]


def test_a_household_may_leave_half_a_year_after_identification() -> None:
    listed = lived("announce")
    early = step("exit_visit", day=date(2024, 9, 13))
    assert refused(listed, early, facts=SAFE) == ("months_on_list",)
    assert not refused(listed, replace(early, day=date(2024, 9, 14)), facts=SAFE)


def test_at_least_one_measure_was_delivered() -> None:
    conditions = refused(lived("announce", extra=[]), step("exit_visit"), facts=SAFE)
    assert conditions == ("measures_delivered", "measure_for_illness")


def test_a_measure_answers_the_risk_types_that_ask_for_one() -> None:
    industry = Act("measure", START + timedelta(days=30), "t", "township", {"kind": "industry"})
    assert leaving(lived("announce", extra=[industry])) == ("measure_for_illness",)


def test_income_is_above_the_line_and_was_half_a_year_ago() -> None:
    listed = lived("announce")
    assert leaving(listed, net_income_pc=8_500, out_of_pocket_pc=0) == ("income_above_line", "spending_resolved")
    assert leaving(listed, net_income_pc_before=8_400) == ("income_steady",)


def test_large_spending_is_resolved() -> None:
    assert leaving(lived("announce"), out_of_pocket_pc=4_000) == ("spending_resolved",)
    assert not leaving(lived("announce"), out_of_pocket_pc=4_000, claims_pc=1_000)


def test_the_guarantees_are_held() -> None:
    assert leaving(lived("announce"), guarantees_unmet=1) == ("guarantees_held",)


def test_a_household_without_labour_is_never_closed() -> None:
    assert leaving(lived("announce"), members_working=0) == ("no_labour_stays",)


def test_nobody_leaves_on_what_is_not_known() -> None:
    assert leaving(lived("announce"), members_working=None, guarantees_unmet=None, net_income_pc_before=None) == (
        "members_working_unknown",
        "income_steady_unknown",
        "guarantees_held_unknown",
    )
    assert leaving(lived("announce"), line=None) == ("line_unknown",)


def test_natural_elimination_waits_for_nothing_but_never_closes_a_household_without_labour() -> None:
    listed = lived("announce", extra=[])
    natural = step("exit_visit", day=listed.changed_on, mode="natural")
    assert not refused(listed, natural)
    assert refused(listed, natural, facts=replace(SAFE, members_working=0)) == ("no_labour_stays",)
    assert not refused(listed, natural, facts=replace(SAFE, members_working=0, members=0))


def test_nobody_speaks_for_the_model_but_the_system() -> None:
    pretended = Act("clue", START, "v1", "village", {"source": "model"})
    assert refused(new_case(), pretended) == ("source_of_role",)
    assert not refused(new_case(), replace(pretended, data={"source": "cadre_patrol"}))


def test_leaving_takes_the_same_steps_and_may_be_rolled_back() -> None:
    gone = lived("exit_announce")
    assert gone.state == "eliminated"
    assert gone.eliminated_on == START + timedelta(days=208)
    back = done(gone, Act("roll_back", gone.changed_on, "c", "county", {"reason": "work lost again"}))
    assert (back.state, back.eliminated_on, back.elimination_mode) == ("listed", None, None)
    assert back.steps == lived("announce").steps


def test_conditions_are_asked_again_at_the_approval() -> None:
    noticed = lived("exit_notice")
    assert refused(noticed, step("exit_approve"), facts=replace(SAFE, guarantees_unmet=1)) == ("guarantees_held",)


def test_leaving_can_be_abandoned_and_begun_anew() -> None:
    case = done(
        lived("exit_review"), Act("abandon_exit", START + timedelta(days=202), "v", "village", {"reason": "ill"})
    )
    assert case.state == "listed"
    assert done(case, step("exit_visit", day=case.changed_on), facts=SAFE).state == "exit_visited"


def test_what_an_act_carries_is_known() -> None:
    failure = judged(new_case(), step("visit", verdikt="at_risk")).failures[0]
    assert failure.condition == "carries_known"
    assert 'Did you mean "verdict"' in failure.en


def test_every_refusal_speaks_both_languages() -> None:
    acts = [step(name) for name in STEPS] + [
        Act(name, START, "x", "system")
        for name in ("measure", "end_measure", "roll_back", "send_back", "refuse", "close", "fly")
    ]
    for case in (new_case(), lived("notice"), lived("announce"), lived("exit_announce")):
        for act in acts:
            for failure in judged(case, act).failures:
                assert failure.zh and failure.en and failure.condition
                assert any("\u4e00" <= sign <= "\u9fff" for sign in failure.zh)


def test_a_judgement_names_the_entries_it_asked() -> None:
    judgement = judged(lived("review"), step("notice"))
    assert "clock.notice_days||2021-01-01" in judgement.policy
    assert any(key.startswith("procedure.ordinary|") for key in judgement.policy)
