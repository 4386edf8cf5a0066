"""Explanations: contributions that add up, reasons in words, risk types."""

from __future__ import annotations

from riskmodel.explain.contributions import booster_residual, require_small, sum_residual
from riskmodel.explain.reasons import Explained, Reason, explain_rows, largest
from riskmodel.explain.risk_types import risk_types
from riskmodel.explain.units import format_value, unit_word
from riskmodel.explain.words import reason_sentence

__all__ = [
    "Explained",
    "Reason",
    "booster_residual",
    "explain_rows",
    "format_value",
    "largest",
    "reason_sentence",
    "require_small",
    "risk_types",
    "sum_residual",
    "unit_word",
]
