"""A switch changes what comes after its day and nothing before it, and does what it says."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import CallError
from riskmodel.features import build_features, load_catalogue
from riskmodel.policy import default_policy, load_policy
from riskmodel.registry import Registry
from riskmodel.registry.schema import TABLES
from riskmodel.simulation import Switches, shocks, simulate, simulate_registry
from riskmodel.simulation.geography import COUNTY_CODE
from riskmodel.simulation.journal import Journal
from riskmodel.simulation.made import MADE, POLICY_FILE
from riskmodel.simulation.state import County

from .conftest import Written, read

DAY = date(2024, 7, 1)
SMALL = {"households": 900, "years": 3, "seed": 8, "until": date(2026, 1, 1)}
THROWN = {
    "support": (Switches(withdraw_support_from=DAY), DAY),
    "disasters": (Switches(disasters={2024: 4.0}), date(2024, 1, 1)),
    "prices": (Switches(prices={2024: 0.5}), date(2024, 1, 1)),
    "line": (Switches(line={2025: 14_000}), date(2025, 1, 1)),
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Written:
    out = tmp_path_factory.mktemp("plain") / "county"
    simulate_registry(out, **SMALL)
    return read(out)


@pytest.fixture(scope="module")
def switched(tmp_path_factory) -> dict[str, Written]:
    made = {}
    for name, (switches, _) in THROWN.items():
        out = tmp_path_factory.mktemp("switched") / name
        simulate_registry(out, **SMALL, switches=switches)
        made[name] = read(out)
    return made


def known_by(county: Written, name: str, day: date) -> pd.DataFrame:
    """The rows known before a day, as they stood then."""
    rows = county[name]
    rows = rows[rows.known_on < pd.Timestamp(day)].drop(columns="known_until")
    if "risk_types" in rows:
        rows = rows.assign(risk_types=rows.risk_types.map(",".join))
    return rows.sort_values(list(rows.columns)).reset_index(drop=True)


@pytest.mark.parametrize("name", list(THROWN))
def test_until_its_day_the_registry_is_the_same(plain, switched, name):
    day = THROWN[name][1]
    for table in TABLES:
        before, now = known_by(plain, table, day), known_by(switched[name], table, day)
        pd.testing.assert_frame_equal(before, now, obj=table)
        assert len(before), table


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_a_job_left_just_before_the_day_is_known_as_without_the_switch(tmp_path, seed):
    """Its end is told in the month after, when posts may end too: that must not change when it is learned."""
    call = {**SMALL, "households": 2000, "seed": seed, "until": date(2025, 1, 1)}
    jobs = []
    for number, switches in enumerate((Switches(), Switches(withdraw_support_from=DAY))):
        simulate_registry(tmp_path / str(number), **call, switches=switches)
        rows = pq.read_table(tmp_path / str(number) / "job.parquet").drop_columns(["known_until"])
        jobs.append(rows.filter(pc.less(rows["known_on"], DAY)))
    assert jobs[0].num_rows > 1000
    assert jobs[0].equals(jobs[1])


@pytest.mark.parametrize("name", list(THROWN))
def test_and_so_are_the_features_of_that_day(plain, switched, name):
    catalogue = load_catalogue(Path(__file__).parents[2] / "features")
    day = THROWN[name][1]
    built = []
    for county in (plain, switched[name]):
        with Registry.open(county.path) as registry:
            built.append(build_features(registry, as_of=[day], catalogue=catalogue))
    pd.testing.assert_frame_equal(*built)


def test_nothing_switched_is_no_switch(plain, tmp_path):
    simulate_registry(tmp_path / "same", **SMALL, switches=Switches())
    for file in plain.path.iterdir():
        assert file.read_bytes() == (tmp_path / "same" / file.name).read_bytes(), file.name
    assert not (plain.path / POLICY_FILE).exists()
    told = json.loads((plain.path / MADE).read_text())
    assert told["switches"] == {"withdraw_support_from": None, "disasters": {}, "prices": {}, "line": {}}


def test_support_ends_on_the_day_and_is_given_no_more(plain, switched):
    county, day = switched["support"], pd.Timestamp(DAY)
    measures = county.standing("measure")
    assert not (measures.started_on >= day).any()
    # What is known late of its end is known by the cut for nearly all.
    assert measures.ended_on.isna().sum() < 0.02 * len(measures)
    assert (measures.ended_on.dropna() <= day).all()
    assert (measures.ended_on == day).sum() > 50
    income = county.standing("income")
    later = income[income.month >= day]
    assert not later.item.isin(["dibao", "public_post_wage"]).any()
    usual = plain.standing("income")
    assert usual[usual.month >= day].item.isin(["dibao"]).sum() > 100
    posts = county.standing("job")
    posts = posts[posts.kind == "public_post"]
    assert len(posts) and (posts.started_on < day).all() and (posts.ended_on.dropna() <= day).all()


@pytest.mark.parametrize("item", ["pension", "disability_allowance", "farm_subsidy", "eco_subsidy", "asset_dividend"])
def test_what_comes_by_general_rules_is_paid_on(plain, switched, item):
    paid = []
    for county in (plain, switched["support"]):
        rows = county.standing("income")
        paid.append(rows[(rows.item == item) & (rows.month >= pd.Timestamp(DAY))].amount.sum())
    assert paid[0] > 0
    assert paid[1] == pytest.approx(paid[0], rel=0.1)


def test_who_lived_on_support_is_poorer_without_it(plain, switched):
    usual = plain.standing("income")
    on_dibao = usual[(usual.item == "dibao") & (usual.month == pd.Timestamp(2024, 6, 1))].household_id.unique()
    assert len(on_dibao) > 20
    earned = []
    for county in (plain, switched["support"]):
        rows = county.standing("income")
        rows = rows[(rows.month >= pd.Timestamp(2025, 1, 1)) & rows.household_id.isin(on_dibao)]
        sign = rows.source.map({"operating_cost": -1.0, "claims": 0.0}).fillna(1.0)
        earned.append((rows.amount * sign).sum())
    assert earned[1] < 0.9 * earned[0]


def in_june(factor: float) -> County:
    """A county of some townships as June of its second year begins, with a factor for that year's disasters."""
    kept: list[County] = []

    def keep(county: County) -> None:
        if county.month == 6 and county.t > 12:
            kept.append(copy.deepcopy(county))

    [_] = simulate(
        households=1000,
        years=1,
        seed=4,
        until=date(2025, 1, 1),
        switches=Switches(disasters={2024: factor}),
        before_month=keep,
    )
    return kept[0]


