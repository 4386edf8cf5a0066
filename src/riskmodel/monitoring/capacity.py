"""Capacity: how many households can be visited, as a share of those who may be flagged or as a number."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from riskmodel.errors import CallError

# Small enough that whole numbers of households times it stay whole in 64 bits.
_FINEST = 1_000_000
# A comma parts thousands only: "0,05" is nobody's five households.
_NUMBER = re.compile(r"(\d+|\d{1,3}(,\d{3})+)(\.\d*)?|\.\d+", re.ASCII)


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

        A whole number without a decimal point is a count (``1`` is one household, ``1.0`` everyone); thousands may
        be parted by commas. What ``str`` writes of a capacity is read back as the same.

        Raises
        ------
        CallError
            Not a number, zero or less, or a share above 1.

        >>> Capacity.parse("5%"), Capacity.parse("200")
        (Capacity(kind='share', value=0.05), Capacity(kind='count', value=200.0))
        """
        given = str(text).strip().replace("％", "%")
        typed = given.removesuffix("%").rstrip()
        if not _NUMBER.fullmatch(typed) or (number := float(typed.replace(",", ""))) <= 0:
            raise CallError(_expected(given))
        if given.endswith("%"):
            return cls._share(number / 100, given)
        if "." not in typed:
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
        >>> Capacity("share", 0.29).households(50)
        15
        """
        if self.kind == "count":
            return min(int(self.value), eligible)
        return min(max(1, math.floor(self.ratio * eligible + Fraction(1, 2))), eligible)

    @property
    def ratio(self) -> Fraction:
        """A share as it was meant: 0.05 is a twentieth, not the nearest binary number; to a millionth."""
        return Fraction(repr(self.value)).limit_denominator(_FINEST)

    def __str__(self) -> str:
        if self.kind == "count":
            return f"{int(self.value)}"
        return f"{Decimal(repr(self.value)):f}"


def _expected(given: str) -> str:
    return (
        f'capacity is "{given}"; expected a share of households above 0 and up to 1 (0.05 or 5%), '
        "or a whole number of households (200)."
    )
