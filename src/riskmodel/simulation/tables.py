"""From the journal to the registry's tables: clocks applied, codes and identifiers put in, as Arrow tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.registry.codes import codes
from riskmodel.registry.schema import TABLES
from riskmodel.simulation import clocks, listing, points, shocks
from riskmodel.simulation.blocks import Block
from riskmodel.simulation.calendar import FAR_FUTURE
from riskmodel.simulation.clocks import Columns
from riskmodel.simulation.geography import COUNTY_CODE
from riskmodel.simulation.health import OBSERVED, SUBTYPES
from riskmodel.simulation.income import ITEMS
from riskmodel.simulation.state import TYPE, County

_MISSING = -1
MEMBERS_AT_MOST = 64
# Records are numbered block by block, so that no block waits for the count of another.
RECORDS_A_BLOCK = 1_000_000
_PREFIX = {"spending": "S", "event": "E", "job": "J", "measure": "M", "visit": "V", "points": "P"}
_SUBTYPE = {
    0: "",
    **{10 + i: s for i, s in enumerate(SUBTYPES)},
    **{20 + i: s for i, s in enumerate(shocks.DISASTER_SUBTYPES)},
}


def assemble(county: County) -> Iterator[tuple[str, pa.Table]]:
    """Give the registry's tables of a block one by one; the journal is emptied on the way."""
    members = _member(county)
    known_people = _first_known(county, members)
    yield "member", _to_arrow(county.block, "member", clocks.known_before(members, county.calendar.until))
    makers: dict[str, Callable[[County], Columns]] = {
        "household": _household,
        "income": income_rows,
        "spending": spending_rows,
        "event": _event,
        "job": lambda c: _job(c, known_people),
        "measure": _measure,
        "guarantee": guarantee_rows,
        "listing": _listing,
        "visit": _visit,
        "points": _points,
        "observation": _observation,
    }
    for name, make in makers.items():
        rows = clocks.known_before(make(county), county.calendar.until)
        yield name, _to_arrow(county.block, name, rows)


def _rng(county: County) -> np.random.Generator:
    """Give a stream of its own to each draw (see :mod:`~riskmodel.simulation.clocks`)."""
    return county.streams["clocks"].spawn(1)[0]


def _settled(county: County, table: str, *, own: str) -> Columns:
    """Give a table's noted flows from the first written day on."""
    rows = county.journal.columns(table)
    kept = (rows[own] >= county.calendar.start) & (rows[own] < county.calendar.until)
    return {name: values[kept] for name, values in rows.items()}


def _known(county: County, table: str, own: np.ndarray, hh: np.ndarray) -> np.ndarray:
    """Give the day on which each row is known: own date, the table's delay, the village's clerk."""
    delay = clocks.delay_of(county.parameters["clocks"], table).draw(len(own), _rng(county))
    slow = county.places.slow_clerk[county.households.village[hh]]
    return (own + np.maximum(np.round(delay * slow), 1)).astype(np.int32)


def _household(county: County) -> Columns:
    rows = county.journal.columns("household")
    first = rows["seen"] == _MISSING
    registered = county.households.registered_on[rows["hh"]]
    own = np.where(first, registered, rows["seen"])
    known = np.where(first, registered + 15, _known(county, "household", own, rows["hh"])).astype(np.int32)
    rows["known_on"] = clocks.in_order(known, group=rows["hh"], sequence=rows["seen"])
    rows["registered_on"] = registered
    village = rows.pop("village")
    township = county.places.village_township[village]
    rows["village_code"] = np.array(county.places.village_codes)[village]
    rows["township_code"] = np.array(county.places.township_codes)[township]
    return rows


