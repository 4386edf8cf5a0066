"""Calibration in the large: do the risks of an origin add up to the cases that came?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from riskmodel.evaluation.asked import Asked
from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.evaluation.compare import POOLED
from riskmodel.evaluation.tallies import pooled


@dataclass(frozen=True, kw_only=True)
class Total:
    """One origin, or all of them.

    Attributes
    ----------
    origin : str
        The date, or ``pooled``.
    expected, observed : Estimate
        The risks added up; the cases that came.
    ratio : Estimate
        Observed over expected: 1 where they agree, above where the model expected too few.
    """

    origin: str
    rows: int
    expected: Estimate
    observed: Estimate
    ratio: Estimate

    @property
    def off(self) -> bool:
        """Whether the ratio's interval excludes 1."""
        return self.ratio.low > 1 or self.ratio.high < 1

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        plain = {k: v.to_dict() if isinstance(v, Estimate) else v for k, v in vars(self).items()}
        return {**plain, "off": self.off}


def totals(asked: Asked) -> list[Total]:
    """Return expected and observed cases of every origin, and of all where there are several."""
    parts = asked.tally(asked.everyone, listing=asked.county_list(asked.main))
    named = [
        ("folds" if day is None else str(day), part) for day, part in zip(asked.predictions.origins, parts, strict=True)
    ]
    if len(parts) > 1:
        named.append((POOLED, pooled(parts)))
    return [
        Total(
            origin=name,
            rows=round(float(part.once.rows[0, 0])),
            expected=part.of("expected", level=asked.wide),
            observed=part.of("observed", level=asked.wide),
            ratio=part.of("observed_to_expected", level=asked.wide),
        )
        for name, part in named
    ]
