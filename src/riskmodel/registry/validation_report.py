"""What a validation found: counts by table, the rules that were broken, in words for people and as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from riskmodel.registry.schema import SCHEMA_VERSION


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
