"""Features as functions of a history, catalogues of them, and the one builder for training and scoring."""

from riskmodel.features.builder import build_features, build_labels, write_features
from riskmodel.features.catalogue import Catalogue, load_catalogue
from riskmodel.features.declare import (
    CohortSpec,
    FeatureFamily,
    FeatureSpec,
    OutcomeSpec,
    cohort,
    feature,
    outcome,
)
from riskmodel.features.dictionary import dictionary
from riskmodel.features.expressions import (
    Column,
    Number,
    age,
    col,
    if_else,
    larger,
    months_since,
    number,
    ordinal,
    smaller,
)
from riskmodel.features.history import History, Others, Outlook, View

__all__ = [
    "Catalogue",
    "CohortSpec",
    "Column",
    "FeatureFamily",
    "FeatureSpec",
    "History",
    "Number",
    "Others",
    "OutcomeSpec",
    "Outlook",
    "View",
    "age",
    "build_features",
    "build_labels",
    "cohort",
    "col",
    "dictionary",
    "feature",
    "if_else",
    "larger",
    "load_catalogue",
    "months_since",
    "number",
    "ordinal",
    "outcome",
    "smaller",
    "write_features",
]
