"""Means over the other households of a village or township: totals of all, less each household itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import pyarrow as pa

from riskmodel.engine import plan
from riskmodel.engine.calendar import day_number
from riskmodel.engine.fused.columns import as_numpy, filled

_MILLIONTHS = 1_000_000


class Totals:
    """Sums, in whole millionths, and counts of some numbers by place and date.

    Memory grows with the number of places, not of households.

    Parameters
    ----------
    peers
        The means that will be asked for.
    as_of
        The dates, in order.
    """

    def __init__(self, peers: Sequence[plan.Peers], as_of: Sequence[date]) -> None:
        self.parts = list(dict.fromkeys(each.part for each in peers))
        self.places = list(dict.fromkeys(each.place for each in peers))
        self._days = np.array([day_number(day) for day in as_of], np.int32)
        self._found: dict[tuple[plan.Place, str], np.ndarray] = {}

    @property
    def columns(self) -> list[str]:
        """The columns of the household table that say in which place a household lives."""
        return [_column(place) for place in self.places]

    @property
    def outputs(self) -> dict[str, plan.Household]:
        """The numbers to be totalled, by the names under which :meth:`gather` expects them."""
        return {f"part{number}": part for number, part in enumerate(self.parts)}

    def gather(self, pieces: Iterable[pa.Table]) -> None:
        """Total all households anew."""
        self._found.clear()
        for piece in pieces:
            if piece.num_rows:
                self._add(piece)

    def _add(self, piece: pa.Table) -> None:
        date_of = np.searchsorted(self._days, as_numpy(_one(piece["as_of"]).cast(pa.int32()), np.int32))
        units, there = _whole_units([filled(_one(piece[name]), np.float64, missing=np.nan) for name in self.outputs])
        for place in self.places:
            codes, at = _codes(piece[_column(place)])
            cell = at * len(self._days) + date_of
            here = np.zeros((2, len(codes) * len(self._days), len(self.parts)), np.int64)
            np.add.at(here[0], cell, units)
            np.add.at(here[1], cell, there)
            by_code = here.reshape(2, len(codes), len(self._days), -1).transpose(1, 2, 0, 3)
            for code, total in zip(codes, by_code, strict=True):
                before = self._found.get((place, code))
                self._found[place, code] = total if before is None else before + total

    def mean(self, peers: plan.Peers, own: np.ndarray, place: pa.ChunkedArray, date_of: np.ndarray) -> np.ndarray:
        """Return the mean over the others of each row's place and date; NaN where no other has a value.

        Parameters
        ----------
        own
            The rows' own values of the part.
        place, date_of
            In which place each row is, and at which of the dates.
        """
        codes, at = _codes(place)
        if not codes:
            return np.empty(0)
        number = self.parts.index(peers.part)
        totals = np.stack([self._found[peers.place, code][:, :, number] for code in codes])[at, date_of]
        units, there = _whole_units([own])
        many = totals[:, 1] - there[:, 0]
        total = (totals[:, 0] - units[:, 0]).astype(np.float64)
        return np.asarray(total / np.where(many == 0, np.nan, many) / _MILLIONTHS)


def _whole_units(values: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return values in whole millionths, 0 where missing, and 1 where there is one; one column a value."""
    from riskmodel.engine.fused import scan

    there = np.stack([~np.isnan(value) for value in values], axis=1)
    units = np.empty(there.shape, np.int64)
    column = np.empty(len(there), np.int64)
    for number, value in enumerate(values):
        scan.millionths(np.nan_to_num(value, nan=0.0), column)
        units[:, number] = column
    return units, there.astype(np.int64)


def _column(place: plan.Place) -> str:
    return f"{place}_code"


def _one(values: pa.ChunkedArray) -> pa.Array:
    combined = values.combine_chunks()
    return pa.concat_arrays(combined.chunks) if isinstance(combined, pa.ChunkedArray) else combined


def _codes(places: pa.ChunkedArray) -> tuple[list[str], np.ndarray]:
    """Return the different places, and for each row which it is in."""
    encoded = _one(places.cast(pa.string())).dictionary_encode()
    return encoded.dictionary.to_pylist(), as_numpy(encoded.indices, np.int32)
