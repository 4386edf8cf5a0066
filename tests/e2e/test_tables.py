"""The pages say what the benchmarks measured."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tables():
    spec = importlib.util.spec_from_file_location("benchmark_tables", ROOT / "benchmarks" / "tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_pages_say_what_was_measured(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["tables.py", "--check"])
    assert tables().main() == 0


def test_a_run_that_reaches_its_aim_says_so_by_its_figure_alone():
    told = json.loads((ROOT / "benchmarks" / "score.json").read_text(encoding="utf-8"))
    bare = sum(part["seconds"] for part in told["bare"].values())
    assert "aimed at" not in tables().score_table({**told, "seconds": 1.2 * bare})
    assert "is 1.40 times its bare parts (1.3 is aimed at)" in tables().score_table({**told, "seconds": 1.4 * bare})
