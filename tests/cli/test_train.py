"""``riskmodel train``: MLflow runs, a model bundle, an evaluation report, a model card."""

from __future__ import annotations

import json

from riskmodel.model import load_bundle


def test_it_leaves_what_the_help_says_where_the_help_says(workspace, trained):
    bundle = load_bundle(workspace / "models" / "light" / "1")
    assert bundle.manifest["training_cut"] == "2026-01-01"
    assert (workspace / "models" / "mlflow.db").is_file()
    out = workspace / "out" / "train" / "light"
    assert {path.name for path in out.iterdir()} == {
        "evaluation.html", "card.md", "card.html", "metrics.json", "flow.csv", "splits.svg", "predictions.parquet",
        ".stages",
    }  # fmt: skip
    tables = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["tables"]["out_of_time"]
    assert [table["origin"] for table in tables] == ["2024-04-01", "2024-07-01", "2024-10-01", "pooled"]


def test_it_prints_the_table_beside_the_baselines_and_where_everything_is(trained):
    for told in ("pooled", "rule", "one number", "logistic", "Recall at 5%", "models/light/1 (light@1)"):
        assert told.lower() in trained.said.lower()
    assert "light@champion is now version 1: there was none before; NOT ahead everywhere of" in trained.said


def test_progress_goes_to_stderr_in_plain_lines(trained):
    assert "Features and outcomes at" in trained.err
    assert "\x1b" not in trained.err
    assert "Features and outcomes at" not in trained.out


def test_check_trains_nothing(cli, workspace, tmp_path, snapshot):
    before = snapshot(workspace)
    ended = cli("train", "experiments/light.yaml", "--check", "--out", tmp_path, cwd=workspace)
    assert ended.code == 0
    assert "2024-07-01" in ended.out
    assert [path.name for path in tmp_path.iterdir()] == ["splits.svg"]
    assert snapshot(workspace) == before
