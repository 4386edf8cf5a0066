"""Whatever a registry's texts hold is shown as text: no element, attribute, formula or link of theirs is made."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import openpyxl
import pytest
import python_calamine
from scored import read, rewritten, with_column

from riskmodel import Registry
from riskmodel.registry import schema
from riskmodel.report import make_report

STRINGS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1,1)",
    "]]>&#x0;&lt;",
    "{{ 7*7 }}{% raw %}",
    "\u202eabc\u2066",
    "' onmouseover='x",
    "javascript:alert(1)",
    "</style></title><svg/onload=x>",
)


class Elements(HTMLParser):
    """The elements of a page with the names of their attributes, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.found: set[tuple[str, tuple[str, ...]]] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        self.found.add((tag, tuple(sorted(name for name, _ in attributes))))
        self.links += [value or "" for name, value in attributes if name in ("href", "src")]

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def hostile(scored_county, tmp_path_factory) -> Path:
    """A report of a registry whose every id and free text begins with something that would be more than text."""
    folder = tmp_path_factory.mktemp("injection")
    with Registry.open(scored_county.registry) as registry:
        tables = registry.tables
    number = 0
    changes = {}
    for name in tables:
        columns = [c.name for c in schema.table(name).columns if c.kind in ("id", "text")]
        starts = {}
        for column in columns:
            # What tables are joined by begins alike in all of them.
            shared = {"household_id": 0, "member_id": 1}.get(column)
            if shared is None:
                number += 1
            starts[column] = STRINGS[number % len(STRINGS) if shared is None else shared]
        changes[name] = _beginning_with(starts)
    registry = rewritten(scored_county.registry, folder / "registry", **changes)
    scored_county.score(folder / "run", registry=registry, model="need<script>alert(2)</script>")
    make_report(folder / "run", folder / "report")
    return folder


def _beginning_with(starts):
    import pyarrow as pa
    import pyarrow.compute as pc

    def change(rows):
        for column, start in starts.items():
            if column in rows.column_names:
                texts = rows[column].cast(pa.string())
                rows = with_column(
                    rows, column, lambda _, texts=texts, start=start: pc.binary_join_element_wise(start, texts, "")
                )
        return rows

    return change


@pytest.fixture(scope="module")
def honest(scored_run, tmp_path_factory) -> set[tuple[str, tuple[str, ...]]]:
    out = tmp_path_factory.mktemp("honest") / "report"
    make_report(scored_run, out)
    return {one for path in out.rglob("*.html") for one in Elements(path).found}


def test_no_page_has_an_element_or_attribute_that_an_honest_one_has_not(hostile, honest):
    pages = sorted((hostile / "report").rglob("*.html"))
    assert len(pages) > 40
    for path in pages:
        page = Elements(path)
        # Of a list of few, a page may lack kinds; it never has more, but for what no village of the other needed.
        assert {tag for tag, _ in page.found} <= {tag for tag, _ in honest} | {"p", "h3"}, path
        assert page.found - honest <= {("li", ("class",))}, (path, page.found - honest)
        for link in page.links:
            assert not link.lower().startswith(("javascript:", "data:", "http:", "https:", "//")), link


def test_the_texts_are_read_as_they_are(hostile):
    flags = read(hostile / "run", "flags.parquet")
    shown = "".join("".join(Elements(path).words) for path in (hostile / "report" / "households").glob("*.html"))
    for household in flags["household_id"]:
        assert household in shown
    assert "need<script>alert(2)</script>" in shown


@pytest.mark.parametrize("name", ["list.xlsx", "list.en.xlsx"])
def test_no_cell_is_a_formula_or_a_link_and_the_texts_are_there(hostile, name):
    path = hostile / "report" / name
    cells = [cell for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink]
    texts = {cell.value for cell in cells if cell.data_type == "s"}
    flags = read(hostile / "run", "flags.parquet")
    assert set(flags["household_id"]) <= texts
    book = python_calamine.CalamineWorkbook.from_path(path)
    sheets = [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]
    again = {str(cell) for rows in sheets for row in rows for cell in row}
    assert set(flags["household_id"]) <= again
