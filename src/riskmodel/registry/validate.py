"""Validate a registry: set aside the rows that cannot stand, count every row, show what is doubtful.

Nothing is lost: for each table, rows in = rows kept + rows rejected, and a rejected row lies in full in
``rejects.parquet``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.errors import CallError
from riskmodel.progress import track
from riskmodel.registry.doubts import DOUBTS, Doubt
from riskmodel.registry.folder import find_tables, read_description, read_table
from riskmodel.registry.limits import Limits, in_other_units, limits_of, region_of
from riskmodel.registry.rejects import REJECTS, Rejects, as_text, originals
from riskmodel.registry.rules import Finding, Rule, check_rows, not_yet_known, orphans, repeated, strangers
from riskmodel.registry.schema import SCHEMA_VERSION, TABLES, Table
from riskmodel.registry.schema import table as schema_table
from riskmodel.registry.write import RegistryWriter, check_columns
from riskmodel.workspace import workspace_policy

REPORT = "validation.json"
_EXAMPLES = 3
_NO_HOUSEHOLDS = "there is no household table: whether rows belong to a household was not checked"
# What cross-field rules of other tables look at, so it is kept until the end.
_LOOKED_AT = frozenset(name for doubt in DOUBTS if len(doubt.needs) > 1 for name in doubt.needs)


@dataclass(frozen=True)
class TableCount:
    """What became of a table's rows: ``rows_in`` = ``kept`` + ``rejected``; ``warnings`` counts kept rows' doubts."""

    table: str
    rows_in: int
    kept: int
    rejected: int
    warnings: int


@dataclass(frozen=True)
class Broken:
    """How often a rule was broken, its words, and (for warnings) the first few rows in words."""

    rule: str
    zh: str
    en: str
    source: str
    rows: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lost:
    """Households of which no row could stand, and how many rows of other tables were set aside with them."""

    households: int = 0
    rows: int = 0


@dataclass(frozen=True)
class ValidationReport:
    """What a validation found.

    Attributes
    ----------
    tables : tuple of TableCount
        One a table, in the schema's order.
    rejected_by_rule, warnings : tuple of Broken
        Rules that were broken; a row may break several.
    notes : tuple of str
        What could not be checked, and why.
    rejects : tuple of str
        The first row that breaks each rule, in words.
    lost : Lost
        Whole households that were set aside.
    """

    tables: tuple[TableCount, ...]
    rejected_by_rule: tuple[Broken, ...]
    warnings: tuple[Broken, ...]
    notes: tuple[str, ...] = ()
    rejects: tuple[str, ...] = ()
    lost: Lost = Lost()

    @property
    def rejected(self) -> int:
        """How many rows were set aside, over all tables."""
        return sum(count.rejected for count in self.tables)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, as validation.json holds it."""
        return {"schema_version": SCHEMA_VERSION, "rejected": self.rejected, **asdict(self)}


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
    for name in tables:
        schema_table(name)
    session = _Session(places={name: f'table "{name}"' for name in tables}, cut_on=cut_on, today=today)
    kept = {}
    for name in TABLES:
        if name in tables:
            kept[name] = session.take(tables[name], TABLES[name])
    return kept, session.rejects, session.report(examples=examples)


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
    cut = cut_on or source.cut_on
    session = _Session(places=source.places, cut_on=cut, today=today)
    if check_only:
        for name in track(source.names, label="checking"):
            session.take(source.read(name), TABLES[name])
        return session.report(examples=examples)
    if out is None and not source.folder:
        raise CallError(f"{path} is a database, which is only read: say with --out which folder to write to.")
    # A link stays a link: what it points to is what is rewritten.
    target = Path(out if out is not None else path).resolve()
    with RegistryWriter(target, cut_on=cut, in_place=target == Path(path).resolve()) as writer:
        for name in track(source.names, label="validating"):
            writer.add(name, session.take(source.read(name), TABLES[name]))
        report = session.report(examples=examples)
        _write_rejects(session.rejects, earlier=source.rejects, new=writer.folder / REJECTS)
        text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False) + "\n"
        (writer.folder / REPORT).write_text(text, encoding="utf-8")
    return report


