"""Points: statements that add up, exchanges within the balance, and no way from points to help or to risk."""

from __future__ import annotations

import ast
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel import load_catalogue
from riskmodel.assistance.points import balance, exchange_row, items_in_force, statements
from riskmodel.errors import CallError, DataError
from riskmodel.policy import default_policy
from riskmodel.registry import Registry, RegistryWriter
from riskmodel.registry.appending import append_rows

ROOT = Path(__file__).parents[2]
START = date(2024, 1, 1)


def registry_of(folder: Path, rows: list[dict]) -> Registry:
    """A registry of points alone."""
    filled = [{"household_id": "H1", "record_id": f"P{n}", "item": "training", **row} for n, row in enumerate(rows)]
    for row in filled:
        row.setdefault("known_on", row["awarded_on"] + timedelta(days=2))
    with RegistryWriter(folder, cut_on=date(2025, 1, 1)) as writer:
        writer.add("points", pa.Table.from_pylist(filled))
    return Registry.open(folder)


def of(registry: Registry, month: date, as_of: date):
    return statements(registry, month=month, as_of=as_of, policy=default_policy(), region="360981")


def test_shangli_a_point_is_a_yuan_of_goods_and_is_carried_over(tmp_path: Path) -> None:
    rows = [{"awarded_on": date(2024, 1, 10), "points": 20.0}, {"awarded_on": date(2024, 2, 10), "points": 15.0}]
    with registry_of(tmp_path / "r", rows) as registry:
        (february,) = of(registry, date(2024, 2, 1), date(2024, 3, 1))
        assert (february.opening, february.awarded, february.closing, february.goods_yuan) == (20, 15, 35, 35)
        (march,) = of(registry, date(2024, 3, 1), date(2024, 4, 1))
        assert (march.opening, march.closing, march.entries) == (35, 35, ())
        assert "结余35分" in march.words("zh") and "35 left" in march.words("en")


def test_wuhan_base_100_and_at_most_700_a_year_are_in_the_record() -> None:
    policy = default_policy()
    assert policy.value("points.base_a_year", region="420100", on=START) == 100
    assert policy.value("points.most_a_year", region="420100", on=START) == 700


def test_a_row_counts_from_the_day_after_it_became_known(tmp_path: Path) -> None:
    rows = [{"awarded_on": date(2024, 1, 30), "points": 20.0, "known_on": date(2024, 2, 5)}]
    with registry_of(tmp_path / "r", rows) as registry:
        assert of(registry, date(2024, 1, 1), date(2024, 2, 5)) == []
        assert of(registry, date(2024, 1, 1), date(2024, 2, 6))[0].closing == 20
        with pytest.raises(CallError, match="the month is complete on 2024-02-01"):
            of(registry, date(2024, 1, 1), date(2024, 1, 31))


def test_a_correction_counts_instead_of_what_it_corrects(tmp_path: Path) -> None:
    rows = [
        {"awarded_on": date(2024, 1, 10), "points": 20.0, "record_id": "P"},
        {"awarded_on": date(2024, 1, 10), "points": 5.0, "record_id": "P", "known_on": date(2024, 3, 1)},
    ]
    with registry_of(tmp_path / "r", rows) as registry:
        assert balance(registry, "H1", as_of=date(2024, 2, 1)) == 20
        assert balance(registry, "H1", as_of=date(2024, 3, 2)) == 5


def test_what_is_not_the_countys_item_is_said(tmp_path: Path) -> None:
    rows = [
        {"awarded_on": date(2024, 1, 10), "points": 20.0, "item": "trainin"},
        {"awarded_on": date(2024, 1, 11), "points": 900.0},
        {"awarded_on": date(2024, 1, 12), "points": 5.0, "item": "exchange"},
    ]
    with registry_of(tmp_path / "r", rows) as registry:
        doubts = [entry.doubt for entry in of(registry, START, date(2024, 2, 1))[0].entries]
    assert 'Did you mean "training"?' in doubts[0]
    assert "900 is outside 1 to 60" in doubts[1]
    assert "adds points" in doubts[2]


