"""Where tests find each other's helpers, and the real panels."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

for folder in ("leakage", "monitoring", "parity"):
    sys.path.insert(0, str(ROOT / "tests" / folder))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the real panels; without it a test is skipped, or fails where it must be there."""
    place = Path(os.environ.get("RISKMODEL_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not place.is_dir():
        reason = f"the real panels are not at {place} (set RISKMODEL_SHARED_DATA)"
        if os.environ.get("RISKMODEL_REQUIRE_SHARED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return place


@pytest.fixture(scope="session")
def scored_county(tmp_path_factory):
    """A simulated county with a model of it, to score: see tests/monitoring/scored.py."""
    from scored import make_county

    return make_county(tmp_path_factory.mktemp("scored"))


@pytest.fixture(scope="session")
def scored_run(scored_county, tmp_path_factory) -> Path:
    """What one scoring of that county left; tests read it and leave it as it is."""
    folder = tmp_path_factory.mktemp("run") / "2025-06"
    scored_county.score(folder)
    return folder
