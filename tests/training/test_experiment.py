"""An experiment file that is wrong says where, what was given, what was expected, and the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from riskmodel.errors import CallError
from riskmodel.training import load_experiment

GOOD = {
    "name": "county",
    "training": {"as_of": {"every_months": 6, "from": "2019-01-01"}},
    "validation": {"origins": ["2021-01-01", "2022-01-01", "2023-01-01"]},
}


@pytest.fixture
def load(tmp_path):
    def load(change=None, *, text=None):
        path = tmp_path / "county.yaml"
        path.write_text(text if text is not None else yaml.safe_dump(GOOD | (change or {})), encoding="utf-8")
        return load_experiment(path)

    return load


def fault(load, change=None, *, text=None) -> str:
    with pytest.raises(CallError) as raised:
        load(change, text=text)
    assert raised.value.exit_code == 2
    message = str(raised.value)
    path, _, rest = message.partition("county.yaml")
    assert Path(path).is_absolute()
    return rest


def test_defaults_are_the_countys(load):
    experiment = load()
    assert experiment.outcome == "need"
    assert experiment.cohort.name == "not_listed"
    assert experiment.baselines.rule.comparison == ("below", 0.0)
    assert experiment.capacities == (0.01, 0.02, 0.05, 0.10)
    assert len(experiment.sha256) == 64


def test_a_cohort_is_a_name_or_a_name_less_some_rules(load):
    assert load({"cohort": "at_risk"}).cohort.without == ()
    asked = load({"cohort": {"name": "at_risk", "without": ["not on the list"]}}).cohort
    assert (asked.name, asked.without, str(asked)) == ("at_risk", ("not on the list",), "at_risk − not on the list")


def test_the_shipped_experiment_is_in_order():
    shipped = Path(__file__).parents[2] / "experiments" / "fengcheng.yaml"
    experiment = load_experiment(shipped)
    assert experiment.validation.origins.newest == 3
    assert experiment.path(experiment.registry) == shipped.parent / "../out/demo/registry"


def test_a_misspelt_key_gets_the_nearest_one(load):
    assert fault(load, {"capacites": [0.05]}) == ': capacites is not a key here. Did you mean "capacities"?'


def test_a_misspelt_key_below_is_named_with_its_path(load):
    message = fault(load, {"validation": GOOD["validation"] | {"holdout": {"by": "village", "fold": 3}}})
    assert message == ': validation.holdout.fold is not a key here. Did you mean "folds"?'


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": "x"}, ': seed is "x", expected a whole number.'),
        ({"capacities": [5]}, ": capacities holds 5, expected shares above 0 and below 1 (0.05 is five in a hundred)."),
        ({"intervals": {"bootstrap": 3}}, ": intervals.bootstrap is 3, expected 20 or more."),
        ({"intervals": {"by": "vilage"}}, 'Did you mean "village"?'),
        ({"baselines": {"rule": {"feature": "line_gap_12m"}}}, "needs exactly one of below, above, at_least, at_most."),
        ({"baselines": {"rule": {"feature": "a", "below": 0, "above": 1}}}, "needs exactly one of"),
        ({"training": {"as_of": []}}, ": training.as_of is empty, expected at least one date."),
        ({"training": {"as_of": {"every_months": 6}}}, "needs from: DATE"),
        ({"training": {"as_of": ["2021-02-30"]}}, ': training.as_of[0] is "2021-02-30", expected a date'),
        ({"training": {}}, ": training.as_of is missing."),
        ({"validation": {"mode": "both"}}, ": validation.origins is missing"),
        ({"validation": {"mode": "out_of_tme", "origins": ["2021-01-01"]}}, 'Did you mean "out_of_time"?'),
        ({"cohort": {"name": "at_risk", "witout": []}}, ': cohort.witout is not a key here. Did you mean "without"?'),
        ({"cohort": 5}, ": cohort is 5, expected names with values."),
        ({"name": "a/b"}, ': name is "a/b", expected letters'),
        ({"file": "x"}, ": file is not a key here."),
    ],
)
def test_a_wrong_value_says_what_was_expected(load, change, said):
    assert said in fault(load, change)


def test_a_question_is_not_followed_by_a_full_stop(load):
    assert fault(load, {"intervals": {"by": "vilage"}}).endswith('Did you mean "village"?')
    assert fault(load, {"validation": {"mode": "out_of_tme", "origins": ["2021-01-01"]}}).endswith('"out_of_time"?')


def test_two_origins_alone_are_refused_with_the_reason_and_the_way_out(load):
    message = fault(load, {"validation": {"origins": ["2021-01-01", "2022-01-01"]}})
    assert "gives 2 test dates, expected at least 3" in message
    assert "mode: both" in message
    assert load({"validation": {"mode": "both", "origins": ["2021-01-01"]}}).validation.crossed


def test_cross_validation_has_no_origins(load):
    assert "which has none" in fault(load, {"validation": {"mode": "cross_validation", "origins": ["2021-01-01"]}})


def test_several_faults_are_told_at_once(load):
    assert "2 things are wrong" in fault(load, {"seed": "x", "modle": {}})


def test_a_key_written_twice_is_refused_with_its_line(load):
    assert fault(load, text="name: a\nseed: 1\nname: b\n") == ', line 3, column 1: "name" is written twice.'


def test_broken_yaml_names_the_line(load):
    assert fault(load, text="name: [a\n").startswith(", line 2")


def test_something_that_is_not_a_page_of_settings(load):
    assert "expected names with values" in fault(load, text="- a\n- b\n")


def test_a_missing_file_gets_the_nearest_name(tmp_path):
    (tmp_path / "fengcheng.yaml").write_text("name: x", encoding="utf-8")
    with pytest.raises(CallError, match=r'no such file. Did you mean "fengcheng.yaml"'):
        load_experiment(tmp_path / "fengchen.yaml")
