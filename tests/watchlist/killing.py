"""Kills a process at random points of its work on the list, lets it run again, and says what it left.

Called as: killing.py URL_FOLDER_OR_SERVER RUN WORKBOOK POINTS SEED. Works in forks of one process that has loaded
everything, so that fifty deaths take seconds. Prints one JSON line a point.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

from servers import new_database

from riskmodel.policy import default_policy
from riskmodel.report.verdicts import read_workbook
from riskmodel.watchlist.store import ListStore
from riskmodel.watchlist.updating import update_from_run
from riskmodel.watchlist.verdicts import Verdict, import_verdicts

NOW = datetime(2026, 1, 1, 9, tzinfo=UTC)


def update(url: str, run: Path, workbook: Path) -> None:
    with ListStore(url, policy=default_policy(), create=True) as store:
        update_from_run(store, run, on=date(2025, 6, 3), now=NOW, actor="batch")


def verdicts(url: str, run: Path, workbook: Path) -> None:
    returned = read_workbook(workbook)
    rows = [
        Verdict(f"{row.sheet}, {row.row}", row.household_id, row.verdict, row.visited_on, row.note)
        for row in returned.rows
        if row.visited_on is not None
    ]
    with ListStore(url, policy=default_policy()) as store:
        import_verdicts(store, rows, run=returned.flags_sha256, now=NOW, actor="township-1")


def left(url: str) -> list[object]:
    """What the list holds: all but the hashes, which are checked apart."""
    with ListStore(url, policy=default_policy()) as store:
        store.verify()
        log = [(e.seq, e.household_id, e.spell, e.action, e.day, e.to_state, e.data, e.policy) for e in store.log()]
        clues = {key: len(found) for key, found in store.clues([case.household_id for case in store.cases()]).items()}
        return [[case.to_json() for case in store.cases()], log, clues, [run["run"] for run in store.runs()]]


def in_child(work: Callable[[], None], *, kill_after: float | None = None) -> tuple[float, int]:
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            sys.stderr.write(f"{error}\n")
            os._exit(1)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return time.monotonic() - started, status


def main() -> None:
    place, run, workbook, points, seed = sys.argv[1:]
    chance = random.Random(int(seed))

    def new_list(number: int) -> str:
        return new_database(place) if "://" in place else f"{place}/{number}.db"

    def whole(url: str) -> None:
        update(url, Path(run), Path(workbook))
        verdicts(url, Path(run), Path(workbook))

    # The first time, what is imported late takes most of it: the shorter of two is what a kill is measured out by.
    took_update = took_verdicts = float("inf")
    for number in (-1, 0):
        url = new_list(number)
        seconds, status = in_child(lambda url=url: update(url, Path(run), Path(workbook)))
        took_update = min(took_update, seconds)
        assert status == 0
        seconds, status = in_child(lambda url=url: verdicts(url, Path(run), Path(workbook)))
        took_verdicts = min(took_verdicts, seconds)
        assert status == 0
    undisturbed = left(url)
    for number in range(1, int(points) + 1):
        url = new_list(number)
        killed = []
        for work, took in ((update, took_update), (verdicts, took_verdicts)):
            _, status = in_child(
                lambda work=work, url=url: work(url, Path(run), Path(workbook)),
                kill_after=chance.uniform(0.0, 1.05 * took),
            )
            killed.append(os.WIFSIGNALED(status))
            _, status = in_child(lambda work=work, url=url: work(url, Path(run), Path(workbook)))
            assert status == 0, (number, work.__name__)
        print(json.dumps({"killed": killed, "same": left(url) == undisturbed}), flush=True)


main()
