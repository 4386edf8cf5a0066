"""What the model would compute had a help been given: flagged households' histories changed, features built anew.

The change is made in a copy of the excerpt, dated and known before as_of, and asked by the same builder. A feature that
the change does not move keeps the value that the run has; so does one that speaks of neighbours, who are not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.engine import plan
from riskmodel.engine.calendar import add_months
from riskmodel.explain.words import what_if_sentence
from riskmodel.features.builder import evaluate
from riskmodel.features.engines import tables_read
from riskmodel.features.levers import Added, Changed, LeverSpec
from riskmodel.registry import schema
from riskmodel.registry.excerpt import Excerpt
from riskmodel.registry.known_until import days, stable_order
from riskmodel.registry.write import indexed

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec
    from riskmodel.model import RiskClassifier
    from riskmodel.policy import Policy

MOST = 4
# In log-odds: what moves the odds by less than a tenth is not worth a line.
WORTH_SAYING = 0.1
_ROUNDING = 1e-9
_APPLIES, _AMOUNT = "applies ", "amount "
# Households at a time, which bounds the memory.
_SLICE = 10_000


@dataclass(frozen=True)
class WhatIf:
    """What the model would compute for one household if a lever were pulled."""

    lever: str
    risk: float
    margin: float
    zh: str
    en: str


def what_if(
    excerpt: Excerpt,
    features: pd.DataFrame,
    *,
    margin: pd.Series,
    levers: Sequence[LeverSpec],
    specs: Sequence[FeatureSpec],
    classifier: RiskClassifier,
    as_of: date,
    policy: Policy,
) -> dict[str, list[WhatIf]]:
    """Return, by household, what would lower its risk noticeably, the most first, four at most.

    Parameters
    ----------
    excerpt : Registry
        The households' whole histories.
    features : DataFrame
        The model's features as the run has them, indexed by household_id, in the model's order.
    margin : Series
        As the run has it, by household_id.
    levers : sequence of LeverSpec
    specs : sequence of FeatureSpec
        The model's features with their expressions, in the model's order.

    Returns
    -------
    dict
        Households without an entry have none. Where a lever's condition is not known it does not apply.
    """
    found: dict[str, list[WhatIf]] = {}
    usable = [lever for lever in levers if {rows.table for rows in lever.rows} <= set(excerpt.tables)]
    own = {spec.name: spec.node for spec in specs if spec.node is not None and not plan.peers(spec.node)}
    if not usable or not own or features.empty:
        return found
    asked = evaluate(excerpt, outputs_of(usable), as_of=as_of, policy=policy).to_pandas().set_index("household_id")
    risk_now = pd.Series(classifier.calibrator_.risk(margin.to_numpy(dtype=np.float64)), index=margin.index)
    households = features.index.intersection(asked.index)
    order = sorted(households, key=str.encode)
    for start in range(0, len(order), _SLICE):
        here = pd.Index(order[start : start + _SLICE])
        for group, nodes in _alike(usable, own):
            pulls = []
            for lever in group:
                of_whom = here[(asked.loc[here, f"{_APPLIES}{lever.name}"] == 1).to_numpy()]
                if len(of_whom):
                    pulls.append((lever, asked.loc[of_whom]))
            built = if_pulled(excerpt, pulls, nodes, as_of=as_of, policy=policy)
            for (lever, _), then in zip(pulls, built, strict=True):
                margins = np.asarray(classifier.decision_function(_moved(features.loc[then.index], then)))
                risks = classifier.calibrator_.risk(margins)
                [worth] = np.nonzero(margin.loc[then.index].to_numpy() - margins >= WORTH_SAYING)
                before = risk_now.loc[then.index[worth]].tolist()
                for place, now in zip(worth.tolist(), before, strict=True):
                    told = _told(lever, float(risks[place]), float(margins[place]), now=now)
                    found.setdefault(then.index[place], []).append(told)
    return {household: sorted(each, key=lambda one: one.margin)[:MOST] for household, each in found.items()}


def _alike(
    levers: Sequence[LeverSpec], nodes: Mapping[str, plan.Household]
) -> Iterator[tuple[list[LeverSpec], dict[str, plan.Household]]]:
    """Yield the levers that move the ledgers, which are long, apart from the others, each with what they can move."""
    groups: dict[bool, list[LeverSpec]] = {}
    for lever in levers:
        groups.setdefault(any(schema.table(rows.table).ledger for rows in lever.rows), []).append(lever)
    for group in groups.values():
        tables = {rows.table for lever in group for rows in lever.rows}
        moved = {name: node for name, node in nodes.items() if not tables.isdisjoint(plan.tables(node))}
        if moved:
            yield group, moved


def outputs_of(levers: Iterable[LeverSpec]) -> dict[str, plan.Household]:
    """Return the conditions and amounts of all levers as columns to be worked out."""
    columns: dict[str, plan.Household] = {}
    for lever in levers:
        columns[f"{_APPLIES}{lever.name}"] = lever.applies
        for number, rows in enumerate(lever.rows):
            if isinstance(rows, Added) and rows.amount is not None:
                columns[f"{_AMOUNT}{lever.name} {number}"] = rows.amount.node
    return columns


def columns_touched(change: Added | Changed) -> set[str]:
    """Return the columns of its table that a change needs: what it looks at, and what it writes."""
    if isinstance(change, Changed):
        return {*change.where, *change.values}
    amount = {"amount"} if change.amount is not None else set()
    return {*schema.table(change.table).key, *change.values, *amount}


def _built(excerpt: Excerpt, nodes: Mapping[str, plan.Household], *, as_of: date, policy: Policy) -> pd.DataFrame:
    rows = evaluate(excerpt, nodes, as_of=as_of, policy=policy).to_pandas().set_index("household_id")
    return rows[list(nodes)].astype(np.float64)


def _moved(features: pd.DataFrame, then: pd.DataFrame) -> pd.DataFrame:
    """Return the features with what the change moved put in its place.

    What differs by rounding alone, because another engine added it up, has not moved.
    """
    changed = features.astype(np.float64)
    for name in then.columns:
        before, after = changed[name].to_numpy(), then[name].to_numpy()
        changed[name] = np.where(np.isclose(before, after, rtol=_ROUNDING, atol=0.0, equal_nan=True), before, after)
    return changed


def if_pulled(
    excerpt: Excerpt,
    pulls: Sequence[tuple[LeverSpec, pd.DataFrame]],
    nodes: Mapping[str, plan.Household],
    *,
    as_of: date,
    policy: Policy,
) -> list[pd.DataFrame]:
    """Build the features of households whose histories levers change.

    All changed histories lie in one registry, each under an id that tells the lever: they are built in one go.

    Parameters
    ----------
    pulls : sequence of (LeverSpec, DataFrame)
        Levers, each with its households as the index and the amounts that it adds.
    nodes : mapping of str to plan.Household
        None that speaks of neighbours.

    Returns
    -------
    list of DataFrame
        One a lever, in their order, indexed by household_id.
    """
    if not pulls:
        return []
    tables = {}
    for name in sorted(tables_read(nodes) & set(excerpt.tables)):
        rows = _within_reach(excerpt.held(name), name, nodes, as_of=as_of)
        parts = (_as_pulled(rows, name, lever, asked, number=n, as_of=as_of) for n, (lever, asked) in enumerate(pulls))
        tables[name] = pa.concat_tables(parts)
    built = _built(Excerpt(excerpt.path, tables, cut_on=excerpt.cut_on), nodes, as_of=as_of, policy=policy)
    numbers = built.index.str.split("|", n=1).str[0].astype(int)
    found = []
    for number, (_, asked) in enumerate(pulls):
        own = built[numbers == number]
        found.append(own.set_axis(own.index.str.split("|", n=1).str[1]).reindex(asked.index))
    return found


def _within_reach(rows: pa.Table, name: str, nodes: Mapping[str, plan.Household], *, as_of: date) -> pa.Table:
    """Return the rows of a table without those that are older than any window reaches back to."""
    table = schema.table(name)
    windows = [part.window for node in nodes.values() for part in plan.reductions(node) if part.table == name]
    starts = [window.start if window is not None else None for window in windows]
    # A correction may give a row another date, unless the date is in the key.
    if table.own_date not in table.key or any(start is None for start in starts):
        return rows
    first = min((start for start in starts if start is not None), default=0)
    return rows.filter(pc.greater_equal(rows[table.own_date], add_months(as_of, first)))


def _as_pulled(
    rows: pa.Table, name: str, lever: LeverSpec, asked: pd.DataFrame, *, number: int, as_of: date
) -> pa.Table:
    """Return a table's rows of the households that a lever is pulled for, changed and under ids of their own."""
    table = schema.table(name)
    ids = pa.array(sorted(asked.index, key=str.encode), pa.string())
    rows = _of_households(rows, ids)
    added = []
    for at, change in enumerate(lever.rows):
        if change.table != name:
            continue
        if isinstance(change, Changed):
            rows = _otherwise(rows, change, as_of=as_of)
        else:
            added.append(_besides(rows.schema, change, ids, asked.get(f"{_AMOUNT}{lever.name} {at}"), as_of=as_of))
    if added:
        rows = _in_order(rows, added, table)
    codes = np.concatenate([chunk.indices.to_numpy() for chunk in rows["household_id"].chunks])
    # As wide as the largest number: ids sort by lever, then by household.
    own = pc.binary_join_element_wise(f"{number:03d}", ids, "|")
    coded = pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), own)
    return rows.set_column(rows.schema.get_field_index("household_id"), "household_id", coded)


