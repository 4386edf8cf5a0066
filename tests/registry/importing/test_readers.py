from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from riskmodel.errors import CallError, DataError
from riskmodel.registry.importing.mapping import Melt, Source
from riskmodel.registry.importing.piece import Piece, Wanted
from riskmodel.registry.importing.readers import read_pieces

HEADER = "户编号,姓名,金额"


def read(path: Path, *headings: str, melts: tuple[Melt, ...] = (), **source: object) -> list[Piece]:
    return list(read_pieces("s", Source(**source), path, Wanted(headings, melts), shown=path.name))


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("gbk", "gb18030"), ("utf-16", "utf-16")],
)
def test_the_encoding_is_found(tmp_path: Path, encoding: str, found: str) -> None:
    path = tmp_path / "收入.csv"
    path.write_text(f"{HEADER}\nA1,某,12\n", encoding=encoding)
    (piece,) = read(path, "户编号", "金额")
    assert piece.encoding == found
    assert piece.frame.to_dict("list") == {"户编号": ["A1"], "金额": ["12"]}


def test_one_gb18030_character_far_down_a_file_that_begins_as_ascii(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"A{n},{n}\n" for n in range(20_000))
    path.write_bytes(("id,note\n" + rows + "A0,残疾\n").encode("gb18030"))
    (piece,) = read(path, "note")
    assert piece.frame["note"].iloc[-1] == "残疾"


def test_a_named_encoding_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}\nA1,某,12\n", encoding="gb18030")
    with pytest.raises(DataError, match=r"a\.csv: not utf-8-sig \(byte"):
        read(path, "户编号", encoding="utf-8")
    with pytest.raises(CallError, match="gb18031"):
        read(path, "户编号", encoding="gb18031")


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_and_quotes_hold(tmp_path: Path, mark: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f'户编号{mark}备注\nA1{mark}"一{mark}二\n三"\nA2{mark}四\n', encoding="utf-8")
    (piece,) = read(path, "户编号", "备注")
    assert piece.frame["备注"].tolist() == [f"一{mark}二\n三", "四"]


def test_rows_count_as_a_person_counts_them(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"某县农户\n{HEADER}\nA1,某,1\n\nA2,某,2,多\nA3,某,3\n,,\nA4,某\n", encoding="utf-8")
    (piece,) = read(path, "户编号", "金额", header_row=2)
    assert dict(zip(piece.frame.index, piece.frame["户编号"], strict=True)) == {3: "A1", 6: "A3"}
    assert [row for row, _ in piece.broken] == [5, 8]
    assert "4 columns, the heading has 3" in piece.broken[0][1]
    assert piece.blank == 2
    assert piece.rows_read == 6


def test_columns_that_the_mapping_does_not_name_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{HEADER}\nA1,某,1\n", encoding="utf-8")
    (piece,) = read(path, "户编号")
    assert list(piece.frame.columns) == ["户编号"]


def test_a_heading_is_found_despite_its_line_breaks_and_full_width_signs(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('户编号,"人均 纯收入\n（元）"\nA1,5\n', encoding="utf-8")
    (piece,) = read(path, "人均纯收入(元)")
    assert piece.frame.iloc[0, 0] == "5"


def test_an_unknown_heading_names_the_nearest_and_a_double_one_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("户编号,工资性收入,金额,金额\nA1,1,2,3\n", encoding="utf-8")
    with pytest.raises(CallError, match=r'a\.csv: there is no column "工资收入".*Did you mean "工资性收入"'):
        read(path, "工资收入")
    with pytest.raises(CallError, match='"金额" stands over columns C and D'):
        read(path, "金额")


def test_sheets_by_name_by_pattern_and_misspelt(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with pd.ExcelWriter(path, engine="xlsxwriter") as book:
        for month in (1, 2):
            pd.DataFrame({"户编号": ["A1"], "金额": [month]}).to_excel(book, sheet_name=f"2023年{month}月", index=False)
        pd.DataFrame({"说明": ["x"]}).to_excel(book, sheet_name="说明", index=False)
    assert [piece.sheet for piece in read(path, "金额", sheet="2023年*月")] == ["2023年1月", "2023年2月"]
    assert [piece.sheet for piece in read(path, "金额")] == ["2023年1月"]
    with pytest.raises(CallError, match='no sheet "说名"'):
        read(path, "金额", sheet="说名")


def test_stata_codes_labels_and_columns_by_their_label(tmp_path: Path) -> None:
    path = tmp_path / "a.dta"
    frame = pd.DataFrame({"hh": [1, 2], "sex": [1, 2], "year": [2010.0, float("nan")]})
    frame.to_stata(
        path,
        write_index=False,
        variable_labels={"hh": "Household number"},
        value_labels={"sex": {1: "男", 2: "女"}},
        version=118,
    )
    (codes,) = read(path, "Household number", "sex")
    (labels,) = read(path, "hh", "sex", labels=True)
    assert codes.frame["sex"].tolist() == [1, 2]
    assert labels.frame["sex"].tolist() == ["男", "女"]
    assert codes.column("Household number") == "hh"
    assert codes.labels["hh"] == "Household number"


def test_parquet_by_pattern(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pd.DataFrame({"hh": ["A"], "x_bsl": [1.0], "x_end": [2.0], "name": ["N"]}).to_parquet(path)
    (piece,) = read(path, "hh", melts=(Melt(pattern=r"^(?P<item>.+)_(?P<wave>bsl|end)$"),))
    assert list(piece.frame.columns) == ["hh", "x_bsl", "x_end"]


@pytest.mark.parametrize("name", ["a.xlsx", "a.dta", "a.parquet"])
def test_a_broken_file_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"not what it says it is")
    with pytest.raises(DataError, match=name):
        read(path, "x")


def test_an_empty_file_and_an_unknown_ending(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    (tmp_path / "a.doc").write_text("x", encoding="utf-8")
    with pytest.raises(DataError, match=r"a\.csv: the file is empty"):
        read(tmp_path / "a.csv", "x")
    with pytest.raises(CallError, match=r"a\.doc: not a format"):
        read(tmp_path / "a.doc", "x")


def test_a_heading_row_below_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n", encoding="utf-8")
    with pytest.raises(DataError, match="has 2 rows"):
        read(tmp_path / "a.csv", "x", header_row=9)


def test_a_file_of_headings_alone_has_no_rows(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y\n", encoding="utf-8")
    (piece,) = read(tmp_path / "a.csv", "x")
    assert piece.rows_read == 0
