"""The pages: whole, well formed, needing nothing from elsewhere, every text escaped, every number that of the run."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from scored import listing, prefixed, read, rewritten, with_column

from riskmodel import Registry
from riskmodel.explain.units import percent
from riskmodel.monitoring import read_record
from riskmodel.report import make_report
from riskmodel.report.data import file_stem

VOID = {"meta", "br"}
CAUSES = ("because", "due to", "caused by", "因为", "由于", "导致", "造成")
HOSTILE_VILLAGE = '=<b>"v"&\'</td><script>alert(1)</script>'
HOSTILE_TOWNSHIP = "../..//<i>t</i>"
HOSTILE_ID = "@<img src=x onerror=alert(1)>/"


class Page(HTMLParser):
    """What a page consists of; reading it fails where its tags do not match."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.path, self.open = path, []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[str] = []
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += [(tag, name, value or "") for name, value in attributes]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, (self.path, tag)

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)

    @property
    def links(self) -> list[str]:
        return [value for _, name, value in self.attributes if name in ("href", "src", "action", "xlink:href")]

    def shows(self, words: str) -> bool:
        """Whether ``words`` are read on the page, however its lines break."""
        return re.sub(r"\s+", "", words) in re.sub(r"\s+", "", self.text)


def pages(report: Path) -> list[Page]:
    return [Page(path) for path in sorted(report.rglob("*.html"))]


