"""How a run's memory is shared out: it decides how much is done at a time, never what comes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskmodel.errors import CallError
from riskmodel.features.engines import bytes_of
from riskmodel.parallel import cores

DEFAULT = "2GB"
# Python with its libraries, a model's trees, and what the operating system keeps for threads.
_FIXED = 640 << 20
# A number in a slice: as the builder gives it, as the model takes it, and while it is written.
_COPIES = 4
_FEWEST, _MOST = 1_000, 50_000


@dataclass(frozen=True)
class Budget:
    """What a run may take.

    Attributes
    ----------
    memory : int
        Bytes of the whole process, roughly.
    workers : int
        Slices in work at the same time.
    slice_rows : int, optional
        Households in a slice; by default as many as the memory allows, 50,000 at most.
    """

    memory: int
    workers: int
    slice_rows: int | None = None

    @classmethod
    def of(cls, memory: str | None = None, workers: int | None = None, slice_rows: int | None = None) -> Budget:
        """Read a budget as it is asked for; workers are the cores there are, memory is 2 GB, where nothing is said.

        Raises
        ------
        CallError
            Not an amount of memory, one that the program alone exceeds, or less than one worker or household.
        """
        asked = memory or DEFAULT
        many = bytes_of(asked)
        if not many:
            raise CallError(f'memory is "{asked}"; expected an amount such as 2GB or 900MB.')
        for name, number in (("workers", workers), ("slice", slice_rows)):
            if number is not None and number < 1:
                raise CallError(f"{name} is {number}; expected 1 or more.")
        return cls(many, workers or cores(), slice_rows)

    def rows(self, columns: int) -> int:
        """Return how many households a slice of so many columns has.

        Raises
        ------
        CallError
            The memory does not hold the smallest slice; the message says how much does.
        """
        a_row = 8 * columns * _COPIES * (self.workers + 2)
        free = (self.memory - _FIXED) / 2
        if free < a_row * (self.slice_rows or _FEWEST):
            least = _FIXED + 2 * a_row * (self.slice_rows or _FEWEST)
            raise CallError(
                f"memory is {self.memory / 1e9:.2g} GB, and {self.slice_rows or _FEWEST:,} households of {columns} "
                f"columns with {self.workers} workers need {least / 1e9:.2g} GB. Give more (--memory), or take fewer "
                "workers (--workers)."
            )
        return self.slice_rows or int(np.clip(free / a_row, _FEWEST, _MOST))

    @property
    def of_builder(self) -> int:
        """Bytes for the histories that the feature builder holds."""
        return max((self.memory - _FIXED) // 4, 64 << 20)

    @property
    def of_queries(self) -> str:
        """What DuckDB may take, in its own words; beyond that it sorts on disk."""
        return f"{max((self.memory - _FIXED) // 2, 128 << 20) // (1 << 20)}MiB"