def _member(county: County) -> Columns:
    rows = county.journal.columns("member")
    start = county.calendar.start
    first = rows["seen"] == _MISSING
    left = np.where(rows["left_on"] < county.calendar.until, rows["left_on"], 0)
    known = _known(county, "member", np.maximum(np.where(first, start, rows["seen"]), left), rows["hh"])
    # The written history opens with a full collection of everybody, in the months before its first day.
    collected = np.maximum(start - _rng(county).integers(5, 80, len(known)), rows["birth"])
    known = np.where(first, np.minimum(collected, start - 1), known).astype(np.int32)
    group = rows["hh"].astype(np.int64) * MEMBERS_AT_MOST + rows["number"]
    rows["known_on"] = clocks.in_order(known, group=group, sequence=rows["seen"])
    rows["left_on"] = np.where(rows["left_on"] < county.calendar.until, rows["left_on"], FAR_FUTURE).astype(np.int32)
    return rows


def _first_known(county: County, rows: Columns) -> np.ndarray:
    """Give the first day on which each member is known, by household and member number."""
    out = np.full(len(county.households) * MEMBERS_AT_MOST, FAR_FUTURE, dtype=np.int32)
    np.minimum.at(out, rows["hh"].astype(np.int64) * MEMBERS_AT_MOST + rows["number"], rows["known_on"])
    return out


def income_rows(county: County) -> Columns:
    """Give the income that was noted as it gets into the registry, slips and corrections included."""
    rows = county.journal.columns("income")
    calendar, p = county.calendar, county.parameters["clocks"]
    rows["month"] = calendar.month_start[rows["t"]]
    kept = (rows["t"] >= calendar.first) & (rows["month"] < calendar.until)
    rows = {name: values[kept] for name, values in rows.items()}
    # A month's income can be known only once the month is over.
    rows["known_on"] = _known(county, "income", calendar.month_start[rows.pop("t") + 1] - 1, rows["hh"])
    wrong = _astray(county, rows)
    wrong["item"] = np.array([len(ITEMS[s]) - 1 for s in range(6)])[wrong["source"]].astype(rows["item"].dtype)
    key = (wrong["hh"].astype(np.int64) << 40) | (wrong["month"].astype(np.int64) << 8) | wrong["source"]
    only = np.sort(np.unique(key, return_index=True)[1])
    wrong = {name: values[only] for name, values in wrong.items()}
    rows = clocks.with_corrections(rows, column="amount", share=p["corrected_share"], spread=0.35, rng=_rng(county))
    return clocks.with_withdrawals(rows, wrong, rng=_rng(county))


def _astray(county: County, rows: Columns) -> Columns:
    """Give rows that should not exist: of others, entered for a household that they have nothing to do with."""
    at = clocks.some_of(len(rows["hh"]), share=county.parameters["clocks"]["withdrawn_share"], rng=_rng(county))
    wrong = {name: values[at] for name, values in rows.items()}
    wrong["hh"] = _rng(county).integers(0, len(county.households), len(at)).astype(np.int32)
    return wrong


def _numbered(rows: Columns, *, own: str) -> Columns:
    """Number the records in the order of their own date."""
    order = np.lexsort((rows["hh"], rows[own]))
    record = np.empty(len(order), dtype=np.int64)
    record[order] = np.arange(len(order))
    return {**rows, "record": record}


def _numbered_together(rows: Columns, wrong: Columns, *, own: str) -> tuple[Columns, Columns]:
    """Number the records of both in the order of their own date, those that should not exist among the others."""
    n = len(rows[own])
    both = _numbered(clocks.stack(rows, wrong), own=own)
    return {name: values[:n] for name, values in both.items()}, {name: values[n:] for name, values in both.items()}


def spending_rows(county: County) -> Columns:
    """Give the spending that was noted as it gets into the registry."""
    p = county.parameters["clocks"]
    rows = _settled(county, "spending", own="day")
    medical = rows["kind"] == 0
    known = _known(county, "spending", rows["day"], rows["hh"])
    known_bill = _known(county, "medical", rows["day"], rows["hh"])
    rows["known_on"] = np.where(medical, known_bill, known)
    rows, wrong = _numbered_together(rows, _astray(county, rows), own="day")
    rows = clocks.with_corrections(rows, column="amount", share=p["corrected_share"], spread=0.4, rng=_rng(county))
    return clocks.with_withdrawals(rows, wrong, rng=_rng(county))


