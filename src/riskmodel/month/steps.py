"""The steps of the month: each does what a command of its own does, and says what it depends on and what it left."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from riskmodel.errors import CallError, DataError, RiskmodelError
from riskmodel.files import remove, sha256_of
from riskmodel.monitoring.record import NAME as RUN
from riskmodel.monitoring.record import read_record
from riskmodel.month.asked import Asked
from riskmodel.month.record import Done
from riskmodel.month.running import Left, Step
from riskmodel.registry.rejects import REJECTS

if TYPE_CHECKING:
    from riskmodel.registry.validation_report import ValidationReport
    from riskmodel.watchlist.store import ListStore

_LOG = logging.getLogger(__name__)

# Fewer rows set aside than these are single mistakes, whatever share of a small table they are.
HANDFUL = 10
_MEND = "Mend the source and run the month again without --resume"


def steps_of(asked: Asked, *, resume: bool) -> list[Step]:
    """Return the steps of a month in their order; a database is copied first, the list's is left out without one."""
    copied: list[Step] = [Copy(asked)] if asked.in_database else []
    listed: list[Step] = [] if asked.list_url is None else [UpdateList(asked)]
    return [*copied, Validate(asked), Score(asked, resume), *listed, Report(asked)]


@dataclass(frozen=True)
class Copy:
    """One state of a database, as files: the month is of that state, however often it is resumed."""

    asked: Asked
    name: str = "copy"

    def inputs(self, left: Left) -> dict[str, str]:
        """Which database it is."""
        return self.asked.of_source

    def stands(self, left: Left) -> bool:
        """Whether the copy is there to the byte, or has done its part: what was validated of it is."""
        return _is_registry(self.asked.source, left(self.name).get("registry")) or _is_registry(
            self.asked.validated, left("validate").get("registry")
        )

    def run(self) -> Done:
        """Copy the tables.

        Raises
        ------
        CallError, DataError
            As :func:`~riskmodel.registry.database.copy_database`.
        """
        from riskmodel.registry.database import copy_database

        with copy_database(self.asked.registry, self.asked.source) as copied:
            rows = {name: copied.table(name).count().to_pyarrow().as_py() for name in copied.tables}
            outputs = {"registry": copied.fingerprint}
        return Done({"rows": rows}, outputs, (f"{sum(rows.values()):,} rows of {len(rows)} tables",))


@dataclass(frozen=True)
class Validate:
    """Set aside the rows that cannot stand; the others become the month's registry. The source stays untouched."""

    asked: Asked
    name: str = "validate"

    def inputs(self, left: Left) -> dict[str, str]:
        """The source's files, or the copy of a database, and what its rows are held against."""
        source = left("copy") if self.asked.in_database else self.asked.of_source
        return {**source, **self.asked.of_validation}

    def stands(self, left: Left) -> bool:
        """Whether the month's registry is there, to the byte."""
        return _is_registry(self.asked.validated, left(self.name).get("registry"))

    def run(self) -> Done:
        """Validate into the month's folder.

        Raises
        ------
        DataError
            The source changed while it was read; so much of a table was set aside that a whole delivery must have
            gone wrong: what was set aside lies in the month's registry, and nobody is scored by what is left; a table
            lost rows since the month before, or is empty though the model learned from it; or the registry ends long
            before the month's day.
        """
        from riskmodel.registry import Registry
        from riskmodel.registry.validate import validate

        asked = self.asked
        # What an earlier run set aside there would be taken for this one's.
        remove(asked.validated / REJECTS)
        report = validate(asked.source, asked.validated, cut_on=asked.cut_on, today=asked.today)
        if not asked.in_database:
            _check_unchanged(asked)
        self._check_enough(report)
        self._check_all_there(report)
        with Registry.open(asked.validated) as opened:
            self._check_reaches(opened.cut_on)
            outputs = {"registry": opened.fingerprint}
        if report.rejected:
            outputs[REJECTS] = sha256_of(asked.validated / REJECTS)
        rows = sum(count.rows_in for count in report.tables)
        said = [f"{rows:,} rows, {rows - report.rejected:,} kept, {report.rejected:,} set aside -> {asked.validated}"]
        said += [
            f"{broken.rows:,} rows: {broken.rule} ({broken.en} / {broken.zh})"
            for broken in sorted(report.rejected_by_rule, key=lambda broken: -broken.rows)
        ]
        for note in report.notes:
            _LOG.warning("%s", note)
        if asked.in_database:
            remove(asked.source)
        return Done(_counts(report), outputs, tuple(said))

    def _check_enough(self, report: ValidationReport) -> None:
        most = self.asked.most_rejected
        gone = [
            f"{count.table} {count.rejected:,} of {count.rows_in:,}"
            for count in report.tables
            if count.rejected >= HANDFUL and count.rejected > most * count.rows_in
        ]
        if gone:
            often = max(report.rejected_by_rule, key=lambda broken: broken.rows)
            raise DataError(
                f"{self.asked.source}: more than {most:.1%} of the rows were set aside: {', '.join(gone)}. Most often "
                f"because {often.en} fails ({often.rule}, {often.rows:,} rows). A list made of what is left would miss "
                f"households. {self.asked.validated / REJECTS} has every row with its reason. {_MEND}, or go on all "
                "the same with --resume and a larger --most-rejected."
            )

    def _check_all_there(self, report: ValidationReport) -> None:
        """Refuse a registry that lost a feed: what is not there looks as if it had not happened."""
        asked, now = self.asked, {count.table: count.rows_in for count in report.tables}
        shrunk = [
            f"{name} {now.get(name, 0):,} of {rows:,}"
            for name, rows in asked.rows_before.items()
            if rows - now.get(name, 0) >= HANDFUL and now.get(name, 0) < (1 - asked.most_missing) * rows
        ]
        if shrunk:
            raise DataError(
                f"{asked.source} has fewer rows than the month before: {', '.join(shrunk)}. A registry only grows: a "
                f"feed must be missing, and a list made of what is left would name the wrong households. {_MEND}, or "
                "go on all the same with --resume and a larger --most-missing."
            )
        empty = asked.chosen.tables_learnt_from() - {name for name, rows in now.items() if rows}
        if empty and asked.most_missing < 1:
            raise DataError(
                f"{asked.source} has no rows of {', '.join(sorted(empty))}, which the model {asked.chosen.called} "
                f"learned from: everyone would look as if nothing of it had ever been. {_MEND}, or go on all the same "
                "with --resume and --most-missing 100%."
            )

    def _check_reaches(self, cut_on: date) -> None:
        asked = self.asked
        behind = (asked.as_of - cut_on).days
        if behind > asked.most_behind:
            place = asked.of_source["registry"] if asked.in_database else asked.registry
            raise DataError(
                f"{place} holds what was known before {cut_on}, {behind:,} days before {asked.as_of}: what is missing "
                "would look as if nothing had happened, and a list made of it would name the wrong households. Bring "
                "the registry up to date and run the month again without --resume, or go on all the same with a larger "
                "--most-behind."
            )


