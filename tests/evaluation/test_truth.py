"""The truth beside a registry: read with care, told in every output, never taught."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from typer.testing import CliRunner

from riskmodel.cli.app import app
from riskmodel.cli.train import show
from riskmodel.errors import CallError, DataError
from riskmodel.evaluation import run_experiment
from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.baselines import Scorer
from riskmodel.evaluation.doubt import Doubt
from riskmodel.evaluation.regret import ORACLE, regret_tables
from riskmodel.evaluation.regret_words import not_believed, where_missing
from riskmodel.evaluation.truth import truth_beside
from riskmodel.model import load_bundle
from riskmodel.simulation import simulate_registry
from riskmodel.simulation.truth import HORIZON_MONTHS, OUTCOME, REPLAYS, SCHEMA, TRUTH

NEED = {"outcome": OUTCOME, "horizon_months": HORIZON_MONTHS}
DAYS = (date(2022, 1, 1), date(2023, 1, 1))
MISSING = date(2022, 7, 1)


def write_truth(folder: Path, columns: dict, *, replays: object = None, schema: pa.Schema | None = None) -> Path:
    table = pa.table(columns, schema=schema)
    table = table.replace_schema_metadata({} if replays is None else {REPLAYS: str(replays)})
    pq.write_table(table, folder / TRUTH)
    return folder


def rows(*found: tuple[str, date, float]) -> dict[str, list]:
    return {name: [row[place] for row in found] for place, name in enumerate(SCHEMA.names)}


GOOD = rows(("H1", DAYS[0], 0.25), ("H2", DAYS[0], 0.0), ("H1", DAYS[1], 1.0), ("H2", DAYS[1], 0.5))


def test_risks_are_found_by_household_and_date(tmp_path):
    truth = truth_beside(write_truth(tmp_path, GOOD, replays=4, schema=SCHEMA), **NEED)
    assert truth.replays == 4
    found = truth.of(pd.Series(["H2", "H1", "H2"]), pd.Series([DAYS[1], DAYS[0], MISSING]))
    assert found.tolist()[:2] == [0.5, 0.25]
    assert np.isnan(found[2])
    assert truth.noise(np.array([0.5, 1.0])).tolist() == [0.25 / 3, 0]


@pytest.mark.parametrize("replays", [None, 1])
def test_noise_is_not_known_without_two_replays(tmp_path, replays):
    whole = rows(("H1", DAYS[0], 1.0), ("H2", DAYS[0], 0.0))
    truth = truth_beside(write_truth(tmp_path, whole, replays=replays), **NEED)
    assert truth.replays == replays
    assert truth.noise(np.array([0.5])) is None


def test_only_need_within_twelve_months_has_a_truth(tmp_path):
    write_truth(tmp_path, GOOD)
    assert truth_beside(tmp_path, **NEED) is not None
    assert truth_beside(tmp_path, outcome="admitted", horizon_months=12) is None
    assert truth_beside(tmp_path, outcome="need", horizon_months=6) is None
    assert truth_beside(tmp_path / "county.duckdb", **NEED) is None


@pytest.mark.parametrize(
    ("columns", "replays", "said"),
    [
        ({"household_id": ["H1"], "as_of": [DAYS[0]]}, None, "has no column risk; it has household_id, as_of"),
        ({**rows(("H1", DAYS[0], 0.5)), "risk": ["high"]}, None, "the column risk holds string; expected double"),
        ({**rows(("H1", DAYS[0], 0.5)), "as_of": [True]}, None, "the column as_of holds bool; expected date32"),
        (rows(("H1", DAYS[0], 0.5), ("H2", DAYS[0], None)), None, "row 2: risk is missing"),
        (rows(("H1", DAYS[0], 0.5), ("H2", DAYS[0], 1.25)), None, "row 2 (household H2, 2022-01-01): risk is 1.25"),
        (rows(("H1", DAYS[0], -0.5), ("H2", DAYS[0], 1.25)), None, "from 0 to 1. So it is in 2 rows"),
        (rows(("H1", DAYS[0], float("nan"))), None, "row 1 (household H1, 2022-01-01): risk is nan"),
        (rows(("H1", DAYS[0], 0.5), ("H1", DAYS[0], 0.25)), None, "row 2 (household H1, 2022-01-01)"),
        (rows(("H1", DAYS[0], 0.3)), 4, "expected a share of the 4 replays"),
        (rows(("H1", DAYS[0], 0.5)), "many", 'riskmodel.replays is "many"; expected how many'),
        (rows(("H1", DAYS[0], 0.5)), 0, 'riskmodel.replays is "0"'),
    ],
)
def test_a_broken_file_is_refused_by_place(tmp_path, columns, replays, said):
    write_truth(tmp_path, columns, replays=replays)
    with pytest.raises(DataError) as raised:
        truth_beside(tmp_path, **NEED)
    assert str(tmp_path / TRUTH) in str(raised.value)
    assert said in str(raised.value)
    assert "riskmodel simulate OUT --truth K" in str(raised.value)


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    (tmp_path / TRUTH).write_text("household_id,as_of,risk\n")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        truth_beside(tmp_path, **NEED)


def test_another_countys_households_are_counted(tmp_path):
    truth = truth_beside(write_truth(tmp_path, GOOD), **NEED)
    households, dates = ["H1", "H2", "H8", "H9", "H9"], [DAYS[0], DAYS[0], DAYS[1], DAYS[1], MISSING]
    with pytest.raises(DataError) as raised:
        truth.of(pd.Series(["H2", *households]), pd.Series([DAYS[1], *dates]))
    assert "2 of the 3 households tested at 2023-01-01 have no risk there (the first is H8)" in str(raised.value)


@pytest.fixture(scope="module")
def told(workspace, tmp_path_factory) -> Path:
    """The small county with made-up true risks at two of its three test origins."""
    folder = tmp_path_factory.mktemp("told") / "county"
    shutil.copytree(workspace / "county", folder)
    rng = np.random.default_rng(4)
    made = rows(*((f"H{i:05d}", day, int(rng.integers(0, 21)) / 20) for i in range(360) for day in DAYS))
    return write_truth(folder, made, replays=20, schema=SCHEMA)


@pytest.fixture(scope="module")
def trained(workspace, told, mlflow_store, tmp_path_factory):
    folder = tmp_path_factory.mktemp("with_truth")
    mlflow_store(folder / "models")
    return run_experiment(workspace / "small.yaml", registry=told, models=folder / "models", out=folder / "out")


def test_metrics_hold_regret_where_truth_is_known_and_name_where_it_is_not(trained):
    regret = json.loads((trained.out / "metrics.json").read_text(encoding="utf-8"))["regret"]
    assert (regret["replays"], regret["noise_taken_out"]) == (20, True)
    assert regret["dates"] == ["2022-01-01", "2023-01-01"]
    assert regret["dates_without_truth"] == ["2022-07-01"]
    tables = regret["tables"]["out_of_time"]
    assert [table["origin"] for table in tables] == ["2022-01-01", "2023-01-01", "pooled"]
    assert [table["rows"] for table in tables] == [360, 360, 720]
    for table in tables:
        assert list(table["scorers"]) == ["oracle", "model", "rule", "one_number", "logistic"]
        for name, by_measure in table["regret"].items():
            for measure, one in by_measure.items():
                best, own = table["scorers"]["oracle"][measure]["value"], table["scorers"][name][measure]["value"]
                assert one["value"] == pytest.approx(own - best if measure == "brier" else best - own)
                assert one["low"] <= one["value"] <= one["high"]
    # These true risks are made up of nothing: who ranks by them does worse than the model, and it is said so.
    assert tables[-1]["regret"]["model"]["auc"]["high"] < 0


def test_a_truth_of_nothing_is_not_to_be_believed_and_everything_says_so(trained, capsys):
    regret = json.loads((trained.out / "metrics.json").read_text(encoding="utf-8"))["regret"]
    assert (regret["believable"], regret["checked_against_registry"]) == (False, False)
    assert {"auc", "brier"} == {doubt["sign"] for doubt in regret["doubts"]}
    page = (trained.out / "evaluation.html").read_text(encoding="utf-8")
    card = (trained.out / "card.md").read_text(encoding="utf-8")
    show(trained, console=Console(width=200))
    terminal = capsys.readouterr().out
    loud = "THESE TRUE RISKS ARE NOT THOSE OF THIS REGISTRY AND OUTCOME, and the regret must not be believed"
    for told in (page, card, terminal):
        assert loud in told
        assert "out of time, model has AUC" in told
    assert "不是本登记库、本结果定义的真实风险，所报差距（regret）不可信" in page
    # The terminal has it as a warning, before anything is trained.
    assert "does not say which county it is of" in page
    assert "does not say which county it is of" in card
    assert "没有说明它属于哪个县" in page
    share = Doubt(mode="out_of_time", sign="share", scorer=None, found=1200, expected=300.4)
    other = replace(trained.evaluation, regret=replace(trained.evaluation.regret, doubts=(share,)))
    assert "out of time, it happened to 1,200 of the households tested, where these risks expect 300." in not_believed(
        other, "en"
    )
    assert "1,200 户次发生，而按这些风险应约为 300 户次" in not_believed(other, "zh")


def test_the_report_holds_it_in_both_languages(trained):
    page = (trained.out / "evaluation.html").read_text(encoding="utf-8")
    for said in (
        "距最佳可能还有多远",
        "Distance to the best possible",
        "lived 20 times",
        "反复过 20 次",
        "No true risk at these test origins, which are left out: 2022-07-01.",
        "以下检验时点没有真实风险，未计入：2022-07-01。",
        "--truth 20 --truth-at 2022-01-01 --truth-at 2022-07-01 --truth-at 2023-01-01",
        "Does the true risk come true as often as it says?",
        "typical difference (root mean square, percentage points)",
    ):
        assert said in page, said
    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.S)
    assert len(pictures) == 16
    for drawn in pictures:
        ET.fromstring(drawn)
    assert "nan" not in re.sub(r"[A-Za-z\u4e00-\u9fff]*nan[a-z]+", "", page)
    card = (trained.out / "card.md").read_text(encoding="utf-8")
    assert "## Distance to the best possible" in card
    assert "where the best possible has" in card


def test_mlflow_holds_it_and_still_no_household(trained):
    with sqlite3.connect(trained.bundle.parents[1] / "mlflow.db") as store:
        found = dict(store.execute("select key, value from metrics where run_uuid = ?", (trained.run_id,)))
        of_children = store.execute(
            "select runs.name from runs join metrics on runs.run_uuid = metrics.run_uuid where key = 'oracle/auc'"
        ).fetchall()
        dump = "\n".join(store.iterdump())
    store.close()
    pooled = trained.evaluation.regret.tables["out_of_time"][-1]
    assert found["oracle/auc"] == pytest.approx(pooled.estimates[ORACLE]["auc"].value)
    assert found["regret/brier"] == pytest.approx(pooled.regrets["model"]["brier"].value)
    assert found["rule/regret/recall_at_5pct_low"] == pytest.approx(pooled.regrets["rule"]["recall_at_5pct"].low)
    assert found["truth_slope"] == pytest.approx(pooled.distances["model"]["truth_slope"].value)
    assert {"logistic/truth_squared_error", "logistic/regret/brier_high"} <= set(found)
    assert {name for (name,) in of_children} == {
        "small@1",
        "out_of_time: 2022-01-01",
        "out_of_time: 2023-01-01",
    }
    assert not re.search(r"H\d{5}", dump)


def test_the_truth_teaches_nothing(workspace, trained, tmp_path):
    """With and without the file beside the registry the model, its predictions and its tables are the same."""
    plain = run_experiment(workspace / "small.yaml", models=tmp_path / "models", out=tmp_path / "out", tracker=None)
    assert plain.evaluation.regret is None
    assert "regret" not in plain.evaluation.to_dict()
    with_it, without = (load_bundle(one.bundle).manifest["files"] for one in (trained, plain))
    told = {"card.md", "card.html", "metrics.json"}
    assert {n: h for n, h in with_it.items() if n not in told} == {n: h for n, h in without.items() if n not in told}
    for name in ("predictions.parquet", "flow.csv"):
        assert (trained.out / name).read_bytes() == (plain.out / name).read_bytes()
    other = trained.evaluation.to_dict()
    del other["regret"]
    assert other == plain.evaluation.to_dict()
    page = (plain.out / "evaluation.html").read_text(encoding="utf-8")
    assert "best possible" not in page + (plain.out / "card.md").read_text(encoding="utf-8")


def test_a_broken_truth_stops_a_training_before_it_begins(workspace, told, tmp_path):
    folder = tmp_path / "county"
    shutil.copytree(told, folder)
    table = pq.read_table(folder / TRUTH)
    pq.write_table(table.filter(pa.compute.not_equal(table["household_id"], "H00007")), folder / TRUTH)
    call = {"registry": folder, "models": tmp_path / "models", "out": tmp_path / "out", "tracker": None}
    with pytest.raises(DataError, match="1 of the 360 households tested at 2022-01-01 have no risk there"):
        run_experiment(workspace / "small.yaml", **call)
    assert [path.name for path in tmp_path.iterdir()] == ["county"]


def test_a_truth_of_other_dates_is_said_to_be_of_no_use(workspace, told, tmp_path):
    folder = tmp_path / "county"
    shutil.copytree(told, folder)
    write_truth(folder, rows(("H00001", date(2019, 1, 1), 0.5)), schema=SCHEMA)
    call = {"registry": folder, "models": tmp_path / "models", "out": tmp_path / "out", "tracker": None}
    done = run_experiment(workspace / "small.yaml", **call)
    assert done.evaluation.regret.tables == {"out_of_time": []}
    said = where_missing(done.evaluation.regret, "en")
    assert said.startswith("No test origin has true risks")
    assert "--truth 100 --truth-at 2022-01-01 --truth-at 2022-07-01 --truth-at 2023-01-01" in said
    for page in ("evaluation.html", "card.md"):
        assert said in (done.out / page).read_text(encoding="utf-8")


def test_cross_validation_is_held_against_the_dates_that_have_a_truth(workspace, told, tmp_path):
    text = (workspace / "small.yaml").read_text(encoding="utf-8")
    text = text.replace("  origins: {newest: 3, every_months: 6}", "  mode: cross_validation")
    text = text.replace("every_months: 6, newest: 3}", "every_months: 6, from: '2021-07-01'}")
    path = workspace / "crossed.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        call = {"registry": told, "models": tmp_path / "models", "out": tmp_path / "out", "tracker": None}
        done = run_experiment(path, **call)
    finally:
        path.unlink()
    (table,) = done.evaluation.regret.tables["cross_validation"]
    assert (table.origin, table.rows) == (None, 720)
    assert set(done.evaluation.regret.dates) == set(DAYS)
    assert MISSING in done.evaluation.regret.missing
    assert "Grouped cross-validation, all rows (720 households tested)" in (done.out / "card.md").read_text(
        encoding="utf-8"
    )


EXPERIMENT = """
name: told
features:
  only: [net_income_pc_12m, net_income_pc_change_12m, line_gap_12m, medical_oop_12m, members, members_able,
    guarantees_unmet, wage_income_pc_3m, months_since_illness]
