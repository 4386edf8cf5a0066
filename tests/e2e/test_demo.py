"""``riskmodel demo`` from nothing to the list, on the smallest county that trains; and the READMEs' words."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from riskmodel.cli.app import COMMANDS

ROOT = Path(__file__).parents[2]
HOUSEHOLDS = 300
LEAVES = (
    "registry/registry.json",
    "scores.parquet",
    "flags.parquet",
    "report/index.html",
    "report/list.xlsx",
    "list.db",
)


# What takes the time of a training.
LIGHT = {
    "features": {"only": ["line_gap_12m", "members", "members_able", "wage_income_pc_12m", "medical_oop_12m"]},
    "model": {"folds": 2, "rounds": 40},
    "intervals": {"bootstrap": 20},
    "subgroups": {"by": ["township"]},
}


@pytest.fixture(scope="module")
def demo(cli, tmp_path_factory: pytest.TempPathFactory):
    """The folder of a first run, and how it ended."""
    out = tmp_path_factory.mktemp("e2e") / "demo"
    ended = cli("demo", "--out", out, "--households", HOUSEHOLDS)
    assert ended.code == 0, ended.err
    return out, ended


def _bytes(out: Path) -> dict[str, bytes]:
    names = ["scores.parquet", "flags.parquet", "report/index.html"]
    names += [str(path.relative_to(out)) for path in (out / "registry").iterdir()]
    return {name: (out / name).read_bytes() for name in names}


def test_it_leaves_the_registry_the_scores_the_flags_and_the_report(demo):
    out, _ = demo
    assert [name for name in LEAVES if not (out / name).is_file()] == []
    flags = pq.read_table(out / "flags.parquet")
    assert flags.num_rows > 0
    assert pq.read_metadata(out / "scores.parquet").num_rows > HOUSEHOLDS * 0.9
    index = (out / "report" / "index.html").read_text(encoding="utf-8")
    first = flags.sort_by("rank")["household_id"][0].as_py()
    assert first in index
    assert (out / "report" / "households" / f"{first}.html").is_file()


def test_it_prints_each_command_and_a_table_of_what_lies_where(demo):
    out, ended = demo
    for command in ("simulate", "train", "score", "report", "list update"):
        assert f"$ riskmodel {command} " in ended.out
    told = ended.out.split("What the demo made")[1]
    assert f", in {out}:" in told
    for name in ("registry/", *LEAVES[1:], "training/evaluation.html", "training/card.md", "models/fengcheng/1/"):
        assert f"│ {name} " in told
        assert (out / name).exists()


@pytest.fixture
def light(cli, tmp_path: Path) -> Path:
    """A workspace whose experiment of the demo's name teaches a small model, beside little else."""
    workspace = tmp_path / "workspace"
    assert cli("init", workspace).code == 0
    path = workspace / "experiments" / "fengcheng.yaml"
    experiment = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert experiment.keys() >= LIGHT.keys()
    kept = {name: None for name in experiment["baselines"] if name != "rule"}
    experiment |= {**LIGHT, "baselines": {**experiment["baselines"], **kept}}
    path.write_text(yaml.safe_dump(experiment, allow_unicode=True), encoding="utf-8")
    return workspace


def test_run_again_it_replaces_the_folder_and_the_same_seed_gives_the_same_bytes(cli, light):
    out = light / "out" / "demo"
    assert cli("demo", "--households", HOUSEHOLDS, cwd=light).code == 0
    before = _bytes(out)
    (out / "report" / "left over.html").write_text("from an earlier time")
    ended = cli("demo", "--households", HOUSEHOLDS, cwd=light)
    assert ended.code == 0, ended.err
    assert not (out / "report" / "left over.html").exists()
    assert [path.name for path in (out / "models" / "fengcheng").iterdir() if path.is_dir()] == ["1"]
    assert _bytes(out) == before


def test_the_readmes_python_runs_on_what_the_demo_made(demo, tmp_path, monkeypatch):
    out, _ = demo
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert '"out/demo/registry"' in code
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "demo").symlink_to(out)
    names = {}
    exec(compile(code, "README.md", "exec"), names)
    explained = names["explanation"]
    assert {"jobs lost, last 3 months", "jobs lost, last 12 months"} <= set(explained.feature_names)
    assert len(explained) == len(names["risk"])
    margin = names["model"].decision_function(names["now"][list(names["rows"].X)])
    assert explained.base_values + explained.values.sum(axis=1) == pytest.approx(margin, abs=1e-5)


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_what_a_readme_names_is_there(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (ROOT / target).exists(), target
    for command in re.findall(r"^\| `riskmodel ([\w-]+)", text, flags=re.MULTILINE):
        assert command.replace("-", "_") in {known.rstrip("_") for known in COMMANDS}