def _event(county: County) -> Columns:
    p = county.parameters["clocks"]
    rows = _settled(county, "event", own="day")
    rows["known_on"] = _known(county, "event", rows["day"], rows["hh"])
    rows, wrong = _numbered_together(rows, _astray(county, rows), own="day")
    rows = clocks.with_corrections(rows, column="loss", share=p["corrected_share"], spread=0.5, rng=_rng(county))
    return clocks.with_withdrawals(rows, wrong, rng=_rng(county))


def _spells(county: County, table: str, *, record: str, fill: tuple[str, ...]) -> Columns:
    """Join the openings and closings of spells: first known open, later known with its end."""
    rows = county.journal.columns(table)
    closing = rows["start"] == _MISSING
    count = int(rows[record].max(initial=-1)) + 1
    for name in ("start", *fill):
        of_record = np.zeros(count, dtype=rows[name].dtype)
        of_record[rows[record][~closing]] = rows[name][~closing]
        rows[name] = of_record[rows[record]]
    rows["end"] = np.where(closing, np.maximum(rows["end"], rows["start"]), _MISSING).astype(np.int32)
    own = np.where(closing, rows["end"], rows["start"]).astype(np.int32)
    known = _known(county, table, own, rows["hh"])
    rows["known_on"] = clocks.in_order(known, group=rows[record].astype(np.int64), sequence=closing)
    # Spells that were over before the registry's first day never got into it.
    over = np.zeros(count, dtype=bool)
    over[rows[record][closing & (rows["end"] < county.calendar.start)]] = True
    kept = ~over[rows[record]] & (rows["start"] < county.calendar.until)
    rows = {name: values[kept] for name, values in rows.items()}
    rows["record"] = rows.pop(record) if record != "record" else rows["record"]
    return rows


def _job(county: County, known_people: np.ndarray) -> Columns:
    rows = _spells(county, "job", record="spell", fill=("place", "kind"))
    # Nobody is entered as at work before being entered at all.
    person = known_people[rows["hh"].astype(np.int64) * MEMBERS_AT_MOST + rows["member"]]
    known = np.maximum(rows["known_on"], person).astype(np.int64)
    rows["known_on"] = clocks.in_order(known, group=rows["record"].astype(np.int64), sequence=rows["end"])
    return rows


def _measure(county: County) -> Columns:
    return _spells(county, "measure", record="record", fill=("kind", "amount"))


def guarantee_rows(county: County) -> Columns:
    """Give the checks that were noted as they get into the registry."""
    p = county.parameters["clocks"]
    rows = _settled(county, "guarantee", own="day")
    rows["known_on"] = _known(county, "guarantee", rows["day"], rows["hh"])
    # A few checks were entered as not met by mistake, or the other way round, and put right.
    picked = clocks.some_of(len(rows["hh"]), share=p["guarantee_corrected_share"], rng=_rng(county))
    right = {name: values[picked] for name, values in rows.items()}
    right["known_on"] = (right["known_on"] + _rng(county).integers(10, 60, len(picked))).astype(np.int32)
    rows["met"] = rows["met"].copy()
    rows["met"][picked] = ~rows["met"][picked]
    return clocks.stack(rows, right)


def _listing(county: County) -> Columns:
    rows = county.journal.columns("listing")
    closing = rows["end"] != _MISSING
    own = np.where(closing, rows["end"], rows["day"])
    known = _known(county, "listing", own, rows["hh"])
    group = rows["hh"].astype(np.int64) * (1 << 20) + rows["day"]
    rows["known_on"] = clocks.in_order(known, group=group, sequence=closing)
    kept = rows["day"] < county.calendar.until
    return {name: values[kept] for name, values in rows.items()}


def _visit(county: County) -> Columns:
    rows = _settled(county, "visit", own="day")
    rows["known_on"] = _known(county, "visit", rows["day"], rows["hh"])
    return _numbered(rows, own="day")


