from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.registry.codes import CODE_BOOK
from riskmodel.registry.importing.units import unit_scale
from riskmodel.registry.importing.values import (
    code_reader,
    contains_reader,
    hasher,
    list_reader,
    mapped_reader,
    read_boolean,
    read_id,
    read_integer,
    read_number,
    split_parts,
)


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1200", 1200),
        ("1,200.50", 1200.5),
        ("１２００", 1200),
        (" 3.5 ", 3.5),
        ("-2", -2),
        (".5", 0.5),
        ("1e3", 1000),
        (7, 7),
    ],
)
def test_numbers(cell: object, number: float) -> None:
    assert read_number(cell) == number


@pytest.mark.parametrize(
    "cell", ["1,2oo", "1,20", "12元", "", "-", ".", "1.2.3", "约500", "1e999", True, "nan", "inf", "0x1A"]
)
def test_what_is_not_a_number_is_refused(cell: object) -> None:
    with pytest.raises(ValueError, match="number"):
        read_number(cell)


def test_a_unit_may_stand_behind_the_number_only_where_the_mapping_states_it() -> None:
    assert read_number("3.5万元", unit="万元") == 3.5
    with pytest.raises(ValueError, match="number"):
        read_number("3.5万元", unit="元")


def test_a_whole_number_has_no_fraction() -> None:
    assert read_integer("2018.0") == 2018
    with pytest.raises(ValueError, match="whole"):
        read_integer("2018.5")


@pytest.mark.parametrize("cell", ["是", "有", "√", "Yes", "TRUE", "1", 1, 1.0, True])
def test_yes(cell: object) -> None:
    assert read_boolean(cell) is True


@pytest.mark.parametrize("cell", ["否", "无", "×", "no", "False", "0", 0, 0.0, False])
def test_no(cell: object) -> None:
    assert read_boolean(cell) is False


def test_maybe_is_neither() -> None:
    with pytest.raises(ValueError, match="是 or 否"):
        read_boolean("不详")


@pytest.mark.parametrize("name", CODE_BOOK)
def test_every_code_is_found_by_code_and_by_either_label(name: str) -> None:
    read = code_reader(name)
    for entry in CODE_BOOK[name]:
        assert read(entry.code) == read(entry.zh) == read(entry.en.upper()) == entry.code


def test_a_label_may_leave_out_its_parentheses_and_a_misspelt_one_gets_the_nearest() -> None:
    assert code_reader("housing_grade")("A级") == "A"
    with pytest.raises(ValueError, match='Did you mean "普通劳动力"'):
        code_reader("labour_skill")("普通劳动者")


def test_a_map_comes_before_labels_and_may_say_that_nothing_is_known() -> None:
    read = mapped_reader({"打工": "migrant", "不详": None}, code_reader("job_kind"), strict=False)
    assert read("打工") == "migrant"
    assert read("本地务工") == "local"
    assert read("不详") is None
    with pytest.raises(ValueError, match="打工"):
        read("其它")


@pytest.mark.parametrize(
    "cell", ["残疾,患有大病", "残疾，患有大病", "残疾、患有大病", "残疾; 患有大病", "残疾；患有大病；"]
)
def test_one_cell_several_values(cell: str) -> None:
    parts = split_parts(cell, ",，、;；")
    assert parts == ["残疾", "患有大病"]
    known = ["健康", "残疾", "患有大病", "长期慢性病"]
    says = {word: contains_reader([word], known=known, separators=",，、;；")(cell) for word in known}
    assert says == {"健康": False, "残疾": True, "患有大病": True, "长期慢性病": False}


def test_a_misspelt_illness_is_refused_not_read_as_healthy() -> None:
    read = contains_reader(["长期慢性病"], known=["健康"], separators=",")
    with pytest.raises(ValueError, match='"长期慢性病患" is none'):
        read("健康,长期慢性病患")


def test_several_codes_in_a_cell() -> None:
    assert list_reader(code_reader("risk_type"), "、")("因病、因残、因病") == ["illness", "disability"]


def test_an_id_that_a_workbook_has_cut_is_refused() -> None:
    assert read_id(3609810001.0) == "3609810001"
    assert read_id("360981199001010011") == "360981199001010011"
    with pytest.raises(ValueError, match="15 digits"):
        read_id(360981199001010011.0)


def test_an_id_number_is_one_person_whether_it_ends_in_a_large_or_a_small_x() -> None:
    read = hasher(b"0123456789abcdef", column="member_id")
    assert read("11010519491231002x") == read("11010519491231002X") == read("１１０１０５１９４９１２３１００２ｘ")
    assert read("11010519491231002X") != read("110105194912310021")
    assert read("village-x") != read("village-X")


def test_a_pseudonym_hangs_on_key_and_column_and_not_on_how_the_number_is_stored() -> None:
    key = b"0123456789abcdef"
    one = hasher(key, column="household_id")
    assert one("1001") == one(1001.0) == one(" 1001 ")
    assert len(one("1001")) == 24
    assert one("1001") not in (
        one("1002"),
        hasher(key, column="member_id")("1001"),
        hasher(key[::-1], column="household_id")("1001"),
    )


def test_units() -> None:
    assert unit_scale("万元", into="yuan") == 10_000
    assert unit_scale("公顷", into="mu") == 15
    assert unit_scale("公里", into="km") == 1
    with pytest.raises(ValueError, match='Did you mean "万元"'):
        unit_scale("万圆元", into="yuan")


@given(st.floats(min_value=-1e9, max_value=1e9))
def test_a_number_comes_back_from_its_text(number: float) -> None:
    assert read_number(repr(number)) == number
