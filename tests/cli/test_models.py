"""``riskmodel models``: what there is, and who stands for which alias."""

from __future__ import annotations

import json


def test_versions_are_listed_with_alias_and_figures(cli, workspace, trained):
    ended = cli("models", cwd=workspace)
    assert ended.code == 0, ended.err
    (line,) = [line for line in ended.out.splitlines() if "light@1" in line]
    metrics = json.loads((workspace / "models" / "light" / "1" / "metrics.json").read_text(encoding="utf-8"))
    model = metrics["tables"]["out_of_time"][-1]["scorers"]["model"]
    for part in ("champion", "2026-01-01", f"{model['auc']['value']:.3f}"):
        assert part in line


def test_an_unknown_name_names_the_nearest(cli, workspace, trained):
    ended = cli("models", "ligth", cwd=workspace)
    assert (ended.code, 'Did you mean "light"?' in ended.err) == (2, True)


def test_a_folder_without_models_says_how_to_make_one(cli, tmp_path):
    ended = cli("models", "--models", tmp_path / "models")
    assert ended.code == 0
    assert "no models yet" in ended.out
