"""Features as functions of a history, catalogues of them, and the one builder for training and scoring."""

from riskmodel.features.builder import build_features, build_labels, write_features
from riskmodel.features.catalogue import Catalogue, load_catalogue
from riskmodel.features.declare import FeatureFamily, FeatureSpec, feature
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
from riskmodel.features.grouping import GroupSpec, group
from riskmodel.features.history import Ahead, History, Others, Outlook, View
from riskmodel.features.levers import Added, Change, Changed, LeverSpec, lever
from riskmodel.features.lineage import lineage, sql
from riskmodel.features.prediction import CohortSpec, ExposureSpec, OutcomeSpec, cohort, exposure, outcome

__all__ = [
    "Added",
    "Ahead",
    "Catalogue",
    "Change",
    "Changed",
    "CohortSpec",
    "Column",
    "ExposureSpec",
    "FeatureFamily",
    "FeatureSpec",
    "GroupSpec",
    "History",
    "LeverSpec",
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
    "exposure",
    "feature",
    "group",
    "if_else",
    "larger",
    "lever",
    "lineage",
    "load_catalogue",
    "months_since",
    "number",
    "ordinal",
    "outcome",
    "smaller",
    "sql",
    "write_features",
]
