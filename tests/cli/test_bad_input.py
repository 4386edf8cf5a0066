"""The issue's list of bad input: one clear message, the exit code that was promised, nothing half written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SHORT, WRONG = 1, 2
COMMANDS = {
    "features": ["--as-of", "2024-01-01", "--out", "{out}/f.parquet"],
    "labels": ["--as-of", "2023-01-01", "--outcome", "need_or_admitted", "--out", "{out}/l.parquet"],
    "score": ["--as-of", "2026-01-01", "--model", "light@champion", "--out", "{out}/s"],
    "validate": ["--out", "{out}/v"],
    "train": ["--models", "{out}/m", "--out", "{out}/t"],
}


@pytest.fixture
def county(workspace: Path, trained, tmp_path: Path) -> Path:
    """A copy of the registry, to break."""
    return shutil.copytree(workspace / "county", tmp_path / "in" / "county")


@pytest.fixture
def refused(cli, workspace, trained, tmp_path, snapshot):
    """Run a command on a registry and check how it was refused: code, one message, nothing written anywhere."""

    def run(command: str, registry: object, *arguments: object, code: int, told: str) -> None:
        (tmp_path / "out").mkdir(exist_ok=True)
        given = [part.format(out=tmp_path / "out") for part in COMMANDS[command]]
        # What is given again on the command line replaces the usual.
        given = [part for at, part in enumerate(given) if not {given[at - at % 2]} & set(arguments)]
        call = ["experiments/light.yaml", "--registry", registry] if command == "train" else [registry]
        before = snapshot(tmp_path), snapshot(workspace)
        ended = cli(command, *call, *given, *arguments, cwd=workspace)
        assert (ended.code, told in ended.err) == (code, True), ended.err
        assert ended.err.count("error: ") == 1
        assert "Traceback" not in ended.err
        assert (snapshot(tmp_path), snapshot(workspace)) == before

    return run


def rewrite(file: Path, change) -> None:
    pq.write_table(change(pq.read_table(file)), file)


@pytest.mark.parametrize("command", COMMANDS)
class TestEveryCommandThatReadsARegistry:
    def test_a_missing_one(self, refused, tmp_path, command):
        refused(command, tmp_path / "nowhere", code=WRONG, told="there is no registry at")

    def test_one_whose_name_is_misspelt(self, refused, county, command):
        if command != "validate":
            refused(command, county.with_name("conty"), code=WRONG, told='Did you mean "county"?')
        else:
            refused(command, county.with_name("conty"), code=WRONG, told="no such file or folder")

    def test_a_folder_of_none_of_the_tables(self, refused, tmp_path, command):
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "letter.txt").write_text("dear")
        refused(command, tmp_path / "in", code=WRONG, told="holds none of a registry's tables")

    def test_an_unknown_column(self, refused, county, command):
        rewrite(county / "income.parquet", lambda rows: rows.append_column("amont", rows["amount"]))
        refused(
            command, county, code=WRONG, told='a column "amont" that the registry does not know. Did you mean "amount"'
        )

    def test_a_missing_column(self, refused, county, command):
        rewrite(county / "income.parquet", lambda rows: rows.drop_columns(["amount"]))
        refused(command, county, code=WRONG, told="lacks the required column amount")

    def test_a_newer_schema(self, refused, county, command):
        text = (county / "registry.json").read_text()
        (county / "registry.json").write_text(text.replace('"schema_version": 1', '"schema_version": 2'))
        refused(
            command, county, code=SHORT, told="registry.json was written with schema version 2; this riskmodel reads"
        )

    def test_a_file_of_a_newer_schema(self, refused, county, command):
        rewrite(
            county / "visit.parquet",
            lambda rows: rows.replace_schema_metadata({b"riskmodel.schema_version": b"3"}),
        )
        refused(command, county, code=SHORT, told="visit.parquet was written with schema version 3")

    def test_a_truncated_file(self, refused, county, command):
        file = county / "income.parquet"
        file.write_bytes(file.read_bytes()[:-100])
        refused(command, county, code=SHORT, told="income.parquet is not a whole Parquet file")

    def test_a_file_with_a_broken_page(self, refused, county, command):
        file = county / "member.parquet"
        data = bytearray(file.read_bytes())
        data[4:4000] = b"\xff" * 3996
        file.write_bytes(bytes(data))
        told = "member.parquet cannot be read" if command == "validate" else "riskmodel validate REGISTRY --check"
        refused(command, county, code=SHORT, told=told)

    def test_a_table_whose_name_is_misspelt(self, refused, county, command):
        (county / "income.parquet").rename(county / "incomes.parquet")
        refused(command, county, code=SHORT, told='Did you mean "income"? Rename it')

    def test_a_description_that_is_not_one(self, refused, county, command):
        (county / "registry.json").write_text("{")
        refused(command, county, code=SHORT, told="registry.json is not a registry's description")


@pytest.mark.parametrize("command", ["features", "labels", "score", "train"])
def test_an_empty_table_of_households(refused, county, command):
    rewrite(county / "household.parquet", lambda rows: rows.slice(0, 0))
    refused(command, county, code=SHORT, told="no household is known before")


def test_an_empty_table_of_anything_else_means_that_nothing_of_the_kind_happened(cli, workspace, county, tmp_path):
    for name in ("event", "spending"):
        rewrite(county / f"{name}.parquet", lambda rows: rows.slice(0, 0))
    out = tmp_path / "f.parquet"
    call = ["features", county, "--as-of", "2024-01-01", "--out", out]
    ended = cli(*call, "--only", "disaster_events_12m", "--only", "medical_oop_12m", cwd=workspace)
    assert ended.code == 0, ended.err
    assert set(pq.read_table(out).drop_columns(["household_id", "as_of"]).to_pylist()[0].values()) == {0.0}


@pytest.mark.parametrize("command", ["features", "labels", "score"])
@pytest.mark.parametrize("day", ["2005-01-01", "0001-01-01"])
def test_an_as_of_before_any_data(refused, county, command, day):
    refused(command, county, "--as-of", day, code=SHORT, told=f"no household is known before {day}: choose a later")


@pytest.fixture
def experiment(workspace: Path, tmp_path: Path):
    """Write the experiment with some text changed, beside the copy of the registry."""
    from contextlib import suppress

    def write(old: str, new: str) -> Path:
        text = (workspace / "experiments" / "light.yaml").read_text(encoding="utf-8")
        assert old in text
        path = tmp_path / "in" / "changed.yaml"
        with suppress(FileExistsError):
            path.parent.mkdir()
        path.write_text(text.replace(old, new), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("old", "new", "code", "told"),
    [
        ("outcome: need", "outcom: need", WRONG, 'outcom is not a key here. Did you mean "outcome"?'),
        ("outcome: need", "outcome: neeed", WRONG, 'outcome names "neeed", which is not an outcome'),
        ("cohort: not_listed", "cohort: not_lsted", WRONG, 'Did you mean "not_listed"?'),
        ("[line_gap_12m,", "[line_gap_12,", WRONG, 'Did you mean "line_gap_12m"?'),
        ("every_months: 6, newest", "every_month: 6, newest", WRONG, 'Did you mean "every_months"?'),
        ("calibration: sigmoid", "calibration: sigmod", WRONG, 'Did you mean "sigmoid"?'),
        ("calibration: sigmoid", "rounds: many", WRONG, "model.rounds is 'many', which is not a value that it takes"),
        ("folds: 2}\nintervals", "folds: 1}\nintervals", WRONG, "model.folds is 1: expected 2 or more"),
        ("gap_months: 12", "gap_months: 6", WRONG, "shorter than the outcome's horizon of 12 months"),
        ("seed: 7", "seed: seven", WRONG, 'seed is "seven", expected a whole number'),
        ("seed: 7", "seed: [", WRONG, "line "),
        ("outcome: need", "outcome: admitted", SHORT, "one class only"),
        ("{every_months: 6, newest: 3}}", "['2005-01-01']}", SHORT, "2005-01-01"),
        (
            "{newest: 3, every_months: 3}",
            "['2024-01-01', '2024-07-01', '2025-06-01']",
            SHORT,
            "known on 2026-08-30 only",
        ),
    ],
)
def test_an_experiment(cli, experiment, county, workspace, tmp_path, snapshot, old, new, code, told):
    if "admitted" in new:
        rewrite(county / "listing.parquet", lambda rows: rows.slice(0, 0))
    path = experiment(old, new)
    before = snapshot(tmp_path), snapshot(workspace)
    ended = cli("train", path, "--registry", county, "--models", tmp_path / "m", "--out", tmp_path / "t", cwd=workspace)
    assert (ended.code, told in ended.err) == (code, True), ended.err
    assert str(path) in ended.err or code == SHORT
    assert "Traceback" not in ended.err
    assert (snapshot(tmp_path), snapshot(workspace)) == before


def test_a_missing_experiment_and_a_missing_mapping(cli, workspace, tmp_path, snapshot):
    before = snapshot(workspace)
    ended = cli("train", "experiments/ligt.yaml", cwd=workspace)
    assert (ended.code, 'Did you mean "light.yaml"?' in ended.err) == (WRONG, True), ended.err
    ended = cli("import", "county", "--mapping", "mappng.yaml", "--out", tmp_path / "r", cwd=workspace)
    assert (ended.code, "mappng.yaml: there is no such mapping file" in ended.err) == (WRONG, True), ended.err
    assert snapshot(workspace) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [
    "booster.txt", "linear.json", "calibration.json", "features.json", "metrics.json", "card.md", "manifest.json",
])  # fmt: skip
def test_a_bundle_with_one_byte_changed(refused, workspace, trained, tmp_path, name):
    models = shutil.copytree(workspace / "models" / "light", tmp_path / "models" / "light").parent
    file = models / "light" / "1" / name
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(bytes(data))
    refused("score", "county", "--models", models, code=SHORT, told=f"{file}: {name}")


@pytest.mark.parametrize("command", ["features", "labels", "score", "train"])
@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("{county}", "is the registry itself"),
        ("{county}/income.parquet", "is the registry itself, or lies in it"),
        ("{letter}/below", "is not a folder, so nothing can lie in it"),
    ],
)
def test_an_out_that_nothing_can_be_written_to(refused, county, tmp_path, command, place, told):
    letter = tmp_path / "letter.txt"
    letter.write_text("dear")
    refused(command, county, "--out", place.format(county=county, letter=letter), code=WRONG, told=told)


def test_an_out_of_the_wrong_kind(refused, county, tmp_path):
    letter, folder = tmp_path / "letter.txt", tmp_path / "folder"
    letter.write_text("dear")
    folder.mkdir()
    for command in ("features", "labels"):
        refused(command, county, "--out", folder, code=WRONG, told="is a folder; name a file in it")
    for command in ("score", "train", "validate"):
        refused(command, county, "--out", letter, code=WRONG, told="is a file; name a folder")
    refused("train", county, "--models", letter, code=WRONG, told=f"--models {letter} is a file; name a folder")


def test_stray_files_in_a_registry_are_nobodys_business(cli, workspace, county, tmp_path):
    (county / "notes.txt").write_text("remember the well")
    (county / "photos").mkdir()
    (county / "scores.parquet").write_bytes(b"not even Parquet")
    call = ["features", county, "--as-of", "2024-01-01", "--only", "members", "--out", tmp_path / "f"]
    assert cli(*call, cwd=workspace).code == 0
    assert cli("validate", county).code == 0
    assert (county / "scores.parquet").read_bytes() == b"not even Parquet"
    assert (county / "notes.txt").is_file() and (county / "photos").is_dir()


def test_paths_of_any_letters_and_with_spaces(cli, workspace, trained, tmp_path):
    home = tmp_path / "户口 册" / "二〇二六 年"
    shutil.copytree(workspace / "county", home / "登记")
    shutil.copytree(workspace / "models" / "light", home / "模 型" / "light")
    call = ["score", home / "登记", "--as-of", "2026-01-01", "--model", "light@1", "--models", home / "模 型"]
    assert cli(*call, "--out", home / "打 分", cwd=workspace).code == 0
    assert cli("report", home / "打 分").code == 0
    assert cli("validate", home / "登记").code == 0
    assert (home / "打 分" / "report" / "index.html").is_file()


def test_a_household_known_by_a_name_that_no_file_may_have(cli, workspace, trained, county, tmp_path):
    """A pseudonym may hold a slash or a Chinese character; its sheet still gets a file."""

    def renamed(rows: pa.Table) -> pa.Table:
        odd = pa.array([f"乙/{name}" for name in rows["household_id"].to_pylist()])
        return rows.set_column(rows.schema.get_field_index("household_id"), "household_id", odd)

    for file in county.glob("*.parquet"):
        rewrite(file, renamed)
    call = ["score", county, "--as-of", "2026-01-01", "--model", "light@1", "--out", tmp_path / "s"]
    assert cli(*call, cwd=workspace).code == 0
    assert cli("report", tmp_path / "s").code == 0
    flags = pq.read_metadata(tmp_path / "s" / "flags.parquet").num_rows
    assert len(list((tmp_path / "s" / "report" / "households").iterdir())) == 2 * flags > 0
    assert json.loads((tmp_path / "s" / "run.json").read_text())["counts"]["flagged"] == flags
