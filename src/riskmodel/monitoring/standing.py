"""Where each household stands at ``as_of``: its place, its type, and whether it is on the monitoring list."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmodel.registry import schema

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from riskmodel.registry import Registry

COLUMNS = ("county_code", "township_code", "village_code", "household_type")


def standing(registry: Registry, *, as_of: date) -> pd.DataFrame:
    """Return what the registry shows of every household at ``as_of``.

    A household is on the list when it was identified before ``as_of`` and, as known then, not eliminated before
    ``as_of``. Without a listing table nobody is on the list.

    Returns
    -------
    DataFrame
        Indexed by household_id, sorted: the codes of :data:`COLUMNS` as strings (missing where the registry has
        none) and ``on_list`` (bool).
    """
    rows = _seen(registry, "household", as_of).select("household_id", *COLUMNS).to_pyarrow().to_pandas()
    frame = rows.drop_duplicates("household_id").set_index("household_id").sort_index().astype(object)
    frame["on_list"] = np.isin(frame.index.to_numpy(dtype=object), list(_listed(registry, as_of)))
    return frame


def _listed(registry: Registry, as_of: date) -> set[str]:
    if "listing" not in registry.tables:
        return set()
    rows = _seen(registry, "listing", as_of)
    open_ = rows.filter(rows.eliminated_on.isnull() | (rows.eliminated_on >= as_of))
    return set(open_.select("household_id").distinct().to_pyarrow().column(0).to_pylist())


def _seen(registry: Registry, name: str, as_of: date) -> ir.Table:
    rows: Any = registry.table(name)
    return rows.filter(
        rows.known_on < as_of,
        rows.known_until.isnull() | (rows.known_until >= as_of),
        ~rows.withdrawn,
        rows[schema.table(name).own_date] < as_of,
    )