@dataclass(frozen=True)
class Score:
    """Everyone's risk, and whom to visit first, by model and rule."""

    asked: Asked
    resume: bool
    name: str = "score"

    def inputs(self, left: Left) -> dict[str, str]:
        """The month's registry, the model, the features, the policy record and the options."""
        return {**left("validate"), **self.asked.of_scoring}

    def stands(self, left: Left) -> bool:
        """Whether the record of the scoring, and every file that it speaks of, is there."""
        return _is_scored(self.asked.scored, left(self.name).get(RUN))

    def run(self) -> Done:
        """Score; where this is a resumed month, go on with the parts that are finished.

        Raises
        ------
        CallError, DataError
            As :func:`~riskmodel.monitoring.score.score_registry`.
        """
        from riskmodel.monitoring import score_registry
        from riskmodel.monitoring.budget import Budget
        from riskmodel.registry import Registry

        asked, chosen = self.asked, self.asked.chosen
        budget = Budget.of(asked.means.get("memory"), asked.means.get("workers"))
        with Registry.open(asked.validated, memory_limit=budget.of_queries, threads=budget.workers) as opened:
            if asked.as_of > opened.cut_on:
                _LOG.warning(
                    "the registry holds what was known before %s; the %d days up to %s are missing and look as if "
                    "nothing had happened",
                    opened.cut_on,
                    (asked.as_of - opened.cut_on).days,
                    asked.as_of,
                )
            told = score_registry(
                opened,
                chosen.bundle,
                model=chosen.name,
                model_version=chosen.version,
                as_of=asked.as_of,
                out=asked.scored,
                catalogue=chosen.catalogue,
                challenger=chosen.challenger,
                policy=asked.policy,
                resume=self.resume,
                **asked.scoring,
                **asked.means,
            )
        outputs = {RUN: sha256_of(asked.scored / RUN)} | {n: f["sha256"] for n, f in told["files"].items()}
        counts = told["counts"]
        said = (
            f"{counts['present']:,} households, {counts['on_list']:,} of them on the list; {counts['flagged']:,} "
            f"flagged ({counts['by_model']:,} by the model, {counts['by_rule']:,} by rule, {counts['by_both']:,} by "
            f"both) -> {asked.scored}"
        )
        return Done(counts, outputs, (said,))


