"""How a simulated county was made, told beside its tables: size, years, seed, cut, switches, version."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from riskmodel import __version__
from riskmodel.simulation.switches import Switches

MADE = "simulated.json"
# Not policy.yaml: a workspace may lie in the same folder, and its own record is not ours to replace.
POLICY_FILE = "simulated_policy.yaml"


@dataclass(frozen=True)
class Made:
    """What a simulated county is the outcome of; the same gives the same bytes."""

    households: int
    years: int
    seed: int
    until: date
    switches: Switches

    def write(self, folder: Path) -> None:
        """Write ``simulated.json`` and, where the line is switched, the policy file that a workspace needs for it."""
        told = {
            "households": self.households,
            "years": self.years,
            "seed": self.seed,
            "until": self.until.isoformat(),
            "switches": self.switches.told(),
            "version": __version__,
        }
        (folder / MADE).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        if self.switches.line:
            (folder / POLICY_FILE).write_text(self.switches.policy_file(), encoding="utf-8")
