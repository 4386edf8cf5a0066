"""Where a feature comes from: the tables, columns and windows that it reads, and the SQL that works it out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from riskmodel.engine import plan
from riskmodel.features.declare import FeatureFamily, FeatureSpec
from riskmodel.registry import schema

if TYPE_CHECKING:
    import pandas as pd

    from riskmodel.policy import Policy
    from riskmodel.registry import Registry

_COLUMNS = ["feature", "table", "columns", "reduction", "window", "known"]
_POLICY = "(policy record)"


def lineage(*features: FeatureFamily | FeatureSpec) -> pd.DataFrame:
    """Return what features read, one row for each reduction or policy figure.

    Returns
    -------
    pandas.DataFrame
        ``feature``; ``table``; ``columns``, those that decide which rows count or what they give, the row's own date
        among them; ``reduction`` (``sum``, ``count``, …); ``window``, on the row's own date; ``known``, by when the
        row had to be known.

    Examples
    --------
    >>> from riskmodel.features import feature
    >>> @feature(months=(3,), unit="yuan", zh="近{months}个月工资", en="wages, last {months} months")
    ... def wages(h, months):
    ...     return h.income.where(source="wage").last(months=months).sum("amount")
    >>> lineage(wages).iloc[0].to_dict()  # doctest: +NORMALIZE_WHITESPACE
    {'feature': 'wages_3m', 'table': 'income', 'columns': 'month, source, amount', 'reduction': 'sum',
     'window': 'from 3 months before as_of to as_of', 'known': 'before as_of'}
    """
    import pandas as pd

    rows = [[spec.name, *row] for spec in _specs(features) if spec.node for row in _rows(spec.node)]
    return pd.DataFrame(rows, columns=_COLUMNS)


def sql(
    *features: FeatureFamily | FeatureSpec,
    registry: Registry,
    as_of: date | Sequence[date],
    policy: Policy | None = None,
) -> str:
    """Return the SQL that the DuckDB engine runs for features of a registry at one or several dates.

    The dates and policy figures are handed to the engine as small tables, which the text calls ``dates_1`` and so on.
    """
    import ibis

    from riskmodel.features.builder import feature_table
    from riskmodel.features.catalogue import Catalogue

    asked = Catalogue.of(_specs(features))
    table = feature_table(registry, as_of=as_of, catalogue=asked, policy=policy, engine="duckdb")
    text = str(ibis.to_sql(table.expression, dialect="duckdb"))
    handed_over = dict.fromkeys(re.findall(r"ibis_\w*memtable_\w+", text))
    for number, name in enumerate(handed_over, start=1):
        text = text.replace(name, f"dates_{number}")
    return text


def _specs(features: Sequence[FeatureFamily | FeatureSpec]) -> list[FeatureSpec]:
    return [spec for each in features for spec in (each.specs if isinstance(each, FeatureFamily) else [each])]


def _rows(node: plan.Household) -> Iterator[list[str]]:
    for part in plan.reductions(node):
        columns = ", ".join(_columns(part))
        yield [part.table, columns, part.op, _window(part), _moment(part.clock.at_months, part.clock.lag_days)]
    for figure in plan.policy_values(node):
        yield [_POLICY, figure.name, "figure in force", "", _moment(figure.at_months, 0)]


def _columns(reduction: plan.Reduction) -> list[str]:
    """Return the columns read, the row's own date first."""
    found = [schema.table(reduction.table).own_date]
    parts = [*reduction.where, *([reduction.column] if reduction.column else [])]
    found += [name for part in parts for name in plan.columns(part)]
    return list(dict.fromkeys([*found, *([reduction.end_column] if reduction.end_column else [])]))


def _window(reduction: plan.Reduction) -> str:
    window = reduction.window
    if window is None:
        return f"all {_moment(reduction.clock.at_months, 0)}"
    start = "the beginning" if window.start is None else _place(window.start)
    return f"from {start} to {_place(window.end)}"


def _moment(months: int, days: int) -> str:
    return f"before {_place(months)}" + (f" and {days} days" if days else "")


def _place(months: int) -> str:
    if months == 0:
        return "as_of"
    return f"{abs(months)} month{'s' if abs(months) > 1 else ''} {'before' if months < 0 else 'after'} as_of"
