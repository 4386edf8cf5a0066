"""A simulated county lives a year with the list: scored every month, visited, admitted, helped, and taught by it.

What can be learned here and what cannot: the households' lives are those that the simulator wrote, so the list's own
measures do not change them (an open loop); whoever is visited is found at risk with the simulator's own chances of
recognising who comes to need within twelve months, and of mistaking who does not. Everything else is the package's own:
scores, triggers, the store, its procedure and its clocks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmodel.engine.calendar import add_months
from riskmodel.monitoring import Capacity, score_registry
from riskmodel.monitoring.measures import propose_measures
from riskmodel.watchlist.act import Act
from riskmodel.watchlist.case import LEVELS, Case
from riskmodel.watchlist.results import Share
from riskmodel.watchlist.sampling import draw_sample
from riskmodel.watchlist.store import ListStore, Writer
from riskmodel.watchlist.updating import update_from_run, update_from_triggers

if TYPE_CHECKING:
    from riskmodel.features import Catalogue
    from riskmodel.model import Bundle
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

# The days of a month on which things are done, counted from its first.
_ARRIVE, _VISIT, _DAYS = 2, 4, {"authorise": 4, "compare": 6, "review": 7, "notice": 8, "township_review": 13}


@dataclass(frozen=True)
class Visitors:
    """How well a visit recognises what is coming, as the simulator assumes it of its own visitors (certainty S)."""

    recognise: float = 0.85
    mistake: float = 0.03
    nobody_home: float = 0.05
    review_agrees: float = 0.75


@dataclass(frozen=True)
class LivedYear:
    """What a year left.

    Attributes
    ----------
    visits : DataFrame
        One row a verdict: household_id, month, who pointed to it, verdict, need (whether it came to it within twelve
        months of the month's first day), shown (the month in which it first showed, 0 where it had).
    months : DataFrame
        One row a month: open clues, visits, found at risk, and of the random sample the estimate of missed cases, its
        interval, and the truth that it estimates.
    """

    visits: pd.DataFrame
    months: pd.DataFrame

    def figures(self) -> dict[str, Any]:
        """Return the year's figures: finds, precision, visits a find, lead in months, missed cases."""
        chosen = self.visits[self.visits["chosen"]]
        seen = chosen[chosen["verdict"] != "unreachable"]
        finds = seen[(seen["verdict"] == "at_risk") & seen["need"].eq(True)]
        precision = Share.wilson(int(seen["need"].eq(True).sum()), int(seen["need"].notna().sum()))
        lead = finds.loc[finds["shown"] > 0, "shown"]
        covered = self.months["truth"].between(self.months["low"], self.months["high"])
        return {
            "visits": len(chosen),
            "finds": len(finds),
            "visits_per_find": len(chosen) / len(finds) if len(finds) else None,
            "precision": precision.share,
            "precision_low": precision.low,
            "precision_high": precision.high,
            "lead_median_months": float(lead.median()) if len(lead) else None,
            "lead_known": len(lead),
            "already_in_need": int((finds["shown"] == 0).sum()),
            "missed_truth": float(self.months["truth"].sum()),
            "missed_estimate": float(self.months["estimate"].sum()),
            "months_covered": int(covered.sum()),
            "months": len(self.months),
        }


# The place of a case in the queue of visits, from the case and its household's risk this month: the least comes first.
Order = Callable[[Case, float], tuple[Any, ...]]


def by_lamp(case: Case, risk: float) -> tuple[Any, ...]:
    """Red before yellow before green, as the policy record has them; of one lamp the higher risk."""
    return -LEVELS.index(case.level), -risk, case.key


def by_date(case: Case, risk: float) -> tuple[Any, ...]:
    """Red before yellow before green; of one lamp the older clue: no model is asked."""
    return -LEVELS.index(case.level), case.opened_on, case.key


def by_risk(case: Case, risk: float) -> tuple[Any, ...]:
    """The higher the model's risk the sooner, whatever pointed to the household."""
    return -risk, case.key


def live_a_year(
    registry: Registry,
    bundle: Bundle,
    *,
    catalogue: Catalogue,
    trigger_catalogue: Catalogue,
    policy: Policy,
    months: Sequence[date],
    visits: int,
    sample: int,
    seed: int,
    folder: Path,
    store: ListStore,
    with_model: bool = True,
    order: Order = by_lamp,
    visitors: Visitors | None = None,
) -> LivedYear:
    """Live through ``months``: score, take in, visit as many as can be visited, admit, help.

    Parameters
    ----------
    registry : Registry
        A simulated county whose cut lies a year and the reporting lag after the last month.
    months : sequence of date
        First days of months.
    visits : int
        How many clues can be visited a month, the most pressing first; the random sample is visited besides.
    sample : int
        Unflagged households drawn each month.
    store : ListStore
        A new list.
    with_model : bool
        Whether the model's flags come to the list; without them rules and departments alone do.
    order : callable
        Which open clue is visited first: :func:`by_lamp`, :func:`by_risk`, or one's own.
    """
    visitors = visitors or Visitors()
    truth = _truth(registry, months, catalogue=trigger_catalogue, policy=policy)
    rows: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    for month in months:
        run = folder / month.isoformat()
        score_registry(
            registry,
            bundle,
            model="year",
            model_version=1,
            as_of=month,
            out=run,
            catalogue=catalogue,
            capacity=Capacity.parse(str(visits)),
            rule_capacity=Capacity.parse("1") if with_model else None,
            policy=policy,
        )
        arrive = month + timedelta(days=_ARRIVE)
        now = _moment(arrive)
        if with_model:
            update_from_run(store, run, on=arrive, now=now, actor="batch")
        update_from_triggers(
            store, registry, as_of=month, on=arrive, now=now, actor="batch", catalogue=trigger_catalogue
        )
        drawn = (
            set(draw_sample(store, run, size=sample, seed=seed, on=arrive, now=now, actor="batch")) if sample else set()
        )
        open_ = store.cases(states=["clue"])
        clues = store.clues([case.household_id for case in open_])
        risks = _risks(run)
        queue = sorted(
            (case for case in open_ if case.household_id not in drawn),
            key=lambda case: order(case, risks.get(case.household_id, 0.0)),
        )
        chosen = queue[:visits]
        known = truth[month]
        done = _visit_all(
            store, [*chosen, *(case for case in open_ if case.household_id in drawn)], month,
            known=known, clues=clues, visitors=visitors, seed=seed,
        )  # fmt: skip
        for case, verdict in done:
            fact = known.loc[case.household_id] if case.household_id in known.index else None
            rows.append(
                {
                    "household_id": case.household_id,
                    "month": month,
                    "sources": ",".join(case.sources),
                    "chosen": case.household_id not in drawn,
                    "verdict": verdict,
                    "need": None if fact is None else fact["need"],
                    "shown": np.nan if fact is None else fact["shown"],
                }
            )
        told.append(
            {"month": month, "open": len(queue), "visits": len(chosen)}
            | _missed(run, store, month, drawn, done, known, visitors=visitors, seed=seed)
        )
    return LivedYear(pd.DataFrame(rows), pd.DataFrame(told))


def _truth(
    registry: Registry, months: Sequence[date], *, catalogue: Catalogue, policy: Policy
) -> dict[date, pd.DataFrame]:
    """Return, by month, whether each household came to need and in which month it first showed."""
    from riskmodel.features.builder import evaluate

    spec = catalogue.outcome("need")
    outputs = {"need": spec.censored(registry.tables)}
    if spec.shows is not None:
        outputs["shown"] = spec.shows
    rows = evaluate(registry, outputs, as_of=list(months), policy=policy).to_pandas()
    rows["month"] = [pd.Timestamp(day).date() for day in rows["as_of"]]
    found: dict[date, pd.DataFrame] = {}
    for month in months:
        its = rows[rows["month"] == month]
        need = [None if np.isnan(value) else bool(value) for value in its["need"].astype(float)]
        shown = its["shown"].astype(float).tolist() if "shown" in its else [np.nan] * len(its)
        found[month] = pd.DataFrame({"need": pd.Series(need, dtype=object), "shown": shown}).set_axis(
            its["household_id"].tolist(), axis=0
        )
    return found


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=UTC)


