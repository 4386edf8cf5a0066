"""The calibration report's figures are what a plain reading of the registry gives, and each has its source."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from pydantic import ValidationError

from riskmodel.errors import DataError
from riskmodel.simulation import Switches, simulate_registry
from riskmodel.simulation.calibration import Line, calibrate, lived_twice, markdown, support
from riskmodel.simulation.calibration.compare import FIGURES
from riskmodel.simulation.calibration.page import shown, summary
from riskmodel.simulation.calibration.targets import Target, load_targets

from .conftest import read

LINES = {2022: 6740.0, 2023: 7570.0, 2024: 8500.0}


@pytest.fixture(scope="module")
def lines(county) -> dict[str, Line]:
    return {line.name: line for line in calibrate(county.path)}


@pytest.fixture(scope="module")
def accounts(county) -> pd.DataFrame:
    """Household and year, read by pandas: size, parts of income, bills, whether lifted."""
    members = county.standing("member")
    since = county["member"].groupby(["household_id", "member_id"]).known_on.min().rename("since").reset_index()
    members = members.merge(since, on=["household_id", "member_id"])
    homes = county.standing("household").set_index("household_id").household_type
    income, spending = county.standing("income"), county.standing("spending")
    parts = []
    for year, line in LINES.items():
        end = pd.Timestamp(year, 12, 31)
        there = (members.birth_date <= end) & ~(members.left_on <= end) & (members.since <= end)
        frame = members[there].groupby("household_id").size().rename("size").to_frame()
        mine = income[income.month.dt.year == year]
        amounts = mine.pivot_table(index="household_id", columns="source", values="amount", aggfunc="sum")
        frame = frame.join(amounts).fillna(0.0)
        bills = spending[(spending.kind == "medical_oop") & (spending.spent_on.dt.year == year)]
        frame["oop"] = bills.groupby("household_id").amount.sum().reindex(frame.index).fillna(0.0)
        parts.append(frame.assign(year=year, line=line, kind=homes.reindex(frame.index)))
    out = pd.concat(parts).reset_index()
    out["net"] = out.wage + out.operating + out.property + out.transfer - out.operating_cost
    out["below"] = (out.net - out.oop + out.claims) / out["size"] < out.line
    return out


def test_every_target_has_a_figure_and_every_figure_a_target():
    assert set(load_targets()) == {*FIGURES, *support.FIGURES}
    assert not set(FIGURES) & set(support.FIGURES)


def test_every_target_says_its_unit_source_and_certainty():
    for name, target in load_targets().items():
        assert target.unit and target.source, name
        assert target.low < target.high, name
        if target.source.startswith("assumed"):
            assert target.certainty == "S", name


def test_a_target_outside_its_band_is_refused():
    with pytest.raises(ValidationError, match="outside its band 3 to 4"):
        Target(value=2.0, low=3.0, high=4.0, unit="persons", source="nobody", certainty="S")


def test_incomes_are_what_pandas_reads(lines, accounts):
    for year in LINES:
        rows = accounts[accounts.year == year]
        assert lines[f"income.mean_{year}"].simulated == pytest.approx(rows.net.sum() / rows["size"].sum())
    assert lines["income.mean_2021"].simulated is None
    rows = accounts[accounts.year == 2024]
    by_person = (rows.net / rows["size"]).repeat(rows["size"])
    assert lines["income.median_2024"].simulated == pytest.approx(by_person.median())
    assert lines["income.median_of_mean"].simulated == pytest.approx(by_person.median() / by_person.mean())
    lifted = accounts[(accounts.kind == "lifted") & (accounts.year == 2022)]
    assert lines["income.lifted_mean_2022"].simulated == pytest.approx(lifted.net.sum() / lifted["size"].sum())


def test_sources_add_up_to_net_income(lines, accounts):
    parts = ("wage", "operating", "property", "transfer")
    assert sum(lines[f"sources.{part}_share"].simulated for part in parts) == pytest.approx(1.0)
    operating = (accounts.operating - accounts.operating_cost).sum() / accounts.net.sum()
    assert lines["sources.operating_share"].simulated == pytest.approx(operating)


def test_who_returns_was_above_the_line_the_year_before(lines, accounts):
    lifted = accounts[accounts.kind == "lifted"].pivot(index="household_id", columns="year", values="below")
    pairs = [(lifted[year], lifted[year + 1]) for year in (2022, 2023)]
    risk = sum(((before == False) & after.notna()).sum() for before, after in pairs)  # noqa: E712
    returned = sum(((before == False) & (after == True)).sum() for before, after in pairs)  # noqa: E712
    assert lines["risk.return_lifted"].simulated == pytest.approx(returned / risk)


def test_stays_and_what_was_paid_of_them(lines, county, accounts):
    stays = county.standing("observation")
    stays = stays[stays.observed_on.dt.year.isin(LINES)]
    paid = county.standing("spending")
    paid = paid[paid.kind == "medical_oop"].groupby(["household_id", "spent_on"]).amount.sum()
    homes = county.standing("household").set_index("household_id").household_type
    for name, registered in (("registered", True), ("other", False)):
        mine = stays[(homes.reindex(stays.household_id) != "ordinary").to_numpy() == registered]
        lived = accounts[(accounts.kind != "ordinary") == registered]["size"].sum()
        assert lines[f"health.admissions_{name}"].simulated == pytest.approx(100 * len(mine) / lived)
        key = pd.MultiIndex.from_frame(mine[["household_id", "observed_on"]])
        both = paid.reindex(key).to_numpy()
        known = ~pd.isna(both)
        expected = both[known].sum() / mine.value.to_numpy()[known].sum()
        assert lines[f"health.out_of_pocket_{name}"].simulated == pytest.approx(expected)


def test_the_list_is_what_pandas_reads(lines, county, accounts):
    listing = county.standing("listing")
    new = listing[listing.identified_on.dt.year.isin(LINES)]
    assert lines["list.new_entries"].simulated == pytest.approx(len(new) / len(accounts))
    assert lines["list.new_sudden"].simulated == pytest.approx((new.category == "sudden_hardship").mean())
    month = listing.eliminated_on.dropna().dt.month
    assert lines["list.year_end"].simulated == pytest.approx((month >= 11).mean())


def test_delays_are_from_the_own_date_or_the_month_s_end(lines, county):
    visits, income = county["visit"], county["income"]
    assert lines["delays.visit"].simulated == (visits.known_on - visits.visited_on).dt.days.median()
    ends = income.month + pd.offsets.MonthBegin(1)
    assert lines["delays.income"].simulated == (income.known_on - ends).dt.days.median()
    assert lines["delays.late"].simulated == pytest.approx(((income.known_on - ends).dt.days > 60).mean())


def test_a_history_without_a_whole_year_is_refused(tmp_path):
    simulate_registry(tmp_path / "short", households=20, years=1, seed=1, until=date(2024, 3, 1))
    with pytest.raises(DataError, match="no calendar year in full"):
        calibrate(tmp_path / "short")


def test_the_page_has_every_figure_its_band_and_its_source(lines):
    page = markdown(list(lines.values()), title="A county")
    for line in lines.values():
        assert line.target.source in page
        row = next(r for r in page.splitlines() if r.startswith(f"| {line.name.split('.')[1].replace('_', ' ')} |"))
        assert shown(line.target.value) in row
    assert "| not there |" in page


def test_a_figure_out_of_its_band_is_named():
    target = Target(value=2.0, low=1.0, high=3.0, unit="persons", source="nobody", certainty="S")
    inside, low, none = Line("a.b", target, 3.0), Line("a.c", target, 0.9), Line("a.d", target, None)
    assert (inside.inside, low.inside, none.inside) == (True, False, None)
    assert summary([inside, low, none]) == "1 of 2 figures lie in their bands; out: a.c."
    assert summary([inside]) == "1 of 1 figures lie in their bands."


def test_a_county_of_some_size_lies_in_nearly_all_bands(tmp_path_factory):
    """Chance moves a few figures of three thousand households; of 50,000 only lifted households' wages are out."""
    out = tmp_path_factory.mktemp("calibrated") / "county"
    simulate_registry(out, households=3000, years=6, seed=1, until=date(2026, 1, 1))
    found = calibrate(out)
    out_of_band = {line.name for line in found if line.inside is False}
    assert all(line.inside is not None for line in found if line.name not in support.FIGURES)
    assert len(out_of_band) <= 6, out_of_band
    firm = ("health.out_of_pocket", "people.", "delays.", "sources.property", "list.within", "income.mean_")
    assert not [name for name in out_of_band if name.startswith(firm)]


