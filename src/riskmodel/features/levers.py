"""Levers: helps that a county can give, as changes of a household's history.

A lever does not touch a feature: it says what the history would hold had the help been given, and the one builder makes
all features of that. So months of work move wages, income, the gap to the line and the list of who is idle together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from riskmodel.engine import plan
from riskmodel.errors import CallError, did_you_mean
from riskmodel.features.declare import check_looks_back
from riskmodel.features.expressions import Number
from riskmodel.features.history import History
from riskmodel.features.prediction import checked_number
from riskmodel.registry import schema


@dataclass(frozen=True)
class Added:
    """Rows that a history would hold besides.

    Attributes
    ----------
    table : str
    months : int
        How far back: a spell begins so many months before as_of; of a ledger there is a row in each of them.
    values : dict
        The other columns, the same in every row.
    amount : Number, optional
        The amount of each row, worked out for each household.
    """

    table: str
    months: int
    values: dict[str, Any] = field(default_factory=dict)
    amount: Number | None = None


@dataclass(frozen=True)
class Changed:
    """Rows that a history would hold otherwise: those known at as_of where all of ``where`` hold.

    Attributes
    ----------
    table : str
    where, values : dict
        Columns and what they have, and what they would have.
    """

    table: str
    where: dict[str, Any]
    values: dict[str, Any]


@dataclass(frozen=True)
class Change:
    """What a lever's function gives.

    Attributes
    ----------
    applies : Number
        A condition: of which households the help can be thought.
    rows : tuple of Added or Changed
    """

    applies: Number
    rows: tuple[Added | Changed, ...]


@dataclass(frozen=True)
class LeverSpec:
    """A lever of a catalogue.

    Attributes
    ----------
    name : str
    zh, en : str
        What would be so, as it stands after "if".
    applies : plan.Household
    rows : tuple of Added or Changed
    """

    name: str
    zh: str
    en: str
    function: Callable[[History], Change] = field(repr=False)
    applies: plan.Household = field(repr=False)
    rows: tuple[Added | Changed, ...] = field(repr=False)


def levers_digest(levers: Iterable[LeverSpec]) -> str:
    """Return a digest of what levers say and do: a run with others tells others."""
    told = []
    for spec in levers:
        rows = [
            (type(row).__name__, row.table, getattr(row, "months", None), getattr(row, "where", None), row.values)
            for row in spec.rows
        ]
        amounts = [
            plan.canonical(row.amount.node) for row in spec.rows if isinstance(row, Added) and row.amount is not None
        ]
        told.append(repr((spec.name, spec.zh, spec.en, plan.canonical(spec.applies), rows, amounts)))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def lever(*, zh: str, en: str) -> Callable[[Callable[[History], Change]], LeverSpec]:
    """Declare a lever: a function of a history that gives a :class:`Change`.

    Parameters
    ----------
    zh, en
        What would be so: "有一名成员从事公益性岗位12个月", "a member had held a public-welfare post for twelve months".

    Raises
    ------
    CallError
        A table or column that no registry has, no rows, or a condition or amount that looks beyond as_of.

    Examples
    --------
    >>> @lever(zh="住房达到B级", en="the house were of grade B")
    ... def safe_house(h):
    ...     return Change(h.household.latest("road_distance_km") > 0,
    ...                   (Changed("household", {"housing_grade": "D"}, {"housing_grade": "B"}),))
    >>> safe_house.name, safe_house.en
    ('safe_house', 'the house were of grade B')
    """

    def declare(function: Callable[[History], Change]) -> LeverSpec:
        place = f'lever "{function.__name__}"'
        change = function(History())
        if not isinstance(change, Change) or not change.rows:
            raise CallError(f"{place} gives no Change with rows; expected what a history would hold otherwise.")
        applies = checked_number(change.applies, place).node
        check_looks_back(applies, place)
        for rows in change.rows:
            table = schema.table(rows.table)
            columns = [column.name for column in table.columns]
            named = [*rows.values, *(rows.where if isinstance(rows, Changed) else ())]
            for name in named:
                if name not in columns:
                    raise CallError(f'{place}: table {rows.table} has no column "{name}".{did_you_mean(name, columns)}')
            if isinstance(rows, Added) and rows.amount is not None:
                check_looks_back(checked_number(rows.amount, place).node, place)
        return LeverSpec(function.__name__, zh, en, function, applies, change.rows)

    return declare
