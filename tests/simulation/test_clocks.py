"""A later state is never known before an earlier one, and what the cut hides is not written."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.simulation.clocks import Delay, in_order, known_before, with_corrections, with_withdrawals

ROWS = st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=40)


@given(ROWS)
def test_known_days_rise_within_a_group_and_never_move_back(rows):
    known, group, sequence = (np.array(column) for column in zip(*rows, strict=True))
    settled = in_order(known, group=group, sequence=sequence)
    assert (settled >= known).all()
    for number in set(group.tolist()):
        mine = np.flatnonzero(group == number)
        in_sequence = settled[mine[np.argsort(sequence[mine], kind="stable")]]
        assert (np.diff(in_sequence) >= 1).all()


@given(ROWS)
def test_days_that_are_in_order_already_stay(rows):
    known = np.arange(len(rows)) * 3
    settled = in_order(known, group=np.zeros(len(rows), dtype=int), sequence=np.arange(len(rows)))
    assert settled.tolist() == known.tolist()


def rows_of(n: int) -> dict[str, np.ndarray]:
    return {"hh": np.arange(n), "amount": np.full(n, 100.0), "known_on": np.full(n, 50, dtype=np.int32)}


def test_a_corrected_row_ends_with_the_right_figure():
    rows = with_corrections(rows_of(2000), column="amount", share=0.1, spread=0.3, rng=np.random.default_rng(1))
    later = rows["known_on"] > 50
    assert 150 < later.sum() < 250
    assert (rows["amount"][later] == 100.0).all()
    first_of_corrected = np.isin(rows["hh"], rows["hh"][later]) & ~later
    assert (rows["amount"][first_of_corrected] != 100.0).mean() > 0.95


def test_a_withdrawn_row_comes_after_the_row_that_it_takes_away():
    wrong = {**rows_of(30), "hh": np.arange(100, 130)}
    rows = with_withdrawals(rows_of(50), wrong, rng=np.random.default_rng(1))
    assert len(rows["hh"]) == 50 + 30 + 30
    assert rows["withdrawn"].sum() == 30
    assert (rows["known_on"][rows["withdrawn"]] >= 60).all()


def test_the_cut_hides_what_is_known_on_its_day():
    rows = {"known_on": np.array([8, 9, 10, 11])}
    assert known_before(rows, 10)["known_on"].tolist() == [8, 9]


def test_delays_have_the_stated_mean_and_least():
    days = Delay(least=3, mean=20, late_share=0.0, late_mean=0.0).draw(20_000, np.random.default_rng(0))
    assert days.min() >= 3
    assert 22.5 < days.mean() < 24.5


@given(short=st.integers(0, 40), more=st.integers(0, 40), seed=st.integers(0, 99))
def test_what_is_drawn_for_a_row_does_not_depend_on_the_rows_after_it(short, more, seed):
    """Two counties that lived alike up to a day are known alike up to it, however they go on."""

    def known(n: int) -> list[tuple]:
        amounts = np.arange(n) + 1.0
        days = Delay(1.0, 9.0, 0.3, 60.0).draw(n, np.random.default_rng(seed)) + np.arange(n)
        rows = {"number": np.arange(n), "amount": amounts, "known_on": days}
        told = with_corrections(rows, column="amount", share=0.5, spread=0.4, rng=np.random.default_rng(seed + 1))
        return [entry for entry in zip(*told.values(), strict=True) if entry[0] < short]

    assert known(short) == known(short + more)
