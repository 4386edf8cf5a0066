"""The category of monitored household a flag would fall into: a proposal for the people who decide.

What the three categories mean, in the official sense:

- ``unstable_lifted``: a lifted household near or below the line, with a risk of returning;
- ``marginal``: an ordinary household near or below the line, with a risk of falling;
- ``sudden_hardship``: lifted or ordinary, its income above the line, but a sudden event made spending rigid and
  large. In practice net income less compliant out-of-pocket spending is compared with the line.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

FEATURES = (
    "net_income_pc_12m",
    "line_gap_12m",
    "members",
    "medical_oop_12m",
    "months_since_illness",
    "disaster_events_12m",
)
_RECENT_MONTHS = 12

_BY_TYPE = {"lifted": "unstable_lifted", "unlifted": "unstable_lifted", "ordinary": "marginal"}


def propose_categories(features: pd.DataFrame, household_type: pd.Series) -> list[str | None]:
    """Return the proposed category of each household, None where the registry does not say its type.

    ``sudden_hardship`` is proposed when income is not below the line and either income less out-of-pocket medical
    spending is, or an illness or a disaster was recorded within the last 12 months. Otherwise the type decides;
    a registered household not yet lifted goes with the lifted ones, the nearest of the three. Where a feature is
    missing from the catalogue the part that needs it is silent; without ``line_gap_12m`` nothing is said at all, for
    each category speaks of income and the line.

    Parameters
    ----------
    features : DataFrame
        Those of :data:`FEATURES` that the catalogue has, in rows aligned by position with ``household_type``.
    household_type : Series
        ``lifted``, ``unlifted``, ``ordinary`` or missing.

    >>> propose_categories(pd.DataFrame({"line_gap_12m": [-0.1, 0.4], "disaster_events_12m": [1, 1]}),
    ...                    pd.Series(["lifted", "ordinary"]))
    ['unstable_lifted', 'sudden_hardship']
    """
    if "line_gap_12m" not in features:
        return [None] * len(features)
    sudden = _sudden(features)
    return [
        "sudden_hardship" if struck and kind in _BY_TYPE else _BY_TYPE.get(kind)
        for kind, struck in zip(household_type, sudden, strict=True)
    ]


def _sudden(features: pd.DataFrame) -> np.ndarray:
    def column(name: str) -> np.ndarray:
        return features[name].to_numpy(dtype=np.float64) if name in features else np.full(len(features), np.nan)

    income, gap, members = column("net_income_pc_12m"), column("line_gap_12m"), column("members")
    # The line in force is in the two features already: line_gap = income / line - 1.
    with np.errstate(divide="ignore", invalid="ignore"):
        line = income / (1 + gap)
        left = income - column("medical_oop_12m") / members
    spent_below = left < line
    struck = (column("months_since_illness") < _RECENT_MONTHS) | (column("disaster_events_12m") >= 1)
    return (gap >= 0) & (spent_below | struck)
