"""The risk model: estimator, bundle, store."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "RiskClassifier": "riskmodel.model.classifier",
    "Bundle": "riskmodel.model.bundle",
    "load_bundle": "riskmodel.model.bundle",
    "save_bundle": "riskmodel.model.bundle",
    "ModelStore": "riskmodel.model.store",
}

__all__ = ["Bundle", "ModelStore", "RiskClassifier", "load_bundle", "save_bundle"]


def __getattr__(name: str) -> Any:
    # Names arrive when asked for: importing this package must not import LightGBM.
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
