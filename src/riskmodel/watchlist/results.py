"""What the list has taught: finds by source, what model and rules add to each other, what both miss, how much it asks.

A find is a spell whose visit saw a risk. Shares have Wilson intervals over spells; visits that reached nobody count in
no share. Missed cases are estimated from the random sample alone, with an exact (Clopper-Pearson) interval times the
households it stands for.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from scipy import stats

from riskmodel.watchlist.sampling import RULE

if TYPE_CHECKING:
    from riskmodel.features import Catalogue
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry
    from riskmodel.watchlist.case import Case
    from riskmodel.watchlist.log import LogEntry
    from riskmodel.watchlist.store import ListStore

LEVEL = 0.95


@dataclass(frozen=True)
class Share:
    """A share of spells with its interval; nothing where there are none."""

    hits: int
    of: int
    share: float | None
    low: float | None
    high: float | None

    @classmethod
    def wilson(cls, hits: int, of: int) -> Share:
        """Return a share with Wilson's interval.

        >>> share = Share.wilson(8, 10)
        >>> round(share.low, 3), round(share.high, 3)
        (0.49, 0.943)
        """
        return cls._with("wilson", hits, of)

    @classmethod
    def exact(cls, hits: int, of: int) -> Share:
        """Return a share with Clopper and Pearson's interval, which holds for few hits too."""
        return cls._with("exact", hits, of)

    @classmethod
    def _with(cls, method: str, hits: int, of: int) -> Share:
        if of == 0:
            return cls(0, 0, None, None, None)
        found = stats.binomtest(hits, of).proportion_ci(LEVEL, method=method)
        return cls(hits, of, hits / of, float(found.low), float(found.high))


@dataclass(frozen=True)
class Group:
    """Spells that one source, or one set of sources, pointed to."""

    name: str
    spells: int
    visited: int
    found: Share
    admitted: int


@dataclass(frozen=True)
class Missed:
    """What neither model nor rules named, by one random sample: households in need of those it stands for."""

    run: str
    as_of: date
    frame: int
    found: Share
    cases: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Results:
    """The whole.

    Attributes
    ----------
    by_source, by_rule : tuple of Group
        Spells by the sources and the rules that pointed to them; one spell may stand in several.
    overlap : tuple of Group
        Spells by who pointed to them: the model alone, rules alone, both, neither.
    missed : tuple of Missed
        One for each random sample.
    days_to_visit : mapping
        Quartiles of the days from the first clue to the verdict, and how many were in time.
    alerts : mapping
        Clues a village and month: mean and most. The registry does not know how many cadres a village has.
    """

    by_source: tuple[Group, ...]
    by_rule: tuple[Group, ...]
    overlap: tuple[Group, ...]
    missed: tuple[Missed, ...]
    days_to_visit: Mapping[str, float]
    alerts: Mapping[str, float]

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return json.loads(json.dumps(asdict(self), default=str))


def results(store: ListStore) -> Results:
    """Work out what the list has taught so far."""
    cases = store.cases()
    clues = store.clues([case.household_id for case in cases])
    first_verdicts = _verdicts(store.log())
    by_spell: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for its in clues.values():
        for clue in its:
            by_spell.setdefault((clue["household_id"], clue["spell"]), []).append(clue)

    def group(name: str, chosen: Sequence[Case]) -> Group:
        verdicts = [first_verdicts[case.key] for case in chosen if case.key in first_verdicts]
        return Group(
            name,
            len(chosen),
            len(verdicts),
            Share.wilson(sum(verdict == "at_risk" for verdict, _ in verdicts), len(verdicts)),
            sum(case.identified_on is not None for case in chosen),
        )

    def grouped(names: Mapping[tuple[str, int], Iterable[str]]) -> tuple[Group, ...]:
        by_name: dict[str, list[Case]] = {}
        for case in cases:
            for name in sorted(set(names.get(case.key, ()))):
                by_name.setdefault(name, []).append(case)
        return tuple(group(name, chosen) for name, chosen in sorted(by_name.items()))

    rules = {key: [clue["rule"] for clue in its if clue["rule"]] for key, its in by_spell.items()}
    who = {key: [_who(its)] for key, its in by_spell.items()}
    return Results(
        by_source=grouped({case.key: case.sources for case in cases}),
        by_rule=grouped(rules),
        overlap=grouped(who),
        missed=tuple(_missed(store, by_spell, first_verdicts)),
        days_to_visit=_days(cases, first_verdicts, store),
        alerts=_alerts(cases, by_spell),
    )


