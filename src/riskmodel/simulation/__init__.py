"""A simulated county, good enough to train on: seeded, vectorised, one module a mechanism."""

from __future__ import annotations

from riskmodel.simulation.county import simulate as simulate
from riskmodel.simulation.switches import Switches as Switches
from riskmodel.simulation.written import simulate_registry as simulate_registry

__all__ = ["Switches", "simulate", "simulate_registry"]
