"""The true risk is what it says: the registry's own labels come true as often, and nothing of the run leaks into it."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from riskmodel.cli.app import app
from riskmodel.errors import CallError
from riskmodel.features import build_labels, load_catalogue
from riskmodel.registry import Registry
from riskmodel.simulation import simulate, simulate_registry
from riskmodel.simulation.calendar import day_number, make_calendar
from riskmodel.simulation.county import live_one_month
from riskmodel.simulation.state import County
from riskmodel.simulation.truth import (
    HORIZON_MONTHS,
    LAG_DAYS,
    LIVED_BY,
    OUTCOME,
    REPLAYS,
    SCHEMA,
    TRUTH,
    Truth,
    dates_of_truth,
)

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "features")
DATES = (date(2024, 1, 1), date(2025, 1, 1))
COUNTY = {"households": 4000, "years": 3, "seed": 21, "until": date(2026, 5, 1)}
LIVES = 40
EDGES = (0.0, 0.02, 0.08, 0.25, 0.6, 1.01)


@dataclass
class Watch:
    """Keeps every life by itself."""

    truth: Truth
    lives: dict[date, np.ndarray] = field(default_factory=dict)

    def __call__(self, county: County) -> None:
        for as_of in DATES:
            if county.today == day_number(as_of):
                self.lives[as_of] = np.stack(list(self.truth.lives(county, as_of)))


@pytest.fixture(scope="module")
def lived() -> dict[date, np.ndarray]:
    watch = Watch(Truth(LIVES, 9, DATES, live_one_month, workers=2))
    [_] = simulate(**COUNTY, before_month=watch)
    return watch.lives


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> dict[date, np.ndarray]:
    """What the registry itself says came of each household, by its position; NaN where it does not know."""
    out = tmp_path_factory.mktemp("truth") / "registry"
    simulate_registry(out, **COUNTY)
    found = {}
    with Registry.open(out) as registry:
        for day in DATES:
            rows = build_labels(registry, as_of=day, outcome="need", catalogue=CATALOGUE)
            known = np.full(COUNTY["households"], np.nan)
            known[rows["household_id"].str[1:].astype(int) - 1] = rows["outcome"].astype("float64")
            found[day] = known
    return found


def deviations(lives: np.ndarray, label: np.ndarray) -> list[float]:
    """How far the label's share lies from the lives' in each bin of risk, in standard deviations of one life.

    Households are put into bins by half of the lives and compared with the other half: a bin chosen by chance is not
    held against the same chance. Lives differ as the real year does, shocks that many share included.
    """
    first, second = lives[: LIVES // 2].mean(axis=0), lives[LIVES // 2 :]
    out = []
    for low, high in itertools.pairwise(EDGES):
        there = (first >= low) & (first < high) & ~np.isnan(label)
        shares = second[:, there].mean(axis=1)
        spread = shares.std(ddof=1) * np.sqrt(1 + 1 / len(shares))
        out.append(float((label[there].mean() - shares.mean()) / spread))
    return out


@pytest.mark.parametrize("day", DATES)
def test_labels_come_true_as_often_as_the_true_risk_says(lived, labels, day):
    """Ten comparisons in all: a t of 4.5 with 19 degrees of freedom comes once in 400 such tests by chance."""
    found = deviations(lived[day], labels[day])
    assert max(map(abs, found)) < 4.5, found


@pytest.mark.parametrize("day", DATES)
def test_another_households_risk_is_found_out(lived, labels, day):
    found = deviations(lived[day], np.roll(labels[day], 1))
    assert max(map(abs, found)) > 8


def test_the_state_is_left_as_it_was(tmp_path):
    small = {"households": 120, "years": 2, "seed": 5, "until": date(2025, 1, 1)}
    simulate_registry(tmp_path / "plain", **small)
    simulate_registry(tmp_path / "told", **small, replays=2)
    for file in (tmp_path / "plain").iterdir():
        assert file.read_bytes() == (tmp_path / "told" / file.name).read_bytes(), file.name
    assert {path.name for path in (tmp_path / "told").iterdir()} == {
        *(path.name for path in (tmp_path / "plain").iterdir()),
        TRUTH,
    }


@pytest.mark.parametrize("block", [5_000, 40])
def test_the_same_bytes_for_any_number_of_workers(tmp_path, monkeypatch, block):
    monkeypatch.setattr("riskmodel.simulation.blocks.HOUSEHOLDS_A_BLOCK", block)
    small = {"households": 400, "years": 2, "seed": 5, "until": date(2025, 1, 1), "replays": 3}
    for workers in (1, 3):
        simulate_registry(tmp_path / str(workers), **small, workers=workers)
    assert (tmp_path / "1" / TRUTH).read_bytes() == (tmp_path / "3" / TRUTH).read_bytes()


def test_the_command_writes_it_and_features_never_see_it(tmp_path):
    out = tmp_path / "county"
    call = ["simulate", str(out), "-n", "60", "-y", "2", "--until", "2025-01-01", "--truth", "4"]
    call[6:6] = ["--line", "2024=9750"]
    done = CliRunner().invoke(app, [*call, "--truth-at", "2023-07-01"])
    assert done.exit_code == 0, done.output
    assert "true risk of need within 12 months, from 4 lives each; mean 2023-07-01" in done.output
    rows = pq.read_table(out / TRUTH)
    assert rows.schema.equals(SCHEMA)
    assert rows.schema.metadata[REPLAYS] == b"4"
    lived_by = json.loads(rows.schema.metadata[LIVED_BY])
    # The line in force twelve months after the date.
    assert (lived_by["county_code"], lived_by["lag_days"], lived_by["lines"]) == ("369901", 90, {"2023-07-01": 9750})
    made = json.loads((out / "simulated.json").read_text())
    assert lived_by["made"] == {name: value for name, value in made.items() if name != "version"}
    assert set(rows["risk"].to_pylist()) <= {0.0, 0.25, 0.5, 0.75, 1.0}
    assert (
        rows["household_id"].to_pylist()
        == pq.read_table(out / "household.parquet")["household_id"].unique().to_pylist()
    )
    with Registry.open(out) as registry:
        assert "truth" not in registry.tables
    again = CliRunner().invoke(app, call[:-2])
    assert again.exit_code == 0
    assert not (out / TRUTH).exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--truth", "0"], "--truth is 0"),
        (["--truth-at", "2023-07-01"], "without --truth"),
        (["--truth", "2", "--truth-at", "2023-07-02"], "first of a month"),
        (["--truth", "2", "--truth-at", "2024-02-01"], "from 2023-01-01 to 2024-01-01"),
    ],
)
def test_a_wrong_call_leaves_nothing(tmp_path, options, said):
    call = ["simulate", str(tmp_path / "c"), "-n", "20", "-y", "2", "--until", "2025-01-01"]
    done = CliRunner().invoke(app, [*call, *options])
    assert done.exit_code != 0
    assert said in str(done.exception) + done.output
    assert not list(tmp_path.iterdir())


def test_dates_are_every_january_by_default():
    calendar = make_calendar(years=3, until=date(2026, 5, 1))
    assert dates_of_truth([], calendar=calendar) == [date(2024, 1, 1), date(2025, 1, 1)]
    with pytest.raises(CallError, match="no 1 January"):
        dates_of_truth([], calendar=make_calendar(years=1, until=date(2026, 5, 1)))


def test_horizon_and_lag_are_those_of_the_outcome():
    spec = CATALOGUE.outcome(OUTCOME)
    assert (spec.horizon_months, spec.lag_days) == (HORIZON_MONTHS, LAG_DAYS)


@pytest.mark.parametrize("name", [TRUTH, "dirt.json", "calibration.md", "simulated.json", "simulated_policy.yaml"])
def test_a_file_of_someone_elses_by_one_of_its_names_stays(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(CallError, match=f"holds {name}, a name that simulate uses"):
        simulate_registry(tmp_path, households=10, years=1, seed=1, until=date(2025, 1, 1), beside=True)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_lives_and_blocks_together_are_no_more_than_the_workers(tmp_path, monkeypatch):
    """Each life holds a copy of its block: memory goes with how many are lived at a time."""
    small = {"households": 400, "years": 1, "seed": 5, "until": date(2025, 1, 1), "replays": 2}
    at_a_time = []
    monkeypatch.setattr(
        "riskmodel.simulation.truth.side_by_side",
        lambda calls, workers: at_a_time.append(workers) or (call() for call in calls),
    )
    simulate_registry(tmp_path / "one block", **small, workers=6)
    monkeypatch.setattr("riskmodel.simulation.blocks.HOUSEHOLDS_A_BLOCK", 160)
    simulate_registry(tmp_path / "two blocks", **small, workers=6)
    assert at_a_time == [6, 3, 3]


def test_births_and_marriages_are_lived_anew():
    """Who joins a household in the year ahead is not settled at the date."""
    joined = []

    def live(county: County) -> None:
        before = len(county.members)
        live_one_month(county)
        joined.append(len(county.members) - before)

    truth = Truth(2, 3, DATES[:1], live)
    [_] = simulate(**{**COUNTY, "households": 400}, before_month=truth.before_month)
    first, second = joined[:HORIZON_MONTHS], joined[HORIZON_MONTHS:]
    assert len(second) == HORIZON_MONTHS
    assert first != second
    assert 0 < sum(first) < 60
