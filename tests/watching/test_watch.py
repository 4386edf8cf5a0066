"""A county watched: planted drifts are named first, and the past is told as it was known."""

from __future__ import annotations

import errno
import json
import re
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from watched import AS_OF, COUNTY, STRUCK, replaced, since, with_table

from riskmodel import Registry
from riskmodel.errors import CallError, DataError
from riskmodel.monitoring.choosing import Selection
from riskmodel.simulation import Switches, simulate_registry
from riskmodel.watching.page import page
from riskmodel.watching.watch import reference_months
from riskmodel.watching.write import told, write_watch


def first(found) -> tuple[str, str]:
    """What is named first."""
    return (found.findings[0].kind, found.findings[0].place)


def test_nothing_planted_needs_nobody(quiet):
    assert [f"{one.kind} {one.place}" for one in quiet.findings if one.needs_person] == []


def test_a_feed_that_stops_is_named_with_the_features_that_read_it(watched, elsewhere):
    place = with_table(watched.registry, elsewhere, "guarantee", lambda table: table.filter(pc.invert(since(table))))
    found = watched.watch(place)
    assert found.needs_person
    assert first(found) == ("feed_stopped", "guarantee")
    assert found.findings[0].figures["rows"] == 0
    assert [one.kind for one in found.findings if one.needs_person] == ["feed_stopped"]


def test_a_source_that_stops_is_named_and_not_the_whole_table(watched, elsewhere):
    def change(table: pa.Table) -> pa.Table:
        gone = pc.and_(since(table), pc.equal(table["source"].cast(pa.string()), "transfer"))
        return table.filter(pc.invert(gone))

    found = watched.watch(with_table(watched.registry, elsewhere, "income", change))
    assert first(found) == ("feed_stopped", "income/transfer")


def test_a_unit_swapped_is_named_as_such(watched, elsewhere):
    def change(table: pa.Table) -> pa.Table:
        smaller = pc.divide(table["amount"], 1000.0)
        return replaced(table, "amount", pc.if_else(since(table), smaller, table["amount"]))

    found = watched.watch(with_table(watched.registry, elsewhere, "income", change))
    assert first(found) == ("unit_swapped", "income")
    assert found.findings[0].figures["power"] == -3
    effects = {line["name"]: line["effect"] for line in found.findings[0].features}
    assert "net_income_pc_12m" in effects or "wage_income_pc_3m" in effects


def test_support_withdrawn_is_named_and_takes_its_income_under_itself(watched, tmp_path):
    place = tmp_path / "without"
    simulate_registry(place, **COUNTY, switches=Switches(withdraw_support_from=STRUCK))
    found = watched.watch(place, as_of=date(2024, 10, 1))
    assert first(found) == ("policy_withdrawn", "measure")
    assert "protection" in found.findings[0].figures["kinds"]
    assert "income/transfer/dibao" in [under.place for under in found.findings[0].below]


def test_a_code_never_seen_is_named(watched, elsewhere):
    def change(table: pa.Table) -> pa.Table:
        item = table["item"].cast(pa.string())
        moved = pc.and_(since(table), pc.equal(item, "pension"))
        return replaced(table, "item", pc.if_else(moved, "pension_2024", item).cast(table["item"].type))

    found = watched.watch(with_table(watched.registry, elsewhere, "income", change))
    named = [one for one in found.findings if one.kind == "unseen_code"]
    assert [one.figures["code"] for one in named] == ["pension_2024"]
    assert named[0].needs_person
    assert ("feed_stopped", "income/transfer/pension") in [(one.kind, one.place) for one in found.findings]


def test_rows_known_later_change_nothing(watched, quiet, elsewhere):
    """What the registry learnt after the date is cut off: the watch is the same to the byte."""
    elsewhere.mkdir()
    for file in watched.registry.iterdir():
        if file.suffix != ".parquet":
            continue
        table = pq.read_table(file)
        kept = table.filter(pc.invert(since(table, AS_OF)))
        pq.write_table(kept.replace_schema_metadata(table.schema.metadata), elsewhere / file.name)
    told_before = (watched.registry / "registry.json").read_text(encoding="utf-8")
    description = json.loads(told_before)
    description["cut_on"] = str(AS_OF)
    (elsewhere / "registry.json").write_text(json.dumps(description), encoding="utf-8")
    again = watched.watch(elsewhere)
    assert json.dumps(told(again), sort_keys=True) == json.dumps(told(quiet), sort_keys=True)


def test_lists_whose_outcome_is_known_are_held_against_it(watched, quiet):
    assert quiet.matured
    assert quiet.shift.months == len([month for month in quiet.matured if not month.taught])
    for month in quiet.matured:
        assert date(2022, 1, 1) < month.as_of <= date(2023, 5, 1)
        assert 0 <= month.found <= month.known
        assert month.estimated.low < month.estimated.value < month.estimated.high
    assert quiet.estimate.low < quiet.estimate.value < quiet.estimate.high


