"""The fused pass gives what DuckDB gives: on random rows for every kind of reduction, and for the whole catalogue."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riskmodel.engine import plan
from riskmodel.engine.fused import columns, compiled, kernel, program, scan, warm
from riskmodel.errors import CallError, DataError
from riskmodel.features import build_features, build_labels, load_catalogue, write_features
from riskmodel.features.builder import evaluate
from riskmodel.features.engines import choose_engine
from riskmodel.files import sha256_of
from riskmodel.registry import Registry, schema, write_registry
from riskmodel.testing.random_rows import as_tables, random_rows

CATALOGUE = load_catalogue(Path(__file__).parents[2] / "features")
DATES = [date(2021, 2, 28), date(2022, 7, 1), date(2024, 3, 31)]
EXACT = {"count", "exists", "months_since", "distinct", "days"}
AHEAD = plan.Clock(12, 90)

# What a table can be asked: conditions, columns with a value, columns to tell apart.
CONDITIONS: dict[str, list[plan.Row]] = {
    "income": [
        plan.Compare(plan.Field("source"), "==", "wage"),
        plan.Compare(plan.Field("source"), "!=", "wage"),
        plan.Compare(plan.Field("item"), "<", "i3"),
        plan.IsIn(plan.Field("source"), ("wage", "transfer", "claims")),
        plan.Compare(plan.Field("amount"), ">", 1500),
        plan.Compare(plan.MonthsSince("month"), "<=", 7.5),
        plan.Compare(plan.Ordinal("source", ("claims", "wage")), ">=", 1),
    ],
    "member": [
        plan.Compare(plan.AgeYears("birth_date"), ">=", 16),
        plan.Compare(plan.AgeYears("birth_date"), "<", 60),
        plan.Compare(plan.AgeYears("birth_date"), "==", 40),
        plan.Compare(plan.AgeYears("birth_date"), "!=", 40),
        plan.IsIn(plan.AgeYears("birth_date"), (3, 30, 31)),
        plan.StillOpen("left_on"),
        plan.Not(plan.StillOpen("left_on")),
        plan.Compare(plan.Field("disabled"), "==", True),
        plan.Not(plan.IsIn(plan.Field("disabled"), (True,))),
        plan.Field("chronic_illness"),
        plan.AnyOf((plan.Field("disabled"), plan.Compare(plan.AgeYears("birth_date"), ">", 65))),
        plan.AllOf((plan.Field("disabled"), plan.Compare(plan.Field("disability_grade"), "<=", 2))),
        plan.IsMissing(plan.Field("education")),
        plan.Not(plan.IsMissing(plan.Field("left_on"))),
        plan.Compare(plan.Field("relation"), ">=", "parent"),
    ],
    "job": [
        plan.StillOpen("ended_on"),
        plan.Compare(plan.MonthsSince("ended_on"), ">=", 0),
        plan.Compare(plan.MonthsSince("ended_on"), "<", 6),
        plan.IsMissing(plan.MonthsSince("ended_on")),
        plan.Compare(plan.Field("kind"), "==", "migrant"),
        plan.Compare(plan.Field("place"), "!=", "province"),
        plan.Within("ended_on", -12, 0),
        plan.Not(plan.Within("ended_on", None, -3)),
        plan.AnyOf((plan.Within("ended_on", -6, 0), plan.Compare(plan.Field("kind"), "==", "own"))),
    ],
    "observation": [
        plan.Compare(plan.Field("item"), "==", "i2"),
        plan.Not(plan.Compare(plan.Field("value"), "<", 1000)),
        plan.IsIn(plan.Field("item"), ("i1", "i9")),
    ],
    "event": [
        plan.Compare(plan.Field("subtype"), "==", "s1"),
        plan.Not(plan.Compare(plan.Field("subtype"), "==", "s1")),
        plan.IsMissing(plan.Field("loss")),
        plan.Compare(plan.Field("loss"), "<=", 900.5),
    ],
}
COLUMNS: dict[str, list[plan.Row]] = {
    "income": [plan.Field("amount"), plan.MonthsSince("month"), plan.Ordinal("source", ("wage", "claims"))],
    "member": [
        plan.AgeYears("birth_date"),
        plan.Field("disability_grade"),
        plan.Field("disabled"),
        plan.Ordinal("education", ("illiterate", "primary", "junior", "senior")),
        plan.MonthsSince("left_on"),
        plan.Compare(plan.AgeYears("birth_date"), ">=", 18),
    ],
    "job": [plan.MonthsSince("ended_on"), plan.Compare(plan.Field("place"), "==", "county")],
    "observation": [plan.Field("value")],
    "event": [plan.Field("loss"), plan.IsMissing(plan.Field("loss"))],
}
TELLING: dict[str, list[str]] = {
    "income": ["month", "source", "item"],
    "member": ["birth_date", "education", "disabled"],
    "job": ["started_on", "member_id", "place"],
    "observation": ["item"],
    "event": ["subtype", "record_id", "happened_on"],
}
WINDOWS = {
    plan.HISTORY: [None, *(plan.Window(s, e) for s, e in [(-1, 0), (-12, 0), (-24, -12), (-36, -35), (None, -6)])],
    AHEAD: [None, plan.Window(0, 12), plan.Window(-12, 12), plan.Window(3, 9)],
}


@st.composite
def reductions(draw: st.DrawFn) -> plan.Reduction:
    table = draw(st.sampled_from(sorted(CONDITIONS)))
    op = draw(st.sampled_from(["sum", "mean", "min", "max", "std", "latest", *sorted(EXACT)]))
    clock = draw(st.sampled_from([plan.HISTORY, plan.HISTORY, AHEAD]))
    where = tuple(draw(st.lists(st.sampled_from(CONDITIONS[table]), max_size=3, unique=True)))
    window = draw(st.sampled_from(WINDOWS[clock]))
    column: plan.Row | None = None
    end_column = ""
    if op in {"sum", "mean", "min", "max", "std", "latest"}:
        column = draw(st.sampled_from(COLUMNS[table]))
    elif op == "distinct":
        column = plan.Field(draw(st.sampled_from(TELLING[table])))
    elif op == "days":
        table, end_column = "job", "ended_on"
        where = tuple(draw(st.lists(st.sampled_from(CONDITIONS["job"]), max_size=2, unique=True)))
        window = window or plan.Window(-12, 0)
    return plan.Reduction(table, op, where, window, column, clock, end_column)


def built(registry: Registry, outputs: dict[str, plan.Household], engine: str, **options: Any) -> pd.DataFrame:
    return evaluate(registry, outputs, as_of=DATES, engine=engine, **options).to_pandas()


def assert_same(fused: pd.DataFrame, duckdb: pd.DataFrame, *, exact: set[str] = frozenset()) -> None:
    assert fused.columns.tolist() == duckdb.columns.tolist()
    for name in fused:
        if fused[name].dtype != np.float64:
            assert fused[name].tolist() == duckdb[name].tolist(), name
        elif name in exact:
            np.testing.assert_array_equal(fused[name], duckdb[name], err_msg=name)
        else:
            np.testing.assert_allclose(fused[name], duckdb[name], rtol=1e-9, atol=0, err_msg=name)


@pytest.fixture(scope="module")
def registries(tmp_path_factory: pytest.TempPathFactory) -> list[Registry]:
    made = []
    for seed in (1, 2, 3):
        out = tmp_path_factory.mktemp("random") / "registry"
        write_registry(as_tables(random_rows(seed, households=12, rows=40)), out)
        made.append(Registry.open(out))
    return made


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(which=st.integers(0, 2), wanted=st.lists(reductions(), min_size=25, max_size=60, unique=True))
def test_every_kind_of_reduction(registries: list[Registry], which: int, wanted: list[plan.Reduction]) -> None:
    outputs: dict[str, plan.Household] = {f"c{number}": reduction for number, reduction in enumerate(wanted)}
    assert choose_engine(registries[which], outputs).beside == ()
    exact = {name for name, reduction in outputs.items() if reduction.op in EXACT}  # type: ignore[attr-defined]
    assert_same(built(registries[which], outputs, "fused"), built(registries[which], outputs, "duckdb"), exact=exact)


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6), days=st.lists(st.dates(date(2020, 1, 1), date(2024, 12, 31)), min_size=1, max_size=4)
)
def test_the_whole_catalogue(tmp_path_factory: pytest.TempPathFactory, seed: int, days: list[date]) -> None:
    out = tmp_path_factory.mktemp("catalogue") / "registry"
    write_registry(as_tables(random_rows(seed, households=12)), out)
    with Registry.open(out) as registry:
        fused, duckdb = (
            build_features(registry, as_of=days, catalogue=CATALOGUE, engine=engine) for engine in ("fused", "duckdb")
        )
    assert_same(fused, duckdb)


@pytest.mark.parametrize("outcome", ["need", "admitted", "need_or_admitted"])
def test_outcomes(registries: list[Registry], outcome: str) -> None:
    fused, duckdb = (
        build_labels(registries[0], as_of=DATES, outcome=outcome, catalogue=CATALOGUE, engine=engine)
        for engine in ("fused", "duckdb")
    )
    pd.testing.assert_frame_equal(fused, duckdb)
    assert fused["outcome"].notna().any()


def test_arithmetic_keeps_what_is_missing(registries: list[Registry]) -> None:
    """Every household node over values that are there, zero, and missing."""
    loss = plan.Reduction("event", "max", (plan.Compare(plan.Field("kind"), "==", "death"),), None, plan.Field("loss"))
    count = plan.Reduction("event", "count", (), plan.Window(-3, 0))
    parts: list[plan.Household] = [loss, count, plan.Constant(0.0), plan.PolicyValue("monitoring_line")]
    outputs: dict[str, plan.Household] = {}
    for op in ("+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "and", "or", "min", "max"):
        for a, left in enumerate(parts):
            for b, right in enumerate(parts):
                outputs[f"{op} {a} {b}"] = plan.Binary(op, left, right)
    for a, part in enumerate(parts):
        for op in ("not", "abs", "log1p", "sqrt", "is_missing"):
            outputs[f"{op} {a}"] = plan.Unary(op, plan.Binary("-", part, plan.Constant(1.0)))
        outputs[f"if {a}"] = plan.IfElse(plan.Binary(">", part, plan.Constant(1.0)), count, loss)
        outputs[f"coalesce {a}"] = plan.Coalesce((part, loss, plan.Constant(-1.0)))
    names = {name: f"c{number}" for number, name in enumerate(outputs)}
    renamed = {names[name]: node for name, node in outputs.items()}
    assert_same(built(registries[1], renamed, "fused"), built(registries[1], renamed, "duckdb"))


def test_means_over_neighbours(registries: list[Registry], monkeypatch: pytest.MonkeyPatch) -> None:
    """In one slice and in many: what is missing, who is alone, and who is not present."""
    from riskmodel.engine.fused import run

    worth = plan.Reduction("income", "sum", (), plan.Window(-12, 0), plan.Field("amount"))
    rare = plan.Reduction("event", "max", (plan.Compare(plan.Field("kind"), "==", "death"),), None, plan.Field("loss"))
    poor = plan.Binary("<", worth, plan.PolicyValue("monitoring_line"))
    outputs: dict[str, plan.Household] = {
        f"{place}{number}": plan.Binary("-", plan.Peers(place, part), plan.Coalesce((part, plan.Constant(1.0))))
        for place in ("village", "township")
        for number, part in enumerate((worth, rare, poor))
    }
    for registry in registries:
        whole, duckdb = built(registry, outputs, "fused"), built(registry, outputs, "duckdb")
        assert_same(whole, duckdb)
        assert whole["village0"].notna().any() and whole["village1"].isna().any()
        with monkeypatch.context() as patch:
            patch.setattr(run, "_FEWEST", 1)
            patch.setattr(run, "_MOST", 1)
            pd.testing.assert_frame_equal(built(registry, outputs, "fused"), whole)


def test_slices_leave_no_mark(registries: list[Registry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A household a slice, or all in one: the same bytes."""
    from riskmodel.engine.fused import run

    whole, cut = tmp_path / "whole.parquet", tmp_path / "cut.parquet"
    write_features(registries[0], whole, as_of=DATES, catalogue=CATALOGUE, engine="fused")
    monkeypatch.setattr(run, "_FEWEST", 1)
    monkeypatch.setattr(run, "_MOST", 1)
    write_features(registries[0], cut, as_of=DATES, catalogue=CATALOGUE, engine="fused")
    assert whole.read_bytes() == cut.read_bytes()
    assert pq.read_metadata(whole).num_rows > 12


