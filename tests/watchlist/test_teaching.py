"""What the list teaches: registry rows with their own clock, a random sample, finds by source, missed cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from lives import PLACE, SAFE, START, STEPS, clue, health, step
from scipy import stats
from scored import AS_OF, County

from riskmodel.errors import CallError
from riskmodel.registry import Registry, schema
from riskmodel.registry.appending import append_rows
from riskmodel.watchlist.act import Act
from riskmodel.watchlist.clues import Clue
from riskmodel.watchlist.registry_rows import registry_rows
from riskmodel.watchlist.results import Share, results
from riskmodel.watchlist.sampling import draw_sample
from riskmodel.watchlist.store import ListStore
from riskmodel.watchlist.updating import take_in

ARRIVED = date(2025, 6, 3)
NOW = datetime(2025, 7, 1, 9, tzinfo=UTC)


def entered(store: ListStore, household: str, *acts: Act, on: date | None = None) -> None:
    """Enter acts, each on its own day, or all on one."""
    for act in acts:
        day = on or act.day
        with store.writing(now=datetime(day.year, day.month, day.day, 20, tzinfo=UTC)) as writer:
            writer.must(household, act, place=PLACE, facts=SAFE)


@pytest.fixture
def whole_life(store: ListStore) -> ListStore:
    """One household from its clue to its elimination, and back."""
    entered(store, "H1", clue())
    for name in STEPS:
        entered(store, "H1", step(name))
        if name == "announce":
            entered(store, "H1", health())
            entered(store, "H1", Act("end_measure", START + timedelta(days=90), "t", "township", {"number": 1}))
    entered(store, "H1", Act("roll_back", START + timedelta(days=230), "c", "county", {"reason": "work lost"}))
    return store


def test_rows_are_known_on_the_day_they_were_entered(whole_life: ListStore) -> None:
    rows = registry_rows(whole_life.log())
    for name, table in rows.items():
        assert table.schema.equals(schema.table(name).arrow_schema)
    visits = rows["visit"].to_pylist()
    assert [(row["visited_on"], row["verdict"], row["known_on"]) for row in visits] == [
        (START + timedelta(days=2), "at_risk", START + timedelta(days=2)),
        (START + timedelta(days=200), "no_risk", START + timedelta(days=200)),
    ]
    measures = rows["measure"].to_pylist()
    assert [(row["started_on"], row["ended_on"], row["known_on"]) for row in measures] == [
        (START + timedelta(days=30), None, START + timedelta(days=30)),
        (START + timedelta(days=30), START + timedelta(days=90), START + timedelta(days=90)),
    ]
    listings = rows["listing"].to_pylist()
    identified = START + timedelta(days=13)
    assert {row["identified_on"] for row in listings} == {identified}
    assert [(row["eliminated_on"], row["known_on"]) for row in listings] == [
        (None, identified),
        (START + timedelta(days=208), START + timedelta(days=209)),
        (None, START + timedelta(days=230)),
    ]


def test_an_approval_that_was_sent_back_is_withdrawn(store: ListStore) -> None:
    entered(store, "H1", clue(), *(step(name) for name in list(STEPS)[:7]))
    back = {"to": "approve", "reason": "wrong papers"}
    entered(store, "H1", Act("send_back", START + timedelta(days=14), "c", "county", back))
    entered(store, "H1", step("approve", day=START + timedelta(days=15)))
    rows = registry_rows(store.log())["listing"].to_pylist()
    assert [(row["identified_on"], row["known_on"], row["withdrawn"]) for row in rows] == [
        (START + timedelta(days=13), START + timedelta(days=13), False),
        (START + timedelta(days=13), START + timedelta(days=14), True),
        (START + timedelta(days=15), START + timedelta(days=15), False),
    ]


def test_of_changes_entered_on_one_day_the_last_counts(store: ListStore) -> None:
    acts = [clue(), *(step(name) for name in list(STEPS)[:8])]
    entered(store, "H1", *acts, on=START + timedelta(days=20))
    change = {"risk_types": ["water"], "reason": "seen again"}
    entered(store, "H1", Act("reclassify", START + timedelta(days=20), "c", "county", change))
    rows = registry_rows(store.log())["listing"].to_pylist()
    assert [row["risk_types"] for row in rows] == [["water"]]


def test_a_registry_takes_the_rows_and_sees_them_by_its_clocks(
    whole_life: ListStore, scored_county: County, tmp_path: Path
) -> None:
    from riskmodel.monitoring.standing import standing

    with Registry.open(scored_county.registry) as registry:
        some = standing(registry, as_of=AS_OF)
        household = next(name for name, listed in some["on_list"].items() if not listed)
        rows = {
            name: table.set_column(0, table.schema.field(0), pa.array([household] * table.num_rows))
            for name, table in registry_rows(whole_life.log()).items()
        }
        added = append_rows(registry, rows, tmp_path / "taught")
        assert added.added == {"visit": 2, "listing": 3, "measure": 2}
        assert added.later == {"visit": 0, "listing": 0, "measure": 0}
        late = rows["visit"].set_column(
            rows["visit"].schema.get_field_index("known_on"),
            rows["visit"].schema.field("known_on"),
            pa.array([registry.cut_on - timedelta(days=1), registry.cut_on], pa.date32()),
        )
        assert append_rows(registry, {"visit": late}, tmp_path / "late").later == {"visit": 1}
        before = {name: registry.table(name).count().to_pyarrow().as_py() for name in registry.tables}
        with pytest.raises(CallError, match="is the registry itself"):
            append_rows(registry, rows, scored_county.registry)
        with pytest.raises(CallError, match='no table "listin"'):
            append_rows(registry, {"listin": rows["listing"]}, tmp_path / "x")
    identified = START + timedelta(days=13)
    with Registry.open(tmp_path / "taught") as taught:
        after = {name: taught.table(name).count().to_pyarrow().as_py() for name in taught.tables}
        assert after == before | {name: before[name] + count for name, count in added.added.items()}

        def listed(on: date) -> bool:
            return bool(standing(taught, as_of=on)["on_list"].loc[household])

        assert not listed(identified)
        assert listed(identified + timedelta(days=1))
        assert listed(START + timedelta(days=209))
        assert not listed(START + timedelta(days=210))
        assert listed(START + timedelta(days=231))


# The random sample


def test_the_sample_is_of_the_unflagged_and_the_same_again(store: ListStore, run: Path) -> None:
    flagged = set(pq.read_table(run / "flags.parquet")["household_id"].to_pylist())
    scores = pq.read_table(run / "scores.parquet").to_pylist()
    drawn = draw_sample(store, run, size=20, seed=1, on=ARRIVED, now=NOW, actor="b")
    assert len(drawn) == 20 and not flagged & set(drawn)
    assert not {row["household_id"] for row in scores if row["on_list"]} & set(drawn)
    assert draw_sample(store, run, size=20, seed=1, on=ARRIVED, now=NOW, actor="b") == []
    other = draw_sample(store, run, size=20, seed=2, on=ARRIVED, now=NOW, actor="b")
    assert set(other).isdisjoint(drawn)
    with pytest.raises(CallError, match="--size is 0"):
        draw_sample(store, run, size=0, seed=1, on=ARRIVED, now=NOW, actor="b")


def test_missed_cases_are_the_samples_share_of_its_frame(store: ListStore, run: Path) -> None:
    drawn = draw_sample(store, run, size=40, seed=1, on=ARRIVED, now=NOW, actor="b")
    verdicts = ["at_risk"] * 3 + ["unreachable"] * 5 + ["no_risk"] * 32
    with store.writing(now=NOW) as writer:
        for household, verdict in zip(drawn, verdicts, strict=True):
            writer.must(household, step("visit", day=ARRIVED + timedelta(days=2), verdict=verdict))
    missed = results(store).missed[0]
    expected = stats.binomtest(3, 35).proportion_ci(0.95, method="exact")
    assert (missed.found.hits, missed.found.of) == (3, 35)
    assert missed.cases == pytest.approx(3 / 35 * missed.frame)
    assert (missed.low, missed.high) == pytest.approx((expected.low * missed.frame, expected.high * missed.frame))


def test_finds_are_told_by_who_pointed_to_them(store: ListStore) -> None:
    def named(household: str, *sources: tuple[str, str]) -> list[Clue]:
        return [Clue(household, PLACE, source, rule, "green") for source, rule in sources]

    clues = [
        *named("A", ("model", "")),
        *named("B", ("model", ""), ("department", "disaster")),
        *named("C", ("rule", "below_line")),
        *named("D", ("model", "")),
    ]
    take_in(store, clues, run="r1", as_of=START, model="m@1", on=START, now=NOW, actor="b")
    with store.writing(now=NOW) as writer:
        for household, verdict in (("A", "at_risk"), ("B", "at_risk"), ("C", "no_risk"), ("D", "unreachable")):
            writer.must(household, step("visit", verdict=verdict))
    found = results(store)
    overlap = {group.name: (group.spells, group.visited, group.found.hits) for group in found.overlap}
    assert overlap == {"model_alone": (2, 1, 1), "both": (1, 1, 1), "rules_alone": (1, 1, 0)}
    by_rule = {group.name: (group.spells, group.found.hits) for group in found.by_rule}
    assert by_rule == {"disaster": (1, 1), "below_line": (1, 0)}
    assert found.days_to_visit["median"] == 2 and found.days_to_visit["in_time"] == 1
    assert found.alerts["mean_a_month"] == 4


def test_realised_precision_is_that_of_flags_whose_year_is_over(
    store: ListStore, scored_county: County, tmp_path: Path
) -> None:
    from scored import ROOT

    from riskmodel import build_labels, load_catalogue
    from riskmodel.policy import default_policy
    from riskmodel.watchlist.results import realised
    from riskmodel.watchlist.updating import update_from_run

    catalogue = load_catalogue(ROOT / "features")
    then = date(2024, 1, 1)
    scored_county.score(tmp_path / "then", as_of=then)
    scored_county.score(tmp_path / "now")
    for folder in ("then", "now"):
        update_from_run(store, tmp_path / folder, on=date(2025, 6, 3), now=NOW, actor="b")
    flags = pq.read_table(tmp_path / "then" / "flags.parquet").to_pandas()
    by_model = set(flags.loc[flags["flagged_by"].isin(["model", "both"]), "household_id"])
    with Registry.open(scored_county.registry) as registry:
        (one,) = realised(store, registry, catalogue=catalogue, policy=default_policy())
        labels = build_labels(registry, as_of=then, outcome="need", catalogue=catalogue, policy=default_policy())
    known = labels[labels["household_id"].isin(by_model) & labels["outcome"].notna()]
    assert (one.as_of, one.flagged) == (then, len(by_model))
    assert (one.came.hits, one.came.of) == (int(known["outcome"].sum()), len(known))


def test_shares_of_nothing_say_nothing() -> None:
    assert Share.wilson(0, 0) == Share(0, 0, None, None, None)
    assert replace(Share.exact(0, 30), low=0.0) == Share.exact(0, 30)


def test_the_exact_interval_covers_what_it_should() -> None:
    """Of 2,000 samples of 100 with 3 % at risk, at least 95 % of the intervals hold the truth."""
    import numpy as np

    hits = np.random.default_rng(1).binomial(100, 0.03, 2000)
    intervals = {int(k): Share.exact(int(k), 100) for k in np.unique(hits)}
    covered = [(intervals[int(k)].low or 0) <= 0.03 <= (intervals[int(k)].high or 0) for k in hits]
    assert np.mean(covered) >= 0.95
