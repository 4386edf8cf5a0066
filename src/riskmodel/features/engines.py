"""Which engine works a plan out: the fused pass where the registry's files allow it, DuckDB where they do not.

Spark runs where it is asked for, never by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from riskmodel.engine import plan
from riskmodel.errors import CallError, did_you_mean
from riskmodel.features.history import History
from riskmodel.registry import schema
from riskmodel.registry.registry import NOT_INDEXED

if TYPE_CHECKING:
    from riskmodel.engine.fused import SortedTable
    from riskmodel.registry import Registry

Engine = Literal["auto", "fused", "duckdb", "spark"]
ENGINES: tuple[str, ...] = ("auto", "fused", "duckdb", "spark")

_SIZE = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(i?)B\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Choice:
    """The engine that runs, why, and the columns that DuckDB works out beside the fused pass."""

    engine: str
    why: str
    beside: tuple[str, ...] = ()

    def __str__(self) -> str:
        beside = f"; by duckdb: {', '.join(self.beside)}" if self.beside else ""
        return f"engine {self.engine}: {self.why}{beside}"

    def to_dict(self) -> dict[str, Any]:
        """Return what a run's record says of it."""
        return {"engine": self.engine, "why": self.why, "columns_by_duckdb": list(self.beside)}


def check_engine(engine: str, *, option: str = "engine") -> None:
    """Refuse an engine that there is not, or that cannot run here; the message names ``option``."""
    if engine not in ENGINES:
        raise CallError(f'{option} is "{engine}".{did_you_mean(engine, ENGINES)}')
    if engine == "spark":
        from riskmodel.engine.spark import require_spark

        require_spark(option=option)


def check_memory(limit: str | None) -> None:
    """Refuse a memory limit that is not a number of bytes."""
    if limit is not None and not bytes_of(limit):
        raise CallError(f'--memory is "{limit}"; expected an amount such as 2GB or 512MB.')


def choose_engine(registry: Registry, outputs: Mapping[str, plan.Household], engine: str = "auto") -> Choice:
    """Say what works ``outputs`` out.

    ``auto`` takes the fused pass where every table that is read is a file that this package wrote (sorted by
    household, with ``known_until``), and DuckDB for anything else. Columns that the fused pass cannot work out go to
    DuckDB alone.

    Raises
    ------
    CallError
        An unknown engine, or ``fused`` or ``spark`` for a registry that it cannot read, or without what it needs.
    """
    check_engine(engine)
    if engine == "duckdb":
        return Choice("duckdb", "asked for")
    if engine == "spark":
        for name in sorted(tables_read(outputs) & set(registry.tables)):
            if registry.indexed(name) is False:
                raise CallError(f'engine is "spark", but {registry.path}: table {name} {NOT_INDEXED}')
        return Choice("spark", "asked for")
    sources, obstacle = sorted_tables(registry, outputs)
    if obstacle and engine == "fused":
        raise CallError(f'engine is "fused", but {obstacle}. Use duckdb, or write the registry anew.')
    if obstacle:
        return Choice("duckdb", obstacle)
    beside = _beyond_the_pass(outputs, sources)
    if outputs and len(beside) == len(outputs) and engine == "auto":
        return Choice("duckdb", "the fused pass can work out none of the columns")
    why = "asked for" if engine == "fused" else "the tables lie sorted in files that this package wrote"
    return Choice("fused", why, beside)


def sorted_tables(registry: Registry, outputs: Mapping[str, plan.Household]) -> tuple[dict[str, SortedTable], str]:
    """Return the tables that ``outputs`` read, sorted, and what stands in the way ("" where nothing does)."""
    from riskmodel.engine.fused import HeldRows, SortedFile, SortedTable, begin_warming

    found: dict[str, SortedTable] = {}
    names = sorted(tables_read(outputs) & set(registry.tables))
    if registry.stamped(names):
        begin_warming()
        registry.check_digests(names)
    for name in names:
        described = schema.table(name)
        kinds = {column.name: column.kind for column in described.columns}
        held = registry.held(name)
        if held is not None:
            found[name] = SortedTable(HeldRows(held, kinds, registry.path), described.own_date)
            continue
        entry = registry.sorted_file(name)
        if entry is None:
            return {}, f"{registry.path}: table {name} is not one file that this package wrote"
        file = SortedFile.over(entry.paths[0], entry.metadata[0], kinds)
        if file is None:
            return {}, f"{entry.paths[0]} does not lie sorted by household"
        found[name] = SortedTable(file, described.own_date)
    return found, ""


def tables_read(outputs: Mapping[str, plan.Household]) -> set[str]:
    """Return the tables that ``outputs`` read, with those that say who is present."""
    return {table for node in outputs.values() for table in plan.tables(node)} | {"household", "member"}


def columns_read(nodes: Iterable[plan.Household]) -> dict[str, set[str]]:
    """Return the columns that ``nodes`` read of each table, with those that say who is present and where."""
    presence = History().members.count().node
    found: dict[str, set[str]] = {"household": {"county_code", "township_code", "village_code"}}
    for node in (*nodes, presence):
        for part in plan.reductions(node):
            found.setdefault(part.table, set()).update(plan.columns_read(part))
    return found


def _beyond_the_pass(outputs: Mapping[str, plan.Household], sources: Mapping[str, SortedTable]) -> tuple[str, ...]:
    from riskmodel.engine.fused import can_evaluate, can_run

    stored = {name: table.stored for name, table in sources.items()}

    def fits(node: plan.Household) -> bool:
        if not can_evaluate(node):
            return False
        return all(can_run(r, stored[r.table]) for r in plan.reductions(node) if r.table in stored)

    return tuple(name for name, node in outputs.items() if not fits(node))


def memory_of(registry: Registry) -> int | None:
    """Return the registry's memory limit in bytes; None where it has none, or one that is no number of bytes.

    >>> bytes_of("1.5 GiB"), bytes_of("200MB"), bytes_of("80%")
    (1610612736, 200000000, None)
    """
    return bytes_of(registry.memory_limit) if registry.memory_limit else None


def bytes_of(text: str) -> int | None:
    match = _SIZE.match(text)
    if match is None:
        return None
    number, unit, binary = match.groups()
    power = " KMGT".index(unit.upper() or " ")
    return int(float(number) * (1024 if binary else 1000) ** power)
