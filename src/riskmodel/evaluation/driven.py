"""What truly drives the risks of a simulated county, from beside its registry: to judge reasons by, never to teach.

``riskmodel simulate OUT --truth K --drivers`` leaves it (:mod:`riskmodel.simulation.drivers`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import DataError
from riskmodel.simulation.drivers import MECHANISMS
from riskmodel.simulation.truth import DRIVERS, DRIVERS_SCHEMA, HORIZON_MONTHS, OUTCOME

# A trouble drives a risk that is lower without it by this much at least, and by more than twice what chance moves it.
LEAST, ERRORS = 0.05, 2.0
_AGAIN = "Write registry, truth and drivers anew: riskmodel simulate OUT --truth K --drivers."


def drivers_beside(registry: Path, *, outcome: str, horizon_months: int) -> pd.DataFrame | None:
    """Read the drivers beside a registry; None where there are none, or where they are another outcome's.

    Returns
    -------
    DataFrame
        ``household_id``, ``as_of`` (datetime64), ``mechanism`` (a risk type, or one with an idea after a colon), one
        row a household and date: the trouble without which its risk is lowest, where any lowers it by more than chance
        may.

    Raises
    ------
    DataError
        The file is broken: names it and what was expected.
    """
    place = registry / DRIVERS
    if (outcome, horizon_months) != (OUTCOME, HORIZON_MONTHS) or not place.exists():
        return None
    try:
        table = pq.read_table(place).select(DRIVERS_SCHEMA.names)
        frame = table.cast(DRIVERS_SCHEMA).to_pandas()
    except (pa.ArrowException, KeyError, OSError, ValueError) as error:
        raise DataError(
            f"{place}: cannot be read as drivers ({str(error).splitlines()[0]}); expected the columns "
            f"{', '.join(DRIVERS_SCHEMA.names)}. {_AGAIN}"
        ) from None
    sure = frame[(frame["lowers"] >= LEAST) & (frame["lowers"] > ERRORS * frame["error"])]
    most = sure.sort_values("lowers", ascending=False, kind="stable").drop_duplicates(["household_id", "as_of"])
    days = most["as_of"].to_numpy().astype("datetime64[D]")
    return most.assign(as_of=days)[["household_id", "as_of", "mechanism"]].reset_index(drop=True)


def names_driver(driver: str, *, idea: str, risk_type: str) -> bool:
    """Whether a reason of this idea and risk type names a driver: the very idea where the driver says one.

    >>> names_driver("illness", idea="ill_members", risk_type="illness")
    True
    >>> names_driver("illness:medical_insurance", idea="ill_members", risk_type="illness")
    False
    >>> names_driver("illness", idea="medical_insurance", risk_type="illness")
    False
    """
    kind, _, own = driver.partition(":")
    told_apart = {name.partition(":")[2] for name in MECHANISMS if name.startswith(f"{kind}:")}
    return idea == own if own else risk_type == kind and idea not in told_apart


def dates_told(registry: Path) -> set[np.datetime64]:
    """Return the dates that the drivers beside a registry speak of."""
    column = pq.read_table(registry / DRIVERS, columns=["as_of"]).column(0)
    return set(np.unique(column.to_numpy().astype("datetime64[D]")))
