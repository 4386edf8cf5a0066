"""Validate a registry: set aside the rows that cannot stand, count every row, show what is doubtful.

Nothing is lost: for each table, rows in = rows kept + rows rejected, and a rejected row lies in full in
``rejects.parquet``.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from riskmodel.errors import CallError
from riskmodel.files import remove
from riskmodel.parallel import side_by_side
from riskmodel.progress import track
from riskmodel.registry.checking import Checking
from riskmodel.registry.coerce import coerce
from riskmodel.registry.limits import limits_of, region_of
from riskmodel.registry.pile import Pile
from riskmodel.registry.rejects import REJECTS, Rejects
from riskmodel.registry.schema import TABLES
from riskmodel.registry.schema import table as schema_table
from riskmodel.registry.shares import Share, Source, cut, open_source
from riskmodel.registry.validation import ValidationReport
from riskmodel.registry.write import RegistryWriter, check_columns
from riskmodel.workspace import workspace_policy

REPORT = "validation.json"


def validate_tables(
    tables: Mapping[str, pa.Table], *, examples: int = 5, cut_on: date | None = None, today: date | None = None
) -> tuple[dict[str, pa.Table], Rejects, ValidationReport]:
    """Validate tables in memory.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        By table name; columns by the schema's names, values as they came.
    examples : int
        How many rejected rows the report puts in words, one a rule.
    cut_on : date, optional
        The registry holds what was known strictly before this day: later rows are set aside.
    today : date, optional
        Where no cut is stated, rows known after this day are set aside. Left out: not asked.

    Returns
    -------
    kept : dict of str to pyarrow.Table
        The rows that stand, typed as the schema says, in the order in which they came.
    rejects : Rejects
        The others, in full; ``row`` counts from 1 in the table as given.
    report : ValidationReport

    Raises
    ------
    CallError
        An unknown table or column, or a required column that is absent.
    """
    places = {name: f'table "{name}"' for name in tables}
    for name, rows in tables.items():
        check_columns(rows.column_names, schema_table(name), place=places[name])
    checking = _checking(places, _region(tables), cut_on=cut_on, today=today)
    kept = {}
    for name in TABLES:
        if name in tables:
            kept[name] = checking.take(tables[name], np.arange(tables[name].num_rows), TABLES[name])
    rejects = checking.next_households()
    return kept, rejects, checking.report(rejects=tuple(rejects.describe(limit=examples, places=places)))


def validate(
    path: Path,
    out: Path | None = None,
    *,
    check_only: bool = False,
    examples: int = 5,
    cut_on: date | None = None,
    today: date | None = None,
) -> ValidationReport:
    """Validate the registry at ``path`` and write the rows that stand, sorted, coded and indexed.

    Parameters
    ----------
    path : Path
        A folder of Parquet files, or a DuckDB file (which is never written to: name ``out``).
    out : Path, optional
        The folder to write to. Left out: in place; rows set aside are added to rejects.parquet, and other files of
        the folder stay as they are.
    check_only : bool
        Write nothing.
    examples : int
        How many rejected rows the report puts in words, one a rule.
    cut_on : date, optional
        The registry holds what was known strictly before this day; later rows are set aside. Left out: what
        registry.json says, else the day after the last ``known_on`` of the rows that stand.
    today : date, optional
        Where no cut is stated, rows known after this day are set aside, so that the cut lies at most a day after it.
        Left out: not asked.

    Raises
    ------
    CallError
        Nothing lies at ``path``, it holds no table, or a table's columns are not those of the schema.
    DataError
        A file is broken, or a newer schema wrote it.
    """
    source = open_source(Path(path))
    cut_on = cut_on or source.cut_on
    if out is None and not source.folder and not check_only:
        raise CallError(f"{path} is a database, which is only read: say with --out which folder to write to.")
    checking = _checking(source.places, source.region, cut_on=cut_on, today=today)

    def report(pile: Pile) -> ValidationReport:
        return checking.report(rejects=tuple(pile.describe(limit=examples, places=source.places)))

    if check_only:
        with tempfile.TemporaryDirectory(prefix="riskmodel-") as folder:
            pile = Pile(Path(folder) / "rejects")
            for _ in _checked(source, checking, pile, Path(folder) / "shares", label="checking"):
                pass
            return report(pile)
    # A link stays a link: what it points to is what is rewritten.
    target = Path(out if out is not None else path).resolve()
    with RegistryWriter(target, cut_on=cut_on, in_place=target == Path(path).resolve()) as writer:
        shares, pile = writer.folder / ".shares", Pile(writer.folder / ".rejects")
        for name, kept in _checked(source, checking, pile, shares, label="validating"):
            writer.add(name, kept)
        if pile or source.rejects is not None:
            pile.write(writer.folder / REJECTS, behind=source.rejects)
        remove(shares)
        remove(pile.folder)
        found = report(pile)
        text = json.dumps(found.to_dict(), indent=2, ensure_ascii=False) + "\n"
        (writer.folder / REPORT).write_text(text, encoding="utf-8")
    return found


def _checked(
    source: Source, checking: Checking, pile: Pile, folder: Path, *, label: str
) -> Iterator[tuple[str, pa.Table]]:
    """Yield the rows that stand, of one table after another for each share of households.

    A share is checked while the rows of the one before are written.
    """

    def checked(share: Share) -> tuple[dict[str, pa.Table], Rejects]:
        kept = {name: checking.take(*share.read(name), TABLES[name]) for name in source.names}
        return kept, checking.next_households()

    shares = cut(source, folder)
    calls = (partial(checked, share) for share in shares)
    each = side_by_side(calls, workers=1, ahead=1)
    for kept, rejects in track(each, label=f"{label} shares of households", total=len(shares)):
        yield from kept.items()
        pile.add(rejects)


def _checking(places: Mapping[str, str], region: str, *, cut_on: date | None, today: date | None) -> Checking:
    """Begin a check by the limits of a county, from the policy record of the workspace one stands in."""
    limits = limits_of(workspace_policy(), region=region)
    return Checking(places=places, limits=limits, cut_on=cut_on, today=today)


def _region(tables: Mapping[str, pa.Table]) -> str:
    if "household" not in tables or "county_code" not in tables["household"].column_names:
        return ""
    codes, _ = coerce(tables["household"]["county_code"], TABLES["household"].column("county_code"))
    return region_of(codes)
