"""A small random sample of the unflagged, to be visited too: the only look at what model and rules miss."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.errors import CallError
from riskmodel.monitoring.flags import SCORES, read_output
from riskmodel.monitoring.record import read_record
from riskmodel.watchlist.act import Act
from riskmodel.watchlist.clues import Clue

if TYPE_CHECKING:
    from riskmodel.watchlist.store import ListStore

RULE = "random_sample"
SOURCE = "cadre_patrol"


def draw_sample(
    store: ListStore, folder: Path, *, size: int, seed: int, on: date, now: datetime, actor: str
) -> list[str]:
    """Draw households that a run scored and nobody named, and put them on the list to be visited.

    The frame is everyone scored who was not flagged, is not on the official list, and has no spell going on. A
    household's place in the draw depends on the seed, the run and its id alone: the same call draws the same
    households, and the next month's run draws others.

    Parameters
    ----------
    size : int
        How many; the whole frame where it is smaller.

    Returns
    -------
    list of str
        The households drawn, sorted; empty where this sample was drawn before.

    Raises
    ------
    CallError
        ``size`` is not positive.
    """
    if size < 1:
        raise CallError(f"--size is {size}; expected 1 or more.")
    record = read_record(folder)
    flags = str(record["files"]["flags.parquet"]["sha256"])
    run = hashlib.sha256(f"{RULE}|{flags}|{size}|{seed}".encode()).hexdigest()
    scores = read_output(folder / "scores.parquet", SCORES).filter(pc.invert(pc.field("on_list")))
    flagged = set(pq.read_table(folder / "flags.parquet", columns=["household_id"]).column(0).to_pylist())
    names = ("household_id", "county_code", "township_code", "village_code")
    columns = [scores.column(name).to_pylist() for name in names]
    places = {
        household: (county or "", township or "", village or "")
        for household, county, township, village in zip(*columns, strict=True)
        if household not in flagged
    }
    with store.writing(now=now) as writer:
        if writer.has_run(run):
            return []
        active = writer.active()
        frame = sorted(set(places) - active, key=lambda household: _place(seed, flags, household))
        drawn = sorted(frame[:size])
        clues = [Clue(one, places[one], SOURCE, RULE, "green", body={"frame": len(frame)}) for one in drawn]
        writer.load(drawn)
        for clue in clues:
            carried = {"source": SOURCE, "level": "green", "clues": {clue.identifier(run): clue.digest}}
            case = writer.must(clue.household_id, Act("clue", on, actor, "system", carried), place=clue.place)
            writer.add_clues([clue.row(run=run, spell=case.spell, arrived_on=on)])
        writer.add_run(
            run=run,
            as_of=date.fromisoformat(record["as_of"]),
            model="",
            counts={"frame": len(frame), "drawn": len(drawn)},
        )
    return drawn


def _place(seed: int, flags: str, household: str) -> bytes:
    return hashlib.sha256(f"{seed}|{flags}|{household}".encode()).digest()
