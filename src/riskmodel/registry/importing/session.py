"""An import under way: the rows made so far, where each came from, and what became of the others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from riskmodel.registry.importing.blocks import Counts, Made, drop_repeated, make_rows
from riskmodel.registry.importing.mapping import Block, Mapping, Source
from riskmodel.registry.importing.piece import Piece
from riskmodel.registry.rejects import Rejects
from riskmodel.registry.schema import TABLES
from riskmodel.registry.validate import validate_tables


@dataclass(frozen=True)
class BlockCount:
    """What became of the rows of one block of the mapping."""

    block: str
    table: str
    source: str
    counts: Counts


@dataclass
class _Origin:
    """Where the rows of one table came from: block and piece by number, row in the file."""

    blocks: list[np.ndarray]
    pieces: list[np.ndarray]
    rows: list[np.ndarray]


class Session:
    """One import under way: rows made so far, where they came from, and what became of the others."""

    def __init__(self, rules: Mapping, blocks: list[Block], rejects: Rejects, secret: bytes | None) -> None:
        self._rules = rules
        self._blocks = blocks
        self._rejects = rejects
        self._secret = secret
        self._made: dict[int, list[tuple[int, Made]]] = {number: [] for number in range(len(blocks))}
        self._pieces: list[str] = []
        self._origins: dict[str, _Origin] = {}
        self.counts = [Counts() for _ in blocks]

    def take(self, number: int, piece: Piece) -> None:
        """Make the rows of one block from one piece."""
        block = self._blocks[number]
        made = make_rows(
            block,
            piece,
            id_suffix=self._suffix(number),
            rejects=self._rejects,
            secret=self._secret,
            several=_id_prefix(piece, self._rules.sources[piece.source]),
        )
        self.counts[number] += made.counts
        self._pieces.append(piece.place)
        self._made[number].append((len(self._pieces) - 1, made))

    def finish(self) -> dict[str, pa.Table]:
        """Put the rows of all blocks together, repeated ones left out where a block says so."""
        parts: dict[str, list[pa.Table]] = {}
        for number, block in enumerate(self._blocks):
            pieces = self._made.pop(number)
            if not pieces:
                continue
            rows = pa.concat_tables([made.rows for _, made in pieces])
            generated = "record_id" not in block.columns
            keep = drop_repeated(block, rows, generated_id=generated)
            repeated = int((~keep).sum())
            self.counts[number] += Counts(kept=-repeated, repeated=repeated)
            parts.setdefault(block.table, []).append(rows.filter(pa.array(keep)))
            origin = self._origins.setdefault(block.table, _Origin([], [], []))
            origin.blocks.append(np.full(int(keep.sum()), number))
            origin.pieces.append(np.concatenate([np.full(len(made.origin), at) for at, made in pieces])[keep])
            origin.rows.append(np.concatenate([made.origin for _, made in pieces])[keep])
        return {name: pa.concat_tables(parts[name], promote_options="default") for name in TABLES if name in parts}

    def validated(self, tables: dict[str, pa.Table], *, cut_on: date | None, today: date | None) -> dict[str, pa.Table]:
        """Return the rows that stand; the others are set aside under the place in the file that they came from."""
        kept, broken, _ = validate_tables(tables, examples=0, cut_on=cut_on, today=today)
        lines = broken.to_arrow().to_pylist()
        lost: dict[str, set[int]] = {}
        for line in lines:
            lost.setdefault(line["table"], set()).add(line["row"] - 1)
            place, row = self._origin(line["table"], line["row"] - 1)
            self._rejects.add(**(line | {"row": row, "message": f"{place}, row {row:,}: {line['message']}"}))
        for name, positions in lost.items():
            numbers = np.concatenate(self._origins[name].blocks)[sorted(positions)]
            for number, count in Counter(numbers.tolist()).items():
                self.counts[number] += Counts(kept=-count, rejected=count)
        return kept

    def block_counts(self) -> list[BlockCount]:
        """Return what became of every block's rows; each adds up."""
        counted = []
        for number, (block, counts) in enumerate(zip(self._blocks, self.counts, strict=True)):
            name = block.name or f"tables[{number}]"
            if not counts.adds_up:
                raise AssertionError(f"{name}: rows seen are not the sum of what became of them: {counts}")
            counted.append(BlockCount(name, block.table, block.source or "", counts))
        return counted

    def examples(self) -> tuple[str, ...]:
        """Return the first message of each rule."""
        first: dict[str, str] = {}
        for line in self._rejects.to_arrow().select(["rule", "message"]).to_pylist():
            first.setdefault(line["rule"], line["message"])
        return tuple(first[rule] for rule in sorted(first))

    def _origin(self, table: str, position: int) -> tuple[str, int]:
        origin = self._origins[table]
        for pieces, rows in zip(origin.pieces, origin.rows, strict=True):
            if position < len(rows):
                return self._pieces[pieces[position]], int(rows[position])
            position -= len(rows)
        raise IndexError(position)

    def _suffix(self, number: int) -> str:
        block = self._blocks[number]
        alike = [
            n for n, other in enumerate(self._blocks) if (other.table, other.source) == (block.table, block.source)
        ]
        if alike[0] == number:
            return ""
        return block.name or str(alike.index(number) + 1)


def _id_prefix(piece: Piece, source: Source) -> str:
    """Return what generated record ids begin with: it hangs on the mapping, so that more files change no id."""
    parts = [piece.source]
    if source.file is not None and any(mark in source.file for mark in "*?["):
        parts.append(Path(piece.file).stem)
    if piece.sheet is not None and (
        len(source.sheet) > 1 or any("*" in sheet or "?" in sheet for sheet in source.sheet)
    ):
        parts.append(piece.sheet)
    return "-".join(parts)