@dataclass(frozen=True)
class Realised:
    """What came of a run's flags once their year was over: of the model's clues, how many came to need."""

    run: str
    as_of: date
    model: str
    flagged: int
    came: Share


def realised(
    store: ListStore, registry: Registry, *, catalogue: Catalogue, policy: Policy, outcome: str = "need"
) -> list[Realised]:
    """Return the realised precision of each scoring run whose outcomes are known by the registry's cut.

    Who left before the year was over, or whose outcome cannot be told, counts in no share. Help that was given in the
    meantime is in it: the figure is that of the risk with present support.
    """
    from riskmodel.features import build_labels

    found = []
    clues = [clue for its in store.clues([case.household_id for case in store.cases()]).values() for clue in its]
    for run in store.runs():
        mine = {clue["household_id"] for clue in clues if clue["run"] == run["run"] and clue["source"] == "model"}
        if not run["model"] or not mine:
            continue
        labels = build_labels(registry, as_of=run["as_of"], outcome=outcome, catalogue=catalogue, policy=policy)
        known = labels[labels["household_id"].isin(mine) & labels["outcome"].notna()]
        if len(known):
            came = Share.wilson(int(known["outcome"].astype(bool).sum()), len(known))
            found.append(Realised(run["run"], run["as_of"], run["model"], len(mine), came))
    return found


def _who(clues: Sequence[Mapping[str, Any]]) -> str:
    model = any(clue["source"] == "model" for clue in clues)
    rule = any(clue["source"] != "model" and clue["rule"] not in ("", RULE) for clue in clues)
    return {(True, False): "model_alone", (False, True): "rules_alone", (True, True): "both"}.get(
        (model, rule), "neither"
    )


def _verdicts(log: Iterable[LogEntry]) -> dict[tuple[str, int], tuple[str, date]]:
    """Return each spell's verdict, and its day; visits that reached nobody do not count."""
    found: dict[tuple[str, int], tuple[str, date]] = {}
    for entry in log:
        if entry.action == "visit":
            verdict = json.loads(entry.data)["verdict"]
            if verdict != "unreachable":
                found[entry.household_id, entry.spell] = (verdict, date.fromisoformat(entry.day))
    return found


def _missed(
    store: ListStore,
    by_spell: Mapping[tuple[str, int], Sequence[Mapping[str, Any]]],
    verdicts: Mapping[tuple[str, int], tuple[str, date]],
) -> Iterable[Missed]:
    for run in store.runs():
        told = json.loads(run["counts"])
        if "frame" not in told:
            continue
        mine = [key for key, clues in by_spell.items() if any(clue["run"] == run["run"] for clue in clues)]
        seen = [verdicts[key][0] for key in mine if key in verdicts]
        found = Share.exact(seen.count("at_risk"), len(seen))
        frame = int(told["frame"])
        scaled = [None if value is None else value * frame for value in (found.share, found.low, found.high)]
        yield Missed(run["run"], run["as_of"], frame, found, *scaled)


def _days(
    cases: Sequence[Case], verdicts: Mapping[tuple[str, int], tuple[str, date]], store: ListStore
) -> dict[str, float]:
    import numpy as np

    days, in_time = [], 0
    for case in cases:
        if case.key in verdicts:
            day = verdicts[case.key][1]
            days.append((day - case.opened_on).days)
            in_time += day <= store.rules(case.county_code, day).after(case.opened_on, "clock.visit_days")
    if not days:
        return {"visits": 0.0}
    low, middle, high = np.percentile(days, [25, 50, 75])
    return {
        "visits": float(len(days)),
        "quarter": float(low),
        "median": float(middle),
        "three_quarters": float(high),
        "in_time": in_time / len(days),
    }


def _alerts(cases: Sequence[Case], by_spell: Mapping[tuple[str, int], Sequence[Mapping[str, Any]]]) -> dict[str, float]:
    village = {case.key: case.village_code for case in cases}
    count: Counter[tuple[str, str]] = Counter()
    months = set()
    for key, clues in by_spell.items():
        if key not in village:
            continue
        for month in {clue["arrived_on"].isoformat()[:7] for clue in clues}:
            count[village[key], month] += 1
            months.add(month)
    villages = set(village.values())
    if not months:
        return {"villages": float(len(villages))}
    return {
        "villages": float(len(villages)),
        "mean_a_month": sum(count.values()) / len(villages) / len(months),
        "most_a_month": float(max(count.values())),
    }
