"""``riskmodel simulate`` says what it wrote and refuses what it should."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from riskmodel.cli import simulate
from riskmodel.errors import CallError


def run(*arguments: str):
    app = typer.Typer()
    simulate.register(app)
    return CliRunner().invoke(app, list(arguments))


def test_it_writes_a_registry_and_counts_the_rows(tmp_path):
    out = tmp_path / "county"
    result = run(str(out), "--households", "60", "--years", "1", "--seed", "4", "--until", "2025-01-01")
    assert result.exit_code == 0, result.output
    described = json.loads((out / "registry.json").read_text())
    assert described["cut_on"] == "2025-01-01"
    assert f"{described['tables']['income']:,}" in result.output


def test_a_registry_that_stands_there_is_replaced(tmp_path):
    out = tmp_path / "county"
    for households in ("50", "30"):
        assert run(str(out), "-n", households, "-y", "1", "--until", "2025-01-01").exit_code == 0
    assert json.loads((out / "registry.json").read_text())["tables"]["household"] < 50


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "letters.txt").write_text("not yours")
    result = run(str(tmp_path), "-n", "10", "-y", "1")
    assert isinstance(result.exception, CallError)
    assert "not a registry" in str(result.exception)
    assert [p.name for p in tmp_path.iterdir()] == ["letters.txt"]


def test_with_force_it_writes_beside_the_other_files(tmp_path):
    (tmp_path / "letters.txt").write_text("mine")
    result = run(str(tmp_path), "-n", "10", "-y", "1", "--force")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "letters.txt").read_text() == "mine"
    assert (tmp_path / "registry.json").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("--households", "0"), "--households is 0"),
        (("--years", "0"), "--years is 0"),
        (("--until", "2026-13-01"), "2026-13-01"),
        (("--years", "40"), "at most"),
    ],
)
def test_a_wrong_call_names_the_option_and_writes_nothing(tmp_path, arguments, named):
    out = tmp_path / "county"
    result = run(str(out), *arguments)
    assert isinstance(result.exception, CallError)
    assert result.exception.exit_code == 2
    assert named in str(result.exception)
    assert not out.exists()
