from __future__ import annotations

from pathlib import Path

import pytest

from riskmodel.errors import CallError
from riskmodel.registry.importing.mapping_file import load_mapping

GOOD = """
sources:
  hh: {file: a.csv}
tables:
  - table: income
    source: hh
    columns:
      household_id: 户编号
      month: 月份
      source: {constant: wage}
      item: {constant: all}
      amount: {from: 工资, unit: 万元}
    known_on: {own_date_plus_days: 30}
"""


def mistake(tmp_path: Path, text: str) -> str:
    path = tmp_path / "m.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CallError) as caught:
        load_mapping(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ")
    return said.removeprefix(f"{path}: ")


def test_a_good_mapping_loads(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(GOOD, encoding="utf-8")
    (block,) = load_mapping(path).tables
    assert block.columns["household_id"].from_ == "户编号"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tables:", "tabels:", 'the file has no key "tabels". Did you mean "tables"?'),
        ("    columns:", "    colums:", 'tables[0] has no key "colums". Did you mean "columns"?'),
        ("unit: 万元", "unti: 万元", 'tables[0].columns.amount has no key "unti". Did you mean "unit"?'),
        ("unit: 万元", "scale: ten", 'tables[0].columns.amount.scale is "ten", expected a number.'),
        ("unit: 万元", "unit: 万圆元", 'tables[0].columns.amount.unit is "万圆元", expected a unit'),
        ("unit: 万元", "format: '%Y'", "tables[0].columns.amount.format is for dates; amount is money."),
        ("unit: 万元", "values: labels", "which is for codes; amount is money"),
        ("unit: 万元", "unit: 万元, scale: 2", "tables[0].columns.amount gives unit and scale"),
        (
            "      month:",
            "      mnoth:",
            'tables[0].columns.mnoth: table income has no such column. Did you mean "month"?',
        ),
        ("      month: 月份\n", "", "tables[0].columns lacks month, which table income requires."),
        (
            "table: income",
            "table: incomes",
            'tables[0].table is "incomes", not a registry table. Did you mean "income"?',
        ),
        ("source: hh", "source: hhh", 'tables[0].source is "hhh", not one of sources. Did you mean "hh"?'),
        ("constant: wage", "constant: wages", 'source.constant is "wages", expected a code or label of income_source.'),
        (
            "{constant: wage}",
            "{constant: wage, from: x}",
            "gives from and constant, expected one of from, constant, template",
        ),
        ("{constant: all}", "{}", "tables[0].columns.item gives no origin"),
        ("{constant: all}", "{template: '{0!r}'}", "expected plain headings in braces"),
        ("{constant: all}", "{from: x, extract: '(a)(b)'}", "with 2 groups, expected one pair of parentheses"),
        ("month: 月份", "month: {from: 月份, day: 32}", "tables[0].columns.month day is 32, expected 1 to 31"),
        (
            "month: 月份",
            "month: {from: 月份, default: soon}",
            'tables[0].columns.month.default is "soon", expected a date',
        ),
        ("    known_on: {own_date_plus_days: 30}", "", "tables[0] lacks known_on"),
        (
            "own_date_plus_days: 30",
            "own_date_plus_days: soon",
            'own_date_plus_days is "soon", expected a whole number.',
        ),
        ("own_date_plus_days: 30", "own_date_plus_days: 3, column: x", "known_on gives column and own_date_plus_days"),
        ("file: a.csv", "header_row: 0", "sources.hh.header_row is 0, expected greater than or equal to 1."),
        ("month: 月份", "known_until: 月份", "known_until cannot be mapped here"),
        ("household_id: 户编号", "household_id: 身份证号码", "looks like a name, an ID number, a phone or an account"),
        ("month: 月份", "month: 月份\n      month: 年月", '"month" stands twice'),
        ("tables:", "tables: [", "not valid YAML: line"),
    ],
)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    assert said in mistake(tmp_path, GOOD.replace(old, new))


def test_several_mistakes_come_together(tmp_path: Path) -> None:
    text = GOOD.replace("month: 月份", "mnoth: 月份").replace("constant: wage", "constant: wages")
    assert len(mistake(tmp_path, text).splitlines()) == 3  # no such column, lacks month, no such code


def test_a_birth_date_is_no_day_of_learning(tmp_path: Path) -> None:
    text = """
sources: {m: {file: a.csv}}
tables:
  - table: member
    columns: {household_id: a, member_id: b, birth_date: c}
    known_on: {own_date_plus_days: 0}
"""
    assert "a member's own date is the birth date" in mistake(tmp_path, text)


def test_yes_and_no_are_texts_in_a_value_map(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(GOOD.replace("unit: 万元", "values: {yes: 1, no: 0, on: 2, 1: 3}"), encoding="utf-8")
    assert load_mapping(path).tables[0].columns["amount"].values == {"yes": 1, "no": 0, "on": 2, "1": 3}


def test_a_missing_mapping_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "mapping.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(CallError, match=r'Did you mean "mapping\.yaml"'):
        load_mapping(tmp_path / "maping.yaml")
