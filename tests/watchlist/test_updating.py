"""A run comes to the list, visits come back: once, whole, row by row, and what cannot be taken is named."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from lives import NOW, PLACE, clue, step
from openpyxl import load_workbook
from scored import AS_OF, County

from riskmodel.errors import CallError, DataError
from riskmodel.policy import default_policy, load_policy
from riskmodel.registry import Registry
from riskmodel.report.verdicts import read_workbook
from riskmodel.watchlist.act import Act
from riskmodel.watchlist.store import ListStore
from riskmodel.watchlist.triggers import named_by_triggers
from riskmodel.watchlist.updating import Arrived, update_from_run, update_from_triggers
from riskmodel.watchlist.verdicts import Verdict, import_verdicts

ARRIVED = date(2025, 6, 3)


def take(store: ListStore, run: Path, *, on: date = ARRIVED) -> Arrived:
    return update_from_run(store, run, on=on, now=NOW, actor="batch")


def test_every_flag_opens_a_spell_with_its_clue(store: ListStore, run: Path) -> None:
    flags = pq.read_table(run / "flags.parquet").to_pandas()
    arrived = take(store, run)
    assert arrived.counts == {"opened": len(flags)}
    cases = {case.household_id: case for case in store.cases()}
    assert cases.keys() == set(flags["household_id"])
    clues = store.clues(list(cases))
    for flag in flags.itertuples():
        case = cases[flag.household_id]
        assert case.state == "clue" and case.opened_on == ARRIVED
        sources = {"model": {"model"}, "rule": {"rule"}, "both": {"model", "rule"}}[flag.flagged_by]
        assert set(case.sources) == sources == {one["source"] for one in clues[flag.household_id]}
        if "model" in sources and flag.risk >= 0.5:
            assert case.level == "red"
    store.verify()


def test_the_same_run_twice_changes_nothing(store: ListStore, run: Path) -> None:
    take(store, run)
    head, cases = store.head, store.cases()
    again = take(store, run, on=ARRIVED + timedelta(days=5))
    assert again.already and not again.counts
    assert (store.head, store.cases()) == (head, cases)


def test_a_changed_flags_file_is_refused(store: ListStore, run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / "flags.parquet").write_bytes((run / "flags.parquet").read_bytes()[:-10])
    with pytest.raises(DataError, match=r"flags\.parquet: not the file that run\.json speaks of"):
        take(store, copy)
    assert store.head.seq == 0


def test_the_next_run_joins_what_is_open(store: ListStore, scored_county: County, run: Path, tmp_path: Path) -> None:
    take(store, run)
    scored_county.score(tmp_path / "more", capacity=more())
    arrived = take(store, tmp_path / "more", on=ARRIVED + timedelta(days=30))
    assert arrived.counts["joined"] == len(pq.read_table(run / "flags.parquet"))
    assert arrived.counts["opened"] > 0
    assert all(case.opened_on == ARRIVED for case in store.cases() if case.changed_on > case.opened_on)


def more():
    from riskmodel.monitoring import Capacity

    return Capacity.parse("10%")


def test_clues_rest_after_a_visit_that_found_no_risk(
    store: ListStore, scored_county: County, run: Path, tmp_path: Path
) -> None:
    take(store, run)
    closed = [case.household_id for case in store.cases()][:3]
    with store.writing(now=NOW) as writer:
        for household in closed:
            writer.must(household, step("visit", day=ARRIVED + timedelta(days=1), verdict="no_risk"))
    scored_county.score(tmp_path / "next", capacity=more())
    with ListStore(str(tmp_path / "later.db"), policy=default_policy(), create=True):
        pass
    arrived = take(store, tmp_path / "next", on=ARRIVED + timedelta(days=60))
    assert arrived.counts["resting"] == 3
    assert {case.household_id for case in store.cases(states=["closed"])} == set(closed)
    # Its own word opens a spell at once.
    with store.writing(now=NOW) as writer:
        own = writer.must(
            closed[0], Act("clue", ARRIVED + timedelta(days=61), "hotline", "household", {"source": "self_report"})
        )
    assert own.spell == 2


def test_triggers_name_whom_the_registry_shows(store: ListStore, scored_county: County) -> None:
    from scored import ROOT

    from riskmodel import load_catalogue

    catalogue = load_catalogue(ROOT / "features")
    with Registry.open(scored_county.registry) as registry:
        named = named_by_triggers(registry, as_of=AS_OF, policy=default_policy(), catalogue=catalogue)
        first = update_from_triggers(store, registry, as_of=AS_OF, on=ARRIVED, now=NOW, actor="b", catalogue=catalogue)
        again = update_from_triggers(store, registry, as_of=AS_OF, on=ARRIVED, now=NOW, actor="b", catalogue=catalogue)
        features = registry.table("household").count().to_pyarrow().as_py()
    assert features
    assert sum(first.counts.values()) == len({one.household_id for one in named})
    assert again.already
    told = Counter(one.trigger for one in named)
    assert told["below_line"] > 0 and told["medical_lifted"] > 0
    for one in named:
        for zh, en in one.reasons:
            assert "：" in zh and ": " in en
    emergencies = {one.household_id for one in named if one.rule.track == "emergency"}
    for case in store.cases():
        assert (case.track == "emergency") == (case.household_id in emergencies)


def test_medical_threshold_5000_for_lifted_and_20000_for_others(scored_county: County) -> None:
    """Domain section 1.5: the department's thresholds, by household type, as the county's features show them."""
    from scored import ROOT

    from riskmodel import build_features, load_catalogue
    from riskmodel.monitoring.standing import standing

    catalogue = load_catalogue(ROOT / "features")
    with Registry.open(scored_county.registry) as registry:
        named = named_by_triggers(registry, as_of=AS_OF, policy=default_policy(), catalogue=catalogue)
        oop = build_features(registry, as_of=AS_OF, catalogue=catalogue, only=["medical_oop_12m"])
        people = standing(registry, as_of=AS_OF)
    frame = oop.set_index("household_id").join(people)
    frame = frame[~frame["on_list"].astype(bool)]
    lifted = frame[frame["household_type"].isin(["lifted", "unlifted"]) & (frame["medical_oop_12m"] >= 5_000)]
    others = frame[(frame["household_type"] == "ordinary") & (frame["medical_oop_12m"] >= 20_000)]
    assert {one.household_id for one in named if one.trigger == "medical_lifted"} == set(lifted.index)
    assert {one.household_id for one in named if one.trigger == "medical_ordinary"} == set(others.index)


def test_a_county_sets_its_own_threshold(scored_county: County, tmp_path: Path) -> None:
    from scored import ROOT

    from riskmodel import load_catalogue

    own = tmp_path / "policy.yaml"
    own.write_text(
        "- {name: trigger.below_line, region: '3699', valid_from: 2021-01-01, source: notice, certainty: A, value: "
        "{source: rule, risk_type: other, level: green, all: [{feature: line_gap_12m, below: 0.5}]}}\n"
    )
    wide = load_policy(own, base=default_policy())
    catalogue = load_catalogue(ROOT / "features")
    with Registry.open(scored_county.registry) as registry:
        narrow = named_by_triggers(registry, as_of=AS_OF, policy=default_policy(), catalogue=catalogue)
        wider = named_by_triggers(registry, as_of=AS_OF, policy=wide, catalogue=catalogue)
    counts = [sum(one.trigger == "below_line" for one in named) for named in (narrow, wider)]
    assert counts[0] < counts[1]


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("all: [{feature: line_gap_12m}]", "give one of below"),
        ("all: [{feature: line_gap_12m, below: 0, above: 1}]", "give one of below"),
        ("all: []", "at least 1 item"),
        ("all: [{feature: line_gap, below: 0}]", 'no feature "line_gap"'),
    ],
)
def test_a_wrong_trigger_is_named(scored_county: County, tmp_path: Path, rule: str, told: str) -> None:
    from scored import ROOT

    from riskmodel import load_catalogue

    own = tmp_path / "policy.yaml"
    own.write_text(
        "- {name: trigger.own, region: '', valid_from: 2021-01-01, source: notice, certainty: A, value: "
        f"{{source: rule, risk_type: other, level: green, {rule}}}}}\n"
    )
    policy = load_policy(own, base=default_policy())
    with Registry.open(scored_county.registry) as registry, pytest.raises(CallError, match=told):
        named_by_triggers(registry, as_of=AS_OF, policy=policy, catalogue=load_catalogue(ROOT / "features"))


# Verdicts


def filled(run: Path, place: Path, change=None) -> Path:
    """The run's workbook, its first three rows filled in, then changed."""
    book = load_workbook(run / "report" / "list.xlsx")
    sheet = next(one for one in book.worksheets if "核实结论" in {cell.value for cell in one[1]})
    at = {cell.value: cell.column for cell in sheet[1]}
    for row, verdict in zip((2, 3, 4), ("存在风险", "no risk found", "家中无人"), strict=True):
        sheet.cell(row, at["核实结论"]).value = verdict
        sheet.cell(row, at["走访日期"]).value = date(2025, 6, 5)
    if change is not None:
        change(book, sheet, at)
    book.save(place)
    return place


