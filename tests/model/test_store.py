"""Versions that never change, a champion, and a log that answers who, when and why."""

from __future__ import annotations

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from riskmodel.errors import CallError, DataError
from riskmodel.model import ModelStore
from riskmodel.model import store as module


def _write(text: str):
    def build(folder: Path) -> None:
        folder.mkdir()
        (folder / "card.md").write_text(text, encoding="utf-8")

    return build


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    store = ModelStore(tmp_path / "models")
    assert [store.add("need", _write("one")), store.add("need", _write("two"))] == [1, 2]
    return store


def test_versions_count_up_and_keep_what_was_written(store):
    assert store.versions("need") == [1, 2]
    assert (store.resolve("need@1") / "card.md").read_text(encoding="utf-8") == "one"
    assert (store.resolve("need@2") / "card.md").read_text(encoding="utf-8") == "two"


def test_versions_beyond_nine_are_numbers_not_words(store):
    for _ in range(9):
        last = store.add("need", _write("more"))
    assert last == 11
    assert store.versions("need")[-2:] == [10, 11]


def test_a_build_that_fails_leaves_nothing(store):
    def fails(folder: Path) -> None:
        _write("half")(folder)
        raise DataError("the disk is full")

    with pytest.raises(DataError, match="full"):
        store.add("need", fails)
    assert sorted(path.name for path in (store.root / "need").iterdir()) == ["1", "2"]


@pytest.mark.parametrize("root", ["models", "a/b/models"])
def test_a_first_build_that_is_interrupted_leaves_no_folder(tmp_path, root):
    def stopped(folder: Path) -> None:
        _write("half")(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ModelStore(tmp_path / root).add("need", stopped)
    assert list(tmp_path.iterdir()) == []


def test_a_build_that_makes_nothing_is_a_wrong_call(store):
    with pytest.raises(CallError, match="made no folder"):
        store.add("need", lambda folder: None)


def test_two_runs_adding_at_once_get_two_versions(store):
    def build(folder: Path) -> None:
        store.add("need", _write("inner"))
        _write("outer")(folder)

    assert store.add("need", build) == 4
    assert (store.resolve("need@3") / "card.md").read_text(encoding="utf-8") == "inner"


def test_the_champion_moves_and_the_log_grows(store):
    store.promote("need", 1, who="Li", why="first")
    moved = store.promote("need", 2, who="Li", why="better recall")
    assert (moved.from_version, moved.to_version) == (1, 2)
    store.promote("need", 1, who="Wang", why="回退")
    assert store.resolve("need@champion").name == "1"
    lines = (store.root / "need" / "promotions.jsonl").read_text(encoding="utf-8").splitlines()
    assert [(json.loads(line)["from"], json.loads(line)["to"]) for line in lines] == [(None, 1), (1, 2), (2, 1)]
    assert [promotion.why for promotion in store.promotions("need")] == ["first", "better recall", "回退"]
    assert json.loads((store.root / "need" / "aliases.json").read_text(encoding="utf-8")) == {"champion": 1}


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("ned@1", 'Did you mean "need"'),
        ("need@7", "no version 7. Known: 1, 2"),
        ("need@champoin", 'Did you mean "champion"'),
        ("need", "expected NAME@VERSION"),
        ("../need@1", "no model named"),
    ],
)
def test_a_wrong_reference_says_what_is_there(store, reference, words):
    store.promote("need", 1, who="Li", why="first")
    with pytest.raises(CallError, match=words):
        store.resolve(reference)


def test_no_champion_yet_says_how_to_make_one(store):
    with pytest.raises(CallError, match="riskmodel promote need VERSION"):
        store.resolve("need@champion")


def test_promoting_an_unknown_version_names_known_ones_and_logs_nothing(store):
    with pytest.raises(CallError, match="Known: 1, 2"):
        store.promote("need", 3, who="Li", why="x")
    assert store.promotions("need") == []


@pytest.mark.parametrize(("who", "why"), [("", "x"), ("Li", "  ")])
def test_nobody_promotes_without_a_name_and_a_reason(store, who, why):
    with pytest.raises(CallError, match="is empty"):
        store.promote("need", 1, who=who, why=why)


def test_promoting_the_champion_again_is_refused(store):
    store.promote("need", 1, who="Li", why="first")
    with pytest.raises(CallError, match="champion already"):
        store.promote("need", 1, who="Li", why="again")


