"""The rule that the model's experiment was tested beside is the one that flags."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scored import read

from riskmodel.errors import CallError
from riskmodel.monitoring.rules import rules_met, trained_rules


def manifest(county, feature: str, **threshold: float) -> dict[str, object]:
    return {"rule": {"feature": feature, **threshold, "entry": county.catalogue.features[feature].to_dict()}}


@pytest.mark.parametrize(
    ("threshold", "named"),
    [
        ({"below": 2.0}, [True, False, False, False]),
        ({"at_most": 2.0}, [True, True, False, False]),
        ({"above": 2.0}, [False, False, True, False]),
        ({"at_least": 2.0}, [False, True, True, False]),
    ],
)
def test_a_rule_names_by_its_own_comparison_and_never_by_what_is_missing(scored_county, threshold, named):
    [rule] = trained_rules(manifest(scored_county, "members", **threshold))
    met = rules_met(pd.DataFrame({"members": [1.0, 2.0, 3.0, np.nan]}), [rule])
    assert met[:, 0].tolist() == named


def test_its_words_are_the_features_and_the_threshold(scored_county):
    [rule] = trained_rules(manifest(scored_county, "net_income_pc_12m", at_most=7230.0))
    spec = scored_county.catalogue.features["net_income_pc_12m"]
    assert (rule.zh, rule.en) == (f"{spec.zh}：不高于7,230元/人", f"{spec.en}: at most 7,230 yuan/person")


def test_the_rule_of_the_experiment_flags_and_no_other(scored_county, tmp_path):
    county = scored_county.with_bundle(tmp_path / "bundle", **manifest(scored_county, "members", at_least=5.0))
    told = county.score(tmp_path / "out")
    members = county.features()["members"]
    scores = read(tmp_path / "out", "scores.parquet").set_index("household_id")
    flags = read(tmp_path / "out", "flags.parquet")
    named = set(flags.loc[flags["flagged_by"] != "model", "household_id"])
    assert named == set(members.index[members >= 5]) - set(scores.index[scores["on_list"]])
    assert [(rule["name"], rule["at_least"]) for rule in told["rules"]] == [("members_at_least_5", 5.0)]


def test_without_a_rule_none_flags_and_the_record_says_so(scored_county, tmp_path):
    told = scored_county.with_bundle(tmp_path / "bundle", rule=None).score(tmp_path / "out")
    assert told["rules"] == []
    assert told["counts"]["by_rule"] == told["counts"]["by_both"] == 0
    assert told["counts"]["by_model"] > 0


def test_a_rule_whose_feature_changed_is_refused(scored_county, tmp_path):
    rule = manifest(scored_county, "members", at_least=5.0)["rule"]
    entry = {**rule["entry"], "name": "members_then"}
    county = scored_county.with_bundle(tmp_path / "bundle", rule={**rule, "feature": "members_then", "entry": entry})
    with pytest.raises(CallError, match='"members_then" is gone'):
        county.score(tmp_path / "out")
