"""The bundle as MLflow loads and serves it: risk and reasons for features by name, no pickle, errors by column."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import DataError
from riskmodel.evaluation.tracking import quiet_environment
from riskmodel.model import RiskClassifier, load_bundle, save_bundle
from riskmodel.serving.model_folder import example_of, write_model_folder
from riskmodel.serving.pyfunc import SERVED, ServedModel

COLUMNS = ["net_income_pc_12m", "members_disabled", "medical_oop_12m"]


def _feature(name: str) -> dict[str, object]:
    words = {"zh": f"特征{name}", "en": name.replace("_", " "), "unit": "yuan", "direction": None}
    return {
        "name": name,
        **words,
        "risk_type": "illness",
        "sensitive": False,
        "missing": "not recorded",
        "family": name,
        "definition": "0",
    }


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    rng = np.random.default_rng(4)
    X = pd.DataFrame(rng.lognormal(size=(500, 3)), columns=COLUMNS)
    X = X.mask(rng.random(X.shape) < 0.1)
    y = rng.random(500) < 1 / (1 + X[COLUMNS[0]].fillna(1.0))
    folder = tmp_path_factory.mktemp("served") / "need"
    save_bundle(
        RiskClassifier(rounds=30, folds=2).fit(X, y),
        folder,
        features=[_feature(name) for name in COLUMNS],
        metrics={},
        card="# 模型卡\n",
        manifest={"outcome": "need", "catalogue_hash": "abc"},
    )
    return folder


@pytest.fixture(scope="module")
def model_folder(bundle, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("mlflow") / "model"
    write_model_folder(bundle, folder, reference="need@1", example=example_of(bundle))
    return folder


@pytest.fixture(scope="module")
def served(bundle) -> ServedModel:
    return ServedModel(load_bundle(bundle))


ROWS = pd.DataFrame({"kept_aside": ["a", "b"], COLUMNS[2]: [1, 3], COLUMNS[0]: [0.4, np.nan], COLUMNS[1]: [2, 0]})


def test_risk_is_the_bundles_and_reasons_add_up_to_the_margin(served):
    answer = served.predict(ROWS)
    classifier = served.bundle.classifier
    assert answer["risk"].tolist() == classifier.predict_proba(ROWS[COLUMNS].astype(float))[:, 1].tolist()
    for row in answer.itertuples():
        told = row.base_value + sum(reason["contribution"] for reason in row.reasons) + row.other_contributions
        assert told == pytest.approx(row.margin, abs=1e-9)
    first = {reason["feature"]: reason for reason in answer["reasons"][0]}
    assert first[COLUMNS[0]]["value"] == 0.4
    assert "特征net_income_pc_12m：" in first[COLUMNS[0]]["zh"]
    assert answer["reasons"][1][0].keys() == set(SERVED)
    values = {reason["feature"]: reason["value"] for reason in answer["reasons"][1]}
    assert values.get(COLUMNS[0]) is None


def test_no_rows_give_no_answers(served):
    assert len(served.predict(ROWS.head(0))) == 0


@pytest.mark.parametrize("how", ["numbers as objects", "whole numbers", "yes and no", "all missing"])
def test_numbers_are_taken_however_they_are_stored(served, how):
    column = {
        "numbers as objects": pd.Series([2, None], dtype=object),
        "whole numbers": pd.Series([2, pd.NA], dtype="Int64"),
        "yes and no": pd.Series([True, False]),
        "all missing": pd.Series([None, None], dtype=object),
    }[how]
    as_float = column.map(lambda value: np.nan if pd.isna(value) else float(value)).astype(float)
    given, plain = (served.predict(ROWS.assign(**{COLUMNS[1]: c})) for c in (column, as_float))
    assert given["risk"].tolist() == plain["risk"].tolist()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (ROWS.drop(columns=COLUMNS[1]), '"members_disabled"'),
        (ROWS.rename(columns={COLUMNS[1]: "member_disabled"}), 'Did you mean "member_disabled"'),
        (ROWS.assign(**{COLUMNS[1]: ["1", "2"]}), 'column "members_disabled", row 0: not a number'),
        (ROWS.assign(**{COLUMNS[1]: [1, -np.inf]}), 'column "members_disabled", row 1: infinite'),
        (ROWS.assign(**{COLUMNS[1]: pd.to_datetime(["2020-01-01"] * 2)}), 'column "members_disabled" holds datetime64'),
        (ROWS[COLUMNS].to_numpy(), "by name, not ndarray"),
    ],
)
def test_what_is_no_row_of_features_is_refused_by_column(served, rows, told):
    with pytest.raises(DataError) as error:
        served.predict(rows)
    assert told in str(error.value)


def test_mlflow_loads_it_in_a_process_of_its_own(served, model_folder, tmp_path):
    ROWS.to_json(tmp_path / "rows.json", orient="split")
    code = (
        "import sys, pandas as pd, mlflow.pyfunc\n"
        "model = mlflow.pyfunc.load_model(sys.argv[1])\n"
        "rows = pd.read_json(sys.argv[2], orient='split')\n"
        "print(model.predict(rows).to_json(orient='records'))\n"
        "print(model.predict(model.input_example)['risk'].between(0, 1).all())\n"
        "try:\n"
        "    model.predict(rows.drop(columns='members_disabled'))\n"
        "except Exception as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(model_folder), str(tmp_path / "rows.json")],
        capture_output=True,
        text=True,
        check=True,
        env=quiet_environment(dict(os.environ)),
    )
    answer, example, refused = done.stdout.splitlines()[-3:]
    told = json.loads(answer)
    assert [row["risk"] for row in told] == pytest.approx(served.predict(ROWS)["risk"].tolist(), abs=1e-9)
    assert [r["feature"] for r in told[0]["reasons"]] == [r["feature"] for r in served.predict(ROWS)["reasons"][0]]
    assert example == "True"
    assert '"members_disabled"' in refused


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _post(port: int, body: object) -> tuple[int, dict[str, object]]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_mlflow_serves_it_with_risk_and_reasons(served, model_folder, port, tmp_path):
    here = quiet_environment(dict(os.environ))
    # MLflow starts uvicorn by name: it lies beside this Python.
    here["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), here.get("PATH", "")])
    serve = ["-m", "mlflow", "models", "serve", "-m", str(model_folder), "--env-manager", "local"]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, *serve, "--host", "127.0.0.1", "--port", str(port)],
            stdout=log,
            stderr=log,
            env=here,
            start_new_session=True,
        )
    try:
        until = time.monotonic() + 180
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5):
                break
            said = (tmp_path / "log").read_text(encoding="utf-8", errors="replace")
            assert server.poll() is None and time.monotonic() < until, said
            time.sleep(0.3)
        record = {COLUMNS[0]: 0.4, COLUMNS[1]: 2, COLUMNS[2]: None}
        status, answer = _post(port, {"dataframe_records": [record]})
        assert status == 200, answer
        (told,) = answer["predictions"]
        expected = served.predict(pd.DataFrame([record]).astype(float)).iloc[0]
        assert told["risk"] == pytest.approx(expected["risk"], abs=1e-12)
        assert [r["zh"] for r in told["reasons"]] == [r["zh"] for r in expected["reasons"]]
        example = json.loads((model_folder / "serving_input_example.json").read_text(encoding="utf-8"))
        assert _post(port, example)[0] == 200
        status, refused = _post(port, {"dataframe_records": [{**record, COLUMNS[1]: "two"}]})
        assert status == 400
        assert "members_disabled" in json.dumps(refused)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


def test_the_folder_is_text_with_the_bundle_in_it_unchanged(bundle, model_folder, snapshot):
    assert snapshot(model_folder / "bundle") == snapshot(bundle)
    told = (model_folder / "MLmodel").read_text(encoding="utf-8")
    assert "loader_module: riskmodel.serving.pyfunc" in told
    needs = (model_folder / "requirements.txt").read_text(encoding="utf-8")
    assert all("==" in line for line in needs.split())
    for path in model_folder.rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("utf-8")
            assert "pickle" not in text
            assert "://" not in text


def test_the_example_is_a_middle_value_of_each_column_alone(bundle):
    example = example_of(bundle)
    assert list(example) == COLUMNS
    assert all(0.3 < value < 3 for value in example.values())