@pytest.fixture(scope="module")
def report(scored_run, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("report") / "report"
    make_report(scored_run, out)
    return out


@pytest.fixture(scope="module")
def all_pages(report) -> list[Page]:
    return pages(report)


@pytest.fixture(scope="module")
def hostile(scored_county, tmp_path_factory) -> Path:
    """The report of a registry whose every id and code tries to be something else."""
    folder = tmp_path_factory.mktemp("hostile")
    tables = Registry.open(scored_county.registry).tables
    changes = {name: prefixed(HOSTILE_ID) for name in tables}

    def hostile_places(rows):
        rows = with_column(changes["income"](rows), "village_code", HOSTILE_VILLAGE)
        return with_column(rows, "township_code", HOSTILE_TOWNSHIP)

    registry = rewritten(scored_county.registry, folder / "registry", **{**changes, "household": hostile_places})
    scored_county.score(folder / "run", registry=registry)
    make_report(folder / "run", folder / "run" / "report")
    return folder / "run"


@pytest.fixture(scope="module")
def of_a_cohort(scored_county, tmp_path_factory) -> Path:
    """The report of a model of a cohort, with households outside it that the rule flags."""
    folder = tmp_path_factory.mktemp("cohort")
    told = {"cohort": "at_risk", "cohort_without": ["washout after elimination"]}
    words = {"outcome_zh": "缺口", "outcome_en": "a shortfall"}
    scored_county.with_bundle(folder / "bundle", **told, **words).score(folder / "run")
    make_report(folder / "run", folder / "run" / "report")
    return folder / "run"


def test_the_report_is_complete(scored_run, report):
    scores, flags = read(scored_run, "scores.parquet"), read(scored_run, "flags.parquet")
    townships = {file_stem(code) for code in scores["township_code"].unique()}
    households = {file_stem(household) for household in flags["household_id"]}
    assert len(townships) > 1
    assert listing(report) == {"list.xlsx", "list.en.xlsx", "made.json"} | {
        f"{name}{suffix}.html"
        for suffix in ("", ".en")
        for name in ("index", *(f"townships/{t}" for t in townships), *(f"households/{h}" for h in households))
    }


def test_pages_are_whole_and_need_nothing_from_elsewhere(report, all_pages):
    for page in all_pages:
        assert page.source.startswith("<!doctype html>")
        assert page.source.rstrip().endswith("</html>")
        assert not page.tags & {"script", "link", "iframe", "object", "embed", "img", "form", "base"}
        assert not [name for _, name, _ in page.attributes if name.startswith("on")]
        assert not re.search(r"https?:|//\w|url\(|@import|javascript:", page.source.replace("<!doctype html>", ""))
        for link in page.links:
            target = (page.path.parent / link).resolve()
            assert target.is_file(), (page.path, link)
            assert target.is_relative_to(report.resolve())


def test_every_page_can_be_reached_from_the_index(report, all_pages):
    by_path = {page.path.resolve(): page for page in all_pages}
    reached, waiting = set(), [(report / "index.html").resolve()]
    while waiting:
        path = waiting.pop()
        if path in reached or path not in by_path:
            continue
        reached.add(path)
        waiting += [(path.parent / link).resolve() for link in by_path[path].links]
    assert reached == set(by_path)


def test_chinese_is_the_default_and_english_lies_beside_it(all_pages, scored_run, tmp_path):
    for page in all_pages:
        english = page.path.stem.endswith(".en")
        assert ("html", "lang", "en" if english else "zh-CN") in page.attributes
        assert page.shows("A score is a clue for a home visit") == english
        assert page.shows("评分只是入户走访的线索") != english
        chinese_left = re.findall(r"[\u4e00-\u9fff]+", page.text)
        assert not english or set(chinese_left) <= {"中文"}
    made = make_report(scored_run, tmp_path / "report", lang="en")
    assert ("html", "lang", "en") in Page(made.index).attributes
    assert ("html", "lang", "zh-CN") in Page(tmp_path / "report" / "index.zh.html").attributes


def test_chinese_pages_speak_as_their_readers_do(report, all_pages):
    for page in all_pages:
        assert not [odd for odd in ("排队", "未见到户") if odd in page.text], page.path
    index, sheet = Page(report / "index.html"), Page(min((report / "households").glob("*[0-9].html")))
    assert index.shows("候选农户平均风险")
    assert index.shows("候选农户是不在监测名单上")
    assert sheet.shows("约为候选农户平均")
    assert sheet.shows("□ 家中无人")


def test_no_page_speaks_of_causes(all_pages):
    for page in all_pages:
        assert not [cause for cause in CAUSES if cause in page.text.lower()], page.path


def test_no_household_beyond_the_flagged_is_on_a_page(scored_run, all_pages):
    scores, flags = read(scored_run, "scores.parquet"), read(scored_run, "flags.parquet")
    unflagged = set(scores["household_id"]) - set(flags["household_id"])
    assert len(unflagged) > 300
    for page in all_pages:
        assert not [household for household in unflagged if household in page.source]


@pytest.mark.parametrize("suffix", ["", ".en"])
def test_the_index_says_the_runs_numbers(scored_run, report, suffix):
    told, flags = read_record(scored_run), read(scored_run, "flags.parquet")
    page = Page(report / f"index{suffix}.html")
    cards = re.findall(r'<div class="card"><b>([^<]*)</b>', page.source)
    expected = flags["risk"].sum()
    assert cards == [
        f"{told['counts']['present']:,}", f"{len(flags):,}", f"{expected:,.0f}", percent(told["risk"]["mean"]),
    ]  # fmt: skip
    assert page.shows("2025-06-01")
    assert page.shows(told["registry"]["fingerprint"])
    rows = re.findall(
        r'<td class="n">([\d,]+)</td>\s*<td class="id"><a href="households/[^"]*">([^<]*)</a>', page.source
    )
    assert rows == [(f"{flag.rank:,}", flag.household_id) for flag in flags.itertuples()]


@pytest.mark.parametrize(
    ("suffix", "inside", "outside", "left_out"),
    [
        ("", ("评分与该户相近", "缺口"), "模型没有从这类农户学习过", "不含模型对象范围以外的 {} 户"),
        (
            ".en",
            ("scored like this one", "a shortfall"),
            "has not learned from households like it",
            "{} outside the model's cohort left out",
        ),
    ],
)
def test_who_is_outside_the_cohort_is_on_the_list_by_the_rule_and_no_share_is_made_of_its_risk(
    of_a_cohort, suffix, inside, outside, left_out
):
    scores, flags = read(of_a_cohort, "scores.parquet"), read(of_a_cohort, "flags.parquet")
    flags = flags.merge(scores[["household_id", "in_cohort", "township_code"]], on="household_id")
    for flag in flags.itertuples():
        sheet = Page(of_a_cohort / "report" / "households" / f"{file_stem(flag.household_id)}{suffix}.html")
        assert [sheet.shows(words) for words in (*inside, outside)] == [*[flag.in_cohort] * 2, not flag.in_cohort]
    index = Page(of_a_cohort / "report" / f"index{suffix}.html")
    townships = {
        Page(of_a_cohort / "report" / "townships" / f"{file_stem(code)}{suffix}.html"): here
        for code, here in flags.groupby("township_code")
    }
    for page, here in {index: flags, **townships}.items():
        beyond = int((~here["in_cohort"]).sum())
        expected = re.findall(r'<div class="card"><b>([^<]*)</b>', page.source)[2]
        assert expected == f"{here.loc[here['in_cohort'], 'risk'].sum():,.0f}"
        assert page.shows(left_out.format(f"{beyond:,}")) == (beyond > 0)
    assert set(flags["in_cohort"]) == {True, False}
    assert round(flags["risk"].sum()) > round(flags.loc[flags["in_cohort"], "risk"].sum())


def test_the_townships_add_up(scored_run, report):
    scores, flags = read(scored_run, "scores.parquet"), read(scored_run, "flags.parquet")
    where = scores.set_index("household_id")["township_code"]
    flagged = where[flags["household_id"]].value_counts()
    for code, scored in where.value_counts().items():
        page = Page(report / "townships" / f"{file_stem(code)}.html")
        cards = re.findall(r'<div class="card"><b>([^<]*)</b>', page.source)
        assert cards[:2] == [f"{scored:,}", f"{flagged.get(code, 0):,}"]
        mine = [household for household in flags["household_id"] if where[household] == code]
        assert re.findall(r'<a href="\.\./households/[^"]*">([^<]*)</a>', page.source) == mine


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_sheet_says_what_flags_parquet_says(scored_run, report, lang):
    for flag in read(scored_run, "flags.parquet").itertuples():
        page = Page(report / "households" / f"{file_stem(flag.household_id)}{'' if lang == 'zh' else '.en'}.html")
        assert page.shows(flag.household_id)
        assert f'<div class="score"><b>{percent(flag.risk)}</b>' in page.source
        # The bars' titles are the reasons as stored; of those that lower the score two are shown.
        positions = [page.text.index(reason[lang]) for reason in flag.reasons if reason["contribution"] > 0]
        assert positions == sorted(positions)
        lowering = [reason for reason in flag.reasons if reason["contribution"] < 0]
        assert all(page.shows(reason[lang]) for reason in flag.reasons if reason not in lowering[2:])
        assert not any(page.shows(reason[lang]) for reason in lowering[2:])
        sums = (
            f"{flag.base_value:.2f}",
            f"{round(flag.margin, 2) - round(flag.base_value, 2):+.2f}",
            f"{flag.margin:.2f}",
        )
        told = "基准 {} + 各项贡献 {} = {}" if lang == "zh" else "base value {} + contributions {} = {}"
        assert page.shows(told.format(*sums))


def test_every_text_is_escaped(hostile):
    for page in pages(hostile / "report"):
        assert not page.tags & {"script", "img"}
        assert not [raw for raw in ("<script", "<img", "<i>t", '<b>"v"') if raw in page.source]
    index = Page(hostile / "report" / "index.html")
    assert index.shows(HOSTILE_VILLAGE)
    assert index.shows(HOSTILE_TOWNSHIP)
    assert index.shows(read(hostile, "flags.parquet")["household_id"][0])


def test_a_code_like_a_path_stays_inside_the_report(hostile):
    report = hostile / "report"
    assert listing(hostile) == {
        "scores.parquet", "flags.parquet", "contributions.parquet", "histories.parquet", "run.json",
        "model/card.md", "model/metrics.json",
        *(f"report/{name}" for name in listing(report)),
    }  # fmt: skip
    for page in pages(report):
        for link in page.links:
            assert (page.path.parent / link).resolve().is_relative_to(report.resolve())
            assert (page.path.parent / link).is_file()
