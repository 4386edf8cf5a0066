"""How the simulated county compares with what sources say: figures worked out from a written registry, in bands."""

from __future__ import annotations

from riskmodel.simulation.calibration.compare import Line as Line
from riskmodel.simulation.calibration.compare import calibrate as calibrate
from riskmodel.simulation.calibration.page import markdown as markdown
from riskmodel.simulation.calibration.support import lived_twice as lived_twice

__all__ = ["Line", "calibrate", "lived_twice", "markdown"]
