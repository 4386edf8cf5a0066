"""The card says what the run found, in both languages; every answer of its checklist hangs on a fact."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from types import SimpleNamespace

import pytest

from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.evaluation.card import card_html, model_card, sections, with_section
from riskmodel.evaluation.card.checklist import checks
from riskmodel.evaluation.card.document import Grid, Items, Section, Text, to_html, to_markdown
from riskmodel.evaluation.results import direction_of


@pytest.fixture(scope="module")
def evaluation(trained):
    return trained.evaluation


def _with(evaluation, **more):
    """The evaluation with fields changed, or with some that it does not have yet."""
    fields = {field.name for field in dataclasses.fields(evaluation)}
    changed = dataclasses.replace(evaluation, **{k: v for k, v in more.items() if k in fields})
    for name in more.keys() - fields:
        object.__setattr__(changed, name, more[name])
    return changed


def _record(evaluation, **more):
    return _with(evaluation, record={**evaluation.record, **more})


def _drifted(evaluation, ratio=2.0):
    found = Estimate(value=ratio, low=ratio * 0.9, high=ratio * 1.1)
    origins = [
        dataclasses.replace(o, calibration=dataclasses.replace(o.calibration, ratio=found, drifted=True))
        for o in evaluation.drift.origins
    ]
    return _with(evaluation, drift=dataclasses.replace(evaluation.drift, origins=origins))


def _answer(evaluation, question):
    return next(check.answer for check in checks(evaluation) if question in check.question[1])


def test_both_languages_have_the_same_sections_tables_and_numbers(evaluation):
    zh, en = (sections(evaluation, lang) for lang in ("zh", "en"))
    assert len(zh) == len(en)
    for one, other in zip(zh, en, strict=True):
        assert [type(block) for block in one.blocks] == [type(block) for block in other.blocks], other.title
        for a, b in zip(one.blocks, other.blocks, strict=True):
            if isinstance(a, Grid):
                assert [len(row) for row in a.rows] == [len(row) for row in b.rows]
                assert {len(row) for row in a.rows} == {len(a.head)}


def test_no_english_is_left_in_the_chinese_half_but_names(evaluation):
    half = model_card(evaluation).split("# a small county")[0]
    words = set(re.findall(r"\b[a-z]{5,}\b", half.lower()))
    names = {f["name"] for f in evaluation.features} | {"riskmodel", "recalibrate", "lightgbm", "scikit", "learn"}
    assert words <= names | {
        "python",
        "numpy",
        "brier",
        "intervals",
        "small",
        "probast",
        "policy",
        "version",
        "sha256",
        "registry",
    }


def test_the_page_has_no_script_and_its_pictures_are_well_formed(evaluation):
    page = card_html(evaluation)
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#)', page)
    pictures = re.findall(r"<svg.*?</svg>", page, flags=re.S)
    assert len(pictures) == 2
    for drawn in pictures:
        ET.fromstring(drawn)


def test_no_household_is_in_the_card(evaluation):
    assert not re.search(r"H\d{5}|\bv\d\d\b", model_card(evaluation) + card_html(evaluation))


def test_drift_heads_the_card_fails_its_item_and_is_among_the_failures(evaluation):
    calm, drifted = model_card(evaluation), model_card(_drifted(evaluation))
    assert "No drift seen at any of the 3 test origins." in calm
    assert "未见漂移" in calm
    assert "Drift seen at" not in calm
    assert "Drift seen at 3 of 3 test origins." in drifted.split("## Purpose")[0].split("## In short")[1]
    assert "2.00 times as many (1.80–2.20)" in drifted
    assert "看到漂移：3 个检验时点中有 3 个" in drifted
    assert "Drift seen" in drifted.split("## Where the model does not win")[1].split("##")[0]
    assert "recalibrate before use" in drifted
    assert _answer(evaluation, "as often as they say") == "pass"
    assert _answer(_drifted(evaluation), "as often as they say") == "fail"


@pytest.mark.parametrize(
    ("question", "change", "answer"),
    [
        ("Could every rule", {"cohort_rules_without_table": ["not on the list"]}, "fail"),
        ("Was every predictor known", {"exposures": ["members_chronic"]}, "fail"),
        ("Is the data of every predictor", {"tables_absent": ["points"]}, "fail"),
        ("free of whom officials", {"outcome_tables": ["income", "listing"]}, "fail"),
        ("free of whom officials", {"outcome_tables": None}, "unknown"),
    ],
)
def test_an_item_follows_the_record(evaluation, question, change, answer):
    assert _answer(evaluation, question) == "pass"
    assert _answer(_record(evaluation, **change), question) == answer


def test_items_follow_counts_and_tables(evaluation):
    assert _answer(evaluation, "enough cases to learn") == "pass"
    assert _answer(_with(evaluation, positives=12), "enough cases to learn") == "fail"
    flow = evaluation.flow.assign(**{"cannot be told": 90})
    assert _answer(_with(evaluation, flow=flow), "missing for few") == "fail"
    fewer = [dataclasses.replace(t, positives=40) for t in evaluation.tables["out_of_time"]]
    assert _answer(evaluation, "enough cases to test") == "pass"
    assert _answer(_with(evaluation, tables={"out_of_time": fewer}), "enough cases to test") == "fail"
    assert _answer(_with(evaluation, tables={"out_of_time": fewer[:2]}), "stable over time") == "unknown"
    assert _answer(_with(evaluation, drift=None), "as often as they say") == "unknown"


def test_directions_that_do_not_hold_are_named(evaluation):
    held = {"income_pc_3m": True, "income_pc_12m": False}
    assert evaluation.directions_held == dict.fromkeys(["income_pc_3m", "income_pc_12m", "line_gap_12m"], True)
    assert _answer(_with(evaluation, directions_held=None), "directions that theory") == "unknown"
    assert _answer(_with(evaluation, directions_held={"income_pc_3m": True}), "directions that theory") == "pass"
    broken = _with(evaluation, directions_held=held)
    assert _answer(broken, "directions that theory") == "fail"
    assert "Directions that do not hold: income_pc_12m." in model_card(broken)


def _cell(zh, en, *, hidden=None, worse=False):
    figure = Estimate(value=0.3, low=0.2, high=0.4)
    gap = Estimate(value=-0.2, low=-0.3, high=-0.1) if worse else Estimate(value=-0.01, low=-0.1, high=0.1)
    measures = ("recall", "precision", "false_omission", "observed_to_expected")
    return SimpleNamespace(
        zh=zh,
        en=en,
        hidden=hidden,
        rows=200,
        positives=40,
        estimates=dict.fromkeys(measures, figure),
        differences={"recall": gap},
        flagged=["recall"] if worse else [],
        differs=lambda measure: worse and measure == "recall",
    )


def test_groups_appear_where_they_were_measured_and_a_small_one_shows_no_figure(evaluation):
    plain = _with(evaluation, further=None)
    assert "## Groups" not in model_card(plain)
    assert _answer(plain, "groups alike") == "unknown"
    cells = [
        _cell("女户主", "female-headed", worse=True),
        _cell("回族", "Hui", hidden="few_rows"),
        _cell("移民", "migrants", hidden="not_recorded"),
        _cell("其他", "rest"),
    ]
    card = model_card(_with(evaluation, further=SimpleNamespace(subgroups=cells, by_treatment=None)))
    assert "| Hui | too few to show | – | – | – | – | – |" in card
    assert "| migrants | not recorded | – | – | – | – | – |" in card
    assert "female-headed: recall below everyone else's." in card
    assert "女户主：召回率低于其他农户。" in card
    assert "These differ: female-headed." in card


@pytest.mark.parametrize(
    ("views", "answer"),
    [
        ([("all", None)], "unknown"),
        ([("all", None), ("untreated", "few_positives"), ("treated", None)], "unknown"),
        ([("all", None), ("untreated", None), ("treated", "few_rows")], "pass"),
    ],
)
def test_untreated_households_were_judged_only_where_a_figure_says_so(evaluation, views, answer):
    told = [SimpleNamespace(name=name, hidden=hidden) for name, hidden in views]
    judged = _with(evaluation, further=SimpleNamespace(subgroups=[], by_treatment=told))
    assert _answer(judged, "untreated households") == answer


def test_the_expiry_is_counted_from_the_cut(evaluation):
    sooner = evaluation.experiment.model_copy(update={"expires_months": 3})
    assert "Expires on 2025-02-01" in model_card(evaluation)
    assert "Expires on 2024-05-01" in model_card(_with(evaluation, experiment=sooner))


def test_words_are_escaped_where_they_are_written():
    odd = Section("<b>", [Text("a & b"), Items(["<i>"]), Grid(["x"], [["<td>|"]])])
    page = to_html([odd])
    assert "<b>" not in page
    assert "a &amp; b" in page
    assert "&lt;td&gt;|" in page
    assert "\\|" in to_markdown([odd])


def test_a_section_put_in_later_stands_at_the_head_of_its_language(evaluation):
    added = {"zh": Section("新的一节", [Text("甲")]), "en": Section("A new section", [Text("b")])}
    for card in (model_card(evaluation), card_html(evaluation)):
        more = with_section(card, added)
        assert more.index("新的一节") < more.index("用途") < more.index("A new section") < more.index("Purpose")
    assert with_section("# elsewhere\n", added).index("A new section") < 99


@pytest.mark.parametrize(
    ("contributions", "said"),
    [([1, 2, 3, 4], "rises"), ([4, 3, 2, 1], "falls"), ([1, -1, -1, 1], "mixed"), ([0, 0, 0, 0], "mixed")],
)
def test_the_way_a_feature_moves_the_score(contributions, said):
    import numpy as np

    values = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    assert direction_of(values, np.array([*contributions, 9.0])) == said
