"""A scoring run comes to the list: clues are kept, spells opened or joined; the same run twice changes nothing."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError
from riskmodel.monitoring.record import read_record
from riskmodel.progress import track
from riskmodel.watchlist.act import Act
from riskmodel.watchlist.case import Case
from riskmodel.watchlist.clues import Clue, clue_of_trigger, clues_of_flags, places_of
from riskmodel.watchlist.rulebook import Rulebook
from riskmodel.watchlist.triggers import named_by_triggers, triggers_digest

if TYPE_CHECKING:
    from riskmodel.features import Catalogue
    from riskmodel.registry import Registry
    from riskmodel.watchlist.store import ListStore, Writer


@dataclass
class Arrived:
    """What clues became.

    Attributes
    ----------
    run : str
        What the list knows these clues by.
    already : bool
        They were taken in before; nothing changed.
    counts : Counter
        Households by what happened: ``opened``, ``opened_again``, ``joined``, ``resting``, ``late``, ``refused``.
    """

    run: str
    already: bool = False
    counts: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        if self.already:
            return "taken in before, nothing changed"
        told = ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in sorted(self.counts.items()))
        return f"{sum(self.counts.values()):,} households: {told or 'none'}"


def update_from_scoring(
    store: ListStore,
    folder: Path,
    registry: Path,
    *,
    on: date,
    now: datetime,
    actor: str,
    catalogue: Catalogue,
) -> dict[str, Arrived]:
    """Take in a scoring run's flags and what the triggers in force name at its date, each whole or not at all.

    Parameters
    ----------
    folder : Path
        What ``riskmodel score`` left.
    registry : Path
        The registry that it was scored from.
    on, now, actor
        As :func:`update_from_run`.

    Returns
    -------
    dict of str to Arrived
        ``flags`` and ``triggers``.

    Raises
    ------
    CallError
        The registry is not the one that was scored.
    DataError
        The folder is not a whole run.
    """
    from riskmodel.registry import Registry

    record = read_record(folder)
    with Registry.open(registry) as opened:
        if opened.fingerprint != record["registry"]["fingerprint"]:
            raise CallError(f"--registry {registry} is not the registry that {folder} was scored from.")
        return {
            "flags": update_from_run(store, folder, on=on, now=now, actor=actor),
            "triggers": update_from_triggers(
                store,
                opened,
                as_of=date.fromisoformat(record["as_of"]),
                on=on,
                now=now,
                actor=actor,
                catalogue=catalogue,
            ),
        }


def update_from_run(store: ListStore, folder: Path, *, on: date, now: datetime, actor: str) -> Arrived:
    """Take in the flags of a scoring run, whole or not at all.

    Parameters
    ----------
    folder : Path
        What ``riskmodel score`` left; its files are checked against its record.
    on : date
        The day on which the clues arrive: their clocks start then.
    now : datetime
        When it is entered, with its time zone.

    Raises
    ------
    DataError
        The folder is not a whole run.
    """
    record = read_record(folder)
    run = str(record["files"]["flags.parquet"]["sha256"])
    model = f"{record['model']['name']}@{record['model']['version']}"
    as_of = date.fromisoformat(record["as_of"])
    counties = sorted({place[0] for place in places_of(folder).values()})
    rules = {county: Rulebook(store.policy, region=county, on=on) for county in counties}
    clues = list(track(clues_of_flags(folder, rules=rules), label="reading flags"))
    return take_in(store, clues, run=run, as_of=as_of, model=model, on=on, now=now, actor=actor)


def update_from_triggers(
    store: ListStore,
    registry: Registry,
    *,
    as_of: date,
    on: date,
    now: datetime,
    actor: str,
    catalogue: Catalogue,
    engine: str = "auto",
) -> Arrived:
    """Take in what the triggers in force name at ``as_of``, as :func:`update_from_run` does a run's flags."""
    told = f"triggers|{registry.fingerprint}|{as_of}|{triggers_digest(store.policy)}"
    run = hashlib.sha256(told.encode()).hexdigest()
    named = named_by_triggers(registry, as_of=as_of, policy=store.policy, catalogue=catalogue, engine=engine)
    clues = [clue_of_trigger(one) for one in named]
    return take_in(store, clues, run=run, as_of=as_of, model="", on=on, now=now, actor=actor)


def take_in(
    store: ListStore,
    clues: Iterable[Clue],
    *,
    run: str,
    as_of: date,
    model: str,
    on: date,
    now: datetime,
    actor: str,
) -> Arrived:
    """Take in clues as one run, in one transaction."""
    by_household: dict[str, list[Clue]] = {}
    for clue in clues:
        by_household.setdefault(clue.household_id, []).append(clue)
    arrived = Arrived(run)
    with store.writing(now=now) as writer:
        if writer.has_run(run):
            arrived.already = True
            return arrived
        writer.load(by_household)
        for household, its in track(by_household.items(), label="updating the list", total=len(by_household)):
            arrived.counts[_arrive(writer, household, its, run=run, model=model, on=on, actor=actor)] += 1
        writer.add_run(run=run, as_of=as_of, model=model, counts=arrived.counts)
    return arrived


def resting(case: Case, clues: Iterable[Clue], rules: Rulebook) -> bool:
    """Whether a run's clues open no new spell: a visit found no risk lately, and none of them is of a sudden blow."""
    if case.active or case.reason != "no_risk" or any(clue.track == "emergency" for clue in clues):
        return False
    return rules.on < add_months(case.changed_on, int(rules.figure("clock.rest_months")))


def _arrive(writer: Writer, household: str, clues: list[Clue], *, run: str, model: str, on: date, actor: str) -> str:
    before = writer.case(household)
    place = clues[0].place
    rules = writer.rules(before.county_code if before is not None else place[0], on)
    spell, became = 0, "resting"
    if before is None or not resting(before, clues, rules):
        became = _became(before)
        for source, its in itertools.groupby(sorted(clues, key=lambda clue: clue.source), key=lambda clue: clue.source):
            data = _carried(source, list(its), run)
            outcome = writer.act(
                household,
                Act("clue", on, actor, "system", data),
                place=place,
                model=model,
                explanation=run if model else "",
            )
            if outcome.status == "refused":
                became = "late" if any(f.condition == "not_before_last_change" for f in outcome.failures) else "refused"
                break
            assert outcome.case is not None
            spell = outcome.case.spell
    writer.add_clues([clue.row(run=run, spell=spell, arrived_on=on) for clue in clues])
    return became


def _became(before: Case | None) -> str:
    if before is None:
        return "opened"
    return "joined" if before.active else "opened_again"


def _carried(source: str, clues: list[Clue], run: str) -> Mapping[str, Any]:
    strongest = max(clues, key=lambda clue: ("green", "yellow", "red").index(clue.level))
    emergency = next((clue for clue in clues if clue.track == "emergency"), None)
    told: dict[str, Any] = {
        "source": source,
        "level": strongest.level,
        "clues": {clue.identifier(run): clue.digest for clue in clues},
    }
    risks = [clue.risk for clue in clues if clue.risk is not None]
    if risks:
        told["risk"] = max(risks)
    if emergency is not None:
        told |= {"track": "emergency", "risk_type": emergency.risk_type}
    return told
