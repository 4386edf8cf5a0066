"""A follow-up finds an effect that was planted, none where there is none, and says when it should not be relied on."""

from __future__ import annotations

import json

import numpy as np
import pytest
from follow_ups import made_rows, reckoned
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.errors import CallError

PLANTED = 3000.0


@pytest.mark.parametrize("effect", [PLANTED, 0.0])
def test_what_was_planted_is_found_and_nothing_where_nothing_was(effect):
    rows = made_rows(1, effect=effect)
    found = reckoned(rows)
    assert found.effect.low < effect < found.effect.high
    assert (found.effect.low > 0) == (effect > 0)
    assert found.effect.high - found.effect.low < 2500
    # Those who get a measure are chosen after a fall, and recover by themselves: unmatched, that looks like an effect.
    change = rows.after - rows.before
    assert change[rows.treated].mean() - change[~rows.treated].mean() > effect + 1000


def test_the_words_say_so_in_both_languages():
    found = reckoned(made_rows(1, effect=PLANTED))
    assert f"{found.effect.value:+,.0f} yuan more (95% interval" in found.sentence("en")
    assert f"多变化{found.effect.value:+,.0f}元（95%区间" in found.sentence("zh")
    none = reckoned(made_rows(1, effect=0.0))
    assert "The interval holds zero" in none.sentence("en")
    assert "区间包含零" in none.sentence("zh")
    for lang, told in (("en", ["not drawn by lot", "recover", "gained", "prices", "present support"]),
                       ("zh", ["不是随机", "回升", "受益", "物价", "现有帮扶"])):  # fmt: skip
        assert all(word in " ".join(found.limits(lang)) for word in told)


def test_matching_makes_the_groups_alike():
    found = reckoned(made_rows(2, effect=0.0, villages=80))
    income, change = found.balance[:2]
    assert income.before < -0.5 and change.before < -0.5
    assert all(abs(row.after) < abs(income.before) / 2 for row in found.balance)
    assert found.placebo_earlier.low < 0 < found.placebo_earlier.high
    assert not any("placebo" in told for told in found.warnings("en"))


def test_a_placebo_that_is_not_zero_is_told():
    found = reckoned(made_rows(3, effect=0.0, villages=160, on_level=0, on_change=0, on_unseen=-1.0))
    assert found.placebo_earlier.low > 0
    assert any("The placebo is not zero" in told for told in found.warnings("en"))
    assert any("安慰剂检验不为零" in told for told in found.warnings("zh"))


def test_a_short_history_has_no_placebo_on_earlier_years_and_says_so():
    rows = made_rows(1, effect=0.0)
    rows["earliest"] = np.nan
    found = reckoned(rows)
    assert found.placebo_earlier is None
    assert found.placebo_before is not None
    assert any("history is too short" in told for told in found.warnings("en"))


def test_few_have_no_interval_and_are_told_to_be_few():
    rows = made_rows(4, effect=PLANTED)
    few = rows.index[rows.treated][:12]
    found = reckoned(rows[~rows.treated | rows.index.isin(few)])
    assert 0 < found.matched <= 12
    assert np.isnan(found.effect.low) and np.isnan(found.effect.high)
    assert "too few for an interval" in found.sentence("en")
    assert "不给区间" in found.sentence("zh")
    assert found.to_dict()["effect"]["low"] is None


def test_the_treated_of_a_few_villages_have_no_interval_however_many_they_are():
    rows = made_rows(5, effect=PLANTED, each=60, usual=0.0)
    mine = rows.village_code.isin(["V000", "V001", "V002"])
    found = reckoned(rows[~rows.treated | mine])
    assert found.matched >= 20 and found.villages == 3
    assert np.isnan(found.effect.low)
    assert "in 3 villages are too few" in found.sentence("en")


@pytest.mark.parametrize("nobody", ["treated", "others"])
def test_where_nobody_can_be_compared_there_is_no_result_rather_than_zero(nobody):
    rows = made_rows(1, effect=0.0)
    found = reckoned(rows[rows.treated] if nobody == "others" else rows[:0])
    assert (found.effect, found.unadjusted, found.with_measure, found.placebo_before) == (None, None, None, None)
    assert "not a result of zero" in found.sentence("en")
    assert "不是零" in found.sentence("zh")
    assert found.to_dict()["effect"] is None
    assert found.to_rows().set_index("item").value.isna()["effect"]


def test_households_are_accounted_for_and_the_file_is_plain_json():
    found = reckoned(made_rows(6, effect=PLANTED))
    assert found.matched + sum(found.left_out.values()) == found.begun
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["with_measure"]["change"] - told["without"]["change"] == pytest.approx(told["unadjusted"])
    assert set(told["words"]) == {"zh", "en"}
    figures = found.to_rows().set_index("item")
    assert figures.low["effect"] == told["effect"]["low"]


@settings(max_examples=8, deadline=None)
@given(shuffled=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(shuffled):
    rows = made_rows(7, effect=PLANTED, villages=15)
    order = list(range(len(rows)))
    shuffled.shuffle(order)
    assert reckoned(rows.iloc[order]).to_dict() == reckoned(rows).to_dict()


@settings(max_examples=8, deadline=None)
@given(more=st.floats(-5_000, 5_000), prices=st.floats(0.5, 2))
def test_what_befalls_everyone_alike_is_no_effect_and_another_unit_scales_it(more, prices):
    rows = made_rows(7, effect=PLANTED, villages=15)
    usual = reckoned(rows)
    shared = reckoned(rows.assign(after=rows.after + more))
    assert shared.effect.value == pytest.approx(usual.effect.value, abs=1e-6)
    money = ["after", "before", "earlier", "earliest", "net_income_pc_12m", "net_income_pc_change_12m"]
    scaled = reckoned(rows.assign(**{name: rows[name] * prices for name in money}))
    assert scaled.matched == usual.matched
    assert scaled.effect.value == pytest.approx(usual.effect.value * prices, rel=1e-6)


def test_a_wrong_call_is_refused():
    with pytest.raises(CallError, match="neighbours is 0; expected 1 or more"):
        reckoned(made_rows(1, effect=0.0), neighbours=0)
    with pytest.raises(CallError, match="caliper is 0; expected a distance above 0"):
        reckoned(made_rows(1, effect=0.0), caliper=0)


@pytest.mark.long
@pytest.mark.parametrize("effect", [PLANTED, 0.0])
def test_intervals_cover_as_often_as_they_say(effect):
    """300 follow-ups with selection on level and change: 95% intervals cover within what chance allows, and no bias."""
    found = [reckoned(made_rows(seed, effect=effect), draws=400) for seed in range(300)]
    values = np.array([one.effect.value for one in found])
    covered = np.mean([one.effect.low <= effect <= one.effect.high for one in found])
    quiet = np.mean([one.placebo_earlier.low <= 0 <= one.placebo_earlier.high for one in found])
    assert abs(values.mean() - effect) < 3 * values.std() / np.sqrt(len(values))
    assert covered >= 0.92
    assert 0.92 <= quiet <= 0.98