def _risks(run: Path) -> dict[str, float]:
    """Return everyone's calibrated risk of a run."""
    from riskmodel.monitoring.flags import SCORES, read_output

    table = read_output(run / "scores.parquet", SCORES)
    return dict(zip(table["household_id"].to_pylist(), table["risk"].to_pylist(), strict=True))


def _chance(seed: int, *words: object) -> float:
    """Return a number from 0 to 1 that depends on the words alone: the same visit finds the same in any order."""
    told = hashlib.sha256("|".join(map(str, (seed, *words))).encode()).digest()
    return int.from_bytes(told[:8], "big") / 2**64


def _finds(household: str, month: date, need: object, *, visitors: Visitors, seed: int) -> bool:
    chance = visitors.recognise if need else visitors.mistake
    return _chance(seed, "finds", household, month) < chance


def _visit_all(
    store: ListStore,
    cases: Sequence[Case],
    month: date,
    *,
    known: pd.DataFrame,
    clues: Mapping[str, list[dict[str, Any]]],
    visitors: Visitors,
    seed: int,
) -> list[tuple[Case, str]]:
    done = []
    need = known["need"].to_dict()
    with store.writing(now=_moment(month + timedelta(days=27))) as writer:
        writer.load(case.household_id for case in cases)
        for case in cases:
            household = case.household_id
            if _chance(seed, "home", household, month) < visitors.nobody_home:
                verdict = "unreachable"
            else:
                found = _finds(household, month, need.get(household), visitors=visitors, seed=seed)
                verdict = "at_risk" if found else "no_risk"
            after = writer.must(
                household, Act("visit", month + timedelta(days=_VISIT), "v", "village", {"verdict": verdict})
            )
            if verdict == "at_risk":
                _admit(writer, after, month, clues.get(household, []), visitors=visitors, seed=seed)
            done.append((case, verdict))
    return done