def _in_order(rows: pa.Table, added: Sequence[pa.Table], table: schema.Table) -> pa.Table:
    """Return rows and added ones in storage order; households are the same codes in all of them."""
    # A row with a name of its own corrects no other.
    corrects = any(_may_correct(rows, part, table) for part in added)
    rows = pa.concat_tables([rows, *added]).unify_dictionaries()
    if corrects:
        rows, order = indexed(rows, table)
    else:
        household = np.concatenate([chunk.indices.to_numpy() for chunk in rows["household_id"].chunks])
        order = stable_order([household, days(rows[table.own_date])])
    return rows.take(pa.array(order))


def _of_households(rows: pa.Table, ids: pa.Array) -> pa.Table:
    """Return the rows of some households, who are in order, with their places among them as codes."""
    place = rows.schema.get_field_index("household_id")
    [known] = rows["household_id"].chunks
    code = pc.fill_null(pc.index_in(known.dictionary, value_set=ids), -1).to_numpy().astype(np.int32)
    mine = code[known.indices.to_numpy()]
    theirs = pa.array(mine >= 0)
    coded = pa.DictionaryArray.from_arrays(pa.array(mine[mine >= 0]), ids)
    return rows.filter(theirs).set_column(place, "household_id", coded)


def _may_correct(rows: pa.Table, added: pa.Table, table: schema.Table) -> bool:
    """Tell whether an added row can have the key of one that is there: not where it has a name of its own."""
    for name in table.key:
        if name != table.own_date and not pc.any(pc.is_in(_values(added[name]), value_set=_values(rows[name]))).as_py():
            return False
    return True


