"""``riskmodel init`` lays out a workspace in which every other command works with its defaults."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_parts_are_the_repositorys_own(workspace, trained):
    for name in ("features/income.py", "experiments/fengcheng.yaml", "models/README.md", "riskmodel.toml"):
        assert (workspace / name).read_bytes() == (ROOT / name).read_bytes()
    assert (workspace / "notebooks").is_dir()
    assert (workspace / "models" / "light" / "1" / "booster.txt").is_file()


def test_it_names_what_it_made(cli, tmp_path):
    ended = cli("init", "mine", cwd=tmp_path)
    assert ended.code == 0
    made = {str(path.relative_to(tmp_path)) for path in (tmp_path / "mine").rglob("*") if path.is_file()}
    assert set(ended.out.split()) == made
    assert not any("/out/" in name or name.endswith((".db", ".pyc", ".parquet")) for name in made)


def test_every_experiment_that_is_laid_out_is_in_order(cli, workspace, tmp_path):
    ended = cli(
        "train", "experiments/fengcheng.yaml", "--registry", "county", "--check", "--out", tmp_path, cwd=workspace
    )
    assert ended.code == 0, ended.err
    assert "The file is in order" in ended.out


def test_a_features_folder_that_was_changed_is_the_one_that_counts(cli, workspace, tmp_path):
    assert cli("init", "mine", cwd=tmp_path).code == 0
    (tmp_path / "mine" / "features" / "points.py").unlink()
    call = ["features", workspace / "county", "--as-of", "2024-01-01", "--out", "f", "--only", "points_12m"]
    ended = cli(*call, cwd=tmp_path / "mine")
    assert ended.code == 2
    assert 'no feature "points_12m"' in ended.err


def test_a_folder_that_holds_something_is_refused(cli, tmp_path, snapshot):
    (tmp_path / "letters.txt").write_text("mine")
    before = snapshot(tmp_path)
    for folder, told in ((tmp_path, "not empty"), (tmp_path / "letters.txt", "is a file"), ("letters.txt/x", "folder")):
        ended = cli("init", folder, cwd=tmp_path)
        assert (ended.code, told in ended.err) == (2, True), ended.err
    assert snapshot(tmp_path) == before
