"""The benchmark's work: a registry of plain random histories, and features over it in the toolkit's words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from riskmodel.features import Catalogue, FeatureFamily, History, Number, feature
from riskmodel.registry import RegistryWriter
from riskmodel.registry.codes import codes

LAST_MONTH = np.datetime64("2024-12")
AS_OF = date(2025, 1, 1)
MONTHS = 60
EVENTS = 3
MEMBERS = 4
SLICE = 50_000

SOURCES = ("wage", "operating", "transfer", "any")
KINDS = ("illness", "disaster")
WINDOWS = (3, 6, 12, 24)
# Shares of rows that are corrected later, and taken back.
CORRECTED, WITHDRAWN = 0.02, 0.001


def make_registry(out: Path, *, households: int, seed: int = 0) -> None:
    """Write a registry of so many households, a slice at a time."""
    rng = np.random.default_rng(seed)
    with RegistryWriter(out) as writer:
        for start in range(0, households, SLICE):
            ids = np.arange(start, min(start + SLICE, households))
            for name, rows in (("household", _people(ids)), ("member", _members(ids, rng))):
                writer.add(name, rows)
            writer.add("income", _income(ids, rng))
            writer.add("event", _events(ids, rng))


def _names(ids: np.ndarray, repeats: int) -> pa.DictionaryArray:
    dictionary = pa.array([f"H{number:08d}" for number in ids])
    return pa.DictionaryArray.from_arrays(np.repeat(np.arange(len(ids), dtype=np.int32), repeats), dictionary)


def _coded(list_name: str, values: tuple[str, ...], rows: int, rng: np.random.Generator) -> pa.DictionaryArray:
    known = codes(list_name)
    places = np.array([known.index(value) for value in values], np.int32)
    return pa.DictionaryArray.from_arrays(places[rng.integers(0, len(places), rows)], pa.array(known))


def _days(stamps: np.ndarray) -> pa.Array:
    return pa.array(stamps.astype("datetime64[D]"))


def _people(ids: np.ndarray) -> pa.Table:
    many = len(ids)
    villages = [f"369901{number // 20_000 % 30:03d}{number // 500 % 40:03d}" for number in ids]
    return pa.table(
        {
            "household_id": _names(ids, 1).cast(pa.string()),
            "county_code": ["369901"] * many,
            "township_code": [village[:9] for village in villages],
            "village_code": villages,
            "registered_on": [date(2014, 1, 1)] * many,
            "household_type": ["ordinary"] * many,
            "known_on": [date(2014, 1, 2)] * many,
        }
    )


def _members(ids: np.ndarray, rng: np.random.Generator) -> pa.Table:
    rows = len(ids) * MEMBERS
    born = np.datetime64("1945-01-01") + rng.integers(0, 60 * 365, rows)
    return pa.table(
        {
            "household_id": _names(ids, MEMBERS).cast(pa.string()),
            "member_id": pa.array(np.char.add("M", (np.arange(rows) % MEMBERS).astype(str))),
            "birth_date": _days(born),
            "disabled": rng.random(rows) < 0.05,
            "known_on": pa.array([date(2014, 1, 2)] * rows),
        }
    )


def _income(ids: np.ndarray, rng: np.random.Generator) -> pa.Table:
    rows = len(ids) * MONTHS
    month = np.tile(LAST_MONTH - np.arange(MONTHS)[::-1], len(ids)).astype("datetime64[D]")
    table = {
        "household_id": _names(ids, MONTHS).cast(pa.string()),
        "month": _days(month),
        "source": _coded("income_source", ("wage", "wage", "operating", "transfer", "property"), rows, rng),
        "item": pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), pa.array(["unclassified"])).cast(pa.string()),
        "amount": np.round(rng.gamma(2.0, 900.0, rows), 2),
        "known_on": _days(month + 20 + rng.integers(0, 12, rows)),
        "withdrawn": rng.random(rows) < WITHDRAWN,
    }
    first = pa.table(table)
    again = np.flatnonzero(rng.random(rows) < CORRECTED)
    later = first.take(pa.array(again))
    known = later["known_on"].to_numpy().astype("datetime64[D]") + rng.integers(5, 300, len(again))
    later = later.set_column(later.schema.get_field_index("known_on"), "known_on", _days(known))
    changed = np.round(rng.gamma(2.0, 900.0, len(again)), 2)
    later = later.set_column(later.schema.get_field_index("amount"), "amount", pa.array(changed))
    return pa.concat_tables([first, later])


def _events(ids: np.ndarray, rng: np.random.Generator) -> pa.Table:
    rows = len(ids) * EVENTS
    happened = np.datetime64("2020-01-01") + rng.integers(0, 5 * 365, rows)
    return pa.table(
        {
            "household_id": _names(ids, EVENTS).cast(pa.string()),
            "record_id": pa.array(np.char.add("E", (np.arange(rows) % EVENTS).astype(str))),
            "happened_on": _days(happened),
            "kind": _coded("event_kind", ("illness", "disaster", "accident", "job_loss"), rows, rng),
            "loss": np.round(rng.gamma(1.5, 2_000.0, rows), 2),
            "known_on": _days(happened + rng.integers(1, 40, rows)),
        }
    )


def make_catalogue() -> Catalogue:
    """Return 90 features: sums, counts, means, highest values and deviations in four windows, recency, per head."""
    amounts = [
        _declared(f"{source}_{op}", partial(_income_of, source=source, op=op))
        for op in ("sum", "count", "mean", "max", "std")
        for source in (SOURCES if op != "std" else ("wage", "any"))
    ]
    losses = [
        _declared(f"{kind}_{op}", partial(_events_of, kind=kind, op=op), (12, 24))
        for kind in KINDS
        for op in ("sum", "count")
    ]
    since = [_declared(f"{kind}_since", partial(_events_of, kind=kind, op="since"), (0,)) for kind in KINDS]
    per_head = [_declared(f"{source}_pc", partial(_per_head, source=source), (3, 12)) for source in ("wage", "any")]
    others = [_declared("members", _members_present, (0,)), _declared("wage_months", _wage_months, (12, 24))]
    return Catalogue.of([*amounts, *losses, *since, *per_head, *others])


def _declared(name: str, function: Callable[..., Number], windows: tuple[int, ...] = WINDOWS) -> FeatureFamily:
    def declare(h: History, months: int) -> Number:
        return function(h, months=months)

    pattern = name if windows == (0,) else f"{name}_{{months}}"
    return feature(zh=name, en=name, unit="", name=pattern, months=windows)(declare)


def _income_of(h: History, *, source: str, months: int, op: str) -> Number:
    view = h.income.last(months=months)
    view = view if source == "any" else view.where(source=source)
    number: Number = view.count() if op == "count" else getattr(view, op)("amount")
    return number


def _events_of(h: History, *, kind: str, months: int, op: str) -> Number:
    view = h.event.where(kind=kind)
    if op == "since":
        return view.months_since()
    return view.last(months=months).count() if op == "count" else view.last(months=months).sum("loss")


def _per_head(h: History, *, source: str, months: int) -> Number:
    return _income_of(h, source=source, months=months, op="sum") / h.members.count()


def _members_present(h: History, *, months: int) -> Number:
    return h.members.count()


def _wage_months(h: History, *, months: int) -> Number:
    return h.income.where(source="wage").last(months=months).distinct("month")