def _values(column: pa.ChunkedArray) -> pa.Array:
    """Return the values that a column can have: of codes, each once, whether they occur or not."""
    if pa.types.is_dictionary(column.type):
        return pa.concat_arrays([pa.array([], column.type.value_type), *(part.dictionary for part in column.chunks)])
    return pa.concat_arrays([pa.array([], column.type), *column.chunks])


def _told(lever: LeverSpec, risk: float, margin: float, *, now: float) -> WhatIf:
    zh = what_if_sentence(lever.zh, risk=risk, now=now, lang="zh")
    en = what_if_sentence(lever.en, risk=risk, now=now, lang="en")
    return WhatIf(lever.name, risk, margin, zh, en)


def _otherwise(rows: pa.Table, change: Changed, *, as_of: date) -> pa.Table:
    """Return the rows with those that are seen at as_of and meet the condition changed."""
    hit = pc.and_(pc.less(rows["known_on"], as_of), pc.invert(pc.fill_null(rows["withdrawn"], False)))
    for name, value in change.where.items():
        hit = pc.and_(hit, pc.fill_null(pc.equal(rows[name], pa.scalar(value)), False))
    for name, value in change.values.items():
        column = pc.if_else(hit, pa.scalar(value, rows.schema.field(name).type), rows[name])
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), column)
    return rows


def _besides(like: pa.Schema, change: Added, ids: pa.Array, amounts: pd.Series | None, *, as_of: date) -> pa.Table:
    """Return the added rows of some households: known the day before as_of, dated before it."""
    table = schema.table(change.table)
    first = as_of.replace(day=1)
    if change.months == 0:
        dates = [as_of - timedelta(days=1)]
    elif table.ledger:
        months = (add_months(first, -back) for back in range(change.months + 1))
        dates = [day for day in months if add_months(as_of, -change.months) <= day < as_of]
    else:
        dates = [add_months(as_of, -change.months)]
    n, many = len(ids), len(dates)
    codes = pa.array(np.tile(np.arange(n, dtype=np.int32), many))
    given: dict[str, pa.Array] = {
        "household_id": pa.DictionaryArray.from_arrays(codes, ids),
        table.own_date: pa.array(np.repeat(np.array(dates, dtype="datetime64[D]"), n)),
        "known_on": pa.repeat(pa.scalar(as_of - timedelta(days=1), pa.date32()), n * many),
        "withdrawn": pa.repeat(pa.scalar(False), n * many),
    }
    if amounts is not None:
        given["amount"] = pa.array(np.tile(amounts.reindex(ids.to_pylist()).fillna(0.0).to_numpy(), many))
    columns = []
    for field in like:
        if field.name in change.values:
            columns.append(pa.array([change.values[field.name]] * (n * many), field.type))
        else:
            columns.append(given.get(field.name, pa.nulls(n * many, field.type)))
    return pa.table(columns, schema=like)
