"""Judging a model: forward in time, on households not trained on, beside the county's rule and one number."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "Evaluation": "riskmodel.evaluation.results",
    "MlflowTracker": "riskmodel.evaluation.tracking",
    "Trained": "riskmodel.evaluation.train",
    "check_experiment": "riskmodel.evaluation.train",
    "evaluation_html": "riskmodel.evaluation.report",
    "model_card": "riskmodel.evaluation.card",
    "run_experiment": "riskmodel.evaluation.train",
}

__all__ = [
    "Evaluation",
    "MlflowTracker",
    "Trained",
    "check_experiment",
    "evaluation_html",
    "model_card",
    "run_experiment",
]


def __getattr__(name: str) -> Any:
    # Names arrive when asked for: importing this package must not import LightGBM or scikit-learn.
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f'module "riskmodel.evaluation" has no attribute "{name}"')
