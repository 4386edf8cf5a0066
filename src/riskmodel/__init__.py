"""Household histories in, an explained list for home visits out.

The names below are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "RiskClassifier": "riskmodel.model",
    "Registry": "riskmodel.registry",
    "feature": "riskmodel.features",
    "build_features": "riskmodel.features",
    "build_labels": "riskmodel.features",
    "load_catalogue": "riskmodel.features",
    "build_training_set": "riskmodel.training",
}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604

if TYPE_CHECKING:
    from riskmodel.features import build_features, build_labels, feature, load_catalogue
    from riskmodel.model import RiskClassifier
    from riskmodel.registry import Registry
    from riskmodel.training import build_training_set


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f'module "riskmodel" has no attribute "{name}"')


def __dir__() -> list[str]:
    return sorted(__all__)
