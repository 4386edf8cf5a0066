"""What happened, noted down month by month, before the clocks say when the registry learned of it."""

from __future__ import annotations

from collections import defaultdict

import numpy as np


class Journal:
    """Rows gathered per table in chunks of columns, so that a month costs a few array appends."""

    def __init__(self) -> None:
        self._chunks: dict[str, list[dict[str, np.ndarray]]] = defaultdict(list)

    def add(self, table: str, hh: np.ndarray, **columns: object) -> None:
        """Note one row per entry of ``hh`` (household positions); a scalar stands for every row."""
        n = len(hh)
        # The first chunk stays even when empty: it tells the columns of a table in which nothing happened.
        if n == 0 and self._chunks[table]:
            return
        chunk = {"hh": np.asarray(hh, dtype=np.int32)}
        for name, value in columns.items():
            array = np.asarray(value)
            chunk[name] = array if array.ndim else np.full(n, array, dtype=_narrow(array.dtype))
        self._chunks[table].append(chunk)

    def columns(self, table: str) -> dict[str, np.ndarray]:
        """Give the rows of ``table`` as whole columns, in the order in which they were noted."""
        chunks = self._chunks.pop(table)
        return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def _narrow(kind: np.dtype) -> np.dtype:
    """Give the type in which a number said once for many rows is kept: 32 bits hold every day, month and code."""
    return np.dtype(np.int32) if kind == np.int64 else kind
