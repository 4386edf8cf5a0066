"""The command line as a whole: help that a newcomer can follow, quick to start, one message and a code on trouble."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import typer

from riskmodel.cli.app import COMMANDS, app

TOP = [name.rstrip("_").replace("_", "-") for name in COMMANDS]
GROUPS = {
    name: list(command.commands)
    for name, command in typer.main.get_command(app).commands.items()
    if hasattr(command, "commands")
}
# Every command as it is typed: of a group, the verbs.
NAMES = [f"{name} {verb}".strip() for name in TOP for verb in GROUPS.get(name, [""])]
LEAVES = {
    "demo": ["registry/", "scores.parquet", "flags.parquet", "report/index.html", "report/list.xlsx"],
    "init": ["features/", "experiments/", "models/", "notebooks/", "riskmodel.toml"],
    "simulate": ["households, incomes", "Folder of the registry"],
    "import": ["rejects.parquet", "a registry"],
    "validate": ["rejects.parquet", "Exit code 1"],
    "features": ["one row a household and date, one column a feature"],
    "labels": ["true, false, or missing"],
    "train": ["models/NAME/VERSION", "models/mlflow.db", "evaluation.html", "card.md"],
    "record": ["mlflow_run.json", "models/mlflow.db"],
    "recalibrate": ["a new version with the same trees", "promote"],
    "models": ["versions, aliases", "headline figures"],
    "promote": ["promotions.jsonl", "champion"],
    "score": ["scores.parquet", "flags.parquet", "run.json"],
    "monitor": ["monitor.json", "monitor.html", "the culprit first", "Exit code 1"],
    "report": ["index.html", "list.xlsx", "township"],
    "run-month": ["month.json", "--resume", "naming it", "Exit code 1"],
    "measures": ["fact by fact", "--quota", "never grants"],
    "lead": ["income a head before and after", "FILE.json", "what a comparison like this cannot show"],
    "insurance claim": ["each line", "what is paid"],
    "insurance budget": ["claims to be expected", "interval"],
    "points statement": ["has left"],
    "points exchange": ["refused beyond the balance"],
    "list update": ["open spell", "changes nothing", "--registry"],
    "list show": ["the most pressing first"],
    "list act": ["every condition that fails", "--set"],
    "list due": ["what is late first"],
    "list sample": ["random sample", "missed cases"],
    "list results": ["finds by source", "missed cases"],
    "list import-verdicts": ["taken or rejected", "Exits with 1"],
    "list notice": ["nothing else", "--authorised-by"],
    "list export": ["rows of the registry", "Nothing personal"],
    "list audit": ["who did what"],
    "list verify-log": ["--expect", "the list is what the log amounts to"],
}


def _unboxed(help_text: str) -> str:
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", help_text).split())


def test_the_contracts_commands_are_listed_in_the_order_in_which_one_meets_them(cli):
    shown = cli("--help").out
    assert list(LEAVES) == NAMES
    places = [re.search(rf"^│ {name} ", shown, flags=re.M).start() for name in TOP]
    assert places == sorted(places)
    for group, verbs in GROUPS.items():
        shown = cli(group, "--help").out
        assert all(re.search(rf"^│ {verb} ", shown, flags=re.M) for verb in verbs)


@pytest.mark.parametrize("name", NAMES)
def test_help_says_what_the_command_does_what_it_leaves_and_how_to_call_it(cli, name):
    ended = cli(*name.split(), "--help")
    assert ended.code == 0
    text = _unboxed(ended.out)
    for told in LEAVES[name]:
        assert told in text
    assert f"Example: riskmodel {name} " in text


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_and_option_says_what_it_is_for(name):
    command = typer.main.get_command(app)
    for part in name.split():
        command = command.commands[part]
    assert [param.name for param in command.params if not (getattr(param, "help", None) or "").strip()] == []


def test_the_examples_in_the_help_name_options_that_there_are(cli):
    for name in NAMES:
        text = _unboxed(cli(*name.split(), "--help").out)
        example = re.search(rf"Example: (riskmodel {name} .*?) (?:Arguments|Options)", text)[1]
        for option in re.findall(r"--[a-z-]+", example):
            assert text.count(option) >= 2, f"{name}: {option}"


def test_help_starts_without_the_heavy_packages():
    code = (
        "import sys; sys.argv = ['riskmodel', '--help']\n"
        "from riskmodel.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'mlflow', 'shap', 'pyspark', 'lightgbm', 'pandas', 'sklearn', 'duckdb', 'ibis', 'pyarrow', 'numpy'}\n"
        "sys.stderr.write(' '.join(sorted(heavy & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "score" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["scoer"], "No such command 'scoer'"),
        (["features", "county", "--out", "f.parquet"], "--as-of"),
        (["features", "county", "--asof", "2024-01-01"], "--asof"),
        (["promote", "need", "second", "--who", "us", "--why", "so"], "'version'"),
        (["report", "scored", "--lang", "de"], "de"),
    ],
)
def test_a_wrong_call_ends_with_2_and_names_what_is_wrong(cli, arguments, told):
    ended = cli(*arguments)
    assert ended.code == 2
    assert told in _unboxed(ended.err)
    assert "Traceback" not in ended.err


def test_no_arguments_show_the_help_and_the_version_is_told(cli):
    from riskmodel import __version__

    assert "Commands" in cli().out
    assert cli("--version").out.strip() == f"riskmodel {__version__}"


@pytest.mark.parametrize("text", ["2024-13-01", "2024-02-30", "20240101", "2024-W01-1", "1/1/2024", "today", ""])
@pytest.mark.parametrize(
    ("option", "arguments"),
    [
        ("--as-of", ["features", "county", "--out", "f.parquet"]),
        ("--as-of", ["score", "county", "--model", "m@1", "--out", "o"]),
        ("--until", ["simulate", "new"]),
        ("--cut-on", ["import", "county", "--mapping", "m.yaml", "--out", "o"]),
    ],
)
def test_a_date_is_written_in_one_way(cli, tmp_path, option, arguments, text):
    ended = cli(*arguments, option, text, cwd=tmp_path)
    assert ended.code == 2
    assert ended.err == f'error: {option} is "{text}"; expected a date such as 2024-01-01.\n'
    assert list(tmp_path.iterdir()) == []


def test_what_the_file_system_refuses_is_one_message(cli, workspace, tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    ended = cli("train", tmp_path / "loop", cwd=workspace)
    assert ended.code == 1
    assert ended.err == f"error: {tmp_path / 'loop'}: {os.strerror(errno.ELOOP)}.\n"


def test_a_pipe_that_is_closed_ends_quietly(workspace):
    command = f"{sys.executable} -c 'from riskmodel.cli import main; main()' --help | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.fixture
def long_training(workspace):
    """The workspace's experiment with so many bags that a signal which comes late still finds it at work."""
    light = (workspace / "experiments" / "light.yaml").read_text(encoding="utf-8")
    assert "folds: 2}\nintervals" in light
    path = workspace / "experiments" / "long.yaml"
    path.write_text(light.replace("folds: 2}\nintervals", "folds: 2, bags: 150}\nintervals"), encoding="utf-8")
    yield path
    path.unlink()


@pytest.mark.parametrize("seconds", [0, 1], ids=["at once", "a second later"])
def test_ctrl_c_in_a_training_leaves_only_what_it_may_go_on_from(workspace, long_training, tmp_path, snapshot, seconds):
    before = snapshot(workspace)
    # A parent that ignores the signal (a job in the background does) hands that on: here it must be heard.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heard}; from riskmodel.cli import main; main()"
    arguments = ["train", long_training, "--models", str(tmp_path / "m"), "--out", str(tmp_path / "o")]
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=workspace, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, start_new_session=True,
    ) as running:  # fmt: skip
        assert "Features and outcomes" in running.stderr.readline()
        time.sleep(seconds)
        os.killpg(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert err.splitlines()[-1] == "stopped"
    assert "Traceback" not in err
    assert snapshot(workspace) == before
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*")] == ["o/.stages"]
    assert not list(tmp_path.rglob("*.partial"))
