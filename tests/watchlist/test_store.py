"""The store: tampering is found and named, writers wait for each other, death leaves the list before or after."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest
import python_calamine
import sqlalchemy as sa
from lives import NOW, PLACE, SAFE, START, STEPS, clue, health, step
from openpyxl import load_workbook

from riskmodel.errors import CallError, DataError
from riskmodel.policy import default_policy
from riskmodel.watchlist.log import Head
from riskmodel.watchlist.refusal import RefusedError
from riskmodel.watchlist.store import ListStore
from riskmodel.watchlist.store.opening import shown, writes
from riskmodel.watchlist.updating import update_from_run


def a_life(store: ListStore, household: str, *, until: str = "announce") -> None:
    """Take a household from its clue to a step."""
    with store.writing(now=NOW) as writer:
        writer.must(household, clue(), place=PLACE)
        for name in STEPS:
            writer.must(household, step(name), facts=SAFE)
            if name == "announce":
                writer.must(household, health())
            if name == until:
                return


def tampered(store: ListStore, *statements: str) -> None:
    """Change the database as somebody would who gets round its guards."""
    with store.engine.connect() as connection, writes(connection).begin():
        if connection.dialect.name == "sqlite":
            for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        for statement in statements:
            connection.exec_driver_sql(statement)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET session_replication_role = DEFAULT")


def test_an_edited_entry_is_found_and_named(store: ListStore) -> None:
    a_life(store, "H1")
    tampered(store, 'UPDATE list_log SET data = \'{"verdict":"no_risk"}\' WHERE seq = 2')
    with pytest.raises(DataError, match=r"entry 2 of the log was changed .*household H1, visit"):
        store.verify()


def test_an_entry_taken_out_is_found(store: ListStore) -> None:
    a_life(store, "H1")
    tampered(store, "DELETE FROM list_log WHERE seq = 5")
    with pytest.raises(DataError, match="entry 5 of the log is missing"):
        store.verify()


def test_a_truncated_log_is_found_by_its_head(store: ListStore) -> None:
    a_life(store, "H1")
    tampered(store, "DELETE FROM list_log WHERE seq > 7")
    with pytest.raises(DataError, match="the log ends with entry 7, its head speaks of 10"):
        store.verify()


def test_a_log_cut_with_its_head_is_found_by_a_head_noted_elsewhere(store: ListStore) -> None:
    a_life(store, "H1", until="visit")
    a_life(store, "H2", until="visit")
    noted = store.head
    kept = next(entry for entry in store.log() if entry.seq == 2)
    tampered(
        store,
        "DELETE FROM list_log WHERE seq > 2",
        f"UPDATE list_head SET seq = 2, hash = '{kept.hash}'",
        "DELETE FROM list_case WHERE household_id = 'H2'",
    )
    store.verify()
    with pytest.raises(DataError, match="the log has 2 entries; the head noted speaks of 4"):
        store.verify(expected=noted)
    with pytest.raises(DataError, match="is not the one that was noted"):
        store.verify(expected=Head(1, "0" * 64))


def test_a_changed_case_is_found_and_made_anew(store: ListStore) -> None:
    a_life(store, "H1")
    before = store.cases()
    tampered(store, "UPDATE list_case SET state = 'closed', body = replace(body, 'listed', 'closed')")
    with pytest.raises(DataError, match="household H1, spell 1, is not what the log makes of it"):
        store.verify()
    assert store.rebuild() == 1
    store.verify()
    assert store.cases() == before
    tampered(store, "DELETE FROM list_case")
    with pytest.raises(DataError, match="in the log and not in the list"):
        store.verify()


def test_a_changed_clue_is_found(store: ListStore, run: Path) -> None:
    update_from_run(store, run, on=date(2025, 6, 3), now=NOW, actor="b")
    store.verify()
    tampered(store, "UPDATE list_clue SET risk = 0.01 WHERE rank = 1")
    with pytest.raises(DataError, match=r"clue \w+ of household H\d+ is not the one that the log speaks of"):
        store.verify()
    tampered(store, "DELETE FROM list_clue")
    with pytest.raises(DataError, match="is in the log and not among the clues"):
        store.verify()


@pytest.mark.parametrize("table", ["list_log", "list_clue", "list_run", "list_opening"])
def test_the_database_itself_refuses_to_change_what_is_kept(store: ListStore, table: str) -> None:
    a_life(store, "H1", until="visit")
    with store.writing(now=NOW) as writer:
        row = {"household_id": "H1", "spell": 1, "source": "model", "rule": "", "run": "r", "body": "{}"}
        writer.add_clues([row | {"clue_id": "c", "arrived_on": START, "risk": 0.1, "rank": 1}])
        writer.add_run(run="r", as_of=START, model="m@1", counts={})
        writer.add_opening(actor="a", purpose="p", what="w", households=1)
    for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET recorded_at = 'x'"):
        changed = statement.replace("recorded_at", "body") if table == "list_clue" else statement
        with (
            pytest.raises(sa.exc.DBAPIError, match="is only added to"),
            store.engine.connect() as connection,
            writes(connection).begin(),
        ):
            connection.exec_driver_sql(changed)


def test_a_block_that_raises_leaves_nothing(store: ListStore) -> None:
    with pytest.raises(RefusedError, match="H2, approve of"), store.writing(now=NOW) as writer:
        writer.must("H1", clue(), place=PLACE)
        writer.must("H2", clue(), place=PLACE)
        writer.must("H2", step("approve"))
    assert store.head.seq == 0
    assert store.cases() == []


def test_an_unknown_household_is_refused(store: ListStore) -> None:
    with pytest.raises(RefusedError, match="H9 is not on the list") as told, store.writing(now=NOW) as writer:
        writer.must("H9", step("visit"))
    assert told.value.conditions == ("household_known",)


def test_a_clue_after_an_end_opens_the_next_spell_by_the_full_procedure(store: ListStore) -> None:
    a_life(store, "H1", until="exit_announce")
    with store.writing(now=NOW) as writer:
        again = writer.must("H1", clue(date(2025, 3, 1)))
    assert (again.spell, again.state, again.measures) == (2, "clue", ())
    assert [case.state for case in store.cases()] == ["eliminated", "clue"]
    with pytest.raises(RefusedError), store.writing(now=NOW) as writer:
        writer.must("H1", step("approve", day=date(2025, 3, 2)))


def test_eight_writers_lose_nothing(url: str) -> None:
    with ListStore(url, policy=default_policy(), create=True):
        pass

    def write(number: int) -> None:
        with ListStore(url, policy=default_policy()) as mine:
            for household in range(12):
                a_life(mine, f"H{number}{household:03d}", until="authorise")
                with mine.writing(now=NOW) as writer:
                    writer.act("H-shared", clue(), place=PLACE)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ListStore(url, policy=default_policy()) as store:
        cases = store.cases()
        assert len(cases) == 8 * 12 + 1
        assert store.head.seq == 8 * 12 * 3 + 8 * 12
        store.verify()


def test_a_list_that_is_not_there_is_said_so(tmp_path: Path, postgres: str) -> None:
    for place in (str(tmp_path / "none.db"), postgres):
        with pytest.raises(CallError, match="no list there"):
            ListStore(place, policy=default_policy())
    with pytest.raises(CallError, match="is not known; name a file"):
        ListStore("mysql://host/db", policy=default_policy())
    with pytest.raises(DataError, match="cannot be opened"):
        ListStore("postgresql://nobody@127.0.0.1:1/none", policy=default_policy())


def test_a_password_is_not_shown(postgres: str) -> None:
    with pytest.raises(DataError) as told:
        ListStore("postgresql://me:secret@127.0.0.1:1/none", policy=default_policy())
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("url", ["postgresql://me:secret@host/db", "postgresql://me@host/db?password=secret"])
def test_a_password_is_not_told_wherever_it_stands(url: str) -> None:
    assert "secret" not in shown(url) and "host/db" in shown(url)


def test_what_postgresql_needs_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CallError, match="needs the extra postgresql"):
        ListStore("postgresql://me@host/db", policy=default_policy())


@pytest.mark.parametrize("points", [3, pytest.param(50, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_at_any_point_it_ends_in_the_same_list(
    kind: str, points: int, run: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place = str(tmp_path) if kind == "sqlite" else request.getfixturevalue("postgres")
    workbook = tmp_path / "list.xlsx"
    fill_in(run / "report" / "list.xlsx", workbook)
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, str(here / "killing.py"), place, str(run), str(workbook), str(points), "1"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": f"{here}:{here.parent / 'monitoring'}:{here.parents[1] / 'src'}", "PATH": "/usr/bin:/bin"},
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == points, done.stderr
    assert all(line["same"] for line in lines)
    assert any(any(line["killed"]) for line in lines)


def fill_in(made: Path, filled: Path, *, day: date = date(2025, 6, 4)) -> int:
    """Fill in a list as a visitor would: a verdict and a day in every row."""
    book = load_workbook(made)
    count = 0
    verdicts = ("存在风险", "暂无风险", "家中无人")
    for sheet in book.worksheets:
        headings = {cell.value: cell.column for cell in sheet[1]}
        if "核实结论" not in headings:
            continue
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, headings["核实结论"]).value = verdicts[count % 3]
            sheet.cell(row, headings["走访日期"]).value = day + timedelta(days=count % 2)
            count += 1
    book.save(filled)
    assert "_run" in python_calamine.CalamineWorkbook.from_path(str(filled)).sheet_names
    return count