@dataclass(frozen=True)
class Source:
    """Where tables are read from, as they lie.

    Attributes
    ----------
    places : mapping of str to str
        By table, how its file is called in messages.
    """

    names: tuple[str, ...]
    read: Callable[[str], pa.Table]
    places: Mapping[str, str]
    folder: bool
    cut_on: date | None = None
    rejects: Path | None = None


def open_source(path: Path) -> Source:
    """Open a registry for validation: no column's type is taken on trust.

    Raises
    ------
    CallError, DataError
        As :func:`validate`.
    """
    if not path.exists():
        raise CallError(f"there is no registry at {path}: no such file or folder.")
    if path.is_file():
        return _database(path)
    files = find_tables(path)
    cut_on = read_description(path).get("cut_on")
    return Source(
        names=tuple(files),
        read=lambda name: read_table(files[name]),
        # Rows of a table in many files are counted through all of them.
        places={n: entry.paths[0].name if len(entry.paths) == 1 else f"{n}/*.parquet" for n, entry in files.items()},
        folder=True,
        cut_on=date.fromisoformat(cut_on) if cut_on else None,
        rejects=path / REJECTS if (path / REJECTS).is_file() else None,
    )


def _database(path: Path) -> Source:
    from riskmodel.registry.registry import connect, stored_tables

    connection = connect(path)
    present = stored_tables(connection)
    names = tuple(name for name in TABLES if name in present)
    if not names:
        raise CallError(f"{path} holds none of a registry's tables ({', '.join(TABLES)}).")
    return Source(
        names=names,
        read=lambda name: connection.table(name).to_pyarrow(),
        places={name: f"{path.name}, table {name}" for name in names},
        folder=False,
    )


def _write_rejects(rejects: Rejects, *, earlier: Path | None, new: Path) -> None:
    if earlier is not None:
        new.write_bytes(earlier.read_bytes())
        rejects.append_to(new)
    elif len(rejects):
        rejects.write(new)


