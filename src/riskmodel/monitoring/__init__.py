"""Monitoring: scoring a registry, flagging by capacity and by rule, and the files that leave it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "Capacity": "riskmodel.monitoring.capacity",
    "FLAGS": "riskmodel.monitoring.flags",
    "SCORES": "riskmodel.monitoring.flags",
    "read_output": "riskmodel.monitoring.flags",
    "read_record": "riskmodel.monitoring.record",
    "score_registry": "riskmodel.monitoring.score",
}

__all__ = ["FLAGS", "SCORES", "Capacity", "read_output", "read_record", "score_registry"]


def __getattr__(name: str) -> Any:
    # Names arrive when asked for: the command line's help must not import pandas.
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
