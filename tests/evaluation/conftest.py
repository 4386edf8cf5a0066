from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from riskmodel.evaluation import run_experiment
from riskmodel.evaluation.train import Trained


def _county() -> ModuleType:
    name = "tests_evaluation_county"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("county.py"))
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture(scope="session")
def county() -> ModuleType:
    """The helpers of ``county.py``."""
    return _county()


@pytest.fixture(scope="session")
def workspace(tmp_path_factory, county) -> Path:
    """A folder with a registry, a catalogue and an experiment; tests write beside them, never over them."""
    folder = tmp_path_factory.mktemp("workspace")
    county.write_county(folder / "county")
    (folder / "features.py").write_text(county.CATALOGUE, encoding="utf-8")
    (folder / "small.yaml").write_text(county.EXPERIMENT, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def trained(workspace, mlflow_store, tmp_path_factory) -> Trained:
    """What a training by ``small.yaml`` left; tests read it and leave it as it is."""
    folder = tmp_path_factory.mktemp("trained")
    mlflow_store(folder / "models")
    return run_experiment(workspace / "small.yaml", models=folder / "models", out=folder / "out")
