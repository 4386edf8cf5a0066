"""Clues: what points to a household, from a scoring run's flags, from triggers, or from people, as rows to keep."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from riskmodel.errors import DataError
from riskmodel.monitoring.flags import FLAGS, SCORES, read_output
from riskmodel.watchlist.case import LEVELS, Level
from riskmodel.watchlist.log import content_digest, plain_json
from riskmodel.watchlist.rulebook import Rulebook
from riskmodel.watchlist.triggers import Named

_BATCH = 2_000


@dataclass(frozen=True)
class Clue:
    """One clue.

    Attributes
    ----------
    source : str
        A code of ``visit_source``.
    rule : str
        The rule or trigger that named the household; empty for the model's.
    body : mapping
        Risk types, category, reasons in both languages, what it came from: plain values, nothing personal.
    """

    household_id: str
    place: tuple[str, str, str]
    source: str
    rule: str
    level: Level
    track: str = "ordinary"
    risk_type: str | None = None
    risk: float | None = None
    rank: int | None = None
    body: Mapping[str, Any] = field(default_factory=dict)

    def row(self, *, run: str, spell: int, arrived_on: date) -> dict[str, Any]:
        """Return the row that keeps it."""
        return {
            "clue_id": self.identifier(run),
            "household_id": self.household_id,
            "spell": spell,
            "source": self.source,
            "rule": self.rule,
            "run": run,
            "arrived_on": arrived_on,
            "risk": self.risk,
            "rank": self.rank,
            "body": self.text,
        }

    @cached_property
    def text(self) -> str:
        """The body as JSON, as it is kept."""
        return plain_json(self.body)

    def identifier(self, run: str) -> str:
        """Return the clue's own number: the same for the same clue of the same run."""
        told = "|".join((run, self.household_id, self.source, self.rule))
        return hashlib.sha256(told.encode()).hexdigest()[:24]

    @property
    def digest(self) -> str:
        """What the log keeps of the clue's content, so that a changed one is found."""
        return content_digest(self.risk, self.rank, self.text)


def clues_of_flags(folder: Path, *, rules: Mapping[str, Rulebook]) -> Iterator[Clue]:
    """Yield the clues of a scoring run, in the order of its queue: of the model, of the experiment's rule, or both.

    Parameters
    ----------
    rules : mapping of str to Rulebook
        By county: what makes a clue red or yellow.
    """
    places = places_of(folder)
    for batch in read_output(folder / "flags.parquet", FLAGS).to_batches(max_chunksize=_BATCH):
        for row in batch.to_pylist():
            place = places.get(row["household_id"])
            if place is None:
                raise DataError(
                    f"{folder}: household {row['household_id']} is flagged and has no row in scores.parquet."
                )
            yield from _of_flag(row, place, rules[place[0]])


def places_of(folder: Path) -> dict[str, tuple[str, str, str]]:
    """Return where each flagged household of a run lives: county, township, village ("" where not known)."""
    flagged = set(pq.read_table(folder / "flags.parquet", columns=["household_id"]).column(0).to_pylist())
    names = ["household_id", "county_code", "township_code", "village_code"]
    scores = read_output(folder / "scores.parquet", SCORES).select(names)
    columns = [scores.column(name).to_pylist() for name in names]
    return {
        household: (county or "", township or "", village or "")
        for household, county, township, village in zip(*columns, strict=True)
        if household in flagged
    }


def clue_of_trigger(named: Named) -> Clue:
    """Return the clue of a household that a trigger names."""
    return Clue(
        household_id=named.household_id,
        place=named.place,
        source=named.rule.source,
        rule=named.trigger,
        level=named.rule.level,
        track=named.rule.track,
        risk_type=named.rule.risk_type,
        body={
            "risk_types": [named.rule.risk_type],
            "reasons": [{"zh": zh, "en": en} for zh, en in named.reasons],
            "policy": named.policy,
        },
    )


def _of_flag(row: Mapping[str, Any], place: tuple[str, str, str], rules: Rulebook) -> Iterator[Clue]:
    risk = float(row["risk"])
    told = {
        "risk_types": list(row["risk_types"]),
        "category": row["category"],
        "measures": list(row["measures"]),
        "reasons": [
            {"zh": reason["zh"], "en": reason["en"], "risk_type": reason["risk_type"]} for reason in row["reasons"]
        ],
        "as_of": row["as_of"].isoformat(),
        "model": f"{row['model']}@{row['model_version']}",
    }
    shared = {"household_id": row["household_id"], "place": place, "risk": risk, "rank": int(row["rank"])}
    if row["flagged_by"] in ("model", "both"):
        yield Clue(**shared, source="model", rule="", level=level_of(risk, rules), body=told)
    if row["flagged_by"] in ("rule", "both"):
        named = ",".join(row["rules"])
        yield Clue(**shared, source="rule", rule=named, level="yellow", body=told | {"rules": list(row["rules"])})


def level_of(risk: float, rules: Rulebook) -> Level:
    """Return the level of a model's clue by its calibrated risk."""
    if risk >= rules.figure("level.red_risk"):
        return LEVELS[2]
    return LEVELS[1] if risk >= rules.figure("level.yellow_risk") else LEVELS[0]
