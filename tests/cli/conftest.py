"""A workspace that ``riskmodel init`` laid out, with a small simulated county in it, trained on and scored once."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from riskmodel.simulation import simulate_registry

UNTIL = date(2026, 1, 1)

EXPERIMENT = """
name: light
title_zh: 小县
title_en: a small county
registry: ../county
features: {only: [line_gap_12m, members, members_able, wage_income_pc_12m, medical_oop_12m, dependency_ratio]}
outcome: need
cohort: not_listed
training: {as_of: {every_months: 6, newest: 3}}
validation:
  origins: {newest: 3, every_months: 3}
  gap_months: 12
  holdout: {by: household, folds: 2}
model: {calibration: sigmoid, folds: 2}
intervals: {bootstrap: 20}
seed: 7
"""


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory, cli) -> Path:
    """The workspace; tests read it, and write elsewhere."""
    folder = tmp_path_factory.mktemp("cli") / "workspace"
    laid = cli("init", folder)
    assert laid.code == 0, laid.err
    # Who these people would be lies beside the county: no command may read it, or say a word of it.
    simulate_registry(folder / "county", households=120, years=5, seed=3, until=UNTIL, identity=True)
    (folder / "experiments" / "light.yaml").write_text(EXPERIMENT, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def trained(workspace: Path, cli):
    """``riskmodel train`` in the workspace, with every default: models/light/1 is there afterwards."""
    ended = cli("train", "experiments/light.yaml", cwd=workspace)
    assert ended.code == 0, ended.err
    return ended


@pytest.fixture(scope="session")
def scored(workspace: Path, trained, cli):
    """``riskmodel score`` into out/2026-01 of the workspace."""
    ended = cli("score", "county", "--as-of", UNTIL, "--model", "light@champion", "--out", "out/2026-01", cwd=workspace)
    assert ended.code == 0, ended.err
    return ended
