"""Industry and jobs followed up: income a head before and after a measure, against matched households without it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.assistance import lead_words
from riskmodel.assistance.balance import Balance, balance
from riskmodel.assistance.difference import LEAST_MATCHED, LEAST_VILLAGES, Sample, difference
from riskmodel.assistance.follow_up import LAG_DAYS, NEAR, FollowUp, follow_up
from riskmodel.assistance.matched import Matches, match
from riskmodel.assistance.spells import check_kind
from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.features import Catalogue, load_catalogue
from riskmodel.policy import Policy
from riskmodel.registry import Registry
from riskmodel.registry.codes import Lang

NEIGHBOURS, CALIPER = 5, 0.5
DRAWS, LEVEL = 1000, 0.95


@dataclass(frozen=True, kw_only=True)
class Incomes:
    """Mean net income a head and year, yuan, in the twelve months before and in those after."""

    before: float
    after: float

    @property
    def change(self) -> float:
        """After less before."""
        return self.after - self.before


@dataclass(frozen=True, kw_only=True)
class Lead:
    """What came after measures of one kind.

    Attributes
    ----------
    kind : str
        The measure.
    start, end : date
        It began in ``[start, end)``.
    months : int
        For how long incomes are counted after it, from the first of its month.
    cut_on : date or None
        What the registry knew before this day counts.
    begun : int
        Households whose measure began.
    left_out : dict
        Why some could not be followed up -> how many: see
        :class:`~riskmodel.assistance.follow_up.FollowUp`, and ``unmatched``.
    matched : int
        Households followed up; with ``left_out`` they add up to ``begun``.
    compared, villages, nearby : int
        Different households compared with; villages of the matched; matched households whose set is of their own
        township.
    with_measure, without : Incomes or None
        Of the matched, and of those compared with (each set weighs alike).
    effect : Estimate or None
        How much more the income of the matched changed, yuan a head and year, adjusted for what they still differ in.
        None, never 0, where nobody could be followed up; without an interval where they are few.
    adjusted : bool
        Whether there were enough households compared with for that; if not, ``effect`` is ``unadjusted``.
    unadjusted : float or None
        The plain difference of differences of ``with_measure`` and ``without``.
    placebo_before, placebo_earlier : Estimate or None
        The same sets before any of them had the measure: the last year against the one before it (which they are
        matched on: what is left of a difference), and that one against the year before (which they are not).
        Both should be about zero. None where the registry does not reach back so far.
    balance : tuple of Balance
    level : float
        Of the intervals.
    """

    kind: str
    start: date
    end: date
    months: int
    cut_on: date | None
    begun: int
    left_out: dict[str, int]
    matched: int
    compared: int
    villages: int
    nearby: int
    with_measure: Incomes | None
    without: Incomes | None
    effect: Estimate | None
    adjusted: bool
    unadjusted: float | None
    placebo_before: Estimate | None
    placebo_earlier: Estimate | None
    balance: tuple[Balance, ...]
    level: float = LEVEL

    @property
    def few(self) -> bool:
        """Whether there are too few matched households, or villages, for an interval."""
        return self.matched < LEAST_MATCHED or self.villages < LEAST_VILLAGES

    def sentence(self, lang: Lang) -> str:
        """Return the result in words: who was followed up, what came, how sure it is."""
        return lead_words.sentence(self, lang)

    def warnings(self, lang: Lang) -> list[str]:
        """Return what speaks against relying on it: a placebo that is not about zero, features still unlike."""
        return lead_words.warnings(self, lang)

    def limits(self, lang: Lang) -> list[str]:
        """Return what this cannot show, whatever it found."""
        return lead_words.limits(self.kind, lang)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON, with the words in both languages; None for what is undefined."""
        incomes = {
            name: None if given is None else asdict(given) | {"change": given.change}
            for name, given in (("with_measure", self.with_measure), ("without", self.without))
        }
        estimates = {name: None if given is None else given.to_dict() for name, given in self._estimates().items()}
        return {
            "kind": self.kind,
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "months": self.months,
            "lag_days": LAG_DAYS,
            "cut_on": None if self.cut_on is None else self.cut_on.isoformat(),
            "unit": "yuan/person/year",
            "begun": self.begun,
            "left_out": dict(self.left_out),
            "matched": self.matched,
            "compared": self.compared,
            "villages": self.villages,
            "nearby": self.nearby,
            **incomes,
            **estimates,
            "adjusted": self.adjusted,
            "unadjusted": self.unadjusted,
            "level": self.level,
            "balance": [row.to_dict() for row in self.balance],
            "words": {
                lang: {
                    "sentence": self.sentence(lang),
                    "warnings": self.warnings(lang),
                    "limits": self.limits(lang),
                }
                for lang in lead_words.LANGS
            },
        }

    def to_rows(self) -> pd.DataFrame:
        """Return the figures as a table: ``item``, ``value``, ``low``, ``high``; empty for what is undefined."""
        counts = {"begun": self.begun, **{f"left_out.{name}": n for name, n in self.left_out.items()}}
        counts |= {name: getattr(self, name) for name in ("matched", "compared", "villages", "nearby")}
        rows: list[dict[str, Any]] = [{"item": name, "value": float(n)} for name, n in counts.items()]
        for name, given in (("with_measure", self.with_measure), ("without", self.without)):
            parts = {part: np.nan if given is None else getattr(given, part) for part in ("before", "after", "change")}
            rows += [{"item": f"{name}.{part}", "value": value} for part, value in parts.items()]
        for name, found in self._estimates().items():
            told = Estimate(value=np.nan, low=np.nan, high=np.nan) if found is None else found
            rows.append({"item": name, "value": told.value, "low": told.low, "high": told.high})
        rows.append({"item": "unadjusted", "value": np.nan if self.unadjusted is None else self.unadjusted})
        for one in self.balance:
            rows += [
                {"item": f"balance.{one.name}.{part}", "value": getattr(one, part)} for part in ("before", "after")
            ]
        return pd.DataFrame(rows, columns=["item", "value", "low", "high"])

    def _estimates(self) -> dict[str, Estimate | None]:
        return {name: getattr(self, name) for name in ("effect", "placebo_before", "placebo_earlier")}


