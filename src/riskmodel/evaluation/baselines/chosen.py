"""The baselines that an experiment file asks for, in the order of its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from riskmodel.evaluation.baselines.average import average_scorer
from riskmodel.evaluation.baselines.logistic import logistic_scorer, spline_scorer
from riskmodel.evaluation.baselines.numbers import mean_scorer, one_number_scorer
from riskmodel.evaluation.baselines.rules import rule_scorers
from riskmodel.evaluation.baselines.scorecard import scorecard_scorer
from riskmodel.evaluation.baselines.scorer import Scorer
from riskmodel.evaluation.baselines.trees import lightgbm_scorer, tuned_scorer
from riskmodel.evaluation.tuning import Search
from riskmodel.training.baselines import Baselines


def baseline_scorers(
    baselines: Baselines,
    *,
    columns: Sequence[str],
    words: Mapping[str, tuple[str, str]],
    directions: Mapping[str, str],
    how: Search | None = None,
    model: Scorer | None = None,
) -> list[Scorer]:
    """Return the baselines of an experiment: rules and numbers first, then what learns, an average last.

    Parameters
    ----------
    baselines : Baselines
        From the experiment file.
    columns : sequence of str
        The features that the model is given, and everything that learns with it.
    words : dict
        The zh and en name of every feature.
    directions : dict
        How the risk moves when a feature grows, for a number whose direction the file leaves out.
    how : Search, optional
        How settings are searched for.
    model : Scorer, optional
        The model, where an average may name it.
    """
    how = how or Search()
    scorers = rule_scorers(baselines.rules, words=words)
    if (one := baselines.one_number) is not None:
        zh, en = words[one.feature]
        scorers.append(one_number_scorer(one, direction=one.direction or directions[one.feature], zh=zh, en=en))
    if (mean := baselines.past_and_current_mean) is not None:
        direction = mean.direction or directions[mean.features[0]]
        scorers.append(mean_scorer(mean, direction=direction, words=[words[name] for name in mean.features]))
    if baselines.logistic is not None:
        scorers.append(logistic_scorer(baselines.logistic, columns=columns))
    if baselines.spline_logistic is not None:
        scorers.append(spline_scorer(baselines.spline_logistic, columns=columns, seed=how.seed))
    if baselines.scorecard is not None:
        scorers.append(scorecard_scorer(baselines.scorecard, columns=columns, seed=how.seed))
    if baselines.lightgbm is not None:
        scorers.append(lightgbm_scorer(columns=columns, seed=how.seed))
    if baselines.lightgbm_tuned is not None:
        scorers.append(tuned_scorer(baselines.lightgbm_tuned, columns=columns, how=how))
    if baselines.average is not None:
        there = {scorer.name: scorer for scorer in ([model] if model is not None else []) + scorers}
        scorers.append(average_scorer([there[name] for name in baselines.average]))
    return scorers