def test_a_challenger_stands_beside_the_champion_until_it_becomes_it(store):
    store.promote("need", 1, who="Li", why="first")
    moved = store.promote("need", 2, who="Li", why="to be compared", alias="challenger")
    assert (moved.alias, moved.from_version, moved.to_version) == ("challenger", None, 2)
    assert store.aliases("need") == {"champion": 1, "challenger": 2}
    store.promote("need", 2, who="Wang", why="better for a year")
    assert store.aliases("need") == {"champion": 2}
    assert [(p.alias, p.from_version, p.to_version, p.why) for p in store.promotions("need")[-2:]] == [
        ("champion", 1, 2, "better for a year"),
        ("challenger", 2, None, "became the champion"),
    ]


@pytest.mark.parametrize(
    ("champion", "version", "alias", "words"),
    [
        (None, 1, "challenger", "no champion to challenge"),
        (1, 1, "challenger", "is the champion; a challenger"),
        (1, 2, "chalenger", 'Did you mean "challenger"'),
    ],
)
def test_what_cannot_challenge_is_refused_and_logs_nothing(store, champion, version, alias, words):
    if champion is not None:
        store.promote("need", champion, who="Li", why="first")
    before = store.promotions("need")
    with pytest.raises(CallError, match=words):
        store.promote("need", version, who="Li", why="x", alias=alias)
    assert store.promotions("need") == before


def test_a_promotion_keeps_how_good_both_versions_were(store):
    for version, auc in ((1, 0.7), (2, 0.75)):
        model = {"auc": {"value": auc}, "recall_at_5pct": {"value": 0.3}, "precision_at_5pct": {"value": 0.2}}
        tables = {"out_of_time": [{"scorers": {"model": {}}}, {"scorers": {"model": model}}]}
        path = store.root / "need" / str(version) / "metrics.json"
        path.write_text(json.dumps({"tables": tables}), encoding="utf-8")
    store.promote("need", 1, who="Li", why="first")
    store.promote("need", 2, who="Li", why="better")
    assert [p.figures for p in store.promotions("need")] == [
        {"1": {"auc": 0.7, "recall_at_5pct": 0.3}},
        {"1": {"auc": 0.7, "recall_at_5pct": 0.3}, "2": {"auc": 0.75, "recall_at_5pct": 0.3}},
    ]


@pytest.mark.parametrize("name", ["", "../x", "a b", ".hidden", "need@1"])
def test_a_name_that_cannot_be_a_folder_is_refused(tmp_path, name):
    with pytest.raises(CallError, match="cannot name a model"):
        ModelStore(tmp_path).add(name, _write("x"))


def test_a_broken_log_is_named_by_line(store):
    store.promote("need", 1, who="Li", why="first")
    with (store.root / "need" / "promotions.jsonl").open("a", encoding="utf-8") as handle:
        handle.write("oops\n")
    with pytest.raises(DataError, match="line 2"):
        store.promotions("need")


def test_the_command_promotes_and_says_so(store):
    from riskmodel.cli import promote

    app = typer.Typer()
    promote.register(app)
    given = ["need", "2", "--who", "Li", "--why", "better", "--models", str(store.root)]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0
    assert "need@champion: nothing -> version 2" in done.output
    assert store.resolve("need@champion").name == "2"


@pytest.fixture
def at_once(monkeypatch):
    """Run calls in threads of their own; each that comes to write the log waits a while for the others."""
    together = threading.Barrier(2)
    append = module.append

    def late(path, moved):
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(timeout=0.5)
        append(path, moved)

    monkeypatch.setattr(module, "append", late)

    def run(*calls):
        with ThreadPoolExecutor(len(calls)) as pool:
            return [future.result() for future in [pool.submit(call) for call in calls]]

    return run


def test_of_two_first_versions_at_once_one_is_the_champion_and_the_log_names_it_alone(store, at_once):
    won = at_once(*(partial(store.promote_first, "need", v, who="riskmodel train", why="first") for v in (1, 2)))
    assert sorted(won) == [False, True]
    assert [p.to_version for p in store.promotions("need")] == [won.index(True) + 1]
    assert store.aliases("need") == {"champion": won.index(True) + 1}


def test_two_promotions_at_once_lose_no_alias(store, at_once):
    store.add("need", _write("three"))
    store.promote("need", 1, who="Li", why="first")
    at_once(
        partial(store.promote, "need", 2, who="Li", why="to compare", alias="challenger"),
        partial(store.promote, "need", 3, who="Wang", why="better"),
    )
    assert store.aliases("need") == {"champion": 3, "challenger": 2}
    told = {}
    for promotion in store.promotions("need"):
        assert promotion.from_version == told.get(promotion.alias)
        told[promotion.alias] = promotion.to_version
    assert told == store.aliases("need")