def _points(county: County) -> Columns:
    rows = _settled(county, "points", own="day")
    rows["known_on"] = _known(county, "points", rows["day"], rows["hh"])
    return _numbered(rows, own="day")


def _observation(county: County) -> Columns:
    """Give the bills of stays; those of one household on one day are one."""
    rows = _settled(county, "observation", own="day")
    key = rows["hh"].astype(np.int64) << 32 | rows["day"].astype(np.int64)
    _, first, member = np.unique(key, return_index=True, return_inverse=True)
    total = np.bincount(member, weights=rows["value"], minlength=len(first))
    noted = np.argsort(first)
    rows = {**{name: values[first[noted]] for name, values in rows.items()}, "value": np.round(total[noted], 2)}
    rows["known_on"] = _known(county, "medical", rows["day"], rows["hh"])
    return rows


def _coded(index: np.ndarray, words: list[str]) -> pa.Array:
    number = pa.array(np.maximum(index, 0).astype(np.int32), mask=index < 0)
    return pa.DictionaryArray.from_arrays(number, pa.array(words, pa.string()))


def _book(index: np.ndarray, list_name: str) -> pa.Array:
    return _coded(index, codes(list_name))


def _identifier(prefix: str, number: np.ndarray, *, width: int) -> pa.Array:
    padded = pc.utf8_lpad(pa.array(number).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), padded, pa.scalar(""))


def household_ids(block: Block) -> pa.Array:
    """Give the pseudonymous ids of a block's households: their positions in the county, from 1."""
    return _identifier("H", block.first + 1 + np.arange(len(block.village)), width=block.digits)


def _date(days: np.ndarray, *, missing: np.ndarray | None = None) -> pa.Array:
    return pa.array(days.astype(np.int32), mask=missing).cast(pa.date32())


def _words(index: np.ndarray, words: list[str]) -> pa.Array:
    """Give free text; an empty word is a missing value."""
    return _coded(np.where(np.array([bool(w) for w in words])[index], index, -1), words).dictionary_decode()


def _to_arrow(block: Block, name: str, rows: Columns) -> pa.Table:
    columns: dict[str, pa.Array] = {"household_id": household_ids(block).take(pa.array(rows["hh"]))}
    if name in _PREFIX:
        record = block.number * RECORDS_A_BLOCK + rows["record"].astype(np.int64) + 1
        columns["record_id"] = _identifier(_PREFIX[name], record, width=9)
    if name in {"member", "job"}:
        number = rows["number" if name == "member" else "member"]
        person = (block.first + rows["hh"].astype(np.int64) + 1) * 100 + number
        columns["member_id"] = _identifier("M", person, width=block.digits + 2)
    columns.update(_OWN[name](rows))
    columns["known_on"] = _date(rows["known_on"])
    if "withdrawn" in rows:
        columns["withdrawn"] = pa.array(rows["withdrawn"])
    schema = pa.schema([pa.field(n, TABLES[name].column(n).arrow_type) for n in columns])
    return pa.table({n: values.cast(schema.field(n).type) for n, values in columns.items()}, schema=schema)


def _household_columns(rows: Columns) -> dict[str, pa.Array]:
    return {
        "county_code": pa.array([COUNTY_CODE] * len(rows["hh"]), pa.string()),
        "township_code": pa.array(rows["township_code"], pa.string()),
        "village_code": pa.array(rows["village_code"], pa.string()),
        "registered_on": _date(rows["registered_on"]),
        "household_type": _book(rows["kind"], "household_type"),
        "lifted_year": pa.array(rows["lifted_year"], mask=rows["kind"] != TYPE["lifted"]),
        "cropland_mu": pa.array(rows["cropland"]),
        "forest_mu": pa.array(rows["forest"]),
        "relocation_site": pa.array(rows["relocation"]),
        "road_distance_km": pa.array(rows["road"]),
        "housing_grade": _book(rows["grade"], "housing_grade"),
        "safe_water": pa.array(rows["water"]),
    }