def come_back(store: ListStore, workbook: Path):
    returned = read_workbook(workbook)
    verdicts = [
        Verdict(f"{row.sheet}, {row.row}", row.household_id, row.verdict, row.visited_on, row.note)
        for row in returned.rows
        if row.visited_on is not None
    ]
    imported = import_verdicts(store, verdicts, run=returned.flags_sha256, now=NOW, actor="township-1")
    return returned, imported


def test_verdicts_come_back_once(store: ListStore, run: Path, tmp_path: Path) -> None:
    take(store, run)
    workbook = filled(run, tmp_path / "list.xlsx")
    returned, imported = come_back(store, workbook)
    assert (imported.taken, imported.already, imported.rejects) == (3, 0, [])
    assert returned.untouched == len(pq.read_table(run / "flags.parquet")) - 3
    states = Counter(case.state for case in store.cases())
    assert (states["visited"], states["closed"]) == (1, 1)
    assert sorted(case.tries for case in store.cases())[-1] == 1
    head = store.head
    _, again = come_back(store, workbook)
    assert (again.taken, again.already, again.rejects) == (0, 3, [])
    assert store.head == head


def test_rows_may_be_sorted(store: ListStore, run: Path, tmp_path: Path) -> None:
    def turn(book, sheet, at) -> None:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
        for number, values in enumerate(reversed(rows), start=2):
            for column, value in enumerate(values, start=1):
                sheet.cell(number, column).value = value

    take(store, run)
    straight = {row.household_id: row.verdict for row in read_workbook(filled(run, tmp_path / "a.xlsx")).rows}
    turned = read_workbook(filled(run, tmp_path / "b.xlsx", turn))
    assert {row.household_id: row.verdict for row in turned.rows} == straight


