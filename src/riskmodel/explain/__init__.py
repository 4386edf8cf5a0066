"""Explanations: contributions that add up, reasons in words, risk types."""

from __future__ import annotations

from riskmodel.explain.bulk import Contributions, against_background
from riskmodel.explain.contributions import booster_residual, require_small, sum_residual
from riskmodel.explain.explanation import explain, importance, use_cjk_font
from riskmodel.explain.ideas import Ideas
from riskmodel.explain.reasons import Beside, Explained, Reason, Reasons, explain_rows, reasons_of
from riskmodel.explain.risk_types import risk_types
from riskmodel.explain.units import format_value, unit_word
from riskmodel.explain.words import Fact, fact_words, reason_sentence

__all__ = [
    "Beside",
    "Contributions",
    "Explained",
    "Fact",
    "Ideas",
    "Reason",
    "Reasons",
    "against_background",
    "booster_residual",
    "explain",
    "explain_rows",
    "fact_words",
    "format_value",
    "importance",
    "reason_sentence",
    "reasons_of",
    "require_small",
    "risk_types",
    "sum_residual",
    "unit_word",
    "use_cjk_font",
]