def test_an_exchange_stays_within_the_balance(tmp_path: Path) -> None:
    with registry_of(tmp_path / "r", [{"awarded_on": date(2024, 1, 10), "points": 20.0}]) as registry:
        call = {"on": date(2024, 2, 1), "known_on": date(2024, 2, 1), "record_id": "E1"}
        with pytest.raises(CallError, match="has 20 points before 2024-02-01; 21 cannot be exchanged"):
            exchange_row(registry, "H1", points=21, **call)
        with pytest.raises(CallError, match="expected more than 0"):
            exchange_row(registry, "H1", points=0, **call)
        row = exchange_row(registry, "H1", points=12, **call)
        append_rows(registry, {"points": row}, tmp_path / "next")
    with Registry.open(tmp_path / "next") as after:
        assert balance(after, "H1", as_of=date(2024, 3, 1)) == 8
        (february,) = of(after, date(2024, 2, 1), date(2024, 3, 1))
        assert (february.opening, february.exchanged, february.closing) == (20, -12, 8)


def test_no_points_table_is_said(tmp_path: Path) -> None:
    with RegistryWriter(tmp_path / "r", cut_on=date(2025, 1, 1)) as writer:
        writer.add(
            "event",
            pa.Table.from_pylist(
                [{"household_id": "H1", "record_id": "E", "happened_on": START, "kind": "illness", "known_on": START}]
            ),
        )
    with Registry.open(tmp_path / "r") as registry, pytest.raises(DataError, match="keeps no points"):
        of(registry, START, date(2024, 2, 1))


@settings(deadline=None, max_examples=12)
@given(st.lists(st.tuples(st.integers(0, 700), st.integers(-60, 60).filter(bool)), min_size=1, max_size=12))
def test_statements_follow_from_each_other(rows: list[tuple[int, int]]) -> None:
    import tempfile

    told = [{"awarded_on": START + timedelta(days=days // 2), "points": float(points)} for days, points in rows]
    with tempfile.TemporaryDirectory() as place, registry_of(Path(place) / "r", told) as registry:
        closing = 0.0
        for month in range(1, 13):
            following = date(2024 + month // 12, month % 12 + 1, 1)
            found = of(registry, date(2024, month, 1), date(2025, 1, 1) if following.year > 2024 else following)
            for one in found:
                assert one.opening + one.awarded + one.exchanged == one.closing
                assert one.goods_yuan >= 0
            late = of(registry, date(2024, month, 1), date(2025, 1, 1))
            if late:
                assert late[0].opening == closing or month == 1
                closing = late[0].closing


# Never an argument for or against help.


def test_nothing_that_helps_lists_or_scores_reads_the_ledger() -> None:
    """Points are read by their own command alone."""
    readers = []
    for file in (ROOT / "src" / "riskmodel").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(name == "riskmodel.assistance.points" for name in names):
                readers.append(file.name)
    assert set(readers) <= {"points.py"}


def test_points_cannot_raise_a_households_risk(scored_county) -> None:
    """Every feature of points has its direction, and a model taught the contrary on purpose obeys it."""
    from scored import LEARNT_AT

    from riskmodel import RiskClassifier, build_training_set

    whole = load_catalogue(ROOT / "features")
    directions = {name: spec.direction for name, spec in whole.features.items() if spec.idea == "points"}
    assert directions == {
        "points_3m": "falls",
        "points_12m": "falls",
        "points_change_6m": "falls",
        "penalties_12m": "rises",
        "months_since_points": "rises",
    }
    names = [*directions, "line_gap_12m", "members"]
    with Registry.open(scored_county.registry) as registry:
        rows = build_training_set(
            registry, as_of=[LEARNT_AT], outcome="need", catalogue=whole.only(names), policy=default_policy()
        )
    rng = np.random.default_rng(1)
    y = (rows.X["points_12m"] + rng.normal(0, 20, len(rows.X)) > rows.X["points_12m"].median()).astype(int)
    model = RiskClassifier(
        monotone={name: whole.features[name].monotone for name in names}, rounds=30, bags=1, folds=3, random_state=1
    ).fit(rows.X, y)
    for name, direction in directions.items():
        low, high = (rows.X.assign(**{name: rows.X[name].fillna(0) + more}) for more in (0, 50))
        moved = model.predict_proba(high)[:, 1] - model.predict_proba(low)[:, 1]
        assert (moved <= 1e-12).all() if direction == "falls" else (moved >= -1e-12).all()


def test_the_items_are_the_simulators(tmp_path: Path) -> None:
    from riskmodel.simulation.points import ITEMS

    assert set(items_in_force(default_policy(), region="360981", on=START)) == set(ITEMS)
