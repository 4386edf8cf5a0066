"""A registry and rows that came later, as a new registry: nothing of the old one is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel.errors import CallError, did_you_mean
from riskmodel.registry.schema import TABLES, table
from riskmodel.registry.write import RegistryWriter

if TYPE_CHECKING:
    import pyarrow as pa

    from riskmodel.registry import Registry

# Households of a table that is copied, at a time.
_SLICE = 100_000


@dataclass(frozen=True)
class Appended:
    """How many rows were added, and how many were left out because they became known on the cut or later; by table."""

    added: dict[str, int]
    later: dict[str, int]


def append_rows(registry: Registry, rows: Mapping[str, pa.Table], out: Path) -> Appended:
    """Write a new registry that holds the rows of ``registry`` and, besides, those given.

    Which row supersedes which is worked out anew. The cut stays, so rows known on that day or later are left out: the
    registry does not know what else happened since. They come with the next registry.

    Parameters
    ----------
    rows : mapping of str to pyarrow.Table
        By table, with its columns; each row with its own ``known_on``.
    out : Path
        A new folder; it appears whole or not at all.

    Returns
    -------
    Appended
        How many rows were added to each table, and how many are of the cut or later.

    Raises
    ------
    CallError
        A table's name is unknown, or ``out`` is the registry itself.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in rows:
        if name not in TABLES:
            raise CallError(f'the registry has no table "{name}".{did_you_mean(name, TABLES)}')
    if out.resolve() == registry.path.resolve():
        raise CallError(f"{out} is the registry itself: name a new folder.")
    known = {name: found.filter(pc.less(found["known_on"], registry.cut_on)) for name, found in rows.items()}
    later = {name: rows[name].num_rows - found.num_rows for name, found in known.items()}
    with RegistryWriter(out, cut_on=registry.cut_on) as writer:
        for name in sorted({*registry.tables, *(name for name, found in known.items() if found.num_rows)}):
            if name in known and known[name].num_rows:
                schema = table(name).arrow_schema
                old = [registry.table(name).to_pyarrow().select(schema.names)] if name in registry.tables else []
                whole = pa.concat_tables([one.cast(schema) for one in (*old, known[name].select(schema.names))])
                writer.add(name, whole)
            else:
                _copy(registry.table(name), name, writer)
    return Appended({name: found.num_rows for name, found in known.items()}, later)


def _copy(rows: Any, name: str, writer: RegistryWriter) -> None:
    ids = rows.select("household_id").distinct().to_pyarrow().column(0).to_pylist()
    ordered = sorted(ids, key=str.encode)
    for start in range(0, max(len(ordered), 1), _SLICE):
        some = ordered[start : start + _SLICE]
        part = rows.filter(rows.household_id.between(some[0], some[-1])) if some else rows.limit(0)
        writer.add(name, part.to_pyarrow())
