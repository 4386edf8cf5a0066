"""Everything that an experiment file can set beside the model, in one table on a small county."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel import build_features
from riskmodel.errors import CallError, DataError
from riskmodel.evaluation import run_experiment
from riskmodel.evaluation.baselines import scorecard as scorecard_module
from riskmodel.evaluation.findings import findings
from riskmodel.evaluation.inputs import prepare
from riskmodel.features import load_catalogue
from riskmodel.model import load_bundle
from riskmodel.monitoring.capacity import Capacity
from riskmodel.monitoring.rules import trained_rules
from riskmodel.monitoring.score import score_registry
from riskmodel.policy import Entry, default_policy
from riskmodel.registry import Registry

WHOLE = """
baselines:
  rule:
    - {feature: line_gap_12m, below: 0}
    - {feature: income_pc_12m, below: {figure: monitoring_line}}
  past_and_current_mean: {features: [income_pc_12m, income_pc_3m]}
  spline_logistic: {C: [0.01, 0.1]}
  scorecard: {bags: 1}
  lightgbm: {}
  lightgbm_tuned: {bags: 2}
  average: [model, spline_logistic, lightgbm_tuned]
tuning: {trials: 3}
"""
NAMES = [
    "model",
    "rule",
    "rule_1",
    "rule_2",
    "one_number",
    "past_and_current_mean",
    "logistic",
    "spline_logistic",
    "scorecard",
    "lightgbm",
    "lightgbm_tuned",
    "average",
]


@pytest.fixture(scope="module")
def experiment(workspace):
    made = []

    def write(name, *, model="{calibration: sigmoid, folds: 3}", more=WHOLE, changes=()):
        text = (workspace / "small.yaml").read_text(encoding="utf-8")
        text = text.replace("name: small", f"name: {name}").replace("{calibration: sigmoid, folds: 3}", model)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = workspace / f"{name}.yaml"
        path.write_text(text + more, encoding="utf-8")
        made.append(path)
        return path

    yield write
    for path in made:
        path.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def whole(experiment, tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    path = experiment("whole", model="{calibration: sigmoid, folds: 3, tuned: true}")
    return run_experiment(path, models=folder / "models", out=folder / "out", tracker=None)


def test_every_row_is_in_every_table_with_intervals(whole):
    for table in whole.evaluation.tables["out_of_time"]:
        assert list(table.estimates) == NAMES
        for by_measure in table.estimates.values():
            assert by_measure["auc"].low <= by_measure["auc"].value <= by_measure["auc"].high
    said = findings(whole.evaluation)
    assert len(said) == len(NAMES) - 1


def test_an_average_is_the_mean_of_the_margins_that_its_parts_gave(whole):
    frame = pd.read_parquet(whole.out / "predictions.parquet")
    parts = frame[["model", "spline_logistic", "lightgbm_tuned"]].clip(1e-9, 1 - 1e-9).to_numpy()
    margin = np.log(parts / (1 - parts)).mean(axis=1)
    assert frame["average"].to_numpy() == pytest.approx(1 / (1 + np.exp(-margin)))


def test_any_rule_flags_what_one_of_them_does(whole):
    frame = pd.read_parquet(whole.out / "predictions.parquet")
    assert (frame["rule"] == frame[["rule_1", "rule_2"]].max(axis=1)).all()
    assert frame["rule_2"].sum() > frame["rule_1"].sum() > 0


def test_what_was_searched_for_is_in_the_metrics_the_report_and_the_final_model(whole):
    told = json.loads((whole.out / "metrics.json").read_text(encoding="utf-8"))["tuning"]
    assert set(told) == {"out_of_time", "final_model"}
    assert {name: len(parts) for name, parts in told["out_of_time"].items()} == {"model": 6, "lightgbm_tuned": 6}
    assert all(part["trials"] + part["pruned"] == 3 for part in told["out_of_time"]["model"])
    final = told["final_model"]
    classifier = load_bundle(whole.bundle).classifier
    assert classifier.num_leaves == final["settings"]["num_leaves"]
    for page in ("evaluation.html", "card.md"):
        text = (whole.out / page).read_text(encoding="utf-8")
        assert "The final model: 3 settings tried" in text
        assert "最终模型：试 3 组设置" in text
        assert "there was nothing to choose by" in text


def test_the_rules_of_the_table_travel_with_the_bundle(whole):
    rules = trained_rules(load_bundle(whole.bundle).manifest)
    assert [rule.name for rule in rules] == ["line_gap_12m_below_0", "income_pc_12m_below_monitoring_line"]
    assert rules[1].zh.endswith("低于监测线")


def test_a_figure_of_the_policy_record_flags_at_scoring_as_it_did_in_the_table(whole, workspace, tmp_path):
    line = Entry(
        name="monitoring_line",
        region="c",
        valid_from=date(2023, 7, 1),
        value=9000,
        unit="yuan/person/year",
        source="test",
        certainty="S",
    )
    met = {}
    for name, policy in (("as trained", default_policy()), ("raised", default_policy().extended((line,)))):
        with Registry.open(workspace / "county") as registry:
            score_registry(
                registry,
                load_bundle(whole.bundle),
                model="whole",
                model_version=1,
                as_of=date(2024, 1, 1),
                out=tmp_path / name,
                catalogue=load_catalogue(workspace / "features.py"),
                capacity=Capacity.parse("100%"),
                policy=policy,
            )
        flags = pd.read_parquet(tmp_path / name / "flags.parquet").set_index("household_id")
        met[name] = {h for h, rules in flags["rules"].items() if "income_pc_12m_below_monitoring_line" in rules}
    with Registry.open(workspace / "county") as registry:
        catalogue = load_catalogue(workspace / "features.py")
        rows = build_features(registry, as_of=date(2024, 1, 1), catalogue=catalogue, policy=default_policy())
    income = rows.set_index("household_id")["income_pc_12m"]
    assert met["as trained"] == set(income.index[income < 6000])
    assert met["raised"] == set(income.index[income < 9000]) > met["as trained"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("baselines: {lightgmb: {}}", 'Did you mean "lightgbm"?'),
        ("baselines: {spline_logistic: {knot: 3}}", 'Did you mean "knots"?'),
        ("baselines: {spline_logistic: {C: 0}}", "needs numbers above 0"),
        ("baselines: {rule: []}", "baselines.rule is an empty list"),
        ("baselines: {rule: [{feature: line_gap_12m, below: 0}, {feature: line_gap_12m}]}", "baselines.rule[1] needs"),
        ("baselines: {rule: [{feature: line_gap, below: 0}]}", 'baselines.rule[0].feature names "line_gap"'),
        (
            "baselines: {rule: {feature: line_gap_12m, below: {figure: monitoring_lime}}}",
            'names "monitoring_lime", which is not a figure of the policy record. Did you mean "monitoring_line"?',
        ),
        ("baselines: {past_and_current_mean: {features: [kin, kin]}}", "past_and_current_mean.direction is missing"),
        ("baselines: {lightgbm: {}, average: [lightgbm]}", "needs two or more different names"),
        ("baselines: {average: [logistic, lightgbm]}", 'names "lightgbm", which is not among the baselines'),
        ("baselines: {average: [logistic, rule]}", 'names "rule", which gives no probability'),
        ("tuning: {trials: 0}", "tuning.trials is 0, expected 1 or more"),
        ("tuning: {minutes: 0}", "tuning.minutes is 0, expected more than 0"),
        ("capacities: [0]", "holds 0, expected shares above 0"),
        ("capacities: [0.05, 1.5]", "holds 1.5, expected shares above 0 and below 1"),
    ],
)
def test_a_wrong_line_is_refused_by_name(experiment, more, said):
    with pytest.raises(CallError) as raised:
        prepare(experiment("wrong", more=more + "\n"))
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("{tuned: yes please}", "model.tuned is 'yes please', expected true or false"),
        ("{tuned: true, num_leaves: 7}", "so that num_leaves are searched for: leave them out"),
        ("{tunde: true}", 'Did you mean "tuned"?'),
    ],
)
def test_a_wrong_setting_of_the_model_is_refused_by_name(experiment, model, said):
    with pytest.raises(CallError) as raised:
        prepare(experiment("wrong", model=model, more=""))
    assert said in str(raised.value)


def test_without_its_library_a_scorecard_is_refused_before_anything_runs(experiment, monkeypatch):
    monkeypatch.setattr(scorecard_module, "find_spec", lambda _: None)
    with pytest.raises(CallError, match="interpret-core, which is not installed"):
        prepare(experiment("wrong", more="baselines: {scorecard: {}}\n"))


def test_dates_out_of_order_or_twice_are_refused(experiment):
    for dates, said in (
        ("['2023-01-01', '2022-01-01', '2022-07-01']", "holds 2022-01-01 after 2023-01-01"),
        ("['2022-01-01', '2022-01-01', '2022-07-01']", "holds 2022-01-01 twice"),
    ):
        with pytest.raises(CallError, match=said):
            prepare(experiment("wrong", more="", changes=[("{newest: 3, every_months: 6}", dates)]))


def test_a_gap_shorter_than_the_horizon_is_refused(experiment):
    with pytest.raises(CallError, match="shorter than the outcome's horizon of 12 months"):
        prepare(experiment("wrong", more="", changes=[("validation:", "validation:\n  gap_months: 6")]))


def test_one_township_cannot_be_held_out_nor_drawn_from(experiment, county, tmp_path):
    folder = county.write_county(tmp_path / "one")
    table = pq.read_table(folder / "household.parquet")
    at = table.schema.get_field_index("township_code")
    same = pa.array(["t0"] * len(table)).cast(table.schema.field(at).type)
    pq.write_table(table.set_column(at, table.schema.field(at), same), folder / "household.parquet")
    call = {"registry": folder, "models": tmp_path / "models", "out": tmp_path / "out", "tracker": None}
    with pytest.raises(DataError, match="hold only 1 of them"):
        run_experiment(experiment("wrong", more="", changes=[("by: village, folds", "by: township, folds")]), **call)
    with pytest.raises(CallError, match=r"intervals\.by is township, but all rows lie in one"):
        drawn = [("{bootstrap: 60}", "{bootstrap: 60, by: township}")]
        run_experiment(experiment("wrong", more="", changes=drawn), **call)
    assert not (tmp_path / "out").exists()
    # Rows that an earlier run left are no way around it.
    run_experiment(experiment("right", more=""), **call)
    with pytest.raises(CallError, match=r"intervals\.by is township, but all rows lie in one"):
        run_experiment(experiment("wrong", more="", changes=drawn), **call)


DEAD = """

@feature(unit="count", zh="常数", en="constant")
def constant(h):
    return h.members.count() * 0 + 3


@feature(unit="yuan", zh="空", en="never recorded")
def never_recorded(h):
    return h.income.where(source="wage").last(months=12).sum("amount") / (h.members.count() * 0)
"""


def test_a_constant_and_an_empty_feature_are_taken_by_everything(experiment, county, workspace, tmp_path):
    (workspace / "dead.py").write_text(county.CATALOGUE + DEAD, encoding="utf-8")
    path = experiment(
        "dead", changes=[("catalogue: features.py", "catalogue: dead.py"), ("bootstrap: 60", "bootstrap: 20")]
    )
    done = run_experiment(path, models=tmp_path / "models", out=tmp_path / "out", tracker=None)
    table = done.evaluation.summary("out_of_time")
    assert list(table.estimates) == NAMES
    for name in ("logistic", "spline_logistic", "scorecard", "lightgbm", "lightgbm_tuned"):
        assert table.estimates[name]["auc"].value > 0.75
