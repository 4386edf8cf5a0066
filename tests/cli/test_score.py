"""``riskmodel score``: scores.parquet, flags.parquet, run.json."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

FLAGS = [
    "household_id", "as_of", "risk", "rank", "flagged_by", "rules", "category", "base_value", "margin", "reasons",
    "risk_types", "measures", "model", "model_version", "catalogue_hash",
]  # fmt: skip


def test_it_leaves_scores_flags_and_the_run(workspace, scored):
    out = workspace / "out" / "2026-01"
    assert not (out / ".work").exists()
    scores, flags = pq.read_table(out / "scores.parquet"), pq.read_table(out / "flags.parquet")
    assert set(FLAGS) <= set(flags.column_names)
    assert 0 < flags.num_rows < scores.num_rows
    assert set(flags["flagged_by"].to_pylist()) <= {"model", "rule", "both"}
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert run["counts"]["flagged"] == flags.num_rows
    assert f"{scores.num_rows:,} households scored" in scored.out


def test_contributions_reasons_and_the_rest_add_up_to_the_margin(workspace, scored):
    for flag in pq.read_table(workspace / "out" / "2026-01" / "flags.parquet").to_pylist():
        told = sum(reason["contribution"] for reason in flag["reasons"]) + flag["other_contributions"]
        assert flag["base_value"] + told == pytest.approx(flag["margin"], abs=1e-5)
        told = [reason["contribution"] for reason in flag["reasons"]]
        raising, lowering = [c for c in told if c > 0], [c for c in told if c < 0]
        assert told == [*sorted(raising, reverse=True), *sorted(lowering)]


def test_the_same_call_gives_the_same_bytes_and_resume_has_nothing_to_do(cli, workspace, scored, tmp_path):
    call = ["score", "county", "--as-of", "2026-01-01", "--model", "light@1", "--out", tmp_path]
    assert cli(*call, cwd=workspace).code == 0
    for name in ("scores.parquet", "flags.parquet", "contributions.parquet"):
        assert (tmp_path / name).read_bytes() == (workspace / "out" / "2026-01" / name).read_bytes()
    before = (tmp_path / "run.json").read_bytes()
    assert cli(*call, "--resume", cwd=workspace).code == 0
    assert (tmp_path / "run.json").read_bytes() == before
    other = cli(*call[:-4], "--model", "light@1", "--out", tmp_path, "--resume", "--capacity", 3, cwd=workspace)
    assert other.code == 2
    assert "capacity was 0.05, is 3" in other.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--model", "ligth@champion"], 'Did you mean "light"?'),
        (["--model", "light"], "NAME@VERSION"),
        (["--model", "light@9"], "Known: 1"),
        (["--model", "light@champoin"], 'Did you mean "champion"?'),
        (["--capacity", "200%"], 'capacity is "200%"'),
        (["--rule-capacity", "none"], 'capacity is "none"'),
        (["--engine", "sprak"], '--engine is "sprak"'),
        (["--models", "modles"], "It holds none yet"),
        (["--out", "county"], "is the registry itself"),
        (["--out", "riskmodel.toml"], "is a file; name a folder"),
        (["--out", "riskmodel.toml/deep/er"], "is not a folder"),
    ],
)
def test_a_wrong_call_writes_nothing(cli, workspace, trained, tmp_path, snapshot, arguments, told):
    before = snapshot(workspace)
    right = ["--model", "light@champion", "--out", tmp_path / "s"]
    ended = cli("score", "county", "--as-of", "2026-01-01", *right, *arguments, cwd=workspace)
    assert ended.code == 2
    assert told in ended.err
    assert snapshot(workspace) == before
    assert list(tmp_path.iterdir()) == []
