"""The two real panels from raw file to report, by the commands of their READMEs, word for word."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from riskmodel.cli.app import app

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
SAID = "said.json"
CROSSED, FORWARD, EVERYONE = "cross_validation", "out_of_time", "everyone"

# The best plain model for each figure in the data's own description: (AUC, average precision).
BEST_PLAIN = {CROSSED: (0.724, 0.396), EVERYONE: (0.682, 0.427)}
# There, on the other panel, current consumption alone.
CONSUMPTION_ALONE = {CROSSED: (0.671, 0.187), EVERYONE: (0.652, 0.200)}


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_tables", EXPERIMENTS / "make_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def commands(readme: Path) -> list[list[str]]:
    """The commands of a README's block, each as the words after ``riskmodel``."""
    [block] = re.findall(r"```sh\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    lines = block.replace("\\\n", " ").strip().splitlines()
    assert all(line.startswith("riskmodel ") for line in lines)
    return [shlex.split(line)[1:] for line in lines]


@dataclass(frozen=True)
class Run:
    """What the commands left and said. ``out`` holds registry/, training/, list/ and two Parquet files."""

    workspace: Path
    out: Path
    said: dict[str, str]


@dataclass(frozen=True)
class Panel:
    """Where a panel's things lie in ``out/``, whom the model may flag, how many it does, the rule, what need means."""

    name: str
    short: str
    households: int
    cohort: str
    flags: int
    rule: str
    need: str


MALAWI = Panel(
    "malawi_food_security",
    "malawi",
    2_654,
    "fcs >= 35",
    63,
    "fcs < 42",
    "food consumption score below 35 in the next round",
)
PAKISTAN = Panel(
    "pakistan_graduation",
    "pakistan",
    854,
    "ctotal_pcmonth >= 46.2",
    35,
    "ctotal_pcmonth < 55.44",
    "below 46.2 US$ at the next wave",
)


def run_readme(panel: Panel, *, shared_data: Path, folder: Path) -> None:
    """Lay out a workspace with the data where a README expects them, and run the README's commands in it."""
    (folder / "shared").mkdir()
    (folder / "shared" / "data").symlink_to(shared_data)
    workspace = folder / "workspace"
    runner, said = CliRunner(), {}
    before = Path.cwd()
    assert runner.invoke(app, ["init", str(workspace)]).exit_code == 0
    os.chdir(workspace)
    try:
        for words in commands(EXPERIMENTS / panel.name / "README.md"):
            result = runner.invoke(app, words, catch_exceptions=False)
            assert result.exit_code == 0, f"{' '.join(words)}: {result.output}"
            said[words[0]] = result.output
    finally:
        os.chdir(before)
    (folder / SAID).write_text(json.dumps(said), encoding="utf-8")


@pytest.fixture(scope="module")
def finish(shared_data: Path, once: Callable[..., Path]) -> Callable[[Panel], Run]:
    """Run a panel's README, once for all processes that run these tests."""

    def finished(panel: Panel) -> Run:
        def make(folder: Path) -> None:
            run_readme(panel, shared_data=shared_data, folder=folder)

        folder = once(panel.short, make)
        said = json.loads((folder / SAID).read_text(encoding="utf-8"))
        return Run(workspace=folder / "workspace", out=folder / "workspace" / "out" / panel.short, said=said)

    return finished


@pytest.fixture(scope="module")
def malawi(finish: Callable[[Panel], Run]) -> Run:
    return finish(MALAWI)


@pytest.fixture(scope="module")
def pakistan(finish: Callable[[Panel], Run]) -> Run:
    return finish(PAKISTAN)


@pytest.fixture(scope="module")
def tables(malawi: Run, pakistan: Run) -> dict[str, dict[str, Any]]:
    """The script's tables, from what the commands left."""
    make = script().result_tables
    runs = {MALAWI.name: malawi, PAKISTAN.name: pakistan}
    return {name: make(name, registry=run.out / "registry", trained=run.out / "training") for name, run in runs.items()}


@pytest.fixture(params=[MALAWI, PAKISTAN], ids=lambda panel: panel.short)
def finished(request: pytest.FixtureRequest) -> Iterator[tuple[Panel, Run]]:
    yield request.param, request.getfixturevalue(request.param.short)


def test_the_readme_goes_from_raw_file_to_report(finished: tuple[Panel, Run]) -> None:
    panel, run = finished
    assert list(run.said) == ["import", "validate", "features", "labels", "train", "score", "report"]
    for name in ("registry/household.parquet", "training/evaluation.html", "training/card.md"):
        assert (run.out / name).is_file()
    for name in ("scores.parquet", "flags.parquet", "run.json", "report/index.html", "report/list.xlsx"):
        assert (run.out / "list" / name).is_file()
    assert len(pd.read_parquet(run.out / "list" / "scores.parquet")) == panel.households
    told = json.loads((run.out / "registry" / "validation.json").read_text(encoding="utf-8"))
    assert [(row["rejected"], row["rows_in"] - row["kept"]) for row in told["tables"]] == [(0, 0), (0, 0)]


def test_features_and_labels_are_those_that_were_trained_on(finished: tuple[Panel, Run]) -> None:
    panel, run = finished
    features = pd.read_parquet(run.out / "features.parquet")
    labels = pd.read_parquet(run.out / "labels.parquet")
    rows = features.query(panel.cohort).merge(labels, on=["household_id", "as_of"], validate="1:1")
    rows = rows[rows["outcome"].notna()]
    predicted = pd.read_parquet(run.out / "training" / "predictions.parquet").query(f"mode == '{CROSSED}'")
    both = predicted.merge(rows, on=["household_id", "as_of"], suffixes=("", "_labelled"), validate="1:1")
    assert len(both) == len(predicted)
    assert (both["outcome"] == both["outcome_labelled"].astype(float)).all()


def test_the_model_flags_of_its_cohort_and_the_rule_whom_it_names(finished: tuple[Panel, Run]) -> None:
    panel, run = finished
    flags = pd.read_parquet(run.out / "list" / "flags.parquet")
    by_model = set(flags.loc[flags["flagged_by"] != "rule", "household_id"])
    assert len(by_model) == panel.flags
    leading = panel.cohort.split()[0]
    items = pd.read_parquet(run.out / "registry" / "observation.parquet", columns=["household_id", "item", "value"])
    assert leading in set(items["item"].str.lower())
    scores = pd.read_parquet(run.out / "list" / "scores.parquet").set_index("household_id")
    last = _last_values(run.out / "registry", leading).reindex(scores.index)
    frame = last.to_frame(leading)
    outside, named = ~frame.eval(panel.cohort), frame.eval(panel.rule)
    assert outside.any()
    assert scores.loc[outside & ~named, "rank"].isna().all()
    assert not by_model & set(scores.index[outside])
    assert set(flags.loc[flags["flagged_by"] != "model", "household_id"]) == set(scores.index[named])


def _last_values(registry: Path, item: str) -> pd.Series:
    """The values of the last round, by household."""
    rows = pd.read_parquet(registry / "observation.parquet")
    rows = rows[(rows["item"].str.lower() == item) & (rows["observed_on"] == rows["observed_on"].max())]
    return rows.set_index("household_id")["value"]


def test_the_report_says_what_is_predicted(finished: tuple[Panel, Run]) -> None:
    panel, run = finished
    page = (run.out / "list" / "report" / "index.html").read_text(encoding="utf-8")
    assert panel.need in page


def test_household_numbers_stay_out_of_what_is_shared(pakistan: Run) -> None:
    ids = set(pd.read_parquet(pakistan.out / "registry" / "household.parquet")["household_id"])
    shared = [path for path in (pakistan.workspace / "models").rglob("*") if path.is_file()]
    shared += [path for path in (pakistan.out / "training").iterdir() if path.is_file() and path.suffix != ".parquet"]
    shared += [pakistan.out / "list" / "run.json", *(pakistan.out / "registry").glob("*.json")]
    assert any(path.name == "mlflow.db" for path in shared)
    texts = {str(path): path.read_bytes().decode("latin-1") for path in shared} | pakistan.said
    for place, text in texts.items():
        found = set(re.findall(r"(?<![\d.])\d{6,7}(?![\d.])", text)) & ids
        assert not found, place


@pytest.mark.parametrize("mode", BEST_PLAIN)
def test_malawi_reaches_the_best_plain_model(tables: dict[str, dict[str, Any]], mode: str) -> None:
    found = tables[MALAWI.name][mode].estimates["model"]
    for measure, plain in zip(("auc", "average_precision"), BEST_PLAIN[mode], strict=True):
        assert found[measure].value >= plain - found[measure].standard_error, measure


@pytest.mark.parametrize("mode", CONSUMPTION_ALONE)
def test_pakistan_reaches_consumption_alone_or_says_that_it_does_not(
    tables: dict[str, dict[str, Any]], pakistan: Run, mode: str
) -> None:
    """``everyone`` has no page of its own: the report's test forward in time speaks for it."""
    page = (pakistan.out / "training" / "evaluation.html").read_text(encoding="utf-8")
    opening = {CROSSED: "Grouped cross-validation", EVERYONE: "Out of time"}[mode]
    names = {"auc": "AUC", "average_precision": "average precision"}
    found = tables[PAKISTAN.name][mode].estimates["model"]
    for (measure, name), alone in zip(names.items(), CONSUMPTION_ALONE[mode], strict=True):
        reached = found[measure].value >= alone - found[measure].standard_error
        said = re.search(rf"{opening}, the model does not beat one number ([^<]*)", page)
        assert reached or (said is not None and f"by {name}" in said[1])


def test_one_number_is_the_description_s(tables: dict[str, dict[str, Any]]) -> None:
    """The same rows and outcomes as in the data's own description: its ranking by one number comes out the same."""
    for mode, expected in CONSUMPTION_ALONE.items():
        found = tables[PAKISTAN.name][mode].estimates["one_number"]
        assert (round(found["auc"].value, 3), round(found["average_precision"].value, 3)) == expected
    for mode, expected in {CROSSED: (0.645, 0.307), EVERYONE: (0.657, 0.385)}.items():
        found = tables[MALAWI.name][mode].estimates["one_number"]
        assert (found["auc"].value, found["average_precision"].value) == pytest.approx(expected, abs=0.002)


@pytest.mark.parametrize("name", [MALAWI.name, PAKISTAN.name])
def test_the_readme_s_tables_are_the_script_s(tables: dict[str, dict[str, Any]], name: str, tmp_path: Path) -> None:
    make = script()
    made = {mode: make.markdown(table) for mode, table in tables[name].items()}
    readme = EXPERIMENTS / name / "README.md"
    assert make.differences(readme, made) == []
    changed = tmp_path / "README.md"
    text = readme.read_text(encoding="utf-8")
    auc = re.search(r"defaults\*\* \| (0\.\d{3})", text)
    assert auc is not None
    changed.write_text(text.replace(auc[1], f"{float(auc[1]) + 0.01:.3f}", 1), encoding="utf-8")
    [told] = make.differences(changed, made)
    assert f"{float(auc[1]) + 0.01:.3f}" in told