def strikes(factor: float, *, months: int = 400) -> float:
    """How many townships are struck in such a June, on average."""
    county = in_june(factor)
    struck = 0
    for number in range(months):
        county.streams["county"] = np.random.default_rng(number)
        county.streams["shocks"] = np.random.default_rng(number)
        county.journal = Journal()
        shocks._disaster(county)
        hit = county.journal.columns("event")["hh"]
        struck += len(np.unique(county.places.village_township[county.households.village[hit]]))
    return struck / months


def test_disasters_are_doubled_and_taken_away():
    usual = strikes(1.0)
    assert usual > 0.3
    assert strikes(2.0) / usual == pytest.approx(2.0, rel=0.15)
    assert strikes(0.0) == 0.0


def test_only_that_year_has_more_disasters(plain, switched):
    def hits(county: Written, year: int) -> int:
        rows = county.standing("event")
        return int(((rows.kind == "disaster") & (rows.happened_on.dt.year == year)).sum())

    assert hits(switched["disasters"], 2024) > 1.5 * hits(plain, 2024)
    assert hits(switched["disasters"], 2023) == hits(plain, 2023)


def test_only_that_year_is_sold_at_half_the_price(plain, switched):
    def sold(county: Written, item: str, year: int) -> float:
        rows = county.standing("income")
        return float(rows[(rows.item == item) & (rows.month.dt.year == year)].amount.median())

    for item in ("crops", "livestock"):
        assert sold(switched["prices"], item, 2024) == pytest.approx(0.5 * sold(plain, item, 2024), rel=0.1)
        assert sold(switched["prices"], item, 2023) == sold(plain, item, 2023)
    assert sold(switched["prices"], "crops_cost", 2024) == pytest.approx(sold(plain, "crops_cost", 2024), rel=0.05)


def test_a_higher_line_puts_more_on_the_list(plain, switched):
    def listed(county: Written) -> int:
        return int((county.standing("listing").identified_on >= pd.Timestamp(2025, 1, 1)).sum())

    assert listed(switched["line"]) > 1.5 * listed(plain)