def _admit(
    writer: Writer,
    case: Case,
    month: date,
    clues: Sequence[Mapping[str, Any]],
    *,
    visitors: Visitors,
    seed: int,
) -> None:
    """Take the steps after a visit that saw a risk, to the admission and a first measure, or to a refusal."""
    household = case.household_id
    told = [json.loads(clue["body"]) for clue in clues]
    risk_types = list(dict.fromkeys(kind for one in told for kind in one.get("risk_types", [])))[:5] or ["other"]
    category = next((one["category"] for one in told if one.get("category")), "sudden_hardship")

    def step(name: str, role: str, days: int, data: dict[str, Any]) -> None:
        writer.must(household, Act(name, month + timedelta(days=days), role, role, data))

    step("authorise", "village", _DAYS["authorise"], {"form": "form"})
    if case.track == "ordinary":
        step("compare", "county", _DAYS["compare"], {"result": "clear"})
        if _chance(seed, "review", household, month) >= visitors.review_agrees:
            step("refuse", "village", _DAYS["review"], {"reason": "the review did not agree"})
            return
        step("review", "village", _DAYS["review"], {"note": "agreed"})
        step("notice", "village", _DAYS["notice"], {"days": 5})
    step("township_review", "township", _DAYS["township_review"], {"note": "agreed", "objections": 0})
    step("approve", "county", 14, {"category": category, "risk_types": risk_types})
    step("announce", "county", 15, {})
    proposed = propose_measures(risk_types, members_able=None)
    step("measure", "township", 24, {"kind": proposed[0]})


def _missed(
    run: Path,
    store: ListStore,
    month: date,
    drawn: set[str],
    done: Sequence[tuple[Case, str]],
    known: pd.DataFrame,
    *,
    visitors: Visitors,
    seed: int,
) -> dict[str, Any]:
    """Return the estimate by the month's sample, and how many of its frame a visit would have found."""
    from riskmodel.monitoring.flags import SCORES, read_output

    sampled = [verdict for case, verdict in done if case.household_id in drawn and verdict != "unreachable"]
    share = Share.exact(sampled.count("at_risk"), len(sampled))
    frame = next(
        (
            json.loads(one["counts"])["frame"]
            for one in store.runs()
            if one["as_of"] == month and "frame" in one["counts"]
        ),
        0,
    )
    scores = read_output(run / "scores.parquet", SCORES).select(["household_id", "on_list"]).to_pandas()
    had = {
        case.household_id
        for case in store.cases()
        if case.opened_on <= month + timedelta(days=_ARRIVE) and (case.active or case.changed_on >= month)
        and case.household_id not in drawn
    }  # fmt: skip
    flagged = set(pd.read_parquet(run / "flags.parquet", columns=["household_id"])["household_id"])
    out = had | flagged
    ids = [
        one
        for one, listed in zip(scores["household_id"], scores["on_list"], strict=True)
        if not listed and one not in out
    ]
    need = known["need"].to_dict()
    truth = sum(_finds(one, month, need.get(one), visitors=visitors, seed=seed) for one in ids)
    in_need = sum(bool(need.get(one)) for one in ids)
    scale = {name: None if value is None else value * frame for name, value in
             (("estimate", share.share), ("low", share.low), ("high", share.high))}  # fmt: skip
    return {
        "sampled": len(sampled),
        "frame": frame,
        "frame_truth": len(ids),
        "truth": truth,
        "in_need": in_need,
        **scale,
    }


def months_from(first: date, count: int) -> list[date]:
    """Return the first days of ``count`` months."""
    return [add_months(first, number) for number in range(count)]