def test_each_wrong_row_is_rejected_by_name(run: Path, tmp_path: Path) -> None:
    def spoil(book, sheet, at) -> None:
        sheet.cell(2, at["户编号"]).value = "H9999999"
        sheet.cell(3, at["核实结论"]).value = "有点风险"
        sheet.cell(4, at["走访日期"]).value = "soon"
        sheet.cell(5, at["情况记录"]).value = "nobody answered"

    rows = read_workbook(filled(run, tmp_path / "list.xlsx", spoil)).rows
    assert [row.row for row in rows] == [2, 3, 4, 5]
    whys = [row.wrong for row in rows]
    assert "its id was changed" in whys[0]
    assert 'the verdict is "有点风险"' in whys[1]
    assert 'the day of the visit is "soon"' in whys[2]
    assert "no verdict" in whys[3]


def test_a_household_twice_is_rejected_twice(run: Path, tmp_path: Path) -> None:
    def double(book, sheet, at) -> None:
        sheet.cell(3, at["户编号"]).value = sheet.cell(2, at["户编号"]).value

    rows = read_workbook(filled(run, tmp_path / "list.xlsx", double)).rows
    assert ["stands in 2 rows" in row.wrong for row in rows] == [True, True, False]


def test_a_workbook_without_its_key_or_of_no_known_run_is_refused(store: ListStore, run: Path, tmp_path: Path) -> None:
    def lose(book, sheet, at) -> None:
        del book["_run"]

    with pytest.raises(DataError, match="hidden sheet"):
        read_workbook(filled(run, tmp_path / "a.xlsx", lose))
    with pytest.raises(DataError, match="knows no run"):
        come_back(store, filled(run, tmp_path / "b.xlsx"))
    (tmp_path / "c.xlsx").write_text("no workbook")
    with pytest.raises(DataError, match="cannot be read as a workbook"):
        read_workbook(tmp_path / "c.xlsx")


def test_two_verdicts_for_one_visit_and_a_verdict_for_a_closed_spell(
    store: ListStore, run: Path, tmp_path: Path
) -> None:
    take(store, run)
    run_id = store.runs()[0]["run"]
    first, second = (case.household_id for case in store.cases()[:2])
    day = date(2025, 6, 5)

    def enter(household: str, verdict: str):
        one = Verdict("by hand", household, verdict, day)
        return import_verdicts(store, [one], run=run_id, now=NOW, actor="t")

    assert enter(first, "at_risk").taken == enter(second, "no_risk").taken == 1
    other = enter(first, "no_risk").rejects
    assert "has its verdict already" in other[0].why_en and "已有核实结论" in other[0].why_zh
    closed = enter(second, "at_risk").rejects
    assert 'cannot be done in the state "closed"' in closed[0].why_en
    early = import_verdicts(
        store,
        [Verdict("x", store.cases()[5].household_id, "at_risk", date(2025, 5, 1))],
        run=run_id,
        now=NOW,
        actor="t",
    )
    assert "before the last change" in early.rejects[0].why_en


def test_a_clue_of_a_household_elsewhere_needs_its_place(store: ListStore) -> None:
    with store.writing(now=NOW) as writer:
        refused = writer.act("H1", clue())
        assert refused.failures[0].condition == "place_known"
        assert writer.act("H1", clue(), place=PLACE).status == "done"
