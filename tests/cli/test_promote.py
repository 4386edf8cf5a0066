"""``riskmodel promote``: the champion alias moves; an append-only log keeps who, when, why."""

from __future__ import annotations

import json
import shutil

import pytest


@pytest.fixture
def two_versions(workspace, trained, tmp_path):
    """A workspace with two versions of a model, the first of them the champion."""
    shutil.copy(workspace / "riskmodel.toml", tmp_path)
    shutil.copytree(workspace / "models" / "light", tmp_path / "models" / "light")
    shutil.copytree(workspace / "models" / "light" / "1", tmp_path / "models" / "light" / "2")
    return tmp_path


def test_the_champion_moves_and_the_log_grows(cli, two_versions):
    log = two_versions / "models" / "light" / "promotions.jsonl"
    before = log.read_text(encoding="utf-8")
    (two_versions / "experiments").mkdir()
    # From a folder of the workspace as well as from its root.
    ended = cli(
        "promote", "light", 2, "--who", "县乡村振兴局", "--why", "more found at 5%", cwd=two_versions / "experiments"
    )
    assert ended.code == 0, ended.err
    assert "light@champion: version 1 -> version 2" in ended.out
    assert "version 2, in its own evaluation: auc 0." in ended.out
    assert "there is no MLflow store" in ended.err
    assert "The promotion stands" in ended.err
    assert json.loads((log.parent / "aliases.json").read_text()) == {"champion": 2}
    after = log.read_text(encoding="utf-8")
    assert after.startswith(before)
    line = json.loads(after[len(before) :])
    assert (line["who"], line["why"], line["from"], line["to"]) == ("县乡村振兴局", "more found at 5%", 1, 2)
    assert line["at"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ligth", 2, "--who", "a", "--why", "b"], 'Did you mean "light"?'),
        (["light", 7, "--who", "a", "--why", "b"], "Known: 1, 2"),
        (["light", 1, "--who", "a", "--why", "b"], "is the champion already"),
        (["light", 2, "--who", " ", "--why", "b"], "who is empty"),
        (["light", 2, "--who", "a", "--why", "b", "--alias", "best"], "Known: challenger, champion"),
        (["light", 2, "--who", "a"], "--why"),
    ],
)
def test_what_cannot_be_promoted_leaves_alias_and_log(cli, two_versions, snapshot, arguments, told):
    before = snapshot(two_versions)
    ended = cli("promote", *arguments, cwd=two_versions)
    assert ended.code == 2
    assert told in ended.err
    assert snapshot(two_versions) == before