def test_households_that_cross_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from riskmodel.registry import write

    monkeypatch.setattr(write, "ROW_GROUP", 7)
    write_registry(as_tables(random_rows(5, households=12, rows=30)), tmp_path / "registry")
    registry = Registry.open(tmp_path / "registry")
    assert pq.read_metadata(tmp_path / "registry" / "income.parquet").num_row_groups > 12
    fused, duckdb = (
        build_features(registry, as_of=DATES, catalogue=CATALOGUE, engine=engine) for engine in ("fused", "duckdb")
    )
    assert_same(fused, duckdb)


def test_what_the_pass_cannot_do_goes_to_duckdb(registries: list[Registry]) -> None:
    odd = plan.Reduction("listing", "count", (plan.IsMissing(plan.Field("risk_types")),))
    outputs: dict[str, plan.Household] = {
        "spells": plan.Reduction("listing", "count"),
        "untyped": odd,
        "months": plan.Reduction("income", "distinct", (), None, plan.Field("month")),
    }
    table = evaluate(registries[0], outputs, as_of=DATES)
    assert (table.choice.engine, table.choice.beside) == ("fused", ("untyped",))
    assert_same(table.to_pandas(), built(registries[0], outputs, "duckdb"), exact=set(outputs))


def test_another_registry_goes_to_duckdb(registries: list[Registry], tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    for name in registries[0].tables:
        [path] = registries[0].files(name)
        rows = pq.read_table(path).replace_schema_metadata(None)
        pq.write_table(
            rows.take(np.random.default_rng(1).permutation(rows.num_rows)), tmp_path / "registry" / path.name
        )
    shuffled = Registry.open(tmp_path / "registry")
    table = evaluate(shuffled, {"spells": plan.Reduction("listing", "count")}, as_of=DATES)
    assert table.choice.engine == "duckdb" and "not one file that this package wrote" in table.choice.why
    with pytest.raises(CallError, match=r'engine is "fused", but .*not one file that this package wrote'):
        evaluate(shuffled, {"spells": plan.Reduction("listing", "count")}, as_of=DATES, engine="fused")


def backwards(rows: pa.Table) -> pa.Table:
    return rows.take(np.arange(rows.num_rows)[::-1])


def last_household_first(rows: pa.Table) -> pa.Table:
    ids = rows["household_id"].to_pylist()
    begin = ids.index(ids[-1])
    return pa.concat_tables([rows.slice(begin), rows.slice(0, begin)]).combine_chunks()


@pytest.mark.parametrize("moved", [backwards, last_household_first])
def test_a_file_put_in_another_order_is_refused(registries: list[Registry], tmp_path: Path, moved: Any) -> None:
    """Whatever stamps and digests say, the rows' order is looked at."""
    (tmp_path / "registry").mkdir()
    for name in registries[0].tables:
        [path] = registries[0].files(name)
        rows = pq.read_table(path)
        pq.write_table(moved(rows) if name == "income" else rows, tmp_path / "registry" / path.name)
    digests = {path.stem: sha256_of(path) for path in (tmp_path / "registry").glob("*.parquet")}
    (tmp_path / "registry" / "registry.json").write_text(json.dumps({"sha256": digests}))
    table = evaluate(
        Registry.open(tmp_path / "registry"), {"n": plan.Reduction("income", "count")}, as_of=DATES, engine="fused"
    )
    with pytest.raises(DataError, match=r"income\.parquet.* do not lie in the order"):
        table.to_arrow()


def test_a_column_that_some_batches_lack_is_missing_there() -> None:
    """Row groups in which a clock says nothing are read without it: what others hold stays in its place."""
    short = pa.record_batch({"own": pa.array([1, 2, 3], pa.int32())})
    long = pa.record_batch({"own": pa.array([4], pa.int32()), "on": pa.array([True]), "of": pa.array(["x"])})
    read = columns.frame([short, long, short], {"on": "boolean", "of": "text", "own": "date", "gone": "money"})
    assert read["on"].place.tolist() == [0, 0, 0, 2, 0, 0, 0]
    assert read["of"].place.tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert read["own"].day.tolist() == [1, 2, 3, 4, 1, 2, 3]
    assert read["gone"].missing.all()


def test_warming_begins_once_and_a_child_forked_meanwhile_does_not_hang() -> None:
    """Seen from outside: in a process of its own, that forks as soon as warming has begun."""
    program = """
import multiprocessing, threading
from riskmodel.engine.fused import begin_warming
def work(queue): queue.put(sum(range(10)))
if __name__ == "__main__":
    threads = []
    starters = [threading.Thread(target=lambda: threads.append(begin_warming())) for _ in range(8)]
    for one in starters: one.start()
    for one in starters: one.join()
    assert len(set(map(id, threads))) == 1
    fork = multiprocessing.get_context("fork")
    queue = fork.Queue()
    child = fork.Process(target=work, args=(queue,))
    child.start()
    print(queue.get(timeout=60))
    child.join(60)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=180, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "45"), done.stderr


def test_an_unknown_engine_is_named(registries: list[Registry]) -> None:
    with pytest.raises(CallError, match=r'engine is "fusd"\. Did you mean "fused"'):
        build_features(registries[0], as_of=DATES, catalogue=CATALOGUE, engine="fusd")


def test_nobody_is_known_yet(registries: list[Registry]) -> None:
    for engine in ("fused", "duckdb"):
        with pytest.raises(DataError, match="no household is known before 2001-01-01"):
            build_features(registries[0], as_of=date(2001, 1, 1), catalogue=CATALOGUE, engine=engine)


def test_a_feature_more_compiles_nothing(registries: list[Registry]) -> None:
    build_features(registries[0], as_of=DATES, catalogue=CATALOGUE, engine="fused")
    warm._run_a_row()
    before = len(kernel.reduce_rows.signatures)
    new: dict[str, plan.Household] = {
        "new": plan.Reduction("visit", "latest", (), None, plan.MonthsSince("visited_on"))
    }
    built(registries[0], new, "fused")
    assert len(kernel.reduce_rows.signatures) == before == 1
    assert len(scan.choose.signatures) == len(scan.visible_row.signatures) == 1


def test_program_and_kernel_number_things_alike() -> None:
    for names in (program.CHANNELS, program.RESULTS):
        assert [getattr(kernel, name.upper()) for name in names] == list(range(len(names)))


def test_every_table_of_the_schema_can_be_counted(registries: list[Registry]) -> None:
    outputs: dict[str, plan.Household] = {name: plan.Reduction(name, "count") for name in schema.TABLES}
    fused = built(registries[2], outputs, "fused")
    assert_same(fused, built(registries[2], outputs, "duckdb"), exact=set(outputs))
    assert (fused[list(outputs)].sum() > 0).all()


def test_compiles_where_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package's folder read only, and no cache of the user's either."""
    from numba.core import caching

    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])
    product = compiled.compiled(lambda value: value * 3)
    assert product(14) == 42


