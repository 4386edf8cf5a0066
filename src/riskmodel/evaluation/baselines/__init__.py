"""What a model is set beside, one module an idea: rules, numbers, regressions, trees, a scorecard, an average."""

from riskmodel.evaluation.baselines.chosen import baseline_scorers
from riskmodel.evaluation.baselines.rules import COMPARISONS, any_flags, figure_column, figure_nodes, rule_flags
from riskmodel.evaluation.baselines.scorer import Predict, Scorer, Taught, asks

__all__ = [
    "COMPARISONS",
    "Predict",
    "Scorer",
    "Taught",
    "any_flags",
    "asks",
    "baseline_scorers",
    "figure_column",
    "figure_nodes",
    "rule_flags",
]
