"""Training sets, and the experiment files that say how to train and test on them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_HOMES = {
    "TrainingSet": "riskmodel.training.training_set",
    "build_training_set": "riskmodel.training.training_set",
    "Experiment": "riskmodel.training.experiment",
    "load_experiment": "riskmodel.training.experiment",
}

__all__ = list(_HOMES)  # noqa: PLE0605

if TYPE_CHECKING:
    from riskmodel.training.experiment import Experiment, load_experiment
    from riskmodel.training.training_set import TrainingSet, build_training_set


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f'module "riskmodel.training" has no attribute "{name}"')