@pytest.fixture(scope="module")
def twice() -> support.Withdrawal:
    return lived_twice(households=1500, seed=3, until=date(2026, 1, 1))


def test_a_county_lived_twice_is_what_two_registries_say(twice, tmp_path):
    """Need without support, counted by pandas from registries that the switch made."""
    counted = []
    for switches in (Switches(), Switches(withdraw_support_from=date(2024, 1, 1))):
        out = tmp_path / str(switches.thrown)
        simulate_registry(out, households=1500, years=3, seed=3, until=date(2026, 1, 1), switches=switches)
        county = read(out)
        homes = county.standing("household").set_index("household_id").household_type
        members = county.standing("member")
        since = county["member"].groupby("member_id").known_on.min()
        end = pd.Timestamp(2024, 12, 31)
        there = (members.birth_date <= end) & ~(members.left_on <= end)
        size = members[there & (members.member_id.map(since) <= end)].groupby("household_id").size()
        income = county.standing("income")
        income = income[income.month.dt.year == 2024]
        money = (income.amount * income.source.map({"operating_cost": -1.0}).fillna(1.0)).groupby(income.household_id)
        spent = county.standing("spending")
        spent = spent[(spent.kind == "medical_oop") & (spent.spent_on.dt.year == 2024)]
        left = money.sum().reindex(size.index).fillna(0) - spent.groupby("household_id").amount.sum().reindex(
            size.index
        ).fillna(0)
        below = (left / size < 8500)[homes.reindex(size.index) == "lifted"]
        checks = county.standing("guarantee")
        unmet = checks[(checks.checked_on.dt.year == 2024) & ~checks.met.astype(bool)].household_id
        counted.append((below.mean(), (below | below.index.isin(unmet)).mean()))
    found = [(shares.below, shares.need) for shares in (twice.usual, twice.withdrawn)]
    assert found == [pytest.approx(pair) for pair in counted]


