"""Capacity: how many households can be visited, as a share of those who may be flagged or as a number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from riskmodel.errors import CallError


@dataclass(frozen=True)
class Capacity:
    """A visiting capacity.

    Attributes
    ----------
    kind : {"share", "count"}
    value : float
        A share above 0 and up to 1, or a whole number of households.
    """

    kind: Literal["share", "count"]
    value: float

    @classmethod
    def parse(cls, text: str | float) -> Capacity:
        """Read a capacity as it is typed: ``0.05`` or ``5%`` is a share, ``200`` a number of households.

        A whole number without a decimal point is a count (``1`` is one household, ``1.0`` everyone).

        Raises
        ------
        CallError
            Not a number, zero or less, or a share above 1.

        >>> Capacity.parse("5%"), Capacity.parse("200")
        (Capacity(kind='share', value=0.05), Capacity(kind='count', value=200.0))
        """
        given = str(text).strip()
        digits = given.removesuffix("%").replace(",", "").replace("_", "")
        try:
            number = float(digits)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or number <= 0:
            raise CallError(_expected(given))
        if given.endswith("%"):
            return cls._share(number / 100, given)
        if digits.isdigit():
            return cls("count", number)
        return cls._share(number, given)

    @classmethod
    def _share(cls, share: float, given: str) -> Capacity:
        if share > 1:
            raise CallError(_expected(given))
        return cls("share", share)

    def households(self, eligible: int) -> int:
        """Return how many of ``eligible`` households can be visited.

        A share is rounded to the nearest whole household (a half goes up), and is at least one where anyone
        is eligible; a count is never more than there are.

        >>> Capacity("share", 0.05).households(1_010), Capacity("count", 200).households(150)
        (51, 150)
        """
        if self.kind == "count":
            return min(int(self.value), eligible)
        return min(max(1, math.floor(self.value * eligible + 0.5)), eligible)

    def __str__(self) -> str:
        return f"{self.value:g}" if self.kind == "share" else f"{int(self.value)}"


def _expected(given: str) -> str:
    return (
        f'capacity is "{given}"; expected a share of households above 0 and up to 1 (0.05 or 5%), '
        "or a whole number of households (200)."
    )
