"""Asking the models of a backtest again: a month earlier, with a theme shuffled, and taught anew without it."""

from __future__ import annotations

import json
import re
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from riskmodel.errors import CallError, DataError
from riskmodel.evaluation import check_experiment, run_experiment
from riskmodel.evaluation import stability as steady
from riskmodel.features import Catalogue

WAGES = """
from riskmodel.features import feature

THEME = ("工资", "Wages")


def pc(h, view):
    return view.where(source="wage").sum("amount") / h.members.count()


@feature(months=(3, 12), unit="yuan/person", risk="falls", zh="近{months}个月收入", en="income, {months} months")
def income_pc(h, months):
    return pc(h, h.income.last(months=months))


@feature(unit="ratio", risk="falls", zh="距监测线", en="distance to the line")
def line_gap_12m(h):
    return pc(h, h.income.last(months=12)) / 5000 - 1
"""

OTHERS = """
from riskmodel.features import cohort, feature, group, outcome

THEME = ("其他", "The rest")


@feature(unit="count", sensitive=True, zh="患慢性病人数", en="members with a chronic illness")
def members_chronic(h):
    return h.members.where(chronic_illness=True).count()


@feature(unit="count", zh="亲族", en="kin group")
def kin(h):
    return h.household.latest("forest_mu")


@group(zh="有慢性病人", en="with a chronic illness")
def unwell(h):
    return h.members.where(chronic_illness=True).exists() == 1


@group(zh="无人属于", en="nobody is of it")
def unseen(h):
    return h.observation.where(item="unseen").latest("value") == 1


def wages(h):
    return h.next(months=12).income.where(source="wage").sum("amount")


def third_month(h):
    return wages(h) * 0 + 3


@outcome(
    horizon_months=12, lag_days=30, zh="未来一年收入低于线", en="income below the line within a year", shows=third_month
)
def need(h):
    return wages(h) < 10000


@outcome(horizon_months=12, lag_days=30, zh="未来一年收入低于更高的线", en="income below a higher line within a year")
def poorer(h):
    return wages(h) < 12000


@cohort(zh="在户", en="present")
def everyone(h):
    return {"present": h.members.count() > 0}
"""


@pytest.fixture(scope="module")
def asked(workspace, county, tmp_path_factory):
    """Two modules, so that there are two themes; groups; an outcome with a month; an ablation."""
    folder = tmp_path_factory.mktemp("themes")
    (folder / "features").mkdir()
    (folder / "features" / "wages.py").write_text(WAGES, encoding="utf-8")
    (folder / "features" / "others.py").write_text(OTHERS, encoding="utf-8")
    text = county.EXPERIMENT.replace("registry: county", f"registry: {workspace / 'county'}")
    text = text.replace("catalogue: features.py", "catalogue: features").replace("bootstrap: 60", "bootstrap: 40")
    text += "subgroups: {by: [township, unwell, unseen]}\nalso_outcomes: [poorer]\nablation: true\n"
    (folder / "themes.yaml").write_text(text, encoding="utf-8")
    return run_experiment(folder / "themes.yaml", models=folder / "models", out=folder / "out", tracker=None)


def test_wages_are_worth_much_and_the_rest_little(asked):
    further = asked.evaluation.further
    for themes in (further.shuffled, further.left_out):
        worth = {theme.en: theme.worth for theme in themes}
        assert worth["Wages"]["auc"].low > 0.1
        assert worth["Wages"]["auc"].value > 3 * abs(worth["The rest"]["auc"].value)
        assert {theme.en: theme.features for theme in themes} == {"Wages": 3, "The rest": 1}


def test_groups_and_other_outcomes_are_in_the_report_and_not_in_the_model(asked):
    further = asked.evaluation.further
    cells = {cell.name: cell for cell in further.subgroups}
    assert cells["unwell"].hidden is None and cells["unseen"].hidden == "not_recorded"
    assert [view.name for view in further.by_outcome] == ["need", "poorer"]
    assert further.by_outcome[1].positives > further.by_outcome[0].positives
    assert "unwell" not in json.dumps(asked.evaluation.features)
    page = (asked.out / "evaluation.html").read_text(encoding="utf-8")
    for word in (
        "有慢性病人",
        "未登记：登记中没有这项信息",
        "by other outcomes",
        "What each theme",
        "taught anew",
        "How early",
    ):
        assert word in page


def test_every_section_can_be_jumped_to(asked):
    page = (asked.out / "evaluation.html").read_text(encoding="utf-8")
    links, places = re.findall(r'href="#([^"]+)"', page), re.findall(r'<h2 id="([^"]+)"', page)
    assert links == places and len(set(places)) == len(places) > 20
    assert "<h2>" not in page


def test_the_month_of_the_outcome_is_the_lead(asked):
    lead = asked.evaluation.further.lead_time
    assert lead.flagged == (3, 3, 3) and lead.already_flagged == 0


def test_the_list_of_a_month_before_is_much_the_same_and_not_quite(asked):
    one = asked.evaluation.further.stability[-2]
    assert one.origin == "2023-01-01" and 0.9 < one.rank_correlation < 1
    assert 0.4 < one.stays.value < 1
    # Both lists are of one length, so the two shares tell the same.
    assert one.jaccard == pytest.approx(one.stays.value / (2 - one.stays.value))
    assert 0 <= one.still_near <= 1


def test_a_registry_that_cannot_be_read_a_month_earlier_is_an_error_and_no_missing_section(monkeypatch):
    def broken(*_, **__):
        raise DataError("income.parquet: cannot be read")

    monkeypatch.setattr(steady, "build_training_set", broken)
    predictions = SimpleNamespace(taught={(0, 0): None}, origins=[date(2023, 1, 1)])
    experiment = SimpleNamespace(outcome="need", cohort=SimpleNamespace(name=None, without=()))
    prepared = SimpleNamespace(catalogue=Catalogue(), columns=(), registry=None, policy=None, experiment=experiment)
    with pytest.raises(DataError, match="cannot be read"):
        steady.a_month_before(prepared, predictions)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("subgroups: {by: [unwel]}", 'subgroups.by names "unwel", which is not a group of the catalogue.'),
        ("subgroups: {by: [townshp]}", 'Did you mean "township"?'),
        ("also_outcomes: [poor]", 'also_outcomes names "poor", which is not an outcome of the catalogue.'),
        ("subgroups: {smallest: {rows: 0}}", "subgroups.smallest.rows is 0, expected 1 or more."),
        ("ablation: perhaps", "ablation"),
    ],
)
def test_a_wrong_name_is_refused_before_any_work(workspace, tmp_path, line, said):
    path = workspace / "wrong.yaml"
    path.write_text((workspace / "small.yaml").read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    try:
        with pytest.raises(CallError) as raised:
            check_experiment(path, out=tmp_path)
    finally:
        path.unlink()
    assert said in str(raised.value)


def test_what_is_said_is_finite_or_absent(asked):
    def numbers(thing):
        if isinstance(thing, dict):
            for value in thing.values():
                yield from numbers(value)
        elif isinstance(thing, list):
            for value in thing:
                yield from numbers(value)
        elif isinstance(thing, float):
            yield thing

    assert all(np.isfinite(n) for n in numbers(asked.evaluation.further.to_dict()))