def test_the_figures_of_a_withdrawal_are_multiples_and_a_rise(twice):
    told = twice.figures()
    assert told["risk.below_without_support"] == pytest.approx(twice.withdrawn.below / twice.usual.below)
    assert told["risk.rise_without_support"] == pytest.approx(twice.withdrawn.below - twice.usual.below)
    assert told["risk.need_without_support"] > 1.5
    assert f"{twice.withdrawn.need:.1%} without" in twice.words()
    nobody = support.Shares(None, None)
    assert set(support.Withdrawal(2024, 1, nobody, nobody).figures().values()) == {None}


def test_no_more_households_are_lived_twice_than_said(monkeypatch):
    asked = []

    def note(out, *, households, years, seed, until, switches):
        asked.append((households, years, seed, until, switches.withdraw_support_from))

    monkeypatch.setattr(support, "simulate_registry", note)
    monkeypatch.setattr(support, "_shares", lambda registry, year: support.Shares(0.1, 0.2))
    found = lived_twice(households=1_000_000, seed=4, until=date(2025, 6, 1))
    assert asked == [
        (20_000, 2, 4, date(2025, 6, 1), None),
        (20_000, 2, 4, date(2025, 6, 1), date(2024, 1, 1)),
    ]
    assert (found.year, found.households) == (2024, 20_000)
    asked.clear()
    lived_twice(households=10, seed=4, until=date(2017, 1, 1))
    assert asked[1] == (10, 2, 4, date(2017, 1, 1), date(2015, 1, 1))


def test_a_county_with_another_line_is_held_against_that_line(tmp_path):
    out = tmp_path / "county"
    switches = Switches(line={2023: 30_000}, withdraw_support_from=date(2022, 1, 1))
    simulate_registry(out, households=300, years=4, seed=1, until=date(2025, 1, 1), switches=switches)
    usual, switched = (
        {line.name: line.simulated for line in calibrate(out, policy=policy)}["risk.return_lifted"]
        for policy in (None, switches.policy)
    )
    assert switched > 2 * usual
