"""Runs a program over one slice of a table: conditions become bits, values become arrays, the kernel does the rest."""

from __future__ import annotations

from datetime import date

import numpy as np

from riskmodel.engine import plan
from riskmodel.engine.fused.columns import Coded, Days, Frame
from riskmodel.engine.fused.conditions import Moment, moves_with_the_day, values_of, whole_months
from riskmodel.engine.fused.program import Program, Tables, Value
from riskmodel.engine.fused.visible import Slice


def run(program: Program, laid: Tables, part: Slice) -> np.ndarray:
    """Return ``(reductions, households, dates)`` as float64, NaN where missing."""
    from riskmodel.engine.fused import kernel

    households, dates = len(part.first), len(program.as_of)
    out = np.empty((len(program.reductions), households, dates))
    spans = list(program.spans().items())
    days = list(dict.fromkeys([*program.days, *(span.column for _, span in spans)]))
    kernel.reduce_rows(
        part.first,
        part.past,
        (part.own, part.known, part.until),
        _static_bits(program, part.rows),
        _moving_bits(program, part.rows),
        (
            _stacked([_day_column(part.rows, name) for name in days], part.rows.rows),
            _stacked([_place_column(part.rows, name) for name in program.places], part.rows.rows),
            _units(laid, part.rows),
            _numbers(laid, part.rows),
        ),
        laid.dates,
        laid.earliest,
        (
            np.array([days.index(span.column) for _, span in spans], np.int64),
            np.array([1 << program.conditions.index(node) for node, _ in spans], np.uint64),
            np.array([span.low for _, span in spans], np.int32).reshape(len(spans), dates),
            np.array([span.high for _, span in spans], np.int32).reshape(len(spans), dates),
            np.array([span.missing for _, span in spans], np.bool_),
        ),
        laid.masks,
        laid.channels,
        laid.reductions,
        out,
    )
    for number, reduction in enumerate(program.reductions):
        if reduction.op == "months_since":
            out[number] = _months_since(out[number], program.ref)
    return out


def _static_bits(program: Program, rows: Frame) -> np.ndarray:
    """Return the bits that do not depend on the date; what reads one column of codes is worked out once a code."""
    from riskmodel.engine.fused import scan

    bits = np.zeros(rows.rows, np.uint64)
    spans = program.spans()
    by_code: dict[str, np.ndarray] = {}
    for position, condition in enumerate(program.conditions):
        if condition in spans or moves_with_the_day(condition):
            continue
        bit = np.uint64(1 << position)
        names = frozenset(plan.columns(condition))
        column = rows[next(iter(names))] if len(names) == 1 else None
        if isinstance(column, Coded):
            marks = by_code.setdefault(next(iter(names)), np.zeros(len(column.values) + 1, np.uint64))
            marks[values_of(condition, _each_code(column)).holds()] |= bit
        else:
            bits[values_of(condition, rows).holds()] |= bit
    for name, marks in by_code.items():
        codes = rows[name]
        assert isinstance(codes, Coded)
        scan.mark(codes.place, marks, bits)
    return bits


def _each_code(column: Coded) -> Frame:
    """A frame with one row a code, missing first: what holds of it holds of every row with the code."""
    each = Coded(np.arange(len(column.values) + 1, dtype=np.int32), column.values)
    return Frame(len(each.place), lambda _: each)


def _moving_bits(program: Program, rows: Frame) -> np.ndarray:
    spans = program.spans()
    moving = [node for node in program.conditions if node not in spans and moves_with_the_day(node)]
    if not moving:
        return np.zeros((0, 0), np.uint64)
    bits = np.zeros((len(program.ref), rows.rows), np.uint64)
    for number, moment in enumerate(program.moments):
        for node in moving:
            bits[number, values_of(node, rows, moment).holds()] |= np.uint64(1 << program.conditions.index(node))
    return bits


def _units(laid: Tables, rows: Frame) -> np.ndarray:
    from riskmodel.engine.fused import scan

    out = np.zeros((len(laid.units), rows.rows), np.int64)
    for number, (value, moment) in enumerate(laid.units):
        given = _given(value, rows, moment)
        if value.scale == 1:
            out[number] = given[0]
        else:
            scan.millionths(np.ascontiguousarray(given[0], np.float64), out[number])
        if given[1] is not None:
            out[number, given[1]] = 0
    return out


def _given(value: Value, rows: Frame, moment: Moment | None) -> tuple[np.ndarray, np.ndarray | None]:
    worked_out = values_of(value.node, rows, moment)
    return worked_out.value, worked_out.missing


def _numbers(laid: Tables, rows: Frame) -> np.ndarray:
    out = np.empty((len(laid.numbers), rows.rows), np.float64)
    for number, (node, moment) in enumerate(laid.numbers):
        given = values_of(node, rows, moment)
        out[number] = given.value
        if given.missing is not None:
            out[number, given.missing] = np.nan
    return out


def _day_column(rows: Frame, name: str) -> np.ndarray:
    column = rows[name]
    assert isinstance(column, Days)
    return column.day


def _place_column(rows: Frame, name: str) -> np.ndarray:
    column = rows[name]
    assert isinstance(column, Coded)
    return column.place


def _stacked(arrays: list[np.ndarray], rows: int) -> np.ndarray:
    return np.stack(arrays) if arrays else np.empty((0, rows), np.int32)


def _months_since(last: np.ndarray, ref: tuple[date, ...]) -> np.ndarray:
    out = np.full(last.shape, np.nan)
    for number, day in enumerate(ref):
        there = ~np.isnan(last[:, number])
        out[there, number] = whole_months(last[there, number].astype(np.int32), day)
    return out
