"""Groups and townships: what the list does for each, what is hidden, and what is flagged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from riskmodel.evaluation.asked import Asked
from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.beside import Beside
from riskmodel.evaluation.bootstrap import widened
from riskmodel.evaluation.compare import draws_of
from riskmodel.evaluation.lead_time import lead_time
from riskmodel.evaluation.other_eyes import by_outcome, by_treatment
from riskmodel.evaluation.subgroups import Smallest, subgroups
from riskmodel.evaluation.totals import totals
from riskmodel.evaluation.townships import township_lists
from riskmodel.evaluation.visits import visits

N, VILLAGES = 6000, 60


def ask(*, risk, outcome, groups=None, townships=None, exposure=None, others=None, shown=None) -> Asked:
    """Two origins of the same households, in sixty villages."""
    clusters = np.arange(len(risk)) % VILLAGES
    half = len(risk) // 2
    return Asked(
        predictions=Predictions(
            rows=np.arange(len(risk)),
            stratum=np.repeat([0, 1], [half, len(risk) - half]),
            fold=np.zeros(len(risk), dtype=int),
            outcome=outcome.astype(float),
            scores={"model": risk},
            origins=[None, None],
            trained_on=[(1, 1)] * 2,
        ),
        beside=Beside(
            groups=groups or {}, townships=townships, others=others or {}, shown=shown, exposure=exposure or {}
        ),
        boot=draws_of(clusters, draws=200, seed=5),
        clusters=clusters,
        capacities=(0.05, 0.10),
        main=0.05,
        smallest=Smallest(rows=30, positives=10),
        level=0.95,
        wide=widened(0.95, groups=VILLAGES),
    )


@pytest.fixture
def drawn():
    rng = np.random.default_rng(11)
    risk = rng.beta(1, 9, N)
    return rng, risk, (rng.random(N) < risk).astype(float)


def words(*names):
    return {name: (name, name) for name in names}


def test_a_group_whose_risk_is_said_too_low_is_flagged_and_one_that_is_not_is_not(drawn):
    rng, risk, outcome = drawn
    unseen, level = rng.random(N) < 0.3, rng.random(N) < 0.5
    # The model halves the risk of the unseen.
    said = np.where(unseen, risk / 2, risk)
    asked = ask(risk=said, outcome=outcome, groups={"unseen": unseen * 1.0, "level": level * 1.0})
    cells = {cell.name: cell for cell in subgroups(asked, words("unseen", "level"))}
    unlucky = cells["unseen"]
    assert {"recall", "observed_to_expected", "false_omission"} <= set(unlucky.flagged)
    assert unlucky.differences["recall"].high < 0 < unlucky.differences["observed_to_expected"].low
    assert unlucky.estimates["observed_to_expected"].value == pytest.approx(2, abs=0.3)
    assert cells["level"].flagged == []
    assert cells["level"].estimates["recall"].low < cells["level"].estimates["recall"].high


def test_what_is_said_of_a_group_is_what_one_counts_by_hand(drawn):
    rng, risk, outcome = drawn
    inside = rng.random(N) < 0.4
    asked = ask(risk=risk, outcome=outcome, groups={"g": inside * 1.0})
    (cell,) = subgroups(asked, words("g"))
    on = np.zeros(N, dtype=bool)
    for half in (np.arange(N) < N // 2, np.arange(N) >= N // 2):
        rows = np.flatnonzero(half)
        on[rows[np.argsort(-risk[rows])[: round(0.05 * len(rows))]]] = True
    y = outcome == 1
    by_hand = {
        "recall": (on & y & inside).sum() / (y & inside).sum(),
        "precision": (on & y & inside).sum() / (on & inside).sum(),
        "false_omission": (~on & y & inside).sum() / (~on & inside).sum(),
        "observed_to_expected": (y & inside).sum() / risk[inside].sum(),
        "mean_risk": risk[inside].mean(),
        "share": y[inside].mean(),
        "listed_share": on[inside].mean(),
    }
    assert {m: e.value for m, e in cell.estimates.items()} == pytest.approx(by_hand)
    assert (cell.rows, cell.positives, cell.clusters) == (inside.sum(), (y & inside).sum(), VILLAGES)
    others = (on & y & ~inside).sum() / (y & ~inside).sum()
    assert cell.differences["recall"].value == pytest.approx(by_hand["recall"] - others)


def test_small_groups_are_hidden_with_the_reason_and_their_numbers_are_nowhere(drawn):
    _, risk, outcome = drawn
    few = np.zeros(N)
    few[:29] = 1
    quiet = np.zeros(N)
    quiet[np.flatnonzero(outcome == 0)[:400]] = 1
    asked = ask(risk=risk, outcome=outcome, groups={"few": few, "quiet": quiet, "never": np.full(N, np.nan)})
    plain = {cell.name: cell.to_dict() for cell in subgroups(asked, words("few", "quiet", "never"))}
    assert {name: said["hidden"] for name, said in plain.items()} == {
        "few": "few_rows",
        "quiet": "few_positives",
        "never": "not_recorded",
    }
    assert all(set(said) == {"name", "zh", "en", "township", "hidden"} for said in plain.values())
    shown = replace(asked, smallest=Smallest(rows=20, positives=1))
    assert {c.name: c.hidden for c in subgroups(shown, words("few", "quiet", "never"))}["few"] is None


def test_a_group_from_a_handful_of_villages_has_no_interval(drawn):
    _, risk, outcome = drawn
    inside = np.arange(N) % VILLAGES < 4
    (cell,) = subgroups(ask(risk=risk, outcome=outcome, groups={"g": inside * 1.0}), words("g"))
    assert np.isnan(cell.estimates["recall"].low) and not np.isnan(cell.estimates["recall"].value)
    assert cell.differences == {} and cell.flagged == []


def test_those_of_whom_it_is_not_known_are_neither_group_nor_everyone_else(drawn):
    rng, risk, outcome = drawn
    inside = (rng.random(N) < 0.5).astype(float)
    unknown = rng.random(N) < 0.4
    told = np.where(unknown, np.nan, inside)
    (cell,) = subgroups(ask(risk=risk, outcome=outcome, groups={"g": told}), words("g"))
    rate = [(outcome[told == v]).sum() / risk[told == v].sum() for v in (1, 0)]
    assert cell.differences["observed_to_expected"].value == pytest.approx(rate[0] - rate[1])


def test_townships_that_visit_their_own_find_fewer_where_risk_is_in_one_of_them(drawn):
    rng, _, _ = drawn
    townships = np.where(np.arange(N) % VILLAGES < 20, "poor", "rich")
    risk = np.where(townships == "poor", rng.beta(2, 6, N), rng.beta(1, 60, N))
    outcome = rng.random(N) < risk
    found = township_lists(ask(risk=risk, outcome=outcome, townships=townships))
    assert found.less[0]["recall"].high < 0
    by = {cell.name: cell for cell in found.by_township_own}
    assert by["poor"].estimates["listed_share"].value == pytest.approx(0.05, abs=0.001)
    assert by["rich"].estimates["listed_share"].value == pytest.approx(0.05, abs=0.001)
    county = {cell.name: cell for cell in found.by_township_county}
    assert county["poor"].estimates["listed_share"].value > 0.12
    assert township_lists(ask(risk=risk, outcome=outcome, townships=np.full(N, "one"))) is None


def test_visits_for_one_case_and_the_households_that_tie_at_the_line(drawn):
    _, risk, outcome = drawn
    found = visits(ask(risk=np.round(risk, 1), outcome=outcome))
    for one in found:
        assert one.visits_per_case.value == pytest.approx(1 / one.precision.value)
        assert one.visits_per_case.low < one.visits_per_case.value < one.visits_per_case.high
        assert one.tied > one.places > 0
    assert all(one.tied == 0 for one in visits(ask(risk=risk, outcome=outcome)))


def test_risks_add_up_to_the_cases_or_the_report_marks_it(drawn):
    _, risk, outcome = drawn
    first, second, both = totals(ask(risk=risk, outcome=outcome))
    assert both.expected.value == pytest.approx(risk.sum()) and both.observed.value == outcome.sum()
    assert not both.off and first.rows + second.rows == both.rows
    assert totals(ask(risk=risk * 0.5, outcome=outcome))[-1].off


def test_untreated_households_are_judged_with_their_own_list(drawn):
    rng, risk, outcome = drawn
    helped = (rng.random(N) < 0.3).astype(float)
    kept_out = np.where((helped == 1) & (rng.random(N) < 0.8), 0.0, outcome)
    views = by_treatment(
        ask(risk=risk, outcome=kept_out, exposure={"measures_received": helped, "visited": 1 - helped})
    )
    by = {view.name: view for view in views}
    assert by["all"].rows == by["untreated"].rows + by["treated"].rows == N
    assert by["untreated"].rows == (helped == 0).sum()
    assert by["untreated"].estimates["observed_to_expected"].value == pytest.approx(1, abs=0.15)
    assert by["treated"].estimates["observed_to_expected"].value < 0.5
    assert [v.name for v in by_treatment(ask(risk=risk, outcome=outcome, exposure={"listed": np.full(N, np.nan)}))] == [
        "all"
    ]


def test_another_outcome_is_judged_where_it_is_known(drawn):
    rng, risk, outcome = drawn
    other = (rng.random(N) < np.minimum(2 * risk, 1)).astype(float)
    other[:1000] = np.nan
    asked = ask(risk=risk, outcome=outcome, others={"more": other})
    first, second = by_outcome(asked, words("need", "more"), predicted="need")
    assert (first.rows, second.rows) == (N, N - 1000)
    assert second.estimates["observed_to_expected"].value == pytest.approx(2, abs=0.25)


def test_lead_time_is_of_those_listed_whose_need_had_not_shown_yet(drawn):
    _, risk, outcome = drawn
    shown = np.where(outcome == 1, 4.0, np.nan)
    order = np.argsort(-risk)
    true = order[outcome[order] == 1]
    shown[true[:10]] = shown[true[-10:]] = 0
    asked = ask(risk=risk, outcome=outcome, shown=shown)
    found = lead_time(asked)
    listed = asked.listed() > 0.5
    y = outcome == 1
    assert found.already_flagged + found.already_missed == 20
    assert found.flagged == (4, 4, 4)
    assert found.n_flagged == (listed & y).sum() - found.already_flagged
    assert found.n_flagged + found.n_missed == y.sum() - 20
    assert sum(on + off for _, _, on, off in found.by_month) == y.sum()
    assert lead_time(ask(risk=risk, outcome=outcome)) is None


@pytest.mark.parametrize(
    ("rows", "positives", "shown"),
    [
        ([500, 400, 300], [50, 40, 30], [0, 1, 2]),
        ([500, 400, 20], [50, 40, 12], [0]),
        ([500, 400, 20, 8], [50, 40, 11, 1], [0]),
        ([500, 400, 35, 29], [50, 40, 2, 9], [0, 1]),
        ([500, 20], [50, 12], []),
        ([500, 0], [50, 0], [0]),
        ([20], [5], []),
    ],
)
def test_what_is_hidden_does_not_follow_from_the_total_less_what_is_shown(rows, positives, shown):
    smallest = Smallest(rows=30, positives=10)
    why = smallest.hides_of(rows, positives)
    assert [n for n, reason in enumerate(why) if reason is None] == shown
    hidden = [n for n, reason in enumerate(why) if reason is not None and rows[n]]
    if hidden and shown:
        assert len(hidden) > 1
        assert smallest.hides(sum(rows[n] for n in hidden), sum(positives[n] for n in hidden)) is None


def test_a_hidden_group_cannot_be_had_from_the_total_less_the_other(drawn):
    _, risk, outcome = drawn
    helped = np.zeros(N)
    helped[:25] = 1
    townships = np.where(np.arange(N) < 20, "small", np.where(np.arange(N) < 2000, "middle", "large"))
    asked = ask(
        risk=risk,
        outcome=outcome,
        groups={"nearly all": 1 - helped},
        townships=townships,
        exposure={"measures_received": helped},
    )
    assert {v.name: v.hidden for v in by_treatment(asked)} == {
        "all": None,
        "untreated": "for_another",
        "treated": "few_rows",
    }
    group, *inside = subgroups(asked, words("nearly all"))
    assert group.hidden == "for_another"
    expected = {"large": None, "middle": "for_another", "small": "few_rows"}
    assert {cell.name: cell.hidden for cell in inside} == expected
    lists = township_lists(asked)
    assert {cell.name: cell.hidden for cell in (*lists.by_township_own, *lists.by_township_county)} == expected


def test_lead_times_say_no_count_below_the_smallest_and_none_that_would_give_one_away(drawn):
    rng, risk, outcome = drawn
    y = outcome == 1
    shown = np.where(y, rng.integers(1, 13, N), np.nan)
    asked = ask(risk=risk, outcome=outcome, shown=shown)
    listed = asked.listed() > 0.5
    shown[np.flatnonzero(y & listed)[:3]] = 0
    shown[np.flatnonzero(y & ~listed)[:40]] = 0
    found = lead_time(asked)
    assert (found.already_flagged, found.n_flagged) == (None, None), "3 = those on the list that it came to - n_flagged"
    assert found.flagged is not None
    assert (found.already_missed, found.n_missed) == (40, (y & ~listed).sum() - 40)
    assert len(found.by_month) > 1
    assert all(min(on, off) >= asked.smallest.positives for _, _, on, off in found.by_month)
    assert found.by_month[0][0] == 0 and found.by_month[-1][1] == 12
    assert [a[1] + 1 for a in found.by_month[:-1]] == [b[0] for b in found.by_month[1:]]
    assert sum(on for _, _, on, _ in found.by_month) == (y & listed).sum()
    assert sum(off for _, _, _, off in found.by_month) == (y & ~listed).sum()
    few = lead_time(replace(asked, smallest=Smallest(rows=30, positives=int((y & listed).sum()) + 1)))
    assert few.by_month == [] and few.flagged is None and few.n_flagged is None


def test_a_view_is_as_uncertain_as_the_villages_that_it_is_from(drawn):
    _, risk, outcome = drawn
    few, handful = (np.arange(N) % VILLAGES < many for many in (8, 4))
    for helped, level in ((few, widened(0.95, groups=8)), (handful, None)):
        asked = ask(risk=risk, outcome=outcome, exposure={"measures_received": helped * 1.0})
        by = {view.name: view for view in by_treatment(asked)}
        found = by["treated"].estimates["observed_to_expected"]
        assert found.value == pytest.approx(outcome[helped].sum() / risk[helped].sum())
        if level is None:
            assert np.isnan([(e.low, e.high, e.standard_error) for e in by["treated"].estimates.values()]).all()
        else:
            weights = np.concatenate(list(asked.boot.weights(asked.clusters)))
            drawn_ratios = (weights @ (outcome * helped)) / (weights @ (risk * helped))
            tail = (1 - level) / 2 * 100
            assert (found.low, found.high) == pytest.approx(np.percentile(drawn_ratios, [tail, 100 - tail]))
        assert not np.isnan(by["untreated"].estimates["auc"].low)
