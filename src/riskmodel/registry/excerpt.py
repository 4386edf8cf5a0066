"""An excerpt: the whole histories of some households, as a registry of its own."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.registry.registry import Registry
from riskmodel.registry.write import RegistryWriter

if TYPE_CHECKING:
    import pyarrow as pa

SLICE = 20_000


def write_excerpt(registry: Registry, households: Collection[str], out: Path) -> Registry:
    """Write every row of ``households`` into the registry ``out`` and open it.

    Nothing is left out of a household's rows, whenever they became known; the cut is the registry's own. Neighbours
    are not in it: what a feature asks of a village or township cannot be worked out from an excerpt.

    Parameters
    ----------
    registry : Registry
        Read a slice of households at a time.
    households : collection of str
        Their ids; one that the registry does not have is left aside.
    out : Path
        The folder; it appears whole or not at all.
    """
    ids = sorted(set(households), key=str.encode)
    with RegistryWriter(out, cut_on=registry.cut_on) as writer:
        for name in registry.tables:
            rows = registry.table(name)
            for start in range(0, max(len(ids), 1), SLICE):
                writer.add(name, _rows_of(rows, ids[start : start + SLICE]))
    return Registry.open(out, memory_limit=registry.memory_limit)


def _rows_of(rows: Any, ids: list[str]) -> pa.Table:
    import ibis

    if not ids:
        return rows.limit(0).to_pyarrow()
    wanted = ibis.memtable({"household_id": ids})
    # The range lets whole row groups of a sorted file be passed over.
    near = rows.filter(rows.household_id.between(ids[0], ids[-1]))
    return near.semi_join(wanted, "household_id").to_pyarrow()