def test_squares_beyond_64_bits_are_exact(tmp_path: Path) -> None:
    """Large amounts that hardly differ: their deviation would drown in the rounding of floats."""
    made = random_rows(4, households=2, rows=1)
    values = [999_999_000.01 + 0.02 * step for step in range(9)]
    same = {"household_id": "H000", "observed_on": date(2020, 1, 1), "known_on": date(2020, 1, 2), "withdrawn": False}
    made["observation"] = [same | {"item": f"n{step}", "value": value} for step, value in enumerate(values)]
    write_registry(as_tables(made), tmp_path / "registry")
    table = built(
        Registry.open(tmp_path / "registry"),
        {"std": plan.Reduction("observation", "std", (), None, plan.Field("value"))},
        "fused",
    )
    assert table.set_index("household_id")["std"]["H000"].iloc[0] == pytest.approx(0.02 * 7.5**0.5, rel=1e-9)


def test_the_engine_is_told(registries: list[Registry]) -> None:
    from riskmodel.training import build_training_set

    told = build_training_set(registries[0], as_of=DATES, catalogue=CATALOGUE).record
    assert told["engine"] == "fused" and told["columns_by_duckdb"] == [] and "sorted" in told["why"]


def test_memory_that_is_no_amount_is_refused() -> None:
    from riskmodel.features.engines import check_memory

    with pytest.raises(CallError, match=r'--memory is "lots"; expected an amount such as 2GB'):
        check_memory("lots")
