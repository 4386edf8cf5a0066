"""One pass over the features at all the dates that are looked at: who was there, a sample's values, the risks.

The registry is never held: its pieces stream through, and what is kept is a sample of households (the same at every
date, by a digest of their ids), counts of who was present, and at the dates for which a list is drawn everyone's risk.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from riskmodel.features.builder import KEYS, evaluate
from riskmodel.monitoring.cohort import cohort_outputs, in_cohort

if TYPE_CHECKING:
    from riskmodel.engine import plan
    from riskmodel.features import Catalogue
    from riskmodel.features.prediction import CohortSpec
    from riskmodel.model import Bundle
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

_PLACES = ("county_code", "township_code", "village_code")
_GROUP = "_group_"
_DIGESTS = 1 << 32


@dataclass
class Rows:
    """What one pass leaves.

    Attributes
    ----------
    sample : DataFrame
        ``household_id``, ``as_of`` and the model's features of the sampled households, at every date.
    lists : dict
        By date, everyone's ``household_id`` and places (categorical: of millions at a dozen dates, numbers are held),
        ``margin``, ``risk``, ``in_cohort`` and membership of the groups (1, 0, NaN where not known).
    present : dict
        By date, how many households are present in each township.
    stayed : dict
        By date, how many of them were present at the date before as well.
    """

    sample: pd.DataFrame
    lists: dict[date, pd.DataFrame]
    present: dict[date, Counter[str]]
    stayed: Counter[date]

    def group(self, name: str, day: date) -> NDArray[np.float64]:
        """Return who belongs to a group at a date for which there is a list."""
        return self.lists[day][f"{_GROUP}{name}"].to_numpy(dtype=np.float64)


def gather(
    registry: Registry,
    bundle: Bundle,
    *,
    catalogue: Catalogue,
    cohort: CohortSpec | None,
    policy: Policy,
    months: Sequence[date],
    list_dates: Iterable[date],
    sample: int,
    engine: str,
) -> Rows:
    """Build the model's features at all dates in one pass.

    Parameters
    ----------
    months : sequence of date
        A month apart, oldest first: the sample and the counts are of these.
    list_dates : iterable of date
        For these everyone's risk is kept.
    sample : int
        About how many households are sampled.
    """
    draws = set(list_dates)
    outputs: dict[str, plan.Household] = {
        name: node for name in bundle.names if (node := catalogue.feature(name).node) is not None
    }
    outputs |= {f"{_GROUP}{name}": spec.node for name, spec in catalogue.groups.items()}
    outputs |= cohort_outputs(registry, cohort)
    dates = sorted({*months, *draws})
    table = evaluate(registry, outputs, as_of=dates, policy=policy, keep=(*KEYS, *_PLACES), engine=engine)
    share = _share(registry, sample, before=months[-1])
    known = _Gathering(dates=dates, months=months, draws=draws, share=share, bundle=bundle)
    for piece in table.pieces():
        known.add(piece.to_pandas(date_as_object=False))
    return known.rows()


def _share(registry: Registry, sample: int, *, before: date) -> float:
    rows: Any = registry.table("household")
    known = rows.filter(rows.known_on < before).household_id
    return min(1.0, sample / max(1, int(known.nunique().to_pyarrow().as_py())))


def sampled(households: pd.Series, share: float) -> NDArray[np.bool_]:
    """Return which households are in the sample: the same ones at any date, whatever else is in the registry.

    >>> sampled(pd.Series(["H1", "H2", "H1"]), 1.0).tolist()
    [True, True, True]
    """
    codes, names = pd.factorize(households)
    digests = np.array([zlib.crc32(str(name).encode()) for name in names], dtype=np.float64)
    return np.asarray((digests < share * _DIGESTS)[codes])


class _Gathering:
    def __init__(
        self, *, dates: Sequence[date], months: Sequence[date], draws: set[date], share: float, bundle: Bundle
    ) -> None:
        self.dates, self.share, self.bundle = list(dates), share, bundle
        self.days = np.array(dates, dtype="datetime64[D]")
        self.monthly = np.array([day in set(months) for day in dates])
        self.drawn = [number for number, day in enumerate(dates) if day in draws]
        # Which date, by its number, lies a month before each.
        before = dict(zip(months[1:], months[:-1], strict=True))
        self.earlier = np.array([dates.index(before[day]) if day in before else -1 for day in dates])
        self.samples: list[pd.DataFrame] = []
        self.parts: dict[int, list[pd.DataFrame]] = {number: [] for number in self.drawn}
        self.present: dict[date, Counter[str]] = {day: Counter() for day in months}
        self.stayed: Counter[date] = Counter()
        self.last: tuple[str, int] | None = None
        self.households: list[str] = []

    def add(self, piece: pd.DataFrame) -> None:
        number = np.searchsorted(self.days, piece["as_of"].to_numpy().astype("datetime64[D]"))
        monthly = self.monthly[number]
        self._count(piece[monthly], number[monthly])
        chosen = monthly & sampled(piece["household_id"], self.share)
        sample = piece.loc[chosen, ["household_id", *self.bundle.names]]
        self.samples.append(sample.assign(as_of=number[chosen]).reset_index(drop=True))
        households = self._numbered(piece["household_id"].to_numpy())
        drawn = np.isin(number, self.drawn)
        if drawn.any():
            scored, of_date = self._scored(piece[drawn], households[drawn]), number[drawn]
            for day in np.unique(of_date):
                self.parts[day].append(scored[of_date == day])

    def _scored(self, rows: pd.DataFrame, households: NDArray[np.int32]) -> pd.DataFrame:
        classifier = self.bundle.classifier
        margin = np.asarray(classifier.decision_function(self.bundle.pick(rows)), dtype=np.float64)
        groups = [str(name) for name in rows if str(name).startswith(_GROUP)]
        return rows[[*_PLACES, *groups]].assign(
            household_id=households,
            **{name: rows[name].astype("category") for name in _PLACES},
            **{name: rows[name].to_numpy(dtype=np.float16, na_value=np.nan) for name in groups},
            margin=margin,
            risk=np.asarray(classifier.calibrator_.risk(margin), dtype=np.float64),
            in_cohort=in_cohort(rows),
        )

    def _numbered(self, households: NDArray[Any]) -> NDArray[np.int32]:
        """Return each row's household as its place among all that have come; rows are sorted by them."""
        first = np.ones(len(households), dtype=bool)
        first[1:] = households[1:] != households[:-1]
        goes_on = bool(self.households) and len(households) > 0 and self.households[-1] == households[0]
        number = np.cumsum(first, dtype=np.int32) - 1 + len(self.households) - goes_on
        self.households += households[first].tolist()[int(goes_on) :]
        return number

    def _count(self, rows: pd.DataFrame, number: NDArray[np.int64]) -> None:
        if not len(rows):
            return
        townships, names = pd.factorize(rows["township_code"].fillna("").astype(str))
        counts = np.bincount(number * len(names) + townships, minlength=len(self.dates) * len(names))
        for cell in np.flatnonzero(counts):
            day, township = divmod(int(cell), len(names))
            self.present[self.dates[day]][str(names[township])] += int(counts[cell])
        # Rows are sorted by household and date: who was there the month before stands in the row above, but for a
        # household that the end of a piece cuts.
        households = rows["household_id"].to_numpy()
        same = np.zeros(len(rows), dtype=bool)
        same[1:] = (households[1:] == households[:-1]) & (number[:-1] == self.earlier[number[1:]])
        same[0] = self.last == (households[0], int(self.earlier[number[0]]))
        for day, count in enumerate(np.bincount(number[same], minlength=len(self.dates))):
            self.stayed[self.dates[day]] += int(count)
        self.last = (households[-1], int(number[-1]))

    def rows(self) -> Rows:
        households = pd.CategoricalDtype(pd.Index(self.households, dtype=object))
        lists = {self.dates[day]: _together(parts, households) for day, parts in self.parts.items() if parts}
        sample = pd.concat(self.samples, ignore_index=True)
        sample["as_of"] = np.array(self.dates, dtype=object)[sample["as_of"].to_numpy()]
        return Rows(sample, lists, self.present, self.stayed)


