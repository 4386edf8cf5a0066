"""Every notebook runs from start to end, and lies here as it ran, with its pictures and no trace of a machine."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
# Of a home, a temporary or a system folder, and of a kernel's memory.
MACHINE = re.compile(r"/(tmp|home|root|Users|var|usr|opt|private)/|\bat 0x[0-9a-f]{6,}|[A-Z]:\\\\")
LARGEST_PICTURE = 60_000
# What takes most of a notebook's time, and what the same lines are run with here.
QUICKER = {
    "02_train_and_trust": {
        "\nseed: 20210901": "\nmodel: {folds: 2, bags: 1, rounds: 40}\nseed: 20210901",
        "bootstrap: 300": "bootstrap: 60",
        "random_state=0)\nplain": "random_state=0, folds=2, bags=1, rounds=40)\nplain",
    },
    "04_the_list_for_a_year": {"households=1_500": "households=500"},
}


def outputs(notebook: Any) -> Iterator[Any]:
    for cell in notebook.cells:
        yield from cell.get("outputs", [])


def pictures(notebook: Any) -> list[bytes]:
    found = [output.get("data", {}).get("image/png") for output in outputs(notebook)]
    return [base64.b64decode(picture) for picture in found if picture]


def texts(notebook: Any) -> list[str]:
    said = []
    for output in outputs(notebook):
        said.append(output.get("text", ""))
        said += [body for kind, body in output.get("data", {}).items() if kind.startswith("text/")]
    return said


def test_they_are_numbered_without_a_gap_and_listed() -> None:
    assert [path.name[:3] for path in NOTEBOOKS] == [f"{number:02d}_" for number in range(len(NOTEBOOKS))]
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert len(NOTEBOOKS) >= 2
    assert all(f"`{path.name}`" in listed for path in NOTEBOOKS)


def run(path: Path, folder: Path, *, changes: dict[str, str]) -> None:
    """Run it with some of its text changed, and hold what it shows against what it showed."""
    stored, again = (nbformat.read(path, as_version=4) for _ in range(2))
    for old, new in changes.items():
        assert sum(old in cell.source for cell in again.cells) == 1, old
        for cell in again.cells:
            cell.source = cell.source.replace(old, new)
    NotebookClient(again, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    assert len(pictures(again)) == len(pictures(stored)) > 0
    assert not [text for text in texts(again) if "Traceback" in text]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_start_to_end(path: Path, tmp_path: Path) -> None:
    run(path, tmp_path, changes=QUICKER.get(path.stem, {}))


@pytest.mark.long
@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.stem in QUICKER], ids=lambda path: path.stem)
def test_it_runs_from_start_to_end_as_it_lies_here(path: Path, tmp_path: Path) -> None:
    run(path, tmp_path, changes={})


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_lies_here_executed_small_and_without_a_trace_of_a_machine(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert all(len(picture) < LARGEST_PICTURE for picture in pictures(notebook))
    assert not [found.group() for text in texts(notebook) if (found := MACHINE.search(text))]
