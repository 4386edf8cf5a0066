"""The data dictionary: made from the catalogue, committed, never stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskmodel.features import Catalogue, History, Number, dictionary, feature, load_catalogue
from riskmodel.features.dictionary import sources

ROOT = Path(__file__).parents[2]


def test_the_committed_page_is_what_the_catalogue_gives() -> None:
    text = (ROOT / "docs" / "data_dictionary.md").read_text(encoding="utf-8")
    assert text == dictionary(load_catalogue(ROOT / "features")), "stale: run `make docs`"


def test_each_theme_has_a_table_with_a_row_a_feature() -> None:
    catalogue = load_catalogue(ROOT / "features")
    text = dictionary(catalogue)
    assert len(catalogue.features) >= 125
    for spec in catalogue.features.values():
        assert text.count(f"| `{spec.name}` |") == 1
        assert f"## {spec.theme[1]} {spec.theme[0]}\n" in text
    assert {line.count(" | ") for line in text.splitlines() if line.startswith("| ")} == {8}


def test_what_can_be_missing_says_when() -> None:
    catalogue = load_catalogue(ROOT / "features")
    for line in dictionary(catalogue).splitlines():
        assert "nothing recorded" not in line and "无记录" not in line.split(" | "), line
    for spec in catalogue.features.values():
        said = spec.missing != "nothing recorded"
        assert said == (spec.missing_zh != "无记录"), spec.name
    assert sum(spec.missing != "nothing recorded" for spec in catalogue.features.values()) > 50


def test_a_module_without_a_theme_lends_its_name() -> None:
    @feature(zh="试", en="trial", unit="count")
    def trial(h: History) -> Number:
        return h.event.count()

    assert "## test_dictionary\n" in dictionary(Catalogue.of([trial]))


@pytest.mark.parametrize(
    ("number", "read"),
    [
        (lambda h: h.event.count(), "event: happened_on; whole history"),
        (lambda h: h.event.last(months=3, skip=12).sum("loss"), "event: happened_on, loss; 3m before 12m"),
        (lambda h: h.members.count(), "member: left_on"),
        (lambda h: h.line(months_ago=12), "policy: monitoring_line 12m ago"),
        (lambda h: h.job.last(months=6).days(), "job: started_on, ended_on; 6m"),
        (
            lambda h: h.event.count() / h.village.mean(h.event.count()),
            "event: happened_on; whole history<br>others of the village 本村: event: happened_on; whole history",
        ),
        (
            lambda h: h.event.count() / h.township.mean(h.members.count()),
            "event: happened_on; whole history<br>others of the township 本乡镇: member: left_on",
        ),
    ],
)
def test_lineage_names_tables_columns_and_windows(number, read: str) -> None:  # type: ignore[no-untyped-def]
    assert sources(number(History()).node) == read
