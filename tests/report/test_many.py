"""What many flags ask of a report: paged lists, several processes, changes since the last run, a disk that fills."""

from __future__ import annotations

import errno
import html
import itertools
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from scored import AS_OF, listing, read

from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError, DataError
from riskmodel.report import make, make_report
from riskmodel.report.data import read_report_data
from riskmodel.report.pages import ROWS, Pages
from riskmodel.report.since import read_since


@pytest.fixture(scope="module")
def earlier(scored_county, tmp_path_factory) -> Path:
    """The run of a month before."""
    out = tmp_path_factory.mktemp("earlier") / "run"
    scored_county.score(out, as_of=add_months(AS_OF, -1))
    return out


def cards(page: str) -> dict[str, int]:
    found = re.findall(r'<div class="card small"><b>([\d,]+)</b><span>([^<]*)</span>', page)
    return {words: int(count.replace(",", "")) for count, words in found}


def test_what_changed_is_told_by_township_and_adds_up(scored_run, earlier, tmp_path):
    make_report(scored_run, tmp_path / "report", lang="en", previous=earlier)
    now, then = (set(read(run, "flags.parquet")["household_id"]) for run in (scored_run, earlier))
    on_list = read(scored_run, "scores.parquet").set_index("household_id")["on_list"]
    left = then - now
    expected = {
        "newly flagged": len(now - then),
        "still flagged": len(now & then),
        "no longer flagged": sum(household in on_list.index and not on_list[household] for household in left),
        "put on the list": sum(household in on_list.index and bool(on_list[household]) for household in left),
        "no longer in the registry": sum(household not in on_list.index for household in left),
    }
    assert len(now - then) > 0
    assert len(left) > 0
    assert cards((tmp_path / "report" / "index.html").read_text()) == expected
    towns = [
        cards(path.read_text()) for path in (tmp_path / "report" / "townships").glob("*.html") if "zh" not in path.name
    ]
    for key, count in expected.items():
        assert sum(town[key] for town in towns) == count
    tagged = (tmp_path / "report" / "index.html").read_text().count('<span class="tag new">')
    assert tagged == len(now - then)


def test_a_run_that_is_not_earlier_is_refused(scored_run, earlier, tmp_path):
    with pytest.raises(CallError, match="its run is of 2025-06-01, this one of 2025-05-01; expected an earlier one"):
        read_since(scored_run, earlier, as_of=add_months(AS_OF, -1))
    with pytest.raises(CallError, match="no such folder; expected what an earlier `riskmodel score` left"):
        make_report(scored_run, tmp_path / "report", previous=tmp_path / "nowhere")


def test_the_bytes_do_not_depend_on_how_many_processes_render(scored_run, tmp_path, monkeypatch):
    monkeypatch.setattr(make, "_FEW", 0)
    monkeypatch.setattr(make, "_AT_A_TIME", 7)
    for workers in (1, 2):
        make_report(scored_run, tmp_path / str(workers), workers=workers)
    one, two = tmp_path / "1", tmp_path / "2"
    assert listing(one) == listing(two)
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in listing(one))


def test_a_long_list_is_paged_and_nobody_is_lost(scored_run):
    data = read_report_data(scored_run)
    many = tuple(replace(data.flags[0], household_id=f"H{n}", file=f"H{n}", rank=n) for n in range(2 * ROWS + 7))
    town = replace(data.townships[0], flags=many)
    pages = Pages(data, lang="en", main="en")
    texts = list(pages.township(town))
    assert len(texts) == 3
    shown = [re.findall(r'<a href="\.\./households/(H\d+)\.html">', text) for text in texts]
    assert [len(page) for page in shown] == [ROWS, ROWS, 7]
    assert [household for page in shown for household in page] == [flag.file for flag in many]
    paths = [pages.township_path(town, n).removeprefix("townships/") for n in range(3)]
    assert f'href="{paths[1]}"' in texts[0]
    assert f'href="{paths[0]}"' in texts[1]
    assert f'href="{paths[2]}"' in texts[1]
    assert 'class="tiles"' in texts[0]
    assert 'class="tiles"' not in texts[1]


