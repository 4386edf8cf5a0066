"""Who is on the list, and where a household lives, as was known at the date."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pyarrow as pa
import pytest
from scored import read

from riskmodel import Registry
from riskmodel.monitoring.standing import standing
from riskmodel.registry import write_registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """Households that move, are listed, and are taken off the list, learnt of later than it happened, or before."""
    place = {"county_code": "c", "township_code": "t"}
    household = [
        {**place, "village_code": "old", "household_type": "ordinary", "known_on": date(2022, 1, 1)},
        {**place, "village_code": "new", "household_type": "lifted", "known_on": date(2023, 5, 10)},
    ]
    listing = [
        {"identified_on": date(2023, 2, 1), "category": "marginal", "known_on": date(2023, 3, 1)},
        {
            "identified_on": date(2023, 2, 1),
            "category": "marginal",
            "eliminated_on": date(2024, 2, 1),
            "elimination_mode": "natural",
            "known_on": date(2024, 4, 1),
        },
    ]
    ahead = {**listing[1], "eliminated_on": date(2024, 5, 1)}
    tables = {
        "household": [
            {"household_id": household_id, "registered_on": date(2021, 1, 1), **row}
            for household_id, rows in (("H", household), ("TOLD_AHEAD", household[:1]))
            for row in rows
        ],
        "listing": [*({"household_id": "H", **row} for row in listing), {"household_id": "TOLD_AHEAD", **ahead}],
    }
    folder = tmp_path_factory.mktemp("standing") / "registry"
    columns = {name: sorted({key for row in rows for key in row}) for name, rows in tables.items()}
    write_registry(
        {
            name: pa.table({column: [row.get(column) for row in rows] for column in columns[name]})
            for name, rows in tables.items()
        },
        folder,
        cut_on=date(2024, 6, 1),
    )
    with Registry.open(folder) as opened:
        yield opened


@pytest.mark.parametrize(
    ("as_of", "on_list"),
    [
        (date(2023, 2, 15), False),  # identified, but not known yet
        (date(2023, 3, 1), False),  # known on that very day: not before it
        (date(2023, 3, 2), True),
        (date(2024, 2, 15), True),  # taken off, but not known yet
        (date(2024, 4, 1), True),
        (date(2024, 4, 2), False),
    ],
)
def test_the_list_is_read_as_it_was_known(registry, as_of, on_list):
    assert standing(registry, as_of=as_of).loc["H", "on_list"] == on_list


@pytest.mark.parametrize(
    ("as_of", "on_list"),
    [(date(2024, 4, 1), False), (date(2024, 4, 2), True), (date(2024, 5, 1), True), (date(2024, 5, 2), False)],
)
def test_an_elimination_told_ahead_holds_from_its_own_date(registry, as_of, on_list):
    assert standing(registry, as_of=as_of).loc["TOLD_AHEAD", "on_list"] == on_list


def test_the_place_and_the_type_are_those_known_then(registry):
    before, after = (standing(registry, as_of=day).loc["H"] for day in (date(2023, 5, 10), date(2023, 5, 11)))
    assert (before["village_code"], before["household_type"]) == ("old", "ordinary")
    assert (after["village_code"], after["household_type"]) == ("new", "lifted")


def test_the_simulated_list_equals_a_plain_reading(scored_county, scored_run):
    as_of = pd.Timestamp("2025-06-01")
    with Registry.open(scored_county.registry) as opened:
        rows = opened.table("listing").execute()
    dates = ["known_on", "known_until", "identified_on", "eliminated_on"]
    rows[dates] = rows[dates].apply(pd.to_datetime)
    known = rows[(rows.known_on < as_of) & (rows.known_until.isna() | (rows.known_until >= as_of)) & ~rows.withdrawn]
    open_ = known[(known.identified_on < as_of) & (known.eliminated_on.isna() | (known.eliminated_on >= as_of))]
    scores = read(scored_run, "scores.parquet")
    assert set(scores.loc[scores["on_list"], "household_id"]) == set(open_.household_id) & set(scores["household_id"])
    assert scores["on_list"].any()
