"""A training from the file to the bundle, on a small registry read like any other."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from riskmodel.errors import CallError, DataError
from riskmodel.evaluation import check_experiment, run_experiment
from riskmodel.evaluation.backtest import backtest
from riskmodel.evaluation.compare import compare, verdict
from riskmodel.evaluation.findings import findings
from riskmodel.evaluation.inputs import build_rows, groups_of, prepare, scorers_of
from riskmodel.evaluation.train import lay_out_folds
from riskmodel.model import ModelStore, load_bundle
from riskmodel.workspace import workspace_policy


@pytest.fixture
def variant(workspace):
    """Write the experiment with some text changed; its neighbours stay."""
    made = []

    def write(*changes, name):
        text = (workspace / "small.yaml").read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = workspace / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
        made.append(path)
        return path

    yield write
    for path in made:
        path.unlink()


def test_every_origin_and_the_pool_have_every_scorer(trained):
    tables = trained.evaluation.tables["out_of_time"]
    assert [t.name for t in tables] == ["2022-01-01", "2022-07-01", "2023-01-01", "pooled"]
    for table in tables:
        assert list(table.estimates) == ["model", "rule", "one_number", "logistic"]
        for by_measure in table.estimates.values():
            for measure in ("auc", "average_precision", "recall_at_5pct", "precision_at_rule"):
                assert by_measure[measure].low <= by_measure[measure].value <= by_measure[measure].high
        assert set(table.differences) == {"rule", "one_number", "logistic"}
        assert "brier" not in table.estimates["rule"]
    assert tables[-1].rows == sum(t.rows for t in tables[:-1])
    assert tables[-1].estimates["model"]["auc"].value > 0.85


def test_the_model_knows_more_than_the_rule_and_the_report_says_where_it_does_not(trained):
    said = findings(trained.evaluation)
    assert any(f.good and "the model is better than rule" in f.en for f in said)
    losses = [f for f in said if not f.good]
    assert said[: len(losses)] == losses
    assert len(said) == len(trained.evaluation.baselines)
    for baseline in trained.evaluation.baselines:
        told = next(f.en for f in said if baseline.en in f.en)
        for table in trained.evaluation.tables["out_of_time"][:-1]:
            lost = verdict(table.differences[baseline.name]["auc"], "auc") not in {"clearly_better", "better"}
            by_auc = next((part for part in told.split("; ") if "by AUC at" in part and ": " in part), "")
            assert lost == (table.name in by_auc)


def test_the_bundle_loads_verifies_and_says_what_it_is(trained):
    bundle = load_bundle(trained.bundle)
    assert trained.reference == "small@1"
    assert bundle.manifest["outcome"] == "need"
    rule = bundle.manifest["rule"]
    assert (rule["feature"], rule["below"], rule["entry"]["en"]) == ("line_gap_12m", 0.0, "distance to the line")
    assert len(bundle.manifest["cohort_definition"]) == 16
    assert bundle.manifest["policy"] == workspace_policy().digest
    assert bundle.manifest["training_cut"] == "2024-02-01"
    assert bundle.manifest["experiment_sha256"] == trained.evaluation.experiment.sha256
    assert bundle.names == ["income_pc_3m", "income_pc_12m", "line_gap_12m", "members_chronic"]
    assert bundle.metrics["tables"]["out_of_time"][-1]["origin"] == "pooled"
    for heading in (
        "Purpose",
        "Where the model does not win",
        "What is predicted, and its limits",
        "Calibration: do risks come true as often as they say?",
        "Drift",
        "Checklist of bias",
        "How to contest",
        "When it expires",
        "Sensitive features",
    ):
        assert f"## {heading}\n" in bundle.card
    assert bundle.card.startswith("# 小县：模型说明卡")
    assert "members_chronic" in bundle.card.split("## Sensitive features")[1]
    assert bundle.manifest["expires"] == "2025-02-01"
    assert "with present support" in bundle.card


def test_the_line_is_that_of_the_experiments_workspace_wherever_one_stands(county, workspace, tmp_path, monkeypatch):
    for place, line in (("mine", 6000), ("elsewhere", 9000)):
        (tmp_path / place).mkdir()
        (tmp_path / place / "riskmodel.toml").touch()
        (tmp_path / place / "policy.yaml").write_text(
            f"- {{name: monitoring_line, region: c, valid_from: 2000-01-01, value: {line}, unit: yuan/person/year, "
            "source: county notice, certainty: A}\n"
        )
    mine = tmp_path / "mine"
    (mine / "features.py").write_text(county.CATALOGUE.replace("5000", "h.line()"), encoding="utf-8")
    (mine / "small.yaml").write_text(county.EXPERIMENT, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "elsewhere")
    prepared = prepare(mine / "small.yaml", registry=workspace / "county")
    X = build_rows(prepared).X
    assert (X["line_gap_12m"] + 1).to_numpy() == pytest.approx(X["income_pc_12m"].to_numpy() / 6000)
    assert prepared.policy.digest != workspace_policy().digest


def _behind(trained):
    losses = [f.en for f in findings(trained.evaluation) if not f.good]
    return [s.name for s in trained.evaluation.baselines if any(f"does not beat {s.en}" in said for said in losses)]


def test_the_first_version_is_the_champion_and_the_second_is_not_though_its_bytes_are_equal(
    trained, workspace, snapshot, tmp_path
):
    store = ModelStore(shutil.copytree(trained.bundle.parents[1], tmp_path / "models"))
    assert trained.champion
    promoted = store.promotions("small")[0]
    behind = _behind(trained)
    assert behind
    assert promoted.why == f"no champion before; NOT ahead everywhere of: {', '.join(behind)}"
    auc = trained.evaluation.tables["out_of_time"][-1].estimates["model"]["auc"].value
    assert promoted.figures["1"]["auc"] == auc
    again = run_experiment(workspace / "small.yaml", models=store.root, out=tmp_path / "again", tracker=None)
    assert (again.reference, again.champion) == ("small@2", False)
    assert store.resolve("small@champion").name == "1"
    first, second = (snapshot(store.resolve(f"small@{v}")) for v in (1, 2))
    assert first == second


def test_the_report_is_whole_in_both_languages_and_fetches_nothing(trained):
    page = (trained.out / "evaluation.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert 'section lang="zh"' in page
    assert 'section lang="en"' in page
    for word in (
        "小县",
        "a small county",
        "模型没有胜出之处",
        "Where the model does not win",
        "距监测线低于 0 的农户",
        "households with distance to the line &lt; 0",
        "样本流程",
        "Flow of rows",
    ):
        assert word in page
    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.S)
    assert len(pictures) == 12
    for drawn in pictures:
        ET.fromstring(drawn)
    assert "nan" not in re.sub(r"[A-Za-z\u4e00-\u9fff]*nan[a-z]+", "", page)


def test_the_report_says_which_dates_taught_the_final_model(trained):
    page = (trained.out / "evaluation.html").read_text(encoding="utf-8")
    days = load_bundle(trained.bundle).manifest["as_of"]
    rows = f"{trained.evaluation.rows:,}"
    assert f"taught or were tested: {len(days)} dates from {days[0]} to {days[-1]}, {rows} rows" in page
    assert f"{len(days)} 个时点（{days[0]} 至 {days[-1]}），{rows} 户次" in page
    assert "all rows whose outcome is known" not in page


def test_predictions_hold_every_household_once_an_origin(trained):
    rows = pd.read_parquet(trained.out / "predictions.parquet")
    assert len(rows) == 3 * 360
    assert not rows.duplicated(["household_id", "as_of"]).any()
    assert rows["model"].between(0, 1).all()


def test_metrics_json_is_plain_json(trained):
    content = json.loads((trained.out / "metrics.json").read_text(encoding="utf-8"))
    assert content["plan"]["origins"][0]["as_of"] == "2022-01-01"
    assert content["flow"][0]["outcome known"] == 360


def test_mlflow_holds_the_runs_and_no_household(trained):
    models = trained.bundle.parents[1]
    with sqlite3.connect(models / "mlflow.db") as store:
        runs = dict(store.execute("select run_uuid, name from runs"))
        metrics = {key for (key,) in store.execute("select key from metrics where run_uuid = ?", (trained.run_id,))}
        parents = store.execute("select count(*) from tags where key = 'mlflow.parentRunId'").fetchone()[0]
        dump = "\n".join(store.iterdump())
        tags = [f"{k} = {v}" for k, v in store.execute("select key, value from tags")]
        notes = dict(store.execute("select run_uuid, value from tags where key = 'mlflow.note.content'"))
        data = store.execute("select dataset_source from datasets").fetchall()
    store.close()
    assert runs[trained.run_id] == "small@1"
    assert len(runs) == 4
    assert parents == 3
    assert {"auc", "auc_low", "auc_high", "recall_at_5pct", "rule/auc", "brier"} <= metrics
    assert not re.search(r"H\d{5}", dump)
    assert f"not_ahead_of = {', '.join(_behind(trained))}" in tags
    assert "Where the model does not win" in notes[trained.run_id]
    assert len(data) == 4
    assert all("registry_fingerprint" in source for (source,) in data)
    logged = [path for path in (models / "mlartifacts").rglob("*") if path.is_file()]
    assert {p.name for p in logged} >= {"evaluation.html", "metrics.json", "card.md", "booster.txt", "manifest.json"}
    assert not any(p.suffix in {".pkl", ".joblib", ".cloudpickle", ".parquet"} for p in logged)
    assert not any("pickle" in p.read_bytes().decode("utf-8") for p in logged)
    drawn = [p for p in logged if p.parent.name == "pictures"]
    assert len(drawn) >= 5
    for picture in drawn:
        ET.fromstring(picture.read_text(encoding="utf-8"))
    assert any("reliability" in p.name for p in drawn)
    assert not any(re.search(rb"\bH\d{5}\b", p.read_bytes()) for p in logged)


def test_shuffled_outcomes_teach_nothing(workspace):
    prepared = prepare(workspace / "small.yaml")
    rows = build_rows(prepared)
    groups = groups_of(rows, "village")
    rng = np.random.default_rng(3)
    y = rows.y.groupby(rows.frame["as_of"].astype(str)).transform(lambda block: rng.permutation(block.to_numpy()))
    scorers = [s for s in scorers_of(prepared) if s.name in {"model", "logistic"}]
    folds = lay_out_folds(prepared, rows, groups)["out_of_time"]
    asked = backtest(rows.X, y, folds=folds, scorers=scorers, groups=groups, label="shuffled")
    clusters = pd.factorize(groups)[0][asked.rows]
    tables = compare(
        asked, scorers=scorers, clusters=clusters, capacities=[0.05], rule=None, draws=50, level=0.95, seed=0
    )
    # 392 of 1,080 positive: the standard error of an AUC of nothing is below 0.02.
    assert abs(tables[-1].estimates["model"]["auc"].value - 0.5) < 0.07


def test_a_group_feature_is_not_given_to_the_model_and_both_modes_make_two_tables(variant, tmp_path):
    path = variant(
        ("without: [kin]", "without: []"),
        ("  origins: {newest: 3, every_months: 6}", "  mode: both\n  origins: ['2022-01-01']"),
        ("by: village, folds: 2", "by: 'feature:kin', folds: 2"),
        ("name: small", "name: kinship"),
        ("bootstrap: 60", "bootstrap: 20"),
        ("training: {as_of: {every_months: 6, newest: 3}}", "training: {as_of: ['2020-06-01', '2020-12-01']}"),
        ("model: {calibration: sigmoid, folds: 3}", "baselines: {logistic: null}"),
        name="kinship",
    )
    done = run_experiment(path, models=tmp_path / "models", out=tmp_path / "out", tracker=None)
    assert "kin" not in [f["name"] for f in done.evaluation.features]
    assert list(done.evaluation.tables) == ["out_of_time", "cross_validation"]
    assert done.evaluation.tables["cross_validation"][0].rows == 3 * 360
    page = (done.out / "evaluation.html").read_text(encoding="utf-8")
    assert "fewer than 3" in page
    assert "Grouped cross-validation disregards time" in page
    frame = pd.read_parquet(done.out / "predictions.parquet")
    pairs = frame.assign(kin=frame["household_id"].str[1:].astype(int) // 2).groupby(["mode", "kin"])["fold"].nunique()
    assert (pairs == 1).all()


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (("outcome: need", "outcome: neded"), CallError, 'outcome names "neded"'),
        (("model: {calibration: sigmoid", "model: {calibraton: sigmoid"), CallError, 'Did you mean "calibration"?'),
        (("model: {calibration: sigmoid", "model: {random_state: 1"), CallError, "is set by seed"),
        (
            ("outcome: need", "outcome: never"),
            DataError,
            "one class only among the rows tested at the test origin 2022",
        ),
        (("cohort: everyone", "cohort: nobody"), DataError, "the cohort nobody holds no household"),
        (("every_months: 6, newest: 3}}", "from: '2010-01-01', every_months: 12}}"), DataError, "2010-01-01"),
        (("by: village, folds: 2", "by: township, folds: 4"), DataError, "hold only 3 of them"),
        (("registry: county", "registry: contry"), CallError, "contry"),
        (
            ("{newest: 3, every_months: 6}", "['2022-01-01', '2022-07-01', '2023-06-01']"),
            DataError,
            "known on 2024-07-01 only",
        ),
    ],
)
def test_bad_input_is_refused_by_name_and_leaves_nothing(variant, tmp_path, change, error, said):
    path = variant(change, name="wrong")
    with pytest.raises(error) as raised:
        run_experiment(path, models=tmp_path / "models", out=tmp_path / "out", tracker=None)
    assert said in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_check_draws_the_splits_and_trains_nothing(workspace, tmp_path):
    prepared, drawn = check_experiment(workspace / "small.yaml", out=tmp_path / "out")
    assert ET.fromstring(drawn.read_text(encoding="utf-8")).tag.endswith("svg")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["splits.svg"]
    assert len(prepared.plan.origins) == 3


def test_the_command_checks_and_explains(workspace, tmp_path):
    import typer

    from riskmodel.cli.train import register

    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    done = CliRunner().invoke(app, ["train", str(workspace / "small.yaml"), "--check", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert "2022-07-01" in done.output
    assert "splits.svg" in done.output.replace("\n", "")


def test_the_page_on_mlflow_names_every_file_that_a_run_keeps(trained):
    page = (Path(__file__).parents[2] / "docs" / "mlflow.md").read_text(encoding="utf-8")
    (line,) = (line for line in page.splitlines() if line.startswith("| artifacts |"))
    kept = {path.name for path in trained.out.iterdir() if path.is_file()} - {"predictions.parquet"}
    assert set(re.findall(r"`([^`]+)`", line)) == kept


def test_the_report_says_what_a_list_means_beyond_the_tables(trained):
    further = trained.evaluation.further
    tables = trained.evaluation.summary("out_of_time")
    at_five = next(v for v in further.visits if v.capacity == 0.05)
    assert at_five.recall.value == pytest.approx(tables.estimates["model"]["recall_at_5pct"].value)
    assert [t.origin for t in further.totals] == ["2022-01-01", "2022-07-01", "2023-01-01", "pooled"]
    assert {cell.name for cell in further.subgroups} == {"t0", "t1", "t2"}
    assert further.lead_time is None, "this outcome has no date"
    stays = [one.stays.value for one in further.stability]
    assert len(stays) == 4 and all(0.3 < share <= 1 for share in stays)
    page = (trained.out / "evaluation.html").read_text(encoding="utf-8")
    for word in ("走访多少户发现一户", "Visits for one case found", "Every township visits the first of its own"):
        assert word in page
    for word in ("理由有多可靠", "How good are the reasons?"):
        assert word in page
    told = json.loads((trained.out / "metrics.json").read_text(encoding="utf-8"))["further"]
    assert told["stability"][0]["stays"]["value"] == stays[0]
    assert not re.search(r"H\d{5}", json.dumps(told))


def test_the_report_says_how_good_the_reasons_are(trained):
    told = json.loads((trained.out / "metrics.json").read_text(encoding="utf-8"))["further"]["reasons"]
    low, median, high = told["reasons_needed"]
    assert told["flags"] > 0 and 1 <= low <= median <= high
    rates = {rate["name"]: rate for rate in told["rates"]}
    assert {"villages_overlap", "origin_overlap", "month_overlap", "permutation_overlap"} <= set(rates)
    assert all(0 <= rate["value"] <= 1 for rate in rates.values() if rate["value"] is not None)
    # Permutation asks the model alone, trees tell of themselves: where the two mostly differ one of them is wrong.
    assert rates["permutation_overlap"]["value"] > 0.6
    assert told["drivers"] == {}, "this county has none"