outcome: need
cohort: not_listed
training: {as_of: {every_months: 6, newest: 2}}
validation: {origins: ['2023-04-01', '2023-10-01', '2024-04-01'], holdout: {by: village, folds: 2}}
intervals: {bootstrap: 100}
seed: 1
"""


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> tuple[Path, Path]:
    """A simulated county that tells its truth, by the package's own catalogue."""
    folder = tmp_path_factory.mktemp("simulated")
    days = [date(2023, 4, 1), date(2023, 10, 1), date(2024, 4, 1)]
    simulate_registry(
        folder / "county", households=1500, years=5, seed=3, until=date(2026, 1, 1), replays=20, truth_at=days
    )
    (folder / "told.yaml").write_text(EXPERIMENT, encoding="utf-8")
    return folder / "told.yaml", folder / "county"


def test_the_simulators_file_is_what_is_read(simulated):
    truth = truth_beside(simulated[1], **NEED)
    assert truth.replays == 20
    assert len(truth.risks) == 3 * 1500


@pytest.fixture(scope="module")
def judged(simulated, tmp_path_factory) -> tuple[Path, str]:
    """What the command leaves and says."""
    path, registry = simulated
    out = tmp_path_factory.mktemp("judged")
    call = ["train", str(path), "--registry", str(registry), "--models", str(out / "models"), "--out", str(out)]
    done = CliRunner().invoke(app, call)
    assert done.exit_code == 0, done.output
    return out, done.output


