"""Outcomes shuffled among the households of a date teach nothing: on households not trained on, AUC is 0.5 ± noise."""

from __future__ import annotations

from datetime import date
from math import sqrt

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from riskmodel.evaluation.backtest import backtest
from riskmodel.evaluation.inputs import build_rows, groups_of, prepare, scorers_of
from riskmodel.evaluation.train import lay_out_folds
from riskmodel.simulation import simulate_registry

SHUFFLES = 4
EXPERIMENT = """
name: shuffled
title_zh: 打乱
title_en: shuffled
registry: county
features: {only: [line_gap_12m, net_income_pc_change_12m, members_able, dependency_ratio, medical_oop_12m, head_age]}
outcome: need_or_admitted
cohort: not_listed
training: {as_of: {every_months: 6, newest: 3}}
validation:
  origins: {newest: 3, every_months: 6}
  holdout: {by: household, folds: 2}
model: {folds: 2}
baselines: {logistic: null}
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory):
    """The rows, and a function: outcomes in, AUC on the tested rows of three origins and their outcomes out."""
    folder = tmp_path_factory.mktemp("shuffled")
    simulate_registry(folder / "county", households=900, years=6, seed=9, until=date(2026, 1, 1))
    path = folder / "shuffled.yaml"
    path.write_text(EXPERIMENT, encoding="utf-8")
    prepared = prepare(path)
    rows = build_rows(prepared)
    groups = groups_of(rows, "household")
    folds = lay_out_folds(prepared, rows, groups)["out_of_time"]
    scorers = [scorer for scorer in scorers_of(prepared) if scorer.name == "model"]

    def judge(y: pd.Series) -> tuple[float, np.ndarray]:
        asked = backtest(rows.X, y, folds=folds, scorers=scorers, groups=groups, label="shuffled")
        return roc_auc_score(asked.outcome, asked.scores["model"]), np.asarray(asked.outcome)

    return rows, judge


def test_it_falls_to_one_half_and_no_further_than_noise(judged):
    rows, judge = judged
    days = rows.frame["as_of"].astype(str)
    rng = np.random.default_rng(5)
    aucs = []
    for _ in range(SHUFFLES):
        y = rows.y.groupby(days).transform(lambda block: rng.permutation(block.to_numpy()))
        auc, outcome = judge(y)
        aucs.append(auc)
        # Of an order that knows nothing (Mann and Whitney, 1947).
        ones, zeros = int(outcome.sum()), int((1 - outcome).sum())
        noise = sqrt((ones + zeros + 1) / (12 * ones * zeros))
        assert abs(auc - 0.5) < 3.5 * noise
    assert noise < 0.04
    assert abs(np.mean(aucs) - 0.5) < 3 * noise / sqrt(SHUFFLES)
    # The same rows and folds do teach what is there to be learned: the check above could fail.
    assert judge(rows.y)[0] > 0.5 + 5 * noise