def _member_columns(rows: Columns) -> dict[str, pa.Array]:
    stays = rows["left_on"] > rows["known_on"]
    return {
        "sex": _book(rows["sex"], "sex"),
        "birth_date": _date(rows["birth"]),
        "relation": _book(rows["relation"], "relation"),
        "education": _book(rows["education"], "education"),
        "school_status": _book(rows["school"], "school_status"),
        "chronic_illness": pa.array(rows["chronic"]),
        "major_illness": pa.array(rows["major"]),
        "disabled": pa.array(rows["disabled"]),
        "disability_grade": pa.array(rows["disability_grade"].astype(np.int64), mask=~rows["disabled"]),
        "labour_skill": _book(rows["skill"], "labour_skill"),
        "medical_insured": pa.array(rows["insured"]),
        "left_on": _date(np.where(stays, 0, rows["left_on"]), missing=stays),
    }


def _income_columns(rows: Columns) -> dict[str, pa.Array]:
    words = [item for source in range(6) for item in ITEMS[source]]
    offset = np.cumsum([0] + [len(ITEMS[source]) for source in range(5)])
    return {
        "month": _date(rows["month"]),
        "source": _book(rows["source"], "income_source"),
        "item": _words(offset[rows["source"]] + rows["item"], words),
        "amount": pa.array(rows["amount"]),
    }


_OWN: dict[str, Callable[[Columns], dict[str, pa.Array]]] = {
    "household": _household_columns,
    "member": _member_columns,
    "income": _income_columns,
    "spending": lambda r: {
        "spent_on": _date(r["day"]),
        "kind": _book(r["kind"], "spending_kind"),
        "amount": pa.array(r["amount"]),
    },
    "event": lambda r: {
        "happened_on": _date(r["day"]),
        "kind": _book(r["kind"], "event_kind"),
        "subtype": _words(np.searchsorted(sorted(_SUBTYPE), r["subtype"]), [_SUBTYPE[k] for k in sorted(_SUBTYPE)]),
        "loss": pa.array(r["loss"], from_pandas=True),
    },
    "job": lambda r: {
        "started_on": _date(r["start"]),
        "ended_on": _date(np.maximum(r["end"], 0), missing=r["end"] < 0),
        "place": _book(r["place"], "job_place"),
        "kind": _book(r["kind"], "job_kind"),
    },
    "measure": lambda r: {
        "kind": _book(r["kind"], "measure_kind"),
        "started_on": _date(r["start"]),
        "ended_on": _date(np.maximum(r["end"], 0), missing=r["end"] < 0),
        "amount": pa.array(r["amount"], from_pandas=True),
    },
    "guarantee": lambda r: {
        "checked_on": _date(r["day"]),
        "item": _book(r["item"], "guarantee_item"),
        "met": pa.array(r["met"]),
    },
    "listing": lambda r: {
        "identified_on": _date(r["day"]),
        "category": _book(r["category"], "listing_category"),
        "risk_types": _risk_lists(r["risks"]),
        "eliminated_on": _date(np.maximum(r["end"], 0), missing=r["end"] < 0),
        "elimination_mode": _book(r["mode"], "elimination_mode"),
    },
    "visit": lambda r: {
        "visited_on": _date(r["day"]),
        "source": _book(r["source"], "visit_source"),
        "verdict": _book(r["verdict"], "visit_verdict"),
        "note": _words(r["note"], list(listing.NOTES)),
    },
    "points": lambda r: {
        "awarded_on": _date(r["day"]),
        "item": _words(r["item"], list(points.ITEMS)),
        "points": pa.array(r["points"]),
    },
    "observation": lambda r: {
        "observed_on": _date(r["day"]),
        "item": _words(r["item"], list(OBSERVED)),
        "value": pa.array(r["value"]),
    },
}


def _risk_lists(masks: np.ndarray) -> pa.Array:
    """Turn bit masks into lists of at most five risk types."""
    words = codes("risk_type")
    known = {int(m): [w for i, w in enumerate(words) if int(m) >> i & 1][:5] for m in np.unique(masks)}
    return pa.array([known[int(m)] for m in masks.tolist()], pa.list_(pa.string()))