@dataclass(frozen=True)
class UpdateList:
    """The flags, and what the triggers in force name, become clues of the list."""

    asked: Asked
    name: str = "list"

    def inputs(self, left: Left) -> dict[str, str]:
        """The flags, the registry, the features that triggers read, the policy record and the list."""
        return {
            "flags.parquet": left("score")["flags.parquet"],
            "registry": left("validate")["registry"],
            "features": self.asked.of_scoring["features"],
            "policy": self.asked.policy.whole_digest,
            **self.asked.of_list,
        }

    def stands(self, left: Left) -> bool:
        """Whether the list knows both sets of clues."""
        try:
            with self._store(create=False) as store:
                known = {one["run"] for one in store.runs()}
        except CallError:  # no list there any more
            return False
        return {left(self.name).get("flags"), left(self.name).get("triggers")} <= known

    def run(self) -> Done:
        """Take in what scoring left; clues that the list knows already change nothing.

        Raises
        ------
        CallError, DataError
            The list cannot be opened, or the scores are not those of the month's registry.
        """
        from riskmodel.watchlist.updating import update_from_scoring

        asked = self.asked
        with self._store(create=True) as store:
            arrived = update_from_scoring(
                store,
                asked.scored,
                asked.validated,
                on=asked.on,
                now=asked.now,
                actor=asked.actor,
                catalogue=asked.chosen.catalogue,
            )
            head = store.head
            said = [*(f"{name}, {one}" for name, one in arrived.items()), f"-> {store.place}, head {head.hash[:16]}"]
        return Done(
            {name: {"taken_in_before": one.already, **one.counts} for name, one in arrived.items()},
            {**{name: one.run for name, one in arrived.items()}, "log": f"{head.seq}:{head.hash}"},
            tuple(said),
        )

    def _store(self, *, create: bool) -> ListStore:
        from riskmodel.watchlist.store import ListStore

        assert self.asked.list_url is not None
        return ListStore(self.asked.list_url, policy=self.asked.policy, create=create)


@dataclass(frozen=True)
class Report:
    """Pages, household sheets and workbooks."""

    asked: Asked
    name: str = "report"

    def inputs(self, left: Left) -> dict[str, str]:
        """The scores, the earlier run and the language."""
        return {RUN: left("score")[RUN], **self.asked.of_report}

    def stands(self, left: Left) -> bool:
        """Whether the pages are there unchanged, and the workbooks are there: visits may be written into those."""
        outputs = left(self.name)
        workbooks = [name for name in outputs if name.endswith(".xlsx")]
        whole = all((self.asked.report / name).is_file() for name in workbooks)
        return whole and digest_of_pages(self.asked.report) == outputs.get("pages")

    def run(self) -> Done:
        """Make the report.

        Raises
        ------
        CallError, DataError
            As :func:`~riskmodel.report.make.make_report`.
        """
        from riskmodel.report import make_report

        asked = self.asked
        made = make_report(
            asked.scored,
            asked.report,
            lang=asked.lang,
            previous=asked.previous,
            workers=asked.means.get("workers"),
        )
        books = {path.name: sha256_of(path) for path in sorted(asked.report.glob("list*.xlsx"))}
        return Done(
            {"households": made.households, "townships": made.townships},
            {"pages": digest_of_pages(asked.report), **books},
            (f"{made.households:,} household sheets, {made.townships:,} townships -> {made.index}, {made.workbook}",),
        )


def digest_of_pages(folder: Path) -> str:
    """Return one digest of all pages below a folder, of their places and bytes."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.html")):
        digest.update(f"{path.relative_to(folder).as_posix()} {sha256_of(path)}\n".encode())
    return digest.hexdigest()


def _is_registry(folder: Path, wanted: str | None) -> bool:
    from riskmodel.registry import Registry

    try:
        with Registry.open(folder) as opened:
            return opened.fingerprint == wanted
    except RiskmodelError:
        return False


def _is_scored(folder: Path, wanted: str | None) -> bool:
    try:
        read_record(folder)
    except DataError:
        return False
    return sha256_of(folder / RUN) == wanted


def _check_unchanged(asked: Asked) -> None:
    now = asked.source_now()
    changed = sorted(name.removeprefix("registry ") for name, _ in asked.of_source.items() ^ now.items())
    if changed:
        raise DataError(
            f"{asked.source}: changed while it was read ({', '.join(dict.fromkeys(changed))}). Run the month again, "
            "without --resume, once nobody writes there any more."
        )


def _counts(report: ValidationReport) -> dict[str, object]:
    return {
        "rows_in": sum(count.rows_in for count in report.tables),
        "kept": sum(count.kept for count in report.tables),
        "rejected": report.rejected,
        "warnings": sum(count.warnings for count in report.tables),
        "households_lost": report.lost.households,
        "by_table": {c.table: {"rows_in": c.rows_in, "kept": c.kept, "rejected": c.rejected} for c in report.tables},
    }