def _together(parts: list[pd.DataFrame], households: pd.CategoricalDtype) -> pd.DataFrame:
    """Put the parts of a date together; ``parts`` is emptied on the way."""
    codes = {name: union_categoricals([part[name] for part in parts]) for name in _PLACES}
    numbers = np.concatenate([part["household_id"].to_numpy() for part in parts])
    whole = pd.concat([part.drop(columns=["household_id", *_PLACES]) for part in parts], ignore_index=True)
    parts.clear()
    return whole.assign(household_id=pd.Categorical.from_codes(numbers, dtype=households), **codes)


def counts_by_type(registry: Registry, days: Sequence[date]) -> Mapping[str, NDArray[np.float64]]:
    """Return how many households of each type the registry shows at each date, as known then."""
    rows: Any = registry.table("household")
    counts = {
        f"n{number}": (
            (rows.known_on < day)
            & (rows.known_until.isnull() | (rows.known_until >= day))
            & ~rows.withdrawn
            & (rows.registered_on < day)
        ).sum()
        for number, day in enumerate(days)
    }
    found = rows.group_by("household_type").aggregate(**counts).order_by("household_type").to_pyarrow().to_pylist()
    return {
        str(row["household_type"]): np.array([row[name] or 0 for name in counts], dtype=np.float64) for row in found
    }
