"""Check tables, some households at a time: what cannot stand is set aside, what is doubtful is noted.

Every rule looks at one household's rows, so that it does not matter how households are put together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.registry.doubts import DOUBTS, Doubt
from riskmodel.registry.limits import Limits, in_other_units
from riskmodel.registry.rejects import Rejects, as_text, originals
from riskmodel.registry.rules import Finding, Rule, check_rows, not_yet_known, orphans, repeated, strangers
from riskmodel.registry.schema import Table
from riskmodel.registry.validation_report import Broken, Lost, TableCount, ValidationReport
from riskmodel.registry.write import check_columns

_EXAMPLES = 3
_AT_A_TIME = 20_000
_NO_HOUSEHOLDS = "there is no household table: whether rows belong to a household was not checked"
# What cross-field rules of other tables look at, so it is kept until the share is through.
_LOOKED_AT = frozenset(name for doubt in DOUBTS if len(doubt.needs) > 1 for name in doubt.needs)


@dataclass
class _Held:
    """What later tables of the same households are held against.

    Attributes
    ----------
    kept : dict of str to pyarrow.Table
        The rows that stand.
    lines : dict of str to int64 array
        Where they stand in the table as it came, from 1.
    gone : pyarrow.Array, optional
        Households of which no row stands.
    """

    kept: dict[str, pa.Table] = field(default_factory=dict)
    lines: dict[str, np.ndarray] = field(default_factory=dict)
    gone: pa.Array | None = None


@dataclass
class Checking:
    """One check under way: tables come in the schema's order, households and members before what hangs on them.

    Attributes
    ----------
    places : mapping of str to str
        By table, how its source is called in messages.
    limits : Limits
        What no amount can be.
    set_aside : callable
        Takes over the rows that cannot stand, some at a time.
    cut_on, today : date, optional
        See :func:`~riskmodel.registry.validate.validate_tables`.
    """

    places: Mapping[str, str]
    limits: Limits
    set_aside: Callable[[Rejects], None]
    cut_on: date | None = None
    today: date | None = None
    _counts: dict[str, TableCount] = field(default_factory=dict)
    _broken: dict[str, Broken] = field(default_factory=dict)
    _doubts: dict[str, Broken] = field(default_factory=dict)
    _examples: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    _notes: list[str] = field(default_factory=list)
    _lost: Lost = field(default_factory=Lost)
    _held: _Held = field(default_factory=_Held)

    def __post_init__(self) -> None:
        if self.cut_on is not None and self.today is not None and self.cut_on > self.today + timedelta(days=1):
            self._notes.append(
                f"the registry says that it is cut on {self.cut_on}, after today ({self.today}): outcomes up to that "
                "day will count as known. If that is not so, state another cut (--cut-on)"
            )

    def take(self, raw: pa.Table, at: np.ndarray, table: Table) -> pa.Table:
        """Check a table's rows of some households; return those that stay.

        What cannot stand is set aside, what is doubtful is noted.

        Parameters
        ----------
        raw : pyarrow.Table
            All rows of these households.
        at : numpy.ndarray of int64
            Where each stands in the table as it came, from 0, ascending.
        """
        check_columns(raw.column_names, table, place=self.places[table.name])
        rows, findings = check_rows(raw, table)
        late = not_yet_known(rows, table, cut_on=self.cut_on, today=self.today)
        findings += [*self._across(rows, table), *([late] if late and len(late.rows) else [])]
        findings += in_other_units(rows, table, self.limits)
        standing = np.ones(raw.num_rows, dtype=bool)
        for finding in findings:
            standing[finding.rows] = False
        again = repeated(rows, table, standing=standing)
        standing[again.rows] = False
        told = self._set_aside(raw, at, table, [*findings, again])
        stay = rows if standing.all() else rows.filter(pa.array(standing))
        kept = pa.Table.from_arrays(stay.columns, schema=table.arrow_schema)
        rejected = int(np.count_nonzero(~standing))
        if kept.num_rows + rejected != raw.num_rows or rejected != told:
            raise AssertionError(f"{table.name}: rows in, kept and rejected do not add up")
        before = self._counts.get(table.name, TableCount(table.name, 0, 0, 0, 0))
        self._counts[table.name] = replace(
            before,
            rows_in=before.rows_in + raw.num_rows,
            kept=before.kept + kept.num_rows,
            rejected=before.rejected + rejected,
        )
        self._count_lost(rows, table, kept)
        self._doubt(table, kept, at[standing] + 1)
        return kept

    def next_households(self) -> None:
        """Forget the households that were checked: others follow."""
        self._held = _Held()

    def _count_lost(self, rows: pa.Table, table: Table, kept: pa.Table) -> None:
        """Note the households of which no row stands, and the rows of other tables that fall with them."""
        if table.name == "household":
            named = pc.unique(rows["household_id"]).drop_null()
            gone = named.filter(pc.invert(pc.is_in(named, value_set=pc.unique(kept["household_id"]))))
            self._held.gone = gone
            self._lost = replace(self._lost, households=self._lost.households + len(gone))
        elif self._held.gone is not None and len(self._held.gone):
            fallen = int(pc.sum(pc.is_in(rows["household_id"], value_set=self._held.gone)).as_py() or 0)
            self._lost = replace(self._lost, rows=self._lost.rows + fallen)

    def _across(self, rows: pa.Table, table: Table) -> list[Finding]:
        found = []
        if table.name != "household":
            if "household" in self._held.kept:
                found.append(orphans(rows, table, self._held.kept["household"]["household_id"]))
            elif _NO_HOUSEHOLDS not in self._notes:
                self._notes.append(_NO_HOUSEHOLDS)
        if table.name == "job" and "member" in self._held.kept:
            found.append(strangers(rows, self._held.kept["member"]))
        return [finding for finding in found if len(finding.rows)]

    def _set_aside(self, raw: pa.Table, at: np.ndarray, table: Table, findings: list[Finding]) -> int:
        """Set rows aside; return how many they are."""
        fallen = np.unique(np.concatenate([finding.rows for finding in findings]))
        if not len(fallen):
            return 0
        for finding in findings:
            _note(self._broken, finding.rule, len(finding.rows))
        # A whole delivery may be wrong: some at a time.
        for start in range(0, len(fallen), _AT_A_TIME):
            some = fallen[start : start + _AT_A_TIME]
            self.set_aside(_rejects(raw, at, table, findings, some))
        return len(fallen)

    def _doubt(self, table: Table, kept: pa.Table, lines: np.ndarray) -> None:
        """Ask the cross-field rules whose tables have all come by now, and hold on to what later ones need."""
        self._held.lines[table.name] = lines
        known = {**self._held.kept, table.name: kept}
        for doubt in DOUBTS:
            if table.name in doubt.needs and all(name in known for name in doubt.needs):
                self._ask(doubt, known)
        if table.name in _LOOKED_AT or table.name == "household":
            self._held.kept[table.name] = kept

    def _ask(self, doubt: Doubt, known: Mapping[str, pa.Table]) -> None:
        name = doubt.needs[0]
        found = doubt.find(known)
        if not len(found):
            return
        lines = self._held.lines[name][found]
        first = np.argsort(lines, kind="stable")[:_EXAMPLES]
        shown = known[name]["household_id"].take(pa.array(found[first])).to_pylist()
        examples = [
            (
                int(lines[place]),
                f"{self.places[name]}, row {lines[place]:,} (household {as_text(household)}): "
                f"{doubt.rule.en}. Kept (warning {doubt.rule.id}).",
            )
            for place, household in zip(first, shown, strict=True)
        ]
        _note(self._doubts, doubt.rule, len(found))
        so_far = self._examples.get(doubt.rule.id, [])
        self._examples[doubt.rule.id] = sorted([*so_far, *examples])[:_EXAMPLES]

    def report(self, *, rejects: tuple[str, ...]) -> ValidationReport:
        """Return what was found so far; ``rejects`` are rows set aside, in words."""
        doubted: dict[str, int] = {}
        for broken in self._doubts.values():
            name = broken.rule.split(".")[0]
            doubted[name] = doubted.get(name, 0) + broken.rows
        warnings = [
            replace(self._doubts[rule], examples=tuple(text for _, text in self._examples[rule]))
            for rule in sorted(self._doubts)
        ]
        return ValidationReport(
            tables=tuple(replace(count, warnings=doubted.get(name, 0)) for name, count in self._counts.items()),
            rejected_by_rule=tuple(self._broken[rule] for rule in sorted(self._broken)),
            warnings=tuple(warnings),
            notes=tuple(self._notes),
            rejects=rejects,
            lost=self._lost,
        )


def _rejects(raw: pa.Table, at: np.ndarray, table: Table, findings: list[Finding], fallen: np.ndarray) -> Rejects:
    """Return the lines of some rows that fell: of each rule those between the first and the last of them."""
    rejects = Rejects()
    picked = raw.take(pa.array(fallen)).to_pylist()
    full = originals(raw, fallen)
    for finding in findings:
        rows = finding.rows[slice(*np.searchsorted(finding.rows, [fallen[0], fallen[-1] + 1]))]
        places = np.searchsorted(fallen, rows)
        broken = [picked[place] for place in places]
        rejects.add_many(
            table=table.name,
            rows=(at[rows] + 1).tolist(),
            column=finding.rule.column,
            values=[row.get(finding.rule.column) for row in broken],
            rule=finding.rule.id,
            messages=[finding.describe(row) for row in broken],
            originals=[full[place] for place in places],
        )
    return rejects


def _note(notes: dict[str, Broken], rule: Rule, rows: int) -> None:
    if rows:
        before = notes[rule.id].rows if rule.id in notes else 0
        notes[rule.id] = Broken(rule.id, rule.zh, rule.en, rule.source, before + rows)
