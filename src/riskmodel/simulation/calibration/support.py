"""What becomes of lifted households when direct support is withdrawn: one county lived with it and without.

A written registry has one life only, so a county is lived twice for these figures, of the same seed and of 20,000
households at most: as usual, and with all direct support withdrawn on 1 January of the last year that is known in full.
Until that day the two are the same.
"""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from riskmodel.registry import Registry
from riskmodel.simulation.calibration.years import SETTLED, Years
from riskmodel.simulation.county import EARLIEST_YEAR
from riskmodel.simulation.switches import Switches
from riskmodel.simulation.written import simulate_registry

HOUSEHOLDS_AT_MOST = 20_000
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shares:
    """Of the lifted households of a year: how many are below the line, and how many in need (a guarantee not met too).

    Attributes
    ----------
    below, need : float
        Shares; missing (None) where no lifted household was there.
    """

    below: float | None
    need: float | None


@dataclass(frozen=True)
class Withdrawal:
    """The same year with support and without.

    Attributes
    ----------
    year : int
        Support ends on its first day in the second life.
    households : int
        Of the county that was lived twice.
    """

    year: int
    households: int
    usual: Shares
    withdrawn: Shares

    def figures(self) -> dict[str, float | None]:
        """Return the figures by their names in ``targets.yaml``."""
        usual, withdrawn = self.usual, self.withdrawn
        rise = None if usual.below is None or withdrawn.below is None else withdrawn.below - usual.below
        return {
            "risk.need_without_support": _times(withdrawn.need, usual.need),
            "risk.below_without_support": _times(withdrawn.below, usual.below),
            "risk.rise_without_support": rise,
        }

    def words(self) -> str:
        """Say what was compared, and the shares themselves."""

        def rise(before: float | None, after: float | None) -> str:
            return "unknown" if before is None or after is None else f"{before:.1%} with support, {after:.1%} without"

        usual, withdrawn = self.usual, self.withdrawn
        return (
            f"Direct support withdrawn in {self.year} (a county of {self.households:,} households lived twice): of "
            f"lifted households, below the line {rise(usual.below, withdrawn.below)}; in need "
            f"{rise(usual.need, withdrawn.need)}."
        )


FIGURES = ("risk.need_without_support", "risk.below_without_support", "risk.rise_without_support")


def lived_twice(*, households: int, seed: int, until: date) -> Withdrawal:
    """Live a county with support and without it, and compare its lifted households.

    Parameters
    ----------
    households : int
        Of the county that the figures are for; no more than 20,000 are lived.
    until : date
        The cut; the year compared is the last one that ended 90 days before it.
    """
    year = (until - SETTLED).year - 1
    # A year before it lets what is withdrawn have been there.
    years = min(until.year - year + 1, until.year - EARLIEST_YEAR)
    households = min(households, HOUSEHOLDS_AT_MOST)
    shares = []
    for switches in (Switches(), Switches(withdraw_support_from=date(year, 1, 1))):
        _LOG.info("living %s households %s", f"{households:,}", "; ".join(switches.words()) or "with direct support")
        with tempfile.TemporaryDirectory(prefix="riskmodel-") as scratch:
            out = Path(scratch) / "county"
            simulate_registry(out, households=households, years=years, seed=seed, until=until, switches=switches)
            shares.append(_shares(out, year))
    return Withdrawal(year, households, *shares)


def _shares(registry: Path, year: int) -> Shares:
    with Registry.open(registry) as opened:
        years = Years.of(opened)
        lifted = years.accounts.filter(years.accounts.lifted & (years.accounts.year == year))
        checks = years.standing("guarantee")
        unmet = checks.filter((checks.checked_on.year() == year) & ~checks.met).select("household_id").distinct()
        rows = lifted.mutate(unmet=lifted.household_id.isin(unmet.household_id))
        found = rows.aggregate(
            below=rows.below.cast("float64").mean(), need=(rows.below | rows.unmet).cast("float64").mean()
        )
        told = found.to_pyarrow().to_pylist()[0]
    return Shares(told["below"], told["need"])


def _times(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole
