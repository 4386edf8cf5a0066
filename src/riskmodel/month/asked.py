"""What one month is asked to do, and what it depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskmodel import __version__
from riskmodel.errors import CallError
from riskmodel.features.levers import levers_digest
from riskmodel.files import sha256_of
from riskmodel.month.record import NAME, MonthRecord
from riskmodel.registry.codes import Lang
from riskmodel.registry.database import address, is_database
from riskmodel.registry.folder import source_digests

if TYPE_CHECKING:
    from riskmodel.monitoring.chosen import Chosen
    from riskmodel.policy import Policy

COPY, REGISTRY, SCORED, REPORT = "source", "registry", "scored", "report"


@dataclass(frozen=True)
class Asked:
    """One month.

    Attributes
    ----------
    registry : str
        The source: a folder, a ``.duckdb`` file, or the URL of a PostgreSQL database. It is only read.
    as_of : date
        Only what was known, and true, strictly before counts.
    out : Path
        The month's folder: ``registry/``, ``scored/``, ``report/``, ``month.json``; a database's copy on its way.
    chosen : Chosen
        The model, its catalogue and its challenger.
    policy : Policy
        The dated figures and provisions.
    scoring : mapping
        Options of :func:`~riskmodel.monitoring.score.score_registry` that its results depend on, passed as they are.
    means : mapping
        Further options of it, which its results do not depend on (memory, workers): a resumed run may have others.
    list_url : str, optional
        The list to update; None leaves the step out.
    on : date
        The day on which the flags reach the list: their clocks start then.
    now : datetime
        When that is entered, with its time zone.
    actor : str
        The account that enters it.
    today : date
        Where the registry states no cut, rows known after this day are set aside.
    cut_on : date, optional
        The registry holds what was known strictly before this day.
    most_rejected : float
        The share of a table's rows that may be set aside before the month stops, 0 to 1.
    most_missing : float
        By how much of its rows a table may have shrunk since ``previous`` before the month stops, 0 to 1; 1 also lets
        a table pass that is empty though the model learned from it.
    most_behind : int
        How many days the registry may end before ``as_of`` until the month stops: what is missing looks as if nothing
        had happened.
    previous : Path, optional
        The folder of an earlier scoring run, for what changed since.
    lang : {"zh", "en"}
        The language of ``index.html`` and ``list.xlsx``.
    """

    registry: str
    as_of: date
    out: Path
    chosen: Chosen
    policy: Policy
    scoring: Mapping[str, Any]
    on: date
    now: datetime
    today: date
    means: Mapping[str, Any] = field(default_factory=dict)
    list_url: str | None = None
    actor: str = "batch"
    cut_on: date | None = None
    most_rejected: float = 0.05
    most_missing: float = 0.05
    most_behind: int = 27
    previous: Path | None = None
    lang: Lang = "zh"

    @property
    def in_database(self) -> bool:
        """Whether the source is a database, to be copied first."""
        return is_database(self.registry)

    @property
    def source(self) -> Path:
        """The files to validate: the source itself, or the copy of a database."""
        return self.out / COPY if self.in_database else Path(self.registry)

    @property
    def validated(self) -> Path:
        """Where the rows that stand lie."""
        return self.out / REGISTRY

    @property
    def scored(self) -> Path:
        """Where the scores lie, as `riskmodel score` leaves them."""
        return self.out / SCORED

    @property
    def report(self) -> Path:
        """Where the pages and workbooks lie."""
        return self.out / REPORT

    @property
    def rows_before(self) -> dict[str, int]:
        """How many rows each table had in the month before, where ``previous`` is of a month; else nothing."""
        folder = self.previous.parent if self.previous is not None else None
        if folder is None or self.previous != folder / SCORED or (before := MonthRecord.read(folder)) is None:
            return {}
        tables = before.told["steps"].get("validate", {}).get("counts", {}).get("by_table", {})
        return {name: int(count["rows_in"]) for name, count in tables.items()}

    def source_now(self) -> dict[str, str]:
        """Return the digests of the files to validate as they lie now."""
        return {f"registry {name}": digest for name, digest in source_digests(self.source).items()}

    @cached_property
    def of_source(self) -> dict[str, str]:
        """What the month begins with: the source's files when first asked for, or which database it is."""
        return {"registry": address(self.registry)} if self.in_database else self.source_now()

    @cached_property
    def of_validation(self) -> dict[str, str]:
        """What rows are held against."""
        return {
            "cut_on": str(self.cut_on or "as the registry says"),
            "policy": self.policy.whole_digest,
            "riskmodel": __version__,
        }

    @cached_property
    def of_scoring(self) -> dict[str, str]:
        """What scoring depends on besides the registry."""
        beside = self.chosen.challenger
        return {
            "as_of": self.as_of.isoformat(),
            "model": self.chosen.called,
            "model_manifest": sha256_of(self.chosen.bundle.folder / "manifest.json"),
            "features": self.chosen.catalogue.hash,
            "levers": levers_digest(self.chosen.catalogue.levers.values()),
            "policy": self.policy.whole_digest,
            "riskmodel": __version__,
            **({} if beside is None else beside.inputs),
            **{name: str(value) for name, value in self.scoring.items()},
        }

    @cached_property
    def of_list(self) -> dict[str, str]:
        """Which list the flags go to; named without a password."""
        from riskmodel.watchlist.store.opening import shown as shown_list

        return {"list": "none" if self.list_url is None else shown_list(self.list_url)}

    @cached_property
    def of_report(self) -> dict[str, str]:
        """What the pages depend on besides the scores."""
        from riskmodel.monitoring.record import NAME as RUN

        earlier = "none" if self.previous is None else sha256_of(self.previous / RUN)
        return {"previous": earlier, "lang": self.lang}

    def inputs(self) -> dict[str, str]:
        """Return everything that the month depends on, as strings to compare."""
        return self.of_source | self.of_validation | self.of_scoring | self.of_list | self.of_report


def scored_folder(folder: Path, *, option: str = "--previous") -> Path:
    """Return where the scores of a month lie: in the folder of a month, or in the folder itself.

    Raises
    ------
    CallError
        There is no such folder.
    """
    if not folder.is_dir():
        raise CallError(
            f"{option} {folder}: no such folder; expected what `riskmodel run-month` or `riskmodel score` left."
        )
    return folder / SCORED if (folder / NAME).is_file() else folder
