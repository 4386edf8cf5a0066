"""Fill what is lacking: each eligibility rule by its line in the domain's facts, and proposals that never mislead."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskmodel.assistance.eligibility import Condition, Measure, measures_in_force
from riskmodel.assistance.household import ASKED, FACTS, Household, households_of
from riskmodel.assistance.proposals import Proposal, lacking_for_elimination, propose
from riskmodel.errors import CallError
from riskmodel.monitoring.measures import DEVELOPING
from riskmodel.policy import default_policy, load_policy
from riskmodel.registry import Registry
from riskmodel.registry.codes import codes

ON = date(2024, 6, 1)
RISKS = codes("risk_type")
NOTHING = {name: 0.0 for name in FACTS if name not in ("household_type", "housing_grade")}


def household(county: str = "360981", **facts: float | str | None) -> Household:
    """A lifted household of two able adults with no troubles but those given."""
    usual = {
        **NOTHING,
        **dict.fromkeys(ASKED),
        "household_type": "lifted",
        "housing_grade": "A",
        "members": 4.0,
        "members_able": 2.0,
        "members_working": 2.0,
        "adults_18_to_65": 2.0,
        "at_work": 2.0,
        "net_income_pc": 12_000.0,
        "cropland_mu": 3.0,
    }
    return Household("H1", county, "t1", usual | facts)


def of(measure: str, own: Household, *, risk: str | None = None, on: date = ON) -> Proposal:
    """What becomes of one measure."""
    risks = RISKS if risk is None else [risk]
    return next(
        one for one in propose(own, risks, policy=default_policy(), on=on, all_of_them=True) if one.measure == measure
    )


def status(measure: str, *, on: date = ON, county: str = "360981", **facts: float | str | None) -> str:
    return of(measure, household(county, **facts), on=on).status


# Micro-credit, domain 3.4.


def test_micro_credit_is_for_lifted_and_uneliminated_monitored_households() -> None:
    assert status("micro_credit") == "evidence_missing"
    assert status("micro_credit", household_type="ordinary") == "not_eligible"
    assert status("micro_credit", household_type="ordinary", on_list=1.0) == "evidence_missing"


def test_micro_credit_is_one_a_household_and_who_has_one_is_told_so() -> None:
    has = household(finance_in_force=1.0)
    [told] = [
        one
        for one in propose(has, ["job_instability"], policy=default_policy(), on=ON)
        if one.measure == "micro_credit"
    ]
    assert told.status == "has_it"
    assert "has a measure of this group already" in told.sentence("en") and "已在享" in told.sentence("zh")
    assert status("micro_credit", finance_in_force=1.0, adults_18_to_65=0.0) == "not_eligible"


def test_micro_credit_needs_somebody_of_18_to_65_and_able() -> None:
    assert status("micro_credit", adults_18_to_65=0.0) == "not_eligible"
    assert status("micro_credit", members_able=0.0) == "not_eligible"


def test_micro_credit_asks_for_production_use_and_a_rating() -> None:
    missing = [one.en for one in of("micro_credit", household()).conditions if one.met is None]
    assert missing == ["that the loan is for production: to be found out", "the credit rating: to be found out"]


def test_micro_credit_is_at_most_50000_within_three_years_without_collateral() -> None:
    told = of("micro_credit", household())
    assert "至多50,000元" in told.amount_zh and "三年以内" in told.amount_zh and "10万元" in told.amount_zh
    assert "at most 50,000 yuan" in told.amount_en and "no collateral" in told.amount_en


# Public-welfare posts.


def test_a_post_is_for_16_to_69_able_in_part_and_not_at_work() -> None:
    assert status("public_post", post_candidates=1.0) == "evidence_missing"
    assert status("public_post", post_candidates=0.0) == "not_eligible"


def test_who_has_a_post_is_told_so() -> None:
    assert status("public_post", post_candidates=1.0, public_post_in_force=1.0) == "has_it"
    assert status("public_post", post_candidates=0.0, public_post_in_force=1.0) == "not_eligible"


def test_a_post_in_fengcheng_pays_300_to_700_a_month() -> None:
    assert "300至700元/月" in of("public_post", household(post_candidates=1.0)).amount_zh


def test_gansu_2025_asks_for_no_other_work_and_no_cadre_family() -> None:
    facts = {"post_candidates": 1.0, "at_work": 1.0}
    assert status("public_post", county="620102", on=date(2025, 3, 1), **facts) == "not_eligible"
    assert status("public_post", county="360981", on=date(2025, 3, 1), **facts) == "evidence_missing"
    asked = of("public_post", household("620102", post_candidates=1.0, at_work=0.0), on=date(2025, 3, 1))
    assert any("cadre" in one.en for one in asked.conditions)


def test_weak_workers_may_take_a_post_though_nobody_is_fully_able() -> None:
    weak = {"members_able": 0.0, "members_working": 1.0, "post_candidates": 1.0, "at_work": 0.0}
    assert status("public_post", **weak) == "evidence_missing"


# The others.


def test_yulu_is_3000_a_student_and_year_for_lifted_and_monitored_until_the_end_of_2025() -> None:
    told = of("yulu", household(vocational_students=2.0), on=date(2025, 12, 31))
    assert told.status == "eligible" and told.amount_zh.startswith("6,000元/年")
    assert status("yulu", vocational_students=1.0, household_type="ordinary") == "not_eligible"
    assert "yulu" not in measures_in_force(default_policy(), region="360981", on=date(2026, 1, 1))


@pytest.mark.parametrize("day", [date(2025, 12, 31), date(2026, 1, 1), date(2027, 6, 1)])
def test_schooling_is_answered_after_yulu_ended_too(day: date) -> None:
    student = household(vocational_students=1.0, students_beyond_compulsory=1.0, education_spending_12m=12_000.0)
    found = proposed(student, "schooling", on=day)
    assert ("yulu" in found) == (day.year == 2025)
    assert found["student_aid"].status == "evidence_missing" and found["student_aid"].rule.group == "other_education"
    assert any("applied for at the school" in one.en for one in found["student_aid"].conditions if one.met is None)
    assert ("schooling_relief" in found) == (day.year >= 2026)


def test_relief_for_schooling_is_for_costs_above_the_figure_of_the_record() -> None:
    student = {"students_beyond_compulsory": 1.0, "on": date(2026, 3, 1)}
    assert status("schooling_relief", education_spending_12m=10_000.0, **student) == "not_eligible"
    assert status("schooling_relief", education_spending_12m=10_001.0, **student) == "eligible"
    assert status("schooling_relief", education_spending_12m=None, **student) == "evidence_missing"
    assert status("schooling_relief", education_spending_12m=20_000.0, on=date(2026, 3, 1)) == "not_eligible"
    costly = household(education_spending_12m=20_000.0, students_beyond_compulsory=1.0)
    told = of("schooling_relief", costly, on=date(2026, 3, 1)).sentence("zh")
    assert "近12个月教育支出（元）：20,000（需高于10,000）" in told


@pytest.mark.parametrize(("grade", "measure"), [("C", "housing_repair"), ("D", "housing_rebuild")])
def test_grades_c_and_d_are_repaired_or_rebuilt(grade: str, measure: str) -> None:
    other = "housing_rebuild" if measure == "housing_repair" else "housing_repair"
    assert status(measure, housing_grade=grade) == "eligible"
    assert status(other, housing_grade=grade) == "not_eligible"
    assert status(measure, housing_grade=None) == "evidence_missing"


def test_housing_amounts_of_an_older_county() -> None:
    assert "10,000至20,000元" in of("housing_rebuild", household(housing_grade="D")).amount_zh
    assert "4,000至6,000元" in of("housing_repair", household(housing_grade="C")).amount_zh


@pytest.mark.parametrize(
    ("measure", "fact"),
    [
        ("medical_insurance", "members_uninsured"),
        ("compulsory_education", "children_out_of_school"),
        ("water", "water_unsafe"),
        ("disability_allowance", "members_disabled"),
    ],
)
def test_what_is_lacking_decides(measure: str, fact: str) -> None:
    assert status(measure, **{fact: 1.0}) == "eligible"
    assert status(measure) == "not_eligible"


def test_dibao_is_below_the_countys_standard_in_force() -> None:
    assert status("dibao", net_income_pc=8_399.0) == "eligible"
    assert status("dibao", net_income_pc=8_400.0) == "not_eligible"
    assert status("dibao", net_income_pc=3_000.0, on=date(2023, 6, 1)) == "not_eligible"
    assert status("dibao", net_income_pc=None) == "evidence_missing"


def test_tekun_is_for_those_who_cannot_work_and_whom_nobody_must_support() -> None:
    nobody = {"members_able": 0.0, "members_working": 0.0}
    assert status("tekun", **nobody) == "evidence_missing"
    assert status("tekun") == "not_eligible"


def test_a_guarantee_that_is_not_held_comes_first_whatever_the_risk_types() -> None:
    own = household(water_unsafe=1.0, housing_grade="D", able_without_job=1.0, post_candidates=1.0)
    found = propose(own, ["job_instability"], policy=default_policy(), on=ON)
    assert {one.measure for one in found[:2]} == {"water", "housing_rebuild"}
    assert found[2].rule.orientation == "developing"


# Who can work (domain 2.2 and 0): at least one developing measure for who is able, protection for who is not.


def proposed(own: Household, *risks: str, on: date = ON) -> dict[str, Proposal]:
    return {one.measure: one for one in propose(own, risks, policy=default_policy(), on=on)}


def test_who_is_able_gets_a_developing_measure_though_the_only_risk_is_illness() -> None:
    found = proposed(household(members_ill=1.0, able_without_job=1.0), "illness")
    assert found["health"].because == "" and found["health"].risk_types == ("illness",)
    developing = [one for one in found.values() if one.rule.orientation == "developing"]
    assert {"industry", "job_placement"} <= {one.measure for one in developing}
    for one in developing:
        assert (one.because, one.risk_types) == ("able", ())
        assert "at least one measure that develops is due" in one.sentence("en")
        assert "至少应有一项开发式帮扶" in one.sentence("zh")
    places = list(found)
    assert places.index("health") < min(places.index(one.measure) for one in developing)


@pytest.mark.parametrize("group", DEVELOPING)
def test_who_has_a_developing_measure_is_not_pressed_for_another(group: str) -> None:
    found = proposed(household(members_ill=1.0, able_without_job=1.0, **{f"{group}_in_force": 1.0}), "illness")
    assert all(one.rule.orientation != "developing" for one in found.values())


def test_risk_types_that_ask_for_development_are_enough() -> None:
    found = proposed(household(members_ill=1.0, able_without_job=1.0), "illness", "job_instability")
    assert "job_placement" in found and all(one.because == "" for one in found.values())


def test_where_nobody_is_able_unstable_work_is_answered_by_protection() -> None:
    nobody = {"members_able": 0.0, "members_working": 0.0, "at_work": 0.0}
    found = proposed(household(net_income_pc=5_000.0, **nobody), "job_instability")
    assert found["dibao"].status == "eligible" and found["tekun"].status == "evidence_missing"
    assert all(one.rule.group == "protection" and one.because == "unable" for one in found.values())
    assert "以保障兜底" in found["dibao"].sentence("zh") and "is protected" in found["dibao"].sentence("en")
    assert "dibao" not in proposed(household(net_income_pc=12_000.0, **nobody), "job_instability")


def test_who_can_work_in_part_may_have_a_post_and_protection() -> None:
    weak = {"members_able": 0.0, "members_working": 1.0, "post_candidates": 1.0, "at_work": 0.0}
    found = proposed(household(net_income_pc=5_000.0, **weak), "job_instability")
    assert set(found) == {"public_post", "dibao"}


def test_where_it_is_not_known_who_is_able_nothing_is_added() -> None:
    assert set(proposed(household(members_ill=1.0, members_able=None), "illness")) == {"health"}


def test_what_it_has_is_said() -> None:
    assert status("health", members_ill=1.0, health_in_force=1.0) == "has_it"


numbers = st.sampled_from([None, 0.0, 1.0, 2.0, 9_000.0])
# Some fifty facts are drawn for each example: on a busy machine that takes its time.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@patient
@given(
    facts=st.fixed_dictionaries({name: numbers for name in NOTHING}),
    kind=st.sampled_from(["lifted", "ordinary", "unlifted", None]),
    risks=st.lists(st.sampled_from(RISKS), unique=True, max_size=5),
    day=st.dates(date(2021, 1, 1), date(2027, 6, 1)),
)
def test_no_household_without_any_worker_is_sent_to_work(facts, kind, risks, day) -> None:
    own = Household(
        "H1", "360981", "t", facts | {"household_type": kind, "housing_grade": None, "members_working": 0.0}
    )
    for one in propose(own, risks, policy=default_policy(), on=day, all_of_them=True):
        assert one.rule.group not in DEVELOPING
        assert one.sentence("zh") and one.sentence("en")


@patient
@given(
    facts=st.fixed_dictionaries({name: numbers for name in NOTHING}),
    risks=st.lists(st.sampled_from(RISKS), unique=True, min_size=1, max_size=5),
)
def test_nothing_is_eligible_on_a_guess(facts, risks) -> None:
    own = Household("H1", "360981", "t", facts | {"household_type": None, "housing_grade": None})
    for one in propose(own, risks, policy=default_policy(), on=ON, all_of_them=True):
        mets = [condition.met for condition in one.conditions]
        if one.status == "eligible":
            assert all(met is True for met in mets)
        if one.status == "not_eligible":
            assert False in mets
        if one.status == "evidence_missing":
            assert None in mets and False not in mets


# Cross-field rules of public validators that touch measures (domain 3.3, 4.4).


@pytest.mark.parametrize(
    ("risk", "one_of"),
    [
        ("illness", {"health", "social", "protection"}),
        ("disability", {"social", "protection"}),
        ("housing", {"housing"}),
        ("water", {"water"}),
    ],
)
def test_an_eliminated_risk_had_a_measure_that_answers_it(risk: str, one_of: set[str]) -> None:
    call = {"policy": default_policy(), "region": "360981", "on": ON}
    for kind in codes("measure_kind"):
        lacking = lacking_for_elimination([risk], [kind], **call)
        assert (lacking == {}) == (kind in one_of)
        if lacking:
            assert set(lacking[risk]) == one_of
    assert lacking_for_elimination(["job_instability"], [], **call) == {}


def test_what_the_form_asks_for_can_be_proposed() -> None:
    """For each risk type whose elimination asks for a measure, some measure in force answers it with such a group."""
    policy = default_policy()
    for risk in RISKS:
        asked = lacking_for_elimination([risk], [], policy=policy, region="360981", on=ON).get(risk)
        if asked:
            groups = {
                rule.group
                for rule, _ in measures_in_force(policy, region="360981", on=ON).values()
                if risk in rule.risk_types
            }
            assert groups & set(asked), risk


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"fact": "cropland"}, 'Did you mean "cropland_mu"'),
        ({"fact": "members", "at_least": 1, "at_most": 2}, "one thing"),
        ({"fact": "members", "any": [{"fact": "members"}]}, "any stands by itself"),
    ],
)
def test_a_wrong_condition_is_named(condition: dict, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Condition.model_validate(condition)


def test_a_wrong_measure_of_a_county_is_named(tmp_path: Path) -> None:
    own = tmp_path / "policy.yaml"
    own.write_text(
        "- {name: measure.own, region: '36', valid_from: 2022-01-01, source: notice, certainty: A, value: {group: jbs, "
        "orientation: developing, zh: x, en: x, risk_types: [other], conditions: []}}\n"
    )
    with pytest.raises(CallError, match=r'"measure\.own" of region 36 from 2022-01-01.*"jbs" is no measure_kind'):
        measures_in_force(load_policy(own, base=default_policy()), region="360981", on=ON)


def test_every_measure_answers_and_asks_for_something_known() -> None:
    for region in ("360981", "620102", "520000"):
        for rule, key in measures_in_force(default_policy(), region=region, on=date(2025, 6, 1)).values():
            assert isinstance(rule, Measure) and key and rule.conditions


# Facts from the registry.


def test_facts_are_those_of_the_registry_before_the_day(scored_county, scored_run) -> None:
    import pyarrow.parquet as pq
    from scored import AS_OF

    flagged = pq.read_table(scored_run / "flags.parquet")["household_id"].to_pylist()
    features = scored_county.features()
    with Registry.open(scored_county.registry) as registry:
        known = households_of(registry, flagged, as_of=AS_OF, policy=default_policy())
        earlier = households_of(registry, flagged, as_of=date(2023, 6, 1), policy=default_policy())
    assert known.keys() == set(flagged)
    for name, own in known.items():
        row = features.loc[name]
        assert own.fact("members") == row["members"]
        assert own.fact("members_able") == row["members_able"]
        assert own.fact("members_disabled") == row["members_disabled"]
        assert own.fact("net_income_pc") == pytest.approx(row["net_income_pc_12m"])
        assert own.fact("education_spending_12m") >= 0 and own.fact("students_beyond_compulsory") >= own.fact(
            "vocational_students"
        )
        assert own.fact("medical_oop_12m") == pytest.approx(row["medical_oop_12m"])
        assert (own.fact("housing_grade") in ("C", "D")) == bool(row["housing_dangerous"])
        assert all(own.fact(asked) is None for asked in ASKED)
    assert any(earlier[name].facts != known[name].facts for name in earlier)