def test_every_village_has_a_tile_with_its_own_counts(scored_run):
    data = read_report_data(scored_run)
    scores, flags = read(scored_run, "scores.parquet"), read(scored_run, "flags.parquet")
    flagged = scores[scores["household_id"].isin(flags["household_id"])]
    villages = [village for town in data.townships for village in town.villages]
    assert {v.code: v.scored for v in villages} == scores["village_code"].value_counts().to_dict()
    assert {v.code: v.flagged for v in villages if v.flagged} == flagged["village_code"].value_counts().to_dict()
    for village in villages:
        here = flags[flags["household_id"].isin(flagged[flagged["village_code"] == village.code]["household_id"])]
        assert village.expected == pytest.approx(here["risk"].sum())


def test_where_it_stands_in_its_township(scored_run):
    data = read_report_data(scored_run)
    scores = read(scored_run, "scores.parquet")
    for flag in data.flags:
        queue = scores[(scores["township_code"] == flag.township) & scores["rank"].notna()]
        assert flag.queue == len(queue)
        assert flag.place == (queue["rank"] <= flag.rank).sum()


def test_a_full_disk_is_said_and_the_old_report_stands(scored_run, tmp_path, monkeypatch):
    made = make_report(scored_run, tmp_path / "report")
    before = {name: (tmp_path / "report" / name).read_bytes() for name in listing(tmp_path / "report")}

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(make, "_write_part", full)
    with pytest.raises(DataError, match="report: the disk is full, so no report was written"):
        make_report(scored_run, tmp_path / "report")
    assert {name: (tmp_path / "report" / name).read_bytes() for name in listing(tmp_path / "report")} == before
    assert made.index.is_file()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_household_of_whom_little_is_known_or_beyond_training_is_said_to_be(scored_run):
    data = read_report_data(scored_run)
    flag = replace(data.flags[0], missing_share=0.9, unseen=("members", "head_age", "line_gap_12m", "medical_oop_12m"))
    for lang, little, beyond in (
        ("zh", "该户90%的指标没有记录", "超出模型学习时见过的范围"),
        ("en", "90% of this household's figures are missing", "Beyond what the model saw in training"),
    ):
        page = html.unescape(Pages(data, lang=lang, main=lang).household(flag, None))
        assert little in page
        assert beyond in page
        assert ("等1项" if lang == "zh" else "and 1 more") in page
        assert ("没有可画的收入记录" if lang == "zh" else "no income record to draw") in page
        honest = Pages(data, lang=lang, main=lang).household(replace(flag, missing_share=0.0, unseen=()), None)
        assert little not in honest
        assert beyond not in honest


def test_pages_can_be_read_without_seeing_them(scored_run, tmp_path):
    make_report(scored_run, tmp_path / "report")
    for path in (tmp_path / "report").rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert re.search(r'<html lang="(zh-CN|en)">', page)
        assert page.count("<h1>") == page.count("</h1>") == page.count("<main") == 1
        levels = [int(level) for level in re.findall(r"<h(\d)", page)]
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
        for svg in re.findall(r"<svg[^>]*>.{0,40}", page):
            assert 'role="img"' in svg
            assert re.search(r"<title>[^<]+", page[page.index(svg) : page.index(svg) + 600])


def luminance(colour: str) -> float:
    colour = "#" + "".join(2 * c for c in colour[1:]) if len(colour) == 4 else colour
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_words_stand_out_from_what_is_behind_them():
    style = (Path(make.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
    named = dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", style))
    for words in ("ink", "soft", "deep"):
        assert contrast(named[words], named["paper"]) >= 4.5
        assert contrast(named[words], named["ground"]) >= 4.5
    tiles = dict(re.findall(r"\.tiles \.(s\d) \{ background: (#[0-9a-f]+)", style))
    white = {name for name, block in re.findall(r"\.tiles \.(s\d) \{([^}]*)\}", style) if "color: #fff" in block}
    assert len(tiles) == 6
    for name, behind in tiles.items():
        assert contrast("#ffffff" if name in white else named["ink"], behind) >= 4.5, name
    for way in ("up", "down"):
        colour = re.search(rf"\.bars \.{way} {{ color: (#[0-9a-f]+)", style)
        assert colour is not None
        assert contrast(colour[1], named["paper"]) >= 4.5


def test_a_copy_of_a_run_reports_the_same(scored_run, tmp_path):
    shutil.copytree(scored_run, tmp_path / "copy")
    one = make_report(scored_run, tmp_path / "one").index.read_bytes()
    assert make_report(tmp_path / "copy", tmp_path / "two").index.read_bytes() == one
