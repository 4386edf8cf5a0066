"""Validate a registry: set aside the rows that cannot stand, count every row, show what is doubtful.

Nothing is lost: for each table, rows in = rows kept + rows rejected, and a rejected row lies in full in
``rejects.parquet``.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from riskmodel.errors import CallError, DataError
from riskmodel.files import remove
from riskmodel.parallel import side_by_side
from riskmodel.progress import counting
from riskmodel.registry.checking import Checking
from riskmodel.registry.coerce import coerce
from riskmodel.registry.limits import limits_of, region_of
from riskmodel.registry.pile import Pile
from riskmodel.registry.rejects import REJECTS, Rejects
from riskmodel.registry.schema import TABLES
from riskmodel.registry.schema import table as schema_table
from riskmodel.registry.shares import Source, open_source, shares
from riskmodel.registry.validation_report import ValidationReport
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
    rejects = Rejects()
    checking = _checking(places, _region(tables), rejects.extend, cut_on=cut_on, today=today)
    kept = {}
    for name in TABLES:
        if name in tables:
            kept[name] = checking.take(tables[name], np.arange(tables[name].num_rows), TABLES[name])
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
        Leave nothing. A large registry's rows are laid out in the system's folder for temporary files meanwhile.
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
        A file is broken, or a newer schema wrote it; the disk is full.
    """
    source = open_source(Path(path))
    cut_on = cut_on or source.cut_on
    if out is None and not source.folder and not check_only:
        raise CallError(f"{path} is a database, which is only read: say with --out which folder to write to.")
    # A link stays a link: what it points to is what is rewritten.
    target = Path(out if out is not None else path).resolve()
    place = Path(tempfile.gettempdir()) if check_only else target
    with _enough_room(place), contextlib.ExitStack() as stack:
        writer = None
        if check_only:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="riskmodel-")))
        else:
            in_place = target == Path(path).resolve()
            writer = stack.enter_context(RegistryWriter(target, cut_on=cut_on, in_place=in_place))
            folder = writer.folder
        laid_out, pile = folder / ".shares", Pile(folder / ".rejects")
        checking = _checking(source.places, source.region, pile.add, cut_on=cut_on, today=today)
        label = "checking rows" if check_only else "validating rows"
        for name, kept in _checked(source, checking, laid_out, label=label):
            if writer is not None:
                writer.add(name, kept)
        report = checking.report(rejects=tuple(pile.describe(limit=examples, places=source.places)))
        if writer is not None:
            if pile or source.rejects is not None:
                pile.write(folder / REJECTS, behind=source.rejects)
            text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False) + "\n"
            (folder / REPORT).write_text(text, encoding="utf-8")
            remove(laid_out)
            remove(pile.folder)
    return report


def _checked(source: Source, checking: Checking, folder: Path, *, label: str) -> Iterator[tuple[str, pa.Table]]:
    """Yield the rows that stand, of one table after another for each share of households.

    A share is checked while the rows of the one before are written.
    """
    waiting = shares(source, folder)
    # Rows are laid out before anything is counted as checked.
    waiting = itertools.chain([next(waiting)], waiting)

    def checked() -> tuple[int, dict[str, pa.Table]] | None:
        share = next(waiting, None)
        if share is None:
            return None
        kept = {name: checking.take(*share.read(name), TABLES[name]) for name in source.names}
        checking.next_households()
        return share.rows, kept

    done = side_by_side(itertools.repeat(checked), workers=1, ahead=1)
    with counting(label, total=sum(source.rows.values())) as count, contextlib.closing(done):
        while (found := next(done)) is not None:
            rows, kept = found
            yield from kept.items()
            count(rows)


@contextlib.contextmanager
def _enough_room(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise DataError(
            f"{place}: the disk is full. While a large registry is checked its rows are laid out there by household, "
            "in about twice the space of its files. Nothing is left of it: make room, or name another place (--out; "
            "for --check the environment's TMPDIR), and give the same call."
        ) from error


def _checking(
    places: Mapping[str, str],
    region: str,
    set_aside: Callable[[Rejects], None],
    *,
    cut_on: date | None,
    today: date | None,
) -> Checking:
    """Begin a check by the limits of a county, from the policy record of the workspace one stands in."""
    limits = limits_of(workspace_policy(), region=region)
    return Checking(places=places, limits=limits, set_aside=set_aside, cut_on=cut_on, today=today)


def _region(tables: Mapping[str, pa.Table]) -> str:
    if "household" not in tables or "county_code" not in tables["household"].column_names:
        return ""
    codes, _ = coerce(tables["household"]["county_code"], TABLES["household"].column("county_code"))
    return region_of(codes)
