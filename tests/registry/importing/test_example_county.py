"""The example that a county analyst copies: built, imported, and read back row by row."""

from __future__ import annotations

import datetime as dt
import importlib.util
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from riskmodel.registry.importing.run import ImportReport, import_registry

EXAMPLE = Path(__file__).parents[3] / "experiments" / "example_county"


def _builder() -> object:
    spec = importlib.util.spec_from_file_location("make_workbook", EXAMPLE / "make_workbook.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImportReport, Path]:
    folder = tmp_path_factory.mktemp("county")
    _builder().build(folder / "source")
    report = import_registry(folder / "source", EXAMPLE / "mapping.yaml", folder / "registry")
    return report, folder / "registry"


def rows(out: Path, table: str, *columns: str) -> list[tuple]:
    return [tuple(row.values()) for row in pq.read_table(out / f"{table}.parquet").select(columns).to_pylist()]


def test_households(county: tuple[ImportReport, Path]) -> None:
    day = dt.date
    assert rows(
        county[1], "household", "household_id", "village_code", "registered_on", "household_type", "cropland_mu",
        "road_distance_km", "housing_grade", "safe_water", "known_on",
    ) == [
        ("SY-0001", "999901101201", day(2014, 3, 1), "lifted", 3.0, 0.35, "A", True, day(2023, 1, 10)),
        ("SY-0002", "999901101201", day(2014, 3, 1), "ordinary", 6.0, 1.2, "B", True, day(2023, 1, 10)),
        ("SY-0003", "999901101202", day(2014, 3, 18), "lifted", 1.8, 0.08, "A", True, day(2023, 1, 11)),
        ("SY-0004", "999901102201", day(2015, 11, 2), "unlifted", 1.5, 2.6, "C", False, day(2023, 1, 12)),
    ]  # fmt: skip


def test_several_illnesses_in_one_cell(county: tuple[ImportReport, Path]) -> None:
    found = rows(
        county[1],
        "member",
        "member_id",
        "birth_date",
        "chronic_illness",
        "major_illness",
        "disabled",
        "disability_grade",
    )
    assert found[0] == ("SY-0001-1", dt.date(1970, 3, 5), False, True, True, 2)
    assert found[3] == ("SY-0002-1", dt.date(1980, 1, 1), True, False, False, None)
    assert found[5] == ("SY-0003-2", dt.date(2016, 9, 30), True, False, True, 3)


def test_wide_incomes_in_ten_thousand_yuan_become_long_in_yuan(county: tuple[ImportReport, Path]) -> None:
    found = rows(county[1], "income", "household_id", "month", "source", "amount")
    assert len(found) == 15
    assert ("SY-0001", dt.date(2023, 1, 1), "wage", 3200.0) in found
    assert ("SY-0002", dt.date(2023, 2, 1), "operating_cost", 500.0) in found
    assert ("SY-0003", dt.date(2023, 1, 1), "transfer", 300.0) in found


def test_an_event_told_once_a_member_is_one_event(county: tuple[ImportReport, Path]) -> None:
    assert rows(county[1], "event", "record_id", "kind", "loss") == [
        ("事件-2", "illness", 18600.0),
        ("事件-3", "disaster", 4200.0),
    ]


def test_checks_and_listings(county: tuple[ImportReport, Path]) -> None:
    unmet = [item for item, met in rows(county[1], "guarantee", "item", "met") if not met]
    assert sorted(unmet) == ["housing", "medical", "water"]
    assert rows(county[1], "listing", "category", "risk_types") == [
        ("sudden_hardship", ["illness", "disability"]),
        ("marginal", ["housing", "water"]),
    ]


def test_what_was_set_aside_is_told_as_a_person_finds_it(county: tuple[ImportReport, Path]) -> None:
    told = {row[0] for row in rows(county[1], "rejects", "message")}
    assert (
        '示例县农户信息.xlsx, sheet 收入, row 6, column 工资性收入(万元): amount is "0.2oo", '
        "expected a number such as 1200 or 1,200.50"
    ) in told
    assert any("sheet 户信息, row 8, column 户类型" in line and "五保户" in line for line in told)
    assert any("sheet 成员信息, row 8, column 健康状况" in line for line in told)
    assert any(line.startswith("爱心超市积分.csv, row 4, column 记分日期") for line in told)
    assert county[0].rejected == 4


def test_names_and_phones_are_nowhere(county: tuple[ImportReport, Path]) -> None:
    placeholder = _builder().PLACEHOLDER
    for path in county[1].rglob("*.parquet"):
        for column in pq.read_table(path).columns:
            assert placeholder not in str(column.to_pylist()), path


def test_the_command_says_what_it_made(tmp_path: Path) -> None:
    import typer

    from riskmodel.cli import import_

    _builder().build(tmp_path / "source")
    app = typer.Typer()
    app.callback()(lambda: None)
    import_.register(app)
    call = [
        "import",
        str(tmp_path / "source"),
        "--mapping",
        str(EXAMPLE / "mapping.yaml"),
        "--out",
        str(tmp_path / "r"),
    ]
    done = CliRunner().invoke(app, [*call, "--cut-on", "2024-01-01"])
    assert done.exit_code == 0, done.output
    assert "4 rows set aside" in done.output
    assert "cut on 2024-01-01" in done.output
    assert CliRunner().invoke(app, [*call, "--cut-on", "soon"]).exception.exit_code == 2


def test_the_readme_explains_every_key() -> None:
    from riskmodel.registry.importing.mapping import Block, ColumnSpec, Condition, KnownOn, Mapping, Melt, Source

    text = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    for model in (Mapping, Source, Block, Melt, Condition, KnownOn, ColumnSpec):
        for name, field in model.model_fields.items():
            assert re.search(rf"`(\{{)?{field.alias or name}\b", text), f"{model.__name__}.{name}"
