"""Set aside the rows of a block that cannot be read, with place, value, what was expected, and the mapped cells."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from riskmodel.registry.importing.columns import Built, Fault
from riskmodel.registry.importing.mapping import Block
from riskmodel.registry.importing.piece import Piece
from riskmodel.registry.importing.reshape import Grid, outside_headings
from riskmodel.registry.importing.text import canonical, header, shown
from riskmodel.registry.rejects import Rejects
from riskmodel.registry.schema import TABLES

_KNOWN_ON = "known_on"


def set_aside(
    faulty: Sequence[tuple[str, str, str, tuple[Fault, ...]]],
    *,
    block: Block,
    grid: Grid,
    piece: Piece,
    rejects: Rejects,
    built: dict[str, Built],
) -> np.ndarray:
    bad = np.zeros(len(grid.rows), dtype=bool)
    own_date_unread = (
        {TABLES[block.table].own_date} if block.known_on and block.known_on.own_date_plus_days is not None else set()
    )
    originals = _Originals(block, grid, built)
    for name, heading, rule, faults in faulty:
        for fault in faults:
            at = fault.positions
            if name == _KNOWN_ON and own_date_unread:
                # Missing only because the own date is, and that is told already.
                bad[at] = True
                continue
            bad[at] = True
            hidden = name in block.columns and block.columns[name].hash
            value = "(hidden)" if hidden and fault.value is not None else shown(fault.value)
            columns = _melted_names(heading, block, grid, at)
            said = f"{name} is {value}, expected {fault.expected.rstrip('.')}"
            rejects.add_many(
                table=block.table,
                rows=[int(row) for row in grid.rows[at]],
                column=name,
                values=[None if fault.value is None or hidden else canonical(fault.value)] * len(at),
                rule=f"{block.table}.{name}.{rule}",
                messages=[
                    f"{piece.place}, row {row:,}, column {column}: {said}"
                    for row, column in zip(grid.rows[at], columns, strict=True)
                ],
                originals=[originals.of(int(position)) for position in at],
            )
    return bad


def _melted_names(heading: str, block: Block, grid: Grid, at: np.ndarray) -> list[str]:
    if block.melt is not None and grid.melted_from is not None and heading == block.melt.values_to:
        return [str(name) for name in grid.melted_from.iloc[at]]
    return [heading or "(none)"] * len(at)


class _Originals:
    """The mapped cells of a row as JSON; identifiers that are to be hashed appear hashed."""

    def __init__(self, block: Block, grid: Grid, built: dict[str, Built]) -> None:
        self._grid = grid
        self._hashed = {name: built[name].values for name, spec in block.columns.items() if spec.hash}
        secret = {heading for spec in block.columns.values() if spec.hash for heading in spec.outside}
        made = block.melt.made if block.melt else []
        self._open = [name for name in dict.fromkeys([*outside_headings(block), *made]) if name not in secret]
        self._cells = {
            name: grid.cells(name) for name in self._open if grid.named.get(header(name)) in grid.frame.columns
        }

    def of(self, position: int) -> str:
        original = {name: canonical(cells.iat[position]) for name, cells in self._cells.items()}
        hashed = {name: values[position].as_py() for name, values in self._hashed.items()}
        return json.dumps(hashed | original, ensure_ascii=False)
