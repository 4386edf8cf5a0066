"""A simulated county, good enough to train on: seeded, vectorised, one module a mechanism."""

from __future__ import annotations

from riskmodel.simulation.county import simulate as simulate
from riskmodel.simulation.county import simulate_registry as simulate_registry
from riskmodel.simulation.switches import Switches as Switches

__all__ = ["Switches", "simulate", "simulate_registry"]
