"""Baselines: a rule, a number and a logistic regression, as a county would read them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from riskmodel.evaluation.baselines import baseline_scorers, rule_flags
from riskmodel.evaluation.baselines.logistic import logistic_scorer
from riskmodel.evaluation.baselines.numbers import one_number_scorer
from riskmodel.evaluation.baselines.rules import rule_scorer
from riskmodel.training.baselines import Baselines, Logistic, OneNumber, Rule

X = pd.DataFrame({"gap": [-0.5, 0.0, np.nan, 0.4], "unused": [9.0, 9.0, 9.0, 9.0]})
NONE = np.zeros(0)


@pytest.mark.parametrize(
    ("threshold", "flags"),
    [
        ({"below": 0}, [True, False, False, False]),
        ({"at_most": 0}, [True, True, False, False]),
        ({"above": 0}, [False, False, False, True]),
        ({"at_least": 0}, [False, True, False, True]),
    ],
)
def test_a_rule_flags_what_it_says_and_never_what_is_missing(threshold, flags):
    assert list(rule_flags(Rule(feature="gap", **threshold), X)) == flags


def test_a_rule_reads_as_words():
    scorer = rule_scorer(Rule(feature="gap", below=0), zh="距监测线", en="distance to the line")
    assert (scorer.en, scorer.means_en) == ("rule", "households with distance to the line < 0")
    assert (scorer.zh, scorer.means_zh) == ("规则", "距监测线低于 0 的农户")
    assert not scorer.probabilities


def test_one_number_ranks_in_its_direction_and_puts_missing_last():
    falls = one_number_scorer(OneNumber(feature="gap"), direction="falls", zh="", en="").fit(X, None, NONE)(X)
    rises = one_number_scorer(OneNumber(feature="gap"), direction="rises", zh="", en="").fit(X, None, NONE)(X)
    assert list(np.argsort(-falls)) == [0, 1, 3, 2]
    assert list(np.argsort(-rises)) == [3, 1, 0, 2]


def test_logistic_regression_takes_missing_and_constant_and_empty_columns():
    rng = np.random.default_rng(0)
    a = rng.normal(size=400)
    y = pd.Series((a + rng.normal(size=400) > 0).astype(int))
    frame = pd.DataFrame({"a": np.where(rng.random(400) < 0.2, np.nan, a), "same": 1.0, "empty": np.nan})
    risk = logistic_scorer(Logistic(), columns=["a", "same", "empty"]).fit(frame, y, NONE)(frame)
    assert ((risk > 0) & (risk < 1)).all()
    assert risk[y == 1].mean() > risk[y == 0].mean() + 0.2


def test_null_leaves_a_baseline_out():
    asked = Baselines(rule=None, one_number=OneNumber(feature="gap"), logistic=None)
    found = baseline_scorers(asked, columns=["gap"], words={"gap": ("距", "gap")}, directions={"gap": "falls"})
    assert [scorer.name for scorer in found] == ["one_number"]
