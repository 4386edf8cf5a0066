"""A history of a few rows, written by hand, and what a feature says of it."""

from __future__ import annotations

import dataclasses
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from riskmodel.errors import CallError
from riskmodel.features import Catalogue, FeatureFamily, FeatureSpec, History, OutcomeSpec, build_features, build_labels
from riskmodel.policy import Policy
from riskmodel.registry import Registry, schema
from riskmodel.testing.random_rows import Row, write_rows

HOUSEHOLD = "H1"
_HOUSEHOLD_ROW = {
    "county_code": "369901",
    "township_code": "369901001",
    "village_code": "369901001001",
    "registered_on": date(2000, 1, 1),
    "household_type": "ordinary",
}
_HEAD = {"member_id": "head", "relation": "head", "sex": "female", "birth_date": date(1980, 1, 1)}


def history(**tables: Sequence[Mapping[str, Any]]) -> Registry:
    """Return a registry of the rows given, of one household unless they say otherwise.

    Parameters
    ----------
    **tables
        Rows of each table as mappings. What may be left out: ``household_id`` (``"H1"``), ``known_on`` (the day after
        the row's own date), ids and items (numbered), any column that may be missing. Without ``household``, a plain
        row known since 2000 is put in for every household named; without ``member``, a woman born in 1980 who heads it.

    Raises
    ------
    CallError
        An unknown table or column, or a row without its own date or a code that it must have (nearest names given).

    Examples
    --------
    >>> from riskmodel.features import feature
    >>> @feature(months=(3, 12), unit="yuan", zh="近{months}个月工资", en="wages, last {months} months")
    ... def wages(h, months):
    ...     return h.income.where(source="wage").last(months=months).sum("amount")
    >>> told = history(income=[
    ...     {"month": date(2024, 1, 1), "source": "wage", "amount": 900},
    ...     {"month": date(2024, 4, 1), "source": "wage", "amount": 1000, "known_on": date(2024, 5, 6)},
    ... ])
    >>> evaluate(wages, told, date(2024, 5, 1), months=12), evaluate(wages, told, date(2024, 6, 1))
    (900.0, {'wages_3m': 1000.0, 'wages_12m': 1900.0})
    """
    ids = [str(row.get("household_id", HOUSEHOLD)) for rows in tables.values() for row in rows]
    named = list(dict.fromkeys(ids)) or [HOUSEHOLD]
    given: dict[str, Sequence[Mapping[str, Any]]] = {
        "household": [{"household_id": name, **_HOUSEHOLD_ROW} for name in named],
        "member": [{"household_id": name, **_HEAD} for name in named],
        **tables,
    }
    whole = {name: [_whole(name, row, at) for at, row in enumerate(rows, 1)] for name, rows in given.items()}
    folder = Path(tempfile.mkdtemp(prefix="riskmodel-history-"))
    registry = write_rows(whole, folder / "registry")
    weakref.finalize(registry, shutil.rmtree, folder, ignore_errors=True)
    return registry


def evaluate(
    feature: FeatureFamily | FeatureSpec | OutcomeSpec,
    history: Registry,
    as_of: date,
    *,
    policy: Policy | None = None,
    **parameters: Any,
) -> Any:
    """Return what a feature or an outcome says of a history at a date.

    Parameters
    ----------
    **parameters
        Of a feature function, e.g. ``months=12``; left out, all features that it declares are worked out.

    Returns
    -------
    float, bool or None
        The value, None where it is missing. Of several features a dictionary by name; of several households a
        dictionary by ``household_id``.
    """
    if isinstance(feature, OutcomeSpec):
        if parameters:
            raise CallError(f'the outcome "{feature.name}" takes no parameters.')
        names, catalogue = ["outcome"], Catalogue.of([feature])
        table = build_labels(history, as_of=as_of, outcome=feature.name, catalogue=catalogue, policy=policy)
    else:
        specs = _chosen(feature, parameters)
        names, catalogue = [spec.name for spec in specs], Catalogue.of(specs)
        table = build_features(history, as_of=as_of, catalogue=catalogue, policy=policy)
    rows = table.set_index("household_id")[names].astype(object)
    told = {str(key): _told(row) for key, row in rows.where(rows.notna(), None).to_dict("index").items()}
    return next(iter(told.values())) if len(told) == 1 else told


def _chosen(feature: FeatureFamily | FeatureSpec, parameters: Mapping[str, Any]) -> list[FeatureSpec]:
    specs = list(feature.specs) if isinstance(feature, FeatureFamily) else [feature]
    if not parameters:
        return specs
    if not isinstance(feature, FeatureFamily):
        raise CallError(f'"{feature.name}" is one feature and takes no parameters.')
    return [dataclasses.replace(specs[0], node=feature.function(History(), **parameters).node)]


def _told(row: Mapping[Any, Any]) -> Any:
    return next(iter(row.values())) if len(row) == 1 else dict(row)


def _whole(name: str, row: Mapping[str, Any], number: int) -> Row:
    table = schema.table(name)
    for given in row:
        table.column(given)
    made: Row = {column.name: row.get(column.name) for column in table.columns}
    if name == "household":
        made |= {key: value for key, value in _HOUSEHOLD_ROW.items() if made[key] is None}
    own = made[table.own_date]
    if not isinstance(own, date):
        place = f"{name}, row {number}"
        raise CallError(f"{place}: {table.own_date} is {own!r}; expected the row's own date, a datetime.date.")
    made["household_id"] = made["household_id"] or HOUSEHOLD
    made["known_on"] = made["known_on"] or own + timedelta(days=1)
    for column in table.columns:
        if column.required and made[column.name] is None and column.kind in {"id", "text"}:
            made[column.name] = f"{column.name}-{number}" if column.kind == "id" else column.name
        elif column.required and made[column.name] is None:
            raise CallError(f"{name}, row {number}: {column.name} is missing, and a row of this table needs it.")
    return made