def test_what_is_written_holds_everything_and_nobody(quiet, watched, tmp_path):
    write_watch(quiet, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["monitor.html", "monitor.json"]
    text = (tmp_path / "out" / "monitor.json").read_text(encoding="utf-8")
    found = json.loads(text)
    assert found["as_of"] == str(AS_OF)
    assert {"findings", "precision", "features", "feeds", "score", "list", "cohort", "groups"} <= set(found)
    assert len(found["features"]) == len(watched.bundle.names)
    shown = text + (tmp_path / "out" / "monitor.html").read_text(encoding="utf-8")
    with Registry.open(watched.registry) as registry:
        households = registry.table("household").household_id.to_pyarrow().to_pylist()
    assert not [one for one in households if one in shown]


def test_the_page_speaks_both_languages_and_needs_nothing_from_elsewhere(watched, elsewhere):
    place = with_table(watched.registry, elsewhere, "spending", lambda table: table.filter(pc.invert(since(table))))
    text = page(watched.watch(place))
    assert "报送中断：支出" in text
    assert "A feed stopped: spending" in text
    assert not re.search(r"<script|https?://|@import|url\(", text)


def test_small_groups_are_not_shown(quiet):
    shown = {one.name: one for one in quiet.groups}
    assert shown["ethnic_minority"].hidden == "not_recorded"
    assert shown["unlifted_household"].hidden is not None
    assert shown["unlifted_household"].flagged is None
    assert shown["ordinary_household"].share is not None


def test_too_short_a_past_is_said(watched):
    with Registry.open(watched.registry) as registry:
        with pytest.raises(DataError, match="fewer than 8 months to compare with"):
            reference_months(registry, date(2020, 10, 1), 24)
        with pytest.raises(CallError, match="--months is 3: expected 8 or more"):
            reference_months(registry, AS_OF, 3)
        assert reference_months(registry, AS_OF, 12)[0] == date(2023, 8, 1)
        # Ledgers begin in June 2020: from June 2021 a year's window is full.
        assert reference_months(registry, date(2022, 4, 1), 24)[0] == date(2021, 6, 1)
        assert reference_months(registry, date(2021, 4, 1), 24)[0] == date(2020, 7, 1)


def cheaper(share_of_townships: float, factor: float, registry):
    """What lets crops be sold at ``factor`` times the price from the day on, in a part of the townships."""
    households = pq.read_table(registry / "household.parquet", columns=["household_id", "township_code"])
    townships = sorted(set(households["township_code"].to_pylist()))
    struck = set(townships[: round(share_of_townships * len(townships))])
    mask = pc.is_in(households["township_code"].cast(pa.string()), value_set=pa.array(sorted(struck)))
    ids = households.filter(mask)["household_id"].combine_chunks()

    def change(table: pa.Table) -> pa.Table:
        crops = pc.equal(table["item"].cast(pa.string()), "crops")
        hit = pc.and_(pc.and_(since(table), crops), pc.is_in(table["household_id"], value_set=ids))
        return replaced(table, "amount", pc.if_else(hit, pc.multiply(table["amount"], factor), table["amount"]))

    return change


def test_a_price_falls_everywhere(watched, elsewhere):
    place = with_table(watched.registry, elsewhere, "income", cheaper(1.0, 0.5, watched.registry))
    found = watched.watch(place)
    assert first(found) == ("price_shock", "income/operating/crops")
    figures = found.findings[0].figures
    assert figures["ratio"] == pytest.approx(0.5, rel=0.3)
    assert figures["townships_moved"] == figures["townships"] > 3


def test_what_falls_in_a_few_townships_is_no_price(watched, elsewhere):
    place = with_table(watched.registry, elsewhere, "income", cheaper(0.3, 0.02, watched.registry))
    found = watched.watch(place)
    assert first(found) == ("amounts_moved", "income/operating/crops")
    assert found.needs_person
    assert found.findings[0].figures["townships_moved"] < 0.6 * found.findings[0].figures["townships"]


def test_both_files_are_written_before_either_takes_its_place(quiet, tmp_path, monkeypatch):
    write_watch(quiet, tmp_path)
    (tmp_path / "monitor.html").write_text("of the month before", encoding="utf-8")
    real = Path.write_text

    def full(path, *arguments, **options):
        if "monitor.json" in path.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        write_watch(quiet, tmp_path)
    assert (tmp_path / "monitor.html").read_text(encoding="utf-8") == "of the month before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["monitor.html", "monitor.json"]


def test_a_threshold_that_no_risk_reaches_is_said(watched):
    with pytest.raises(DataError, match=r"no risk reaches the threshold of 0\.999 .*--threshold"):
        watched.watch(selection=Selection(threshold=0.999))


def test_what_somebody_typed_once_is_told_nowhere(watched, elsewhere):
    def change(table: pa.Table) -> pa.Table:
        item = table["item"].to_pylist()
        place = next(n for n, day in enumerate(table["known_on"].to_pylist()) if STRUCK <= day < AS_OF)
        item[place] = "to Zhang San"
        return replaced(table, "item", pa.array(item).cast(table.schema.field("item").type))

    found = watched.watch(with_table(watched.registry, elsewhere, "income", change))
    assert "Zhang San" not in json.dumps(told(found), ensure_ascii=False) + page(found)
