"""Calls side by side: in order, at the same time, and none begun after one has failed."""

from __future__ import annotations

import threading
import time
from functools import partial

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from riskmodel.parallel import side_by_side


def slow(value: int) -> int:
    time.sleep(0.02 * (5 - value))
    return value


def test_results_come_in_the_order_of_the_calls() -> None:
    assert list(side_by_side([partial(slow, value) for value in range(5)], workers=5)) == [0, 1, 2, 3, 4]


def test_two_workers_run_two_calls_at_a_time() -> None:
    both = threading.Barrier(2, timeout=30)
    assert len(list(side_by_side([both.wait] * 4, workers=2))) == 4


def test_a_failure_is_raised_and_what_had_not_begun_never_begins() -> None:
    begun: list[int] = []

    def call(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise ValueError("call 1")
        time.sleep(0.05)

    with pytest.raises(ValueError, match="call 1"):
        list(side_by_side([partial(call, number) for number in range(50)], workers=1))
    assert len(begun) < 10


def test_each_call_has_one_thread_of_blas_and_afterwards_all_is_as_before() -> None:
    def threads() -> list[int]:
        np.ones((2, 2)) @ np.ones((2, 2))
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    before = threads()
    assert list(side_by_side([threads, threads])) == [[1] * len(before)] * 2
    assert threads() == before


def test_no_more_calls_begin_than_may_be_ahead() -> None:
    begun: list[int] = []
    results = side_by_side([partial(begun.append, number) for number in range(50)], workers=2, ahead=7)
    next(results)
    time.sleep(0.1)
    assert len(begun) == 8
    results.close()


def test_calls_under_way_are_told_when_nobody_waits_for_them() -> None:
    stopped = threading.Event()
    results = side_by_side([lambda: None, lambda: stopped.wait(30)], workers=2, stopped=stopped)
    next(results)
    began = time.monotonic()
    results.close()
    assert stopped.is_set()
    assert time.monotonic() - began < 10
