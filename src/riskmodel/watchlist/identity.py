"""The authorised opening of the identity table: somebody answers for it, and the list keeps who, why and how many."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.errors import CallError, DataError

if TYPE_CHECKING:
    from riskmodel.registry import Registry
    from riskmodel.watchlist.store import ListStore


def heads_names(
    identity: Path,
    registry: Registry,
    households: Collection[str],
    *,
    store: ListStore,
    actor: str,
    purpose: str,
    what: str,
    now: datetime,
) -> dict[str, str]:
    """Return the names of the heads of households, after noting in the list who opens the table and why.

    Nothing but the head's name leaves the table.

    Parameters
    ----------
    identity : Path
        ``identity.parquet``, with ``household_id``, ``member_id`` and ``name``.
    registry : Registry
        Says who the head is.
    actor, purpose : str
        Who answers for it, and what it is for; neither may be empty.

    Raises
    ------
    CallError
        Nobody answers for it, or no purpose is given.
    DataError
        The table cannot be read.
    """
    if not actor.strip() or not purpose.strip():
        raise CallError("the identity table is opened by somebody for a purpose: give --authorised-by and --purpose.")
    wanted = sorted(set(households))
    with store.writing(now=now) as writer:
        writer.add_opening(actor=actor, purpose=purpose, what=what, households=len(wanted))
    heads = _heads(registry, wanted)
    try:
        people = pq.read_table(
            identity,
            columns=["household_id", "member_id", "name"],
            filters=pc.field("household_id").isin(pa.array(wanted, pa.string())),
        )
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise DataError(f"{identity}: cannot be read as an identity table ({str(error).splitlines()[0]}).") from error
    return {
        row["household_id"]: row["name"]
        for row in people.to_pylist()
        if heads.get(row["household_id"]) == row["member_id"]
    }


def _heads(registry: Registry, households: list[str]) -> dict[str, str]:
    rows = registry.table("member")
    found = rows.filter(rows.household_id.isin(households), rows.relation == "head", rows.left_on.isnull())
    return {
        row["household_id"]: row["member_id"]
        for row in found.select("household_id", "member_id").to_pyarrow().to_pylist()
    }