@dataclass
class _Session:
    """One validation under way: tables come in the schema's order, households and members before what hangs on them."""

    places: Mapping[str, str]
    cut_on: date | None = None
    today: date | None = None
    rejects: Rejects = field(default_factory=Rejects)
    counts: list[TableCount] = field(default_factory=list)
    broken: dict[str, Broken] = field(default_factory=dict)
    doubts: dict[str, Broken] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    kept: dict[str, pa.Table] = field(default_factory=dict)
    lines: dict[str, np.ndarray] = field(default_factory=dict)
    limits: Limits | None = None
    gone: pa.Array | None = None
    fallen: int = 0

    def __post_init__(self) -> None:
        if self.cut_on is not None and self.today is not None and self.cut_on > self.today + timedelta(days=1):
            self.notes.append(
                f"the registry says that it is cut on {self.cut_on}, after today ({self.today}): outcomes up to that "
                "day will count as known. If that is not so, state another cut (--cut-on)"
            )

    def take(self, raw: pa.Table, table: Table) -> pa.Table:
        """Check a table, set aside what cannot stand, note what is doubtful; return the rows that stay."""
        check_columns(raw.column_names, table, place=self.places[table.name])
        rows, findings = check_rows(raw, table)
        late = not_yet_known(rows, table, cut_on=self.cut_on, today=self.today)
        findings += [*self._across(rows, table), *([late] if late and len(late.rows) else [])]
        findings += in_other_units(rows, table, self._limits(rows, table))
        standing = np.ones(raw.num_rows, dtype=bool)
        for finding in findings:
            standing[finding.rows] = False
        again = repeated(rows, table, standing=standing)
        standing[again.rows] = False
        self._set_aside(raw, table, [*findings, again])
        kept = pa.Table.from_arrays(rows.filter(pa.array(standing)).columns, schema=table.arrow_schema)
        rejected = int(np.count_nonzero(~standing))
        if kept.num_rows + rejected != raw.num_rows or rejected != self.rejects.rows(table.name):
            raise AssertionError(f"{table.name}: rows in, kept and rejected do not add up")
        self.counts.append(TableCount(table.name, raw.num_rows, kept.num_rows, rejected, 0))
        self._count_lost(rows, table, kept)
        self._doubt(table, kept, np.flatnonzero(standing) + 1)
        return kept

    def _limits(self, rows: pa.Table, table: Table) -> Limits:
        """Take the limits of the households' county, from the policy record of the workspace one stands in."""
        if self.limits is None:
            region = region_of(rows) if table.name == "household" else ""
            self.limits = limits_of(workspace_policy(), region=region)
        return self.limits

    def _count_lost(self, rows: pa.Table, table: Table, kept: pa.Table) -> None:
        """Note the households of which no row stands, and the rows of other tables that fall with them."""
        if table.name == "household":
            named = pc.unique(rows["household_id"]).drop_null()
            self.gone = named.filter(pc.invert(pc.is_in(named, value_set=pc.unique(kept["household_id"]))))
        elif self.gone is not None and len(self.gone):
            self.fallen += int(pc.sum(pc.is_in(rows["household_id"], value_set=self.gone)).as_py() or 0)

    def _across(self, rows: pa.Table, table: Table) -> list[Finding]:
        found = []
        if table.name != "household":
            if "household" in self.kept:
                found.append(orphans(rows, table, self.kept["household"]["household_id"]))
            elif _NO_HOUSEHOLDS not in self.notes:
                self.notes.append(_NO_HOUSEHOLDS)
        if table.name == "job" and "member" in self.kept:
            found.append(strangers(rows, self.kept["member"]))
        return [finding for finding in found if len(finding.rows)]

    def _set_aside(self, raw: pa.Table, table: Table, findings: list[Finding]) -> None:
        at = np.unique(np.concatenate([finding.rows for finding in findings]))
        if not len(at):
            return
        picked = raw.take(pa.array(at)).to_pylist()
        full = originals(raw, at)
        for finding in findings:
            places = np.searchsorted(at, finding.rows)
            broken = [picked[place] for place in places]
            self.rejects.add_many(
                table=table.name,
                rows=[int(row) + 1 for row in finding.rows],
                column=finding.rule.column,
                values=[row.get(finding.rule.column) for row in broken],
                rule=finding.rule.id,
                messages=[finding.describe(row) for row in broken],
                originals=[full[place] for place in places],
            )
            self._note(self.broken, finding.rule, len(finding.rows))

    def _doubt(self, table: Table, kept: pa.Table, lines: np.ndarray) -> None:
        """Ask the cross-field rules whose tables have all come by now, and hold on to what later ones need."""
        self.lines[table.name] = lines
        known = {**self.kept, table.name: kept}
        for doubt in DOUBTS:
            if table.name in doubt.needs and all(name in known for name in doubt.needs):
                self._ask(doubt, known)
        if table.name in _LOOKED_AT or table.name == "household":
            self.kept[table.name] = kept

    def _ask(self, doubt: Doubt, known: Mapping[str, pa.Table]) -> None:
        name = doubt.needs[0]
        found = doubt.find(known)
        if not len(found):
            return
        shown = known[name]["household_id"].take(pa.array(found[:_EXAMPLES])).to_pylist()
        examples = tuple(
            f"{self.places[name]}, row {self.lines[name][at]:,} (household {as_text(household)}): "
            f"{doubt.rule.en}. Kept (warning {doubt.rule.id})."
            for at, household in zip(found[:_EXAMPLES], shown, strict=True)
        )
        self._note(self.doubts, doubt.rule, len(found), examples)

    @staticmethod
    def _note(notes: dict[str, Broken], rule: Rule, rows: int, examples: tuple[str, ...] = ()) -> None:
        if rows:
            notes[rule.id] = Broken(rule.id, rule.zh, rule.en, rule.source, rows, examples)

    def report(self, *, examples: int) -> ValidationReport:
        doubted: dict[str, int] = {}
        for broken in self.doubts.values():
            name = broken.rule.split(".")[0]
            doubted[name] = doubted.get(name, 0) + broken.rows
        return ValidationReport(
            tables=tuple(
                TableCount(c.table, c.rows_in, c.kept, c.rejected, doubted.get(c.table, 0)) for c in self.counts
            ),
            rejected_by_rule=tuple(self.broken[rule] for rule in sorted(self.broken)),
            warnings=tuple(self.doubts[rule] for rule in sorted(self.doubts)),
            notes=tuple(self.notes),
            rejects=tuple(self.rejects.describe(limit=examples, places=self.places)),
            lost=Lost(len(self.gone) if self.gone is not None else 0, self.fallen),
        )