def test_nobody_does_better_than_the_oracle_of_a_simulated_county(judged):
    """By measures whose regret is several standard errors here; the next test shows that they can fall below 0."""
    out, said = judged
    assert "Regret  Out of time, pooled" in said
    assert "No true risk" not in said
    regret = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["regret"]
    assert (regret["believable"], regret["checked_against_registry"], regret["doubts"]) == (True, True, [])
    assert "NOT THE TRUTH" not in said
    assert "does not say which county" not in said
    pooled = regret["tables"]["out_of_time"][-1]
    assert set(pooled["regret"]) == {"model", "rule", "one_number", "logistic"}
    for name, by_measure in pooled["regret"].items():
        for measure in {"auc", "average_precision", "recall_at_5pct", "brier"} & set(by_measure):
            assert by_measure[measure]["low"] > 0, (name, measure)
    assert pooled["distance_to_truth"]["model"]["truth_correlation"]["low"] > 0.2


@pytest.mark.parametrize(
    ("policy", "seed", "raised", "said"),
    [
        (None, 4, DataError, r"made with seed 3; .*simulated\.json says that this registry was made with seed 4"),
        (12345, 3, CallError, r"the year from 2023-04-01 was judged by a monitoring line of 8,500 yuan.* has 12,345 "),
    ],
)
def test_a_truth_of_another_county_or_line_stops_a_training(simulated, tmp_path, policy, seed, raised, said):
    """As a reviewer met them: a registry made anew beside an old truth, and a workspace with a line of its own."""
    path, registry = simulated
    shutil.copytree(registry, tmp_path / "county")
    made = tmp_path / "county" / "simulated.json"
    made.write_text(json.dumps({**json.loads(made.read_text()), "seed": seed}))
    (tmp_path / "riskmodel.toml").write_text("")
    shutil.copy(path, tmp_path / "told.yaml")
    if policy:
        entry = f"name: monitoring_line, region: '369901', valid_from: 2020-01-01, value: {policy}"
        entry += ", unit: yuan/person/year, source: ours, certainty: S"
        (tmp_path / "policy.yaml").write_text(f"- {{{entry}}}\n")
    call = {"registry": tmp_path / "county", "models": tmp_path / "models", "out": tmp_path / "out", "tracker": None}
    with pytest.raises(raised, match=said):
        run_experiment(tmp_path / "told.yaml", **call)
    assert not (tmp_path / "out").exists()


