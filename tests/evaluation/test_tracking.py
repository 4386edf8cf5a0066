"""MLflow is told to be quiet before it is imported, whatever the environment says."""

from __future__ import annotations

import subprocess
import sys

from riskmodel.evaluation.tracking import MlflowTracker, quiet_environment


def test_settings_from_outside_do_not_reach_mlflow():
    found = quiet_environment(
        {"MLFLOW_TRACKING_URI": "http://somewhere", "_MLFLOW_TESTING_TELEMETRY": "true", "A": "b"}
    )
    assert found == {
        "A": "b",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
    }


def test_importing_the_evaluation_imports_neither_mlflow_nor_lightgbm():
    code = (
        "import sys, riskmodel.evaluation.tracking, riskmodel.training.experiment;"
        "print([m for m in ('mlflow', 'lightgbm', 'shap') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_training_that_fails_leaves_no_store(tmp_path):
    with MlflowTracker(tmp_path / "models"):
        pass
    assert not (tmp_path / "models").exists()
