"""The points ledger: what a household was awarded by the county's items, exchanged for goods, and has left.

Points reward taking part. They are no argument to give help or to deny it: nothing that proposes measures, judges the
list or sets a risk reads them from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.registry import schema
from riskmodel.registry.codes import Lang

if TYPE_CHECKING:
    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

EXCHANGE = "exchange"
_EXCHANGE_WORDS = ("兑换物品", "exchanged for goods")


class Item(BaseModel):
    """A scoring item: its words and the range of a single award."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    item: str
    zh: str
    en: str
    least: float
    most: float


class _Items(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Entry:
    """One row of the ledger; ``doubt`` says in what it departs from the county's items, empty where it does not."""

    household_id: str
    record_id: str
    awarded_on: date
    item: str
    points: float
    zh: str
    en: str
    doubt: str = ""


@dataclass(frozen=True)
class Statement:
    """A household's month: opening + awarded + exchanged = closing.

    Attributes
    ----------
    opening, closing : float
        Points on the first day of the month, and on the first of the next.
    entries : tuple of Entry
        The month's, by day.
    goods_yuan : float
        What the closing balance buys: goods, never cash.
    """

    household_id: str
    month: date
    opening: float
    awarded: float
    exchanged: float
    closing: float
    goods_yuan: float
    entries: tuple[Entry, ...]

    def words(self, lang: Lang) -> str:
        """Return the statement as a line for the household."""
        if lang == "zh":
            return (
                f"{self.month:%Y年%m月}：上月结余{self.opening:g}分，本月得{self.awarded:g}分，兑换{-self.exchanged:g}分，"
                f"结余{self.closing:g}分（可兑换{self.goods_yuan:g}元物品）。"
            )
        return (
            f"{self.month:%Y-%m}: {self.opening:g} points before, {self.awarded:g} awarded, {-self.exchanged:g} "
            f"exchanged, {self.closing:g} left (goods of {self.goods_yuan:g} yuan)."
        )


def items_in_force(policy: Policy, *, region: str, on: date) -> dict[str, Item]:
    """Return the county's scoring items in force on a day."""
    found = policy.provision("points.items", _Items, region=region, on=on).items
    return {one.item: one for one in found}


def statements(
    registry: Registry,
    *,
    month: date,
    as_of: date,
    policy: Policy,
    region: str,
    households: Iterable[str] | None = None,
) -> list[Statement]:
    """Return the statements of a month, of every household that has a row by its end.

    Parameters
    ----------
    month : date
        Any day of the month.
    as_of : date
        Only what was known strictly before counts; at the earliest the first day of the next month.
    region : str
        The county whose items count.

    Raises
    ------
    CallError
        ``as_of`` lies within the month: it is not over.
    DataError
        The registry keeps no points.
    """
    first = month.replace(day=1)
    following = add_months(first, 1)
    if as_of < following:
        raise CallError(f"as_of is {as_of}: the month is complete on {following}, ask about that day or a later one.")
    items = items_in_force(policy, region=region, on=first)
    rate = policy.value("points.yuan_a_point", region=region, on=first)
    ledger: dict[str, list[Entry]] = {}
    for row in _rows(registry, as_of, households):
        if row["awarded_on"] < following:
            ledger.setdefault(row["household_id"], []).append(_entry(row, items))
    return [_statement(household, entries, first, rate) for household, entries in sorted(ledger.items())]


def balance(registry: Registry, household_id: str, *, as_of: date) -> float:
    """Return the points that a household has, by what was known, and awarded, strictly before ``as_of``."""
    return sum(row["points"] for row in _rows(registry, as_of, [household_id]))


def exchange_row(
    registry: Registry, household_id: str, *, points: float, on: date, known_on: date, record_id: str
) -> pa.Table:
    """Return the row by which a household exchanges points for goods, to be appended to the registry.

    Raises
    ------
    CallError
        More is asked for than the balance has, or no positive number.
    """
    if not points > 0:
        raise CallError(f"points is {points:g}; expected more than 0.")
    has = balance(registry, household_id, as_of=known_on)
    if points > has:
        raise CallError(f"{household_id} has {has:g} points before {known_on}; {points:g} cannot be exchanged.")
    told = {
        "household_id": household_id,
        "record_id": record_id,
        "awarded_on": on,
        "item": EXCHANGE,
        "points": -float(points),
        "known_on": known_on,
        "withdrawn": False,
    }
    of = schema.table("points").arrow_schema
    return pa.Table.from_pylist([{name: told.get(name) for name in of.names}], schema=of)


def _rows(registry: Registry, as_of: date, households: Iterable[str] | None) -> list[dict[str, Any]]:
    if "points" not in registry.tables:
        raise DataError(f"{registry.path}: the registry keeps no points.")
    rows: Any = registry.table("points")
    seen = rows.filter(
        rows.known_on < as_of,
        rows.known_until.isnull() | (rows.known_until >= as_of),
        ~rows.withdrawn,
        rows.awarded_on < as_of,
    )
    if households is not None:
        seen = seen.filter(seen.household_id.isin(sorted(households)))
    table = seen.select("household_id", "record_id", "awarded_on", "item", "points").to_pyarrow()
    return sorted(table.to_pylist(), key=lambda row: (row["household_id"], row["awarded_on"], row["record_id"]))


def _entry(row: dict[str, Any], items: dict[str, Item]) -> Entry:
    name, points = str(row["item"]), float(row["points"])
    told = {key: row[key] for key in ("household_id", "record_id", "awarded_on")}
    if name == EXCHANGE:
        doubt = "" if points < 0 else "an exchange that adds points"
        return Entry(**told, item=name, points=points, zh=_EXCHANGE_WORDS[0], en=_EXCHANGE_WORDS[1], doubt=doubt)
    item = items.get(name)
    if item is None:
        return Entry(
            **told,
            item=name,
            points=points,
            zh=name,
            en=name,
            doubt=f"no item of the county.{did_you_mean(name, items)}",
        )
    doubt = "" if item.least <= points <= item.most else f"{points:g} is outside {item.least:g} to {item.most:g}"
    return Entry(**told, item=name, points=points, zh=item.zh, en=item.en, doubt=doubt)


def _statement(household: str, entries: list[Entry], first: date, rate: float) -> Statement:
    opening = sum(entry.points for entry in entries if entry.awarded_on < first)
    own = tuple(entry for entry in entries if entry.awarded_on >= first)
    exchanged = sum(entry.points for entry in own if entry.item == EXCHANGE)
    awarded = sum(entry.points for entry in own if entry.item != EXCHANGE)
    closing = opening + awarded + exchanged
    return Statement(household, first, opening, awarded, exchanged, closing, max(closing, 0.0) * rate, own)