def test_a_neighbours_truth_is_no_oracle(simulated, judged):
    told = pd.read_parquet(judged[0] / "predictions.parquet")
    truth = truth_beside(simulated[1], **NEED)
    predictions = Predictions(
        rows=np.arange(len(told)),
        stratum=np.zeros(len(told), dtype=int),
        fold=told["fold"].to_numpy(),
        outcome=told["outcome"].to_numpy(),
        scores={"model": told["model"].to_numpy()},
        origins=[None],
        trained_on=[(1, 1)],
    )
    model = Scorer(
        name="model", zh="模型", en="model", means_zh="", means_en="", probabilities=True, fit=lambda *_: None
    )
    risk = truth.of(told["household_id"], told["as_of"])
    how = {"scorers": [model], "clusters": np.arange(len(told)) % 60, "capacities": [0.05], "rule": None}
    how |= {"draws": 100, "level": 0.95, "seed": 2}
    (own,) = regret_tables(predictions, risk=risk, noise=truth.noise(risk), **how)
    (rolled,) = regret_tables(predictions, risk=np.roll(risk, 7), noise=truth.noise(np.roll(risk, 7)), **how)
    for measure in ("auc", "average_precision", "recall_at_5pct", "brier"):
        assert own.regrets["model"][measure].low > 0, measure
        assert rolled.regrets["model"][measure].high < 0, measure
