"""Every figure beside its target: the simulated value, and whether it lies in its band."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from riskmodel.policy import Policy
from riskmodel.progress import track
from riskmodel.registry import Registry
from riskmodel.simulation.calibration import lives, money, rolls
from riskmodel.simulation.calibration.targets import Target, load_targets
from riskmodel.simulation.calibration.years import Years

FIGURES = {**money.FIGURES, **lives.FIGURES, **rolls.FIGURES}


@dataclass(frozen=True)
class Line:
    """One figure held against its target.

    Attributes
    ----------
    name : str
        ``theme.figure``, as in ``targets.yaml``.
    simulated : float or None
        None where the registry's years do not hold what it takes.
    """

    name: str
    target: Target
    simulated: float | None

    @property
    def inside(self) -> bool | None:
        """Whether the simulated value lies in the band; None where there is none."""
        if self.simulated is None:
            return None
        return self.target.low <= self.simulated <= self.target.high


def calibrate(
    registry: Path, *, policy: Policy | None = None, told: Mapping[str, float | None] | None = None
) -> list[Line]:
    """Work out every figure of ``targets.yaml`` from a written registry, in the order of that file.

    Parameters
    ----------
    policy : Policy, optional
        The record that the county was lived by; the package's own by default.
    told : mapping of str to float, optional
        Figures that take more than this registry, such as :func:`~riskmodel.simulation.calibration.support.lived_twice`
        gives; without them they are not there.

    Raises
    ------
    CallError, DataError
        There is no registry, or it holds no whole year.
    """
    with Registry.open(registry) as opened:
        years = Years.of(opened, policy=policy)
        targets = load_targets()
        known = dict(told or {})
        return [
            Line(name, targets[name], FIGURES[name](years) if name in FIGURES else known.get(name))
            for name in track(list(targets), label="figures")
        ]