def test_the_policy_file_gives_a_workspace_the_same_line(switched, tmp_path):
    file = switched["line"].path / POLICY_FILE
    laid = load_policy(file, base=default_policy())

    def line(policy, day: date, region: str = COUNTY_CODE) -> float:
        return policy.value("monitoring_line", region=region, on=day)

    assert line(laid, date(2025, 6, 1)) == 14_000
    assert line(laid, date(2026, 6, 1)) == 14_000
    for day in (date(2019, 3, 1), date(2023, 6, 1), date(2024, 12, 31)):
        assert line(laid, day) == line(default_policy(), day)
    assert line(laid, date(2025, 6, 1), region="360981") == line(default_policy(), date(2025, 6, 1), region="360981")


@pytest.mark.parametrize(("year", "following"), [(2015, 2016), (2016, 2018), (2020, 2021), (2023, 2024), (2025, 9999)])
def test_a_switched_line_is_in_force_until_the_record_s_next(year, following):
    policy = Switches(line={year: 777.0}).policy
    for at in range(2014, 2028):
        usual = default_policy().value("monitoring_line", region=COUNTY_CODE, on=date(at, 7, 1))
        expected = 777.0 if year <= at < following else usual
        assert policy.value("monitoring_line", region=COUNTY_CODE, on=date(at, 7, 1)) == expected, at


def test_the_true_risk_is_held_against_the_switched_line(tmp_path):
    """Without support: dibao follows the line, and would lift the incomes with it."""
    small = {"households": 300, "years": 2, "seed": 5, "until": date(2025, 1, 1), "replays": 4}
    means = []
    for name, line in (("usual", {}), ("high", {2024: 25_000})):
        switches = Switches(withdraw_support_from=date(2023, 1, 1), line=line)
        simulate_registry(tmp_path / name, **small, truth_at=[date(2023, 2, 1)], switches=switches)
        means.append(np.mean(pq.read_table(tmp_path / name / "truth.parquet")["risk"].to_numpy()))
    assert means[0] < 0.2
    assert means[1] > 0.5


@pytest.mark.parametrize(
    ("switches", "said"),
    [
        (Switches(withdraw_support_from=date(2024, 7, 2)), "--withdraw-support-from is 2024-07-02; expected the first"),
        (Switches(withdraw_support_from=date(2022, 12, 1)), "2023-01-01 to 2025-12-01"),
        (Switches(withdraw_support_from=date(2026, 1, 1)), "2023-01-01 to 2025-12-01"),
        (Switches(disasters={2022: 2.0}), "--disasters names the year 2022; expected a year of the history, 2023 to"),
        (Switches(disasters={2024: -1.0}), "--disasters 2024=-1: expected how many times"),
        (Switches(disasters={2024: float("nan")}), "--disasters 2024=nan"),
        (Switches(prices={2022: 0.6}), "--prices names the year 2022"),
        (Switches(prices={2024: 0.0}), "--prices 2024=0: expected how many times the usual price, above 0"),
        (Switches(line={2026: 9000.0}), "--line names the year 2026"),
        (Switches(line={2024: 0.0}), "--line 2024=0: expected yuan"),
        (Switches(line={2024: float("inf")}), "--line 2024=inf"),
    ],
)
def test_a_switch_that_the_history_cannot_show_is_refused(tmp_path, switches, said):
    with pytest.raises(CallError, match=said):
        simulate_registry(tmp_path / "c", **{**SMALL, "households": 10}, switches=switches)
    assert not list(tmp_path.iterdir())


def struck(switches: Switches) -> set[tuple[int, int]]:
    """Who was hit by a disaster, in which month."""
    [county] = simulate(households=600, years=2, seed=8, until=date(2026, 1, 1), switches=switches)
    rows = county.journal.columns("event")
    floods = rows["kind"] == shocks.DISASTER
    month = np.searchsorted(county.calendar.month_start, rows["day"][floods], side="right")
    return set(zip(rows["hh"][floods].tolist(), month.tolist(), strict=True))


def test_what_strikes_from_outside_comes_alike_after_the_day_too():
    """Else a comparison would mostly show which of two counties had the worse floods."""
    usual = struck(Switches())
    assert len(usual) > 50
    assert struck(Switches(withdraw_support_from=date(2024, 1, 1))) == usual
    assert struck(Switches(line={2024: 15_000})) == usual
    more = struck(Switches(disasters={2024: 3.0}))
    assert more > usual
    assert struck(Switches(disasters={2024: 0.0})) < usual
