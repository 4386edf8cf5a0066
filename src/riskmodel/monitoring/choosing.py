"""Who is flagged: the top of each unit's queue among those the model was made for, and whom a rule names.

One set of expressions, which DuckDB works out on one machine and Spark on many: windows over the scored households.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, get_args

import ibis

from riskmodel.errors import CallError, did_you_mean
from riskmodel.monitoring.capacity import Capacity

if TYPE_CHECKING:
    import ibis.expr.types as ir

TIES = "risk, then margin, then sha256 of 'as_of|household_id', so that equal households take turns over the months"

Unit = Literal["registry", "county", "township", "village"]
UNITS: tuple[Unit, ...] = get_args(Unit)
# A village's code need not be unique beyond its township, nor a township's beyond its county.
_PLACES = ("county_code", "township_code", "village_code")


@dataclass(frozen=True)
class Selection:
    """How many are flagged, and out of whom.

    Attributes
    ----------
    capacity : Capacity, optional
        The model's flags in each unit, of those of its queue who belong to the cohort.
    threshold : float, optional
        Instead of a capacity: everyone of the queue whose risk is at least this.
    per : {"registry", "county", "township", "village"}
        What has a queue of its own. Households without a code of the unit are one unit together.
    rule_capacity : Capacity, optional
        The most that rules alone flag in each unit, in the order of its queue; None flags everyone whom a rule names.
    """

    capacity: Capacity | None = None
    threshold: float | None = None
    per: Unit = "registry"
    rule_capacity: Capacity | None = None

    def __post_init__(self) -> None:
        unit_of(self.per)
        if (self.capacity is None) == (self.threshold is None):
            raise CallError("give a capacity or a threshold: one of them says who is flagged, not both.")
        if self.threshold is not None and not 0.0 <= self.threshold <= 1.0:
            raise CallError(f"threshold is {self.threshold}; expected a risk from 0 to 1.")

    @property
    def unit(self) -> tuple[str, ...]:
        """The columns whose values together name a unit; none where the registry is one queue."""
        return _PLACES[: UNITS.index(self.per)]

    def to_dict(self) -> dict[str, str]:
        """Return what a run depends on, as texts to compare."""
        return {
            "capacity": str(self.capacity) if self.capacity is not None else "none",
            "threshold": repr(self.threshold) if self.threshold is not None else "none",
            "per": self.per,
            "rule_capacity": str(self.rule_capacity) if self.rule_capacity is not None else "all",
        }


def unit_of(text: str, *, option: str = "per") -> Unit:
    """Return a unit as it is typed; anything else raises :class:`CallError`, which names ``option``."""
    for unit in UNITS:
        if unit == text:
            return unit
    raise CallError(f'{option} is "{text}".{did_you_mean(text, UNITS)}')


def named(scored: ir.Table) -> Any:
    """Whether a rule names the household: ``rules`` lists those that are met."""
    return scored.rules.length() > 0


def of_choice(scored: ir.Table, selection: Selection) -> ir.Table:
    """Return what :func:`choose` looks at, and nothing else: what is sorted several times should be narrow.

    Parameters
    ----------
    scored : ibis.Table
        ``household_id, risk, margin, on_list, in_cohort, rules`` (the names of those that are met), and the columns of
        the selection's unit; one row a household.
    """
    kept = ("household_id", "risk", "margin", "on_list", "in_cohort", *selection.unit)
    return scored.select(*kept, named=named(scored))


def choose(scored: ir.Table, selection: Selection, *, as_of: date) -> ir.Table:
    """Add each household's place in the queue and what flags it.

    In the queue is who is not on the list and either belongs to the cohort that the model learned from or is named by a
    rule: of the others the model has never been tested. The model's flags take the capacity, whatever the rules name.
    A household named by a rule is flagged too: what the registry already shows below the line must be checked, and
    the model may not crowd it out.

    Parameters
    ----------
    scored : ibis.Table
        ``household_id, risk, margin, on_list, in_cohort, named`` (by a rule), and the columns of the selection's unit;
        one row a household. Other columns stay.
    selection : Selection
    as_of : date
        Ties are broken as :data:`TIES` says.

    Returns
    -------
    ibis.Table
        With ``rank`` (in the whole queue; 1 is visited first, missing for a household that is not in it), ``by_model``,
        ``by_rule``, ``left_out`` (named by a rule, and beyond its capacity) and ``number`` (the place among all that
        are flagged, missing for the others).
    """
    tie = (ibis.literal(f"{as_of.isoformat()}|") + scored.household_id).hexdigest("sha256")
    rows = scored.mutate(_asked=~scored.on_list & scored.in_cohort, _named=~scored.on_list & scored.named, _tie=tie)
    rows = rows.mutate(_queue=rows._asked | rows._named)
    # Sorted once: the places in units are counted along a whole number.
    order = [ibis.desc(rows.risk), ibis.desc(rows.margin), rows._tie]
    rows = rows.mutate(_order=ibis.row_number().over(ibis.window(order_by=order))).drop("_tie")
    rows = rows.mutate(
        _in_all=_place(rows, "_queue"),
        _in_unit=_place(rows, *selection.unit, "_asked"),
        _of_queue=_many(rows, rows._queue, selection),
        _of_asked=_many(rows, rows._asked, selection),
    )
    if selection.capacity is None:
        beyond = rows.risk >= selection.threshold
    else:
        beyond = rows._in_unit <= _places(selection.capacity, rows._of_asked)
    rows = rows.mutate(by_model=rows._asked & beyond)
    rows = rows.mutate(_alone=rows._named & ~rows.by_model)
    rows = rows.mutate(_alone_in_unit=_place(rows, *selection.unit, "_alone"))
    left_out: Any = ibis.literal(False)
    if selection.rule_capacity is not None:
        left_out = rows._alone & (rows._alone_in_unit > _places(selection.rule_capacity, rows._of_queue))
    rows = rows.mutate(left_out=left_out)
    rows = rows.mutate(by_rule=rows._named & ~rows.left_out)
    rows = rows.mutate(_flagged=rows.by_model | rows.by_rule)
    rows = rows.mutate(_number=_place(rows, "_flagged"))
    return rows.select(
        *scored.columns,
        "by_model",
        "by_rule",
        "left_out",
        rank=rows._queue.ifelse(rows._in_all, ibis.null("int64")),
        number=rows._flagged.ifelse(rows._number, ibis.null("int64")),
    )


def _place(rows: ir.Table, *groups: str) -> Any:
    """Return the place of each row among those alike in ``groups``, from 1, the likeliest first."""
    return ibis.row_number().over(ibis.window(group_by=list(groups), order_by=rows._order)) + 1


def _many(rows: ir.Table, whom: Any, selection: Selection) -> Any:
    return whom.cast("int64").sum().over(ibis.window(group_by=list(selection.unit)))


def _places(capacity: Capacity, many: Any) -> Any:
    """Return :meth:`Capacity.households` of ``many``, in whole numbers, which every engine divides alike."""
    if capacity.kind == "count":
        return ibis.literal(int(capacity.value), "int64")
    share = capacity.ratio
    doubled = many * (2 * share.numerator) + share.denominator
    return ibis.greatest(doubled // (2 * share.denominator), 1)
