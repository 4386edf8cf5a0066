"""What is known of a household when an act is judged: plain numbers, None where not known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Facts:
    """What the registry, or the people who visited, know of a household on a day.

    Attributes
    ----------
    as_of : date, optional
        The day before which the facts were known.
    household_type : str, optional
        ``lifted``, ``unlifted`` or ``ordinary``.
    members, members_able, members_working : float, optional
        Persons present; able to work (16 to 59, skilled or ordinary); able at least in part (weak workers with them).
    net_income_pc, net_income_pc_before : float, optional
        Net income per head of the last twelve months, and the same half a year (``elimination.steady_months``)
        earlier, yuan.
    out_of_pocket_pc, claims_pc : float, optional
        Compliant out-of-pocket medical spending and insurance claims per head of the last twelve months, yuan.
    line : float, optional
        The monitoring line in force, yuan per head and year.
    guarantees_unmet : float, optional
        Guarantees whose latest check is not met.
    already_compared : bool, optional
        Whether the household's assets were compared already (as for dibao).
    """

    as_of: date | None = None
    household_type: str | None = None
    members: float | None = None
    members_able: float | None = None
    members_working: float | None = None
    net_income_pc: float | None = None
    net_income_pc_before: float | None = None
    out_of_pocket_pc: float | None = None
    claims_pc: float | None = None
    line: float | None = None
    guarantees_unmet: float | None = None
    already_compared: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what is known, for the log."""
        told = {name: value for name, value in vars(self).items() if value is not None}
        if self.as_of is not None:
            told["as_of"] = self.as_of.isoformat()
        return told

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Facts:
        """Return the facts that :meth:`to_dict` told."""
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in told.items() if name in known}
        if isinstance(values.get("as_of"), str):
            values["as_of"] = date.fromisoformat(values["as_of"])
        return cls(**values)


UNKNOWN = Facts()
