"""The catalogue that the landmines are laid around."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskmodel.features import Catalogue, load_catalogue


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(Path(__file__).parents[2] / "features")