def lead(
    registry: Registry,
    *,
    kind: str,
    start: date,
    end: date,
    months: int = 12,
    catalogue: Catalogue | None = None,
    policy: Policy | None = None,
    engine: str = "auto",
    neighbours: int = NEIGHBOURS,
    caliper: float = CALIPER,
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = 0,
) -> Lead:
    """Follow up the measures of ``kind`` that began in ``[start, end)``.

    Parameters
    ----------
    kind
        ``industry``, ``jobs``, ``finance`` or ``public_post``.
    months
        For how long incomes are counted from the first of the measure's month: 12, 24 or 36.
    catalogue
        Where the features that households are matched on come from; by default the workspace's.
    neighbours, caliper
        See :func:`~riskmodel.assistance.matched.match`.
    draws, level, seed
        Of the intervals, over villages drawn again.

    Raises
    ------
    CallError, DataError
        See :func:`~riskmodel.assistance.follow_up.follow_up`; and ``kind`` is not one of the four.
    """
    check_kind(kind)
    entries = catalogue or load_catalogue()
    followed = follow_up(
        registry, kind=kind, start=start, end=end, months=months, catalogue=entries, policy=policy, engine=engine
    )
    words = tuple((name, spec.zh, spec.en, spec.unit) for name in NEAR for spec in [entries.feature(name)])
    return reckon(
        followed,
        kind=kind,
        start=start,
        end=end,
        months=months,
        cut_on=registry.cut_on,
        words=words,
        neighbours=neighbours,
        caliper=caliper,
        draws=draws,
        level=level,
        seed=seed,
    )


def reckon(
    followed: FollowUp,
    *,
    kind: str,
    start: date,
    end: date,
    months: int = 12,
    cut_on: date | None = None,
    words: tuple[tuple[str, str, str, str], ...] | None = None,
    neighbours: int = NEIGHBOURS,
    caliper: float = CALIPER,
    draws: int = DRAWS,
    level: float = LEVEL,
    seed: int = 0,
) -> Lead:
    """Match the rows of a follow-up and compare; the order of the rows does not matter.

    ``words`` are the name, Chinese and English words and unit of each feature in the balance; by default its name.
    """
    rows = followed.rows.sort_values(["household_id", "month"]).reset_index(drop=True)
    matches = match(rows, neighbours=neighbours, caliper=caliper)
    places = rows[["county_code", "township_code", "village_code"]].astype(str).agg("/".join, axis=1)
    villages = places.to_numpy(dtype=str) if len(rows) else np.empty(0, dtype=str)
    told: dict[str, Any] = {"with_measure": None, "without": None, "effect": None, "unadjusted": None}
    interval: dict[str, Any] = {"draws": draws, "level": level, "seed": seed}
    if len(matches.treated):
        told = _compared(rows, matches, villages=villages, interval=interval)
    sample = Sample.of(matches, villages=villages)
    return Lead(
        kind=kind,
        start=start,
        end=end,
        months=months,
        cut_on=cut_on,
        begun=followed.begun,
        left_out={**followed.left_out, "unmatched": len(matches.unmatched)},
        matched=len(matches.treated),
        compared=int(rows.household_id.iloc[np.unique(matches.compared)].nunique()),
        villages=sample.clusters,
        nearby=int(matches.nearby.sum()),
        adjusted=len(sample.rows) > 0 and sample.adjustable,
        placebo_before=_placebo(
            rows, matches, of=("before", "earlier"), villages=villages, adjust=False, interval=interval
        ),
        placebo_earlier=_placebo(
            rows, matches, of=("earlier", "earliest"), villages=villages, adjust=True, interval=interval
        ),
        balance=balance(rows, matches, features=words or tuple((name, name, name, "") for name in NEAR)),
        level=level,
        **told,
    )


def _compared(
    rows: pd.DataFrame, matches: Matches, *, villages: np.ndarray, interval: dict[str, Any]
) -> dict[str, Any]:
    before, after = (rows[name].to_numpy(dtype=float) for name in ("before", "after"))
    weights = matches.weights
    mine = Incomes(before=float(before[matches.treated].mean()), after=float(after[matches.treated].mean()))
    theirs = Incomes(before=float(np.average(before, weights=weights)), after=float(np.average(after, weights=weights)))
    return {
        "with_measure": mine,
        "without": theirs,
        "effect": _difference(matches, after - before, villages=villages, adjust=True, interval=interval),
        "unadjusted": mine.change - theirs.change,
    }


def _placebo(
    rows: pd.DataFrame,
    matches: Matches,
    *,
    of: tuple[str, str],
    villages: np.ndarray,
    adjust: bool,
    interval: dict[str, Any],
) -> Estimate | None:
    changes = rows[of[0]].to_numpy(dtype=float) - rows[of[1]].to_numpy(dtype=float)
    known = matches.among(~np.isnan(changes))
    if not len(known.treated):
        return None
    return _difference(known, changes, villages=villages, adjust=adjust, interval=interval)


def _difference(
    matches: Matches, changes: np.ndarray, *, villages: np.ndarray, adjust: bool, interval: dict[str, Any]
) -> Estimate:
    sample = Sample.of(matches, villages=villages)
    mine = changes[sample.rows]
    return difference(sample, sample.adjusted(mine) if adjust else mine, **interval)
