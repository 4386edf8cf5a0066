"""Who is followed up and with what incomes, on registries small enough to reckon by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from follow_ups import made_rows
from written_rows import MONTH, household, income, measure, member, write

from riskmodel import Registry, load_catalogue
from riskmodel.assistance.follow_up import follow_up
from riskmodel.assistance.lead import lead
from riskmodel.assistance.spells import Spells
from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError, DataError
from riskmodel.policy import default_policy

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "features")
START, END = date(2023, 1, 1), date(2024, 1, 1)
CUT = date(2024, 7, 1)
FIRST = add_months(MONTH, -36)
# Four years, by the month: 100, 200, 300 before the measure, 500 after.
STEPS = [100] * 12 + [200] * 12 + [300] * 12 + [500] * 12


def followed(folder: Path, *, months: int = 12, start: date = START, end: date = END, kind: str = "industry"):
    with Registry.open(folder) as registry:
        return follow_up(
            registry,
            kind=kind,
            start=start,
            end=end,
            months=months,
            catalogue=CATALOGUE,
            policy=default_policy(),
        )


@pytest.fixture
def rows() -> dict[str, list[dict]]:
    """A treated household A, and B and C that never had a measure."""
    return {
        "household": [household(name) for name in "ABC"],
        "member": [member(name, number) for name in "ABC" for number in (1, 2)],
        "income": [row for name in "ABC" for row in income(name, FIRST, STEPS)],
        "measure": [measure("A", date(2023, 3, 17), ended_on=date(2024, 3, 1))],
        "listing": [
            {"household_id": "Z", "identified_on": date(2020, 1, 1), "category": "marginal", "known_on": MONTH}
        ],
    }


def by_name(found) -> pd.DataFrame:
    return found.rows.set_index("household_id")


def test_incomes_are_a_head_and_year_by_the_heads_of_the_day(tmp_path, rows):
    rows["income"] += income("A", date(2023, 5, 1), [240], source="operating_cost")
    rows["income"] += income("A", date(2023, 5, 1), [9999], source="claims")
    # A child born after the measure is no loss of income a head.
    rows["member"] += [member("A", 3, birth_date=date(2023, 8, 1), known_on=date(2023, 8, 3))]
    found = followed(write(tmp_path / "r", cut_on=CUT, **rows))
    assert (found.begun, sum(found.left_out.values())) == (1, 0)
    mine, other = by_name(found).loc["A"], by_name(found).loc["B"]
    assert mine.month == MONTH and mine.treated and not other.treated
    assert list(mine[["earliest", "earlier", "before", "after"]]) == [600, 1200, 1800, (6000 - 240) / 2]
    assert list(other[["earliest", "earlier", "before", "after"]]) == [600, 1200, 1800, 3000]


def test_what_is_matched_on_was_known_strictly_before(tmp_path, rows):
    rows["income"] = [row for row in rows["income"] if row["household_id"] != "A"]
    rows["income"] += income("A", FIRST, STEPS[:36]) + income("A", MONTH, STEPS[36:])
    last = next(row for row in rows["income"] if (row["household_id"], row["month"]) == ("A", date(2023, 2, 1)))
    last["known_on"] = MONTH
    mine = by_name(followed(write(tmp_path / "r", cut_on=CUT, **rows))).loc["A"]
    assert mine.net_income_pc_12m == pytest.approx((12 * 300 - 300) / 2)
    assert mine.before == 1800


def test_two_years_of_follow_up_are_a_year_on_average(tmp_path, rows):
    rows["income"] += income("A", date(2024, 3, 1), [700] * 12) + income("B", date(2024, 3, 1), [500] * 12)
    found = followed(write(tmp_path / "r", cut_on=date(2025, 6, 1), **rows), months=24)
    assert by_name(found).loc["A", "after"] == (500 + 700) / 2 * 12 / 2
    assert by_name(found).loc["A", "before"] == 1800


@pytest.mark.parametrize(("cut", "recent"), [(date(2024, 5, 30), 0), (date(2024, 5, 29), 1)])
def test_a_follow_up_that_is_not_complete_at_the_cut_is_missing_and_never_zero(tmp_path, rows, cut, recent):
    """Twelve months from 1 March 2023, and 90 days for what comes in late: known on 30 May 2024."""
    found = followed(write(tmp_path / "r", cut_on=cut, **rows))
    assert found.left_out["too_recent"] == recent
    assert int(found.rows.treated.sum()) == 1 - recent
    if recent:
        with Registry.open(tmp_path / "r") as registry:
            told = lead(registry, kind="industry", start=START, end=END, catalogue=CATALOGUE, policy=default_policy())
        assert told.effect is None
        assert "1 not yet followed for the whole time" in told.sentence("en")


@pytest.mark.parametrize(
    ("earlier", "ended", "left_out"),
    [
        (date(2022, 6, 1), date(2022, 9, 1), 1),
        (date(2020, 6, 1), date(2022, 3, 1), 1),
        (date(2020, 6, 1), None, 1),
        (date(2020, 6, 1), date(2022, 2, 28), 0),
    ],
)
def test_one_who_had_a_measure_of_the_kind_in_the_year_before_is_left_out(tmp_path, rows, earlier, ended, left_out):
    rows["measure"] += [measure("A", earlier, ended_on=ended)]
    found = followed(write(tmp_path / "r", cut_on=CUT, **rows))
    assert found.left_out["had_one_before"] == left_out
    assert int(found.rows.treated.sum()) == 1 - left_out


@pytest.mark.parametrize(
    ("began", "ended", "kind", "stays"),
    [
        (date(2024, 2, 29), None, "industry", False),
        (date(2024, 3, 1), None, "industry", True),
        (date(2021, 1, 1), date(2022, 3, 1), "industry", False),
        (date(2021, 1, 1), date(2022, 2, 1), "industry", True),
        (date(2023, 6, 1), None, "health", True),
    ],
)
def test_nobody_is_compared_with_who_had_one_before_or_gets_one_in_the_follow_up(
    tmp_path, rows, began, ended, kind, stays
):
    rows["measure"] += [measure("B", began, ended_on=ended, kind=kind)]
    found = followed(write(tmp_path / "r", cut_on=CUT, **rows), end=date(2024, 1, 1))
    assert ("B" in set(found.rows.household_id)) == stays
    assert "C" in set(found.rows.household_id)


def test_a_measure_withdrawn_since_is_none(tmp_path, rows):
    gone = measure("B", date(2023, 6, 1))
    rows["measure"] += [gone, gone | {"known_on": date(2023, 7, 1), "withdrawn": True}]
    found = followed(write(tmp_path / "r", cut_on=CUT, **rows))
    assert found.begun == 1 and "B" in set(found.rows.household_id)


def test_one_who_left_or_has_no_income_recorded_since_is_gone_not_poor(tmp_path, rows):
    rows["measure"] += [measure("B", date(2023, 3, 5)), measure("C", date(2023, 3, 5))]
    rows["household"] += [household("D")]
    rows["member"] = [r if r["household_id"] != "B" else r | {"left_on": date(2023, 9, 1)} for r in rows["member"]]
    rows["member"] += [member("D")]
    rows["income"] = [r for r in rows["income"] if r["household_id"] != "C" or r["month"] < MONTH]
    rows["income"] += income("D", FIRST, STEPS)
    found = followed(write(tmp_path / "r", cut_on=CUT, **rows))
    assert (found.begun, found.left_out["gone"]) == (3, 2)
    assert set(found.rows.household_id) == {"A", "D"}


def test_a_year_before_without_recorded_income_is_unknown(tmp_path, rows):
    rows["income"] = [r for r in rows["income"] if r["household_id"] != "A" or r["month"] >= date(2022, 3, 1)]
    found = followed(write(tmp_path / "r", cut_on=CUT, **rows))
    assert found.left_out["no_history"] == 1 and not found.rows.treated.any()


def test_before_the_ledger_began_there_is_no_income_of_zero(tmp_path, rows):
    rows["income"] = [r for r in rows["income"] if r["month"] >= date(2021, 3, 1)]
    found = followed(write(tmp_path / "r", cut_on=CUT, **rows))
    assert by_name(found).loc["A", "earlier"] == 1200
    assert np.isnan(by_name(found).loc["A", "earliest"])
    rows["income"] = [r for r in rows["income"] if r["month"] >= date(2021, 4, 1)]
    assert followed(write(tmp_path / "s", cut_on=CUT, **rows)).left_out["no_history"] == 1


def test_the_first_of_several_measures_counts(tmp_path, rows):
    rows["measure"] += [measure("A", date(2023, 9, 1))]
    found = followed(write(tmp_path / "r", cut_on=date(2025, 1, 1), **rows))
    assert found.begun == 1 and by_name(found).loc["A", "month"] == MONTH


def test_what_is_asked_wrongly_is_refused(tmp_path, rows):
    folder = write(tmp_path / "r", cut_on=CUT, **rows)
    with pytest.raises(CallError, match="months is 6; expected 12, 24 or 36"):
        followed(folder, months=6)
    with pytest.raises(CallError, match="not after from, 2023-01-01"):
        followed(folder, end=START)
    with pytest.raises(DataError, match='none of the kind "finance" \\(credit support\\)'):
        followed(folder, kind="finance")
    with pytest.raises(DataError, match="those recorded began 2023-03-17 to 2023-03-17"):
        followed(folder, end=date(2023, 2, 1))
    del rows["measure"]
    with pytest.raises(DataError, match="there is no table measure; a follow-up needs it"):
        followed(write(tmp_path / "s", cut_on=CUT, **rows))


def test_spells_do_not_depend_on_the_order_of_their_rows():
    given = pd.DataFrame([measure("B", date(2023, 5, 2)), measure("A", date(2023, 4, 1)), measure("A", MONTH)])
    for order in ([0, 1, 2], [2, 1, 0]):
        begun = Spells.from_rows(given.iloc[order]).begun(START, END)
        assert begun.to_dict("list") == {"household_id": ["A", "B"], "month": [MONTH, date(2023, 5, 1)]}


def test_three_thousand_yuan_planted_in_a_registry_are_found_there(tmp_path):
    """From rows on disk to the interval: +3,000 a head and year for those chosen after a fall of their income."""
    people = made_rows(11, effect=3000.0, villages=30).assign(month=MONTH)
    tables: dict[str, list[dict]] = {"household": [], "member": [], "income": [], "measure": []}
    for row in people.itertuples():
        name, heads = row.household_id, int(row.members)
        tables["household"].append(household(name, village=row.village_code, township=row.township_code))
        skills = ["ordinary" if number < row.members_able else "none" for number in range(heads)]
        tables["member"] += [member(name, n, labour_skill=skill) for n, skill in enumerate(skills)]
        for number, year in enumerate((row.earliest, row.earlier, row.before, row.after)):
            tables["income"] += income(name, add_months(FIRST, 12 * number), [year * heads / 12] * 12, late=20)
        if row.treated:
            tables["measure"].append(measure(name, date(2023, 3, 20)))
    # Costs are entered as costs: a loss is a year below zero.
    losses = [row for row in tables["income"] if row["amount"] < 0]
    for row in losses:
        row |= {"amount": -row["amount"], "source": "operating_cost"}
    folder = write(tmp_path / "r", cut_on=CUT, **tables)
    with Registry.open(folder) as registry:
        found = lead(
            registry, kind="industry", start=START, end=END, catalogue=CATALOGUE, policy=default_policy(), draws=200
        )
    assert found.matched > 50
    assert 0 < found.effect.low < 3000 < found.effect.high
    assert found.placebo_earlier.low < 0 < found.placebo_earlier.high
    assert found.matched + sum(found.left_out.values()) == found.begun == people.treated.sum()
