"""Means over the other households of a village or township, on a few households that can be worked out by hand."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from riskmodel.errors import CallError
from riskmodel.features import Catalogue, History, Number, build_features, feature
from riskmodel.registry import Registry, write_registry

AS_OF = date(2024, 3, 1)
# household, village, township, loss of its one event (missing: an event without a loss; None: no event)
HOUSEHOLDS = [
    ("A", "v1", "t1", 100.0),
    ("B", "v1", "t1", 300.5),
    ("C", "v1", "t1", math.nan),
    ("D", "v2", "t1", 50.0),
    ("E", "v3", "t2", None),
]


def write(folder: Path, *, order: int = 0, members: bool = True, more: list[dict[str, Any]] | None = None) -> Registry:
    """The households above, in a village each, with a member each; F's member has left before as_of."""
    home = [*HOUSEHOLDS, ("F", "v1", "t1", 9000.0)]
    random.Random(order).shuffle(home)
    households = [
        {"household_id": h, "county_code": "36", "village_code": v, "township_code": t, "household_type": "ordinary"}
        | {"registered_on": date(2015, 1, 1), "known_on": date(2015, 1, 2)}
        for h, v, t, _ in home
    ]
    people = [
        {"household_id": h, "member_id": "M1", "birth_date": date(1980, 1, 1), "known_on": date(2015, 1, 2)}
        | {"left_on": date(2024, 2, 1) if h == "F" else None}
        for h, *_ in home
    ]
    events = [
        {"household_id": h, "record_id": "E1", "kind": "illness", "happened_on": date(2023, 6, 1)}
        | {"known_on": date(2023, 6, 2), "loss": None if math.isnan(loss) else loss}
        for h, _, _, loss in home
        if loss is not None
    ]
    tables = {"household": households + (more or []), "event": events, **({"member": people} if members else {})}
    write_registry({name: pa.Table.from_pylist(rows) for name, rows in tables.items()}, folder / "r")
    return Registry.open(folder / "r", threads=1)


def built(registry: Registry, number: Callable[[History], Number], as_of: date = AS_OF) -> dict[str, float]:
    @feature(zh="试", en="trial", unit="count")
    def trial(h: History) -> Number:
        return number(h)

    return (
        build_features(registry, as_of=as_of, catalogue=Catalogue.of([trial]))
        .set_index("household_id")["trial"]
        .to_dict()
    )


def same(given: dict[str, float], expected: dict[str, float]) -> bool:
    return given == pytest.approx(expected, nan_ok=True, abs=1e-9)


def test_the_household_itself_and_those_without_a_value_do_not_count(tmp_path: Path) -> None:
    registry = write(tmp_path)
    village = built(registry, lambda h: h.village.mean(h.event.max("loss")))
    assert same(village, {"A": 300.5, "B": 100.0, "C": 200.25, "D": math.nan, "E": math.nan})
    township = built(registry, lambda h: h.township.mean(h.event.max("loss")))
    assert same(township, {"A": 175.25, "B": 75.0, "C": 150.16666666666666, "D": 200.25, "E": math.nan})


def test_shares_and_arithmetic_with_the_household_s_own_value(tmp_path: Path) -> None:
    registry = write(tmp_path)
    share = built(registry, lambda h: h.township.share(h.event.sum("loss") > 60))
    assert same(share, {"A": 1 / 3, "B": 1 / 3, "C": 2 / 3, "D": 2 / 3, "E": math.nan})
    ahead = built(registry, lambda h: h.event.sum("loss") - h.village.mean(h.event.sum("loss")))
    assert same(ahead, {"A": -50.25, "B": 250.5, "C": -200.25, "D": math.nan, "E": math.nan})


def test_whoever_is_not_present_is_nobody_s_neighbour_but_was_one_before(tmp_path: Path) -> None:
    registry = write(tmp_path)
    before = built(registry, lambda h: h.village.mean(h.event.max("loss")), as_of=date(2024, 1, 15))
    assert before["A"] == pytest.approx((300.5 + 9000) / 2) and before["F"] == pytest.approx(200.25)
    without_members = built(write(tmp_path, members=False), lambda h: h.village.mean(h.event.max("loss")))
    assert without_members["A"] == pytest.approx((300.5 + 9000) / 2)


def test_a_household_is_where_it_was_known_to_be(tmp_path: Path) -> None:
    moved = {
        "household_id": "D",
        "county_code": "36",
        "village_code": "v1",
        "township_code": "t1",
        "household_type": "ordinary",
        "registered_on": date(2015, 1, 1),
        "known_on": AS_OF,
    }
    registry = write(tmp_path, more=[moved])
    assert math.isnan(built(registry, lambda h: h.village.mean(h.event.count()))["D"])
    later = built(registry, lambda h: h.village.mean(h.event.max("loss")), as_of=date(2024, 3, 2))
    assert later["D"] == pytest.approx(200.25) and later["A"] == pytest.approx((300.5 + 50) / 2)


def test_the_order_of_rows_does_not_move_a_bit(tmp_path: Path) -> None:
    first = built(write(tmp_path, order=1), lambda h: h.township.mean(h.event.sum("loss") / 7))
    for order in range(2, 6):
        assert built(write(tmp_path, order=order), lambda h: h.township.mean(h.event.sum("loss") / 7)) == pytest.approx(
            first, rel=0, abs=0, nan_ok=True
        )


def test_a_mean_over_others_of_a_mean_over_others_is_refused() -> None:
    h = History()
    with pytest.raises(CallError, match="already speaks of other households"):
        h.township.mean(h.village.mean(h.event.count()) + 1)
