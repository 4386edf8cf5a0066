"""Each township visits the first of its own: what that finds, beside one list for the whole county."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from riskmodel.evaluation.asked import Asked
from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.evaluation.subgroups import Cell, cell, hidden_of, township_words, townships_of

MEASURES = ("recall", "precision", "visits_per_case", "listed_share")


@dataclass(frozen=True, kw_only=True)
class TownshipLists:
    """Two ways to share out the same visits.

    Attributes
    ----------
    capacities : tuple of float
        Shares of the households that can be visited.
    own, county : list of dict
        One a capacity, over the whole county: measure -> :class:`Estimate`, when every township visits the first of
        its own, and when the county visits the first of all.
    less : list of dict
        One a capacity: own less county, from the same draws.
    by_township_own, by_township_county : list of Cell
        The same at the main capacity, township by township.
    """

    capacities: tuple[float, ...]
    own: list[dict[str, Estimate]]
    county: list[dict[str, Estimate]]
    less: list[dict[str, Estimate]]
    by_township_own: list[Cell]
    by_township_county: list[Cell]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""

        def plain(of: list[dict[str, Estimate]]) -> list[dict[str, Any]]:
            return [
                {"capacity": share, **{m: e.to_dict() for m, e in by.items()}}
                for share, by in zip(self.capacities, of, strict=True)
            ]

        return {
            "own": plain(self.own),
            "county": plain(self.county),
            "own_less_county": plain(self.less),
            "by_township_own": [c.to_dict() for c in self.by_township_own],
            "by_township_county": [c.to_dict() for c in self.by_township_county],
        }


def township_lists(asked: Asked) -> TownshipLists | None:
    """Compare townships' own lists with the county's; None where townships are not asked for, or there is only one."""
    if asked.beside.townships is None:
        return None
    codes, members = townships_of(asked.beside.townships, rows=len(asked.clusters))
    numbers = members.argmax(axis=1)
    if len(codes) < 2:
        return None
    own, county, less = [], [], []
    for share in asked.capacities:
        apart = asked.pooled(asked.everyone, listing=asked.township_lists(share, numbers))
        together = asked.whole_county(share)
        own.append({m: apart.of(m, level=asked.wide) for m in MEASURES})
        county.append({m: together.of(m, level=asked.wide) for m in MEASURES})
        less.append({m: apart.less(together, m, level=asked.wide) for m in MEASURES})
    by = {}
    for kind, listing in (
        ("own", asked.township_lists(asked.main, numbers)),
        ("county", asked.county_list(asked.main)),
    ):
        each = asked.pooled(members, listing=listing)
        unsaid = hidden_of([each.group(number) for number in range(len(codes))], asked.smallest)
        by[kind] = [
            cell(
                each.group(number),
                everyone=None,
                words=township_words(code),
                township=True,
                clusters=asked.places(members[:, number]),
                hidden=unsaid[number],
                smallest=asked.smallest,
                level=asked.level,
                measures=MEASURES,
            )
            for number, code in enumerate(codes)
        ]
    return TownshipLists(
        capacities=asked.capacities,
        own=own,
        county=county,
        less=less,
        by_township_own=by["own"],
        by_township_county=by["county"],
    )
