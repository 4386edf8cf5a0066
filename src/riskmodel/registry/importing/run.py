"""Import outside files into a registry: read, make rows, validate, write; every row accounted for."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import Counter
from collections.abc import Mapping as MappingType
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.errors import CallError, DataError
from riskmodel.files import sha256_of, write_aside
from riskmodel.progress import step, track
from riskmodel.registry.importing.blocks import Counts, Made, drop_repeated, make_rows
from riskmodel.registry.importing.locate import locate
from riskmodel.registry.importing.mapping import Block, Mapping, Source
from riskmodel.registry.importing.mapping_file import load_mapping
from riskmodel.registry.importing.piece import Piece, Wanted
from riskmodel.registry.importing.readers import read_pieces
from riskmodel.registry.importing.reshape import outside_headings
from riskmodel.registry.rejects import REJECTS, Rejects
from riskmodel.registry.schema import TABLES
from riskmodel.registry.validate import validate_tables
from riskmodel.registry.write import keep_other_files, looks_like_registry, write_registry

REPORT = "import.json"
_MIN_SECRET_BYTES = 16


@dataclass(frozen=True)
class BlockCount:
    """What became of the rows of one block of the mapping."""

    block: str
    table: str
    source: str
    counts: Counts


@dataclass(frozen=True)
class ImportReport:
    """What an import did.

    Attributes
    ----------
    blocks : tuple of BlockCount
        In the mapping's order; each adds up.
    tables : dict of str to int
        Rows in the registry.
    rejected_by_rule : dict of str to int
        Lines in rejects.parquet, by rule.
    rejected : int
        Rows set aside, over all blocks.
    examples : tuple of str
        The first rejected row of each rule, in words.
    cut_on : date
        The registry holds what was known strictly before this day.
    files : tuple of dict
        What was read: name, sheet, rows, encoding, sha256.
    """

    blocks: tuple[BlockCount, ...]
    tables: dict[str, int]
    rejected_by_rule: dict[str, int]
    rejected: int
    examples: tuple[str, ...]
    cut_on: dt.date
    files: tuple[dict[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, as import.json holds it."""
        return asdict(self) | {"cut_on": self.cut_on.isoformat()}


@dataclass
class _Row:
    """Where the rows of a table came from: block and piece by number, row in the file."""

    blocks: list[np.ndarray]
    pieces: list[np.ndarray]
    rows: list[np.ndarray]


def import_registry(
    source: Path,
    mapping: Path,
    out: Path,
    *,
    cut_on: dt.date | None = None,
    environment: MappingType[str, str] | None = None,
) -> ImportReport:
    """Make a registry of the outside files at ``source``.

    Parameters
    ----------
    source : Path
        A file, or the folder of the files that the mapping names.
    mapping : Path
        The mapping file.
    out : Path
        The registry's folder; a registry that stands there is replaced.
    cut_on : date, optional
        The registry holds what was known strictly before this day. Left out: the mapping's, else the day after the
        last ``known_on``.
    environment : mapping, optional
        Where the key of pseudonyms is looked up; the process's environment.

    Raises
    ------
    CallError
        The mapping is wrong, ``source`` is not there, a heading is not found, ``out`` is something else.
    DataError
        A source cannot be read, or no row could be kept.
    """
    rules = load_mapping(mapping)
    if not looks_like_registry(Path(out)):
        raise CallError(f"{out} is there already and is not a registry: name a new folder.")
    found = locate(Path(source), rules)
    secret = _secret(rules, Path(mapping), os.environ if environment is None else environment)
    blocks = [_completed(block, rules) for block in rules.tables]
    rejects = Rejects()
    session = _Session(rules, blocks, rejects, secret)
    files: list[dict[str, Any]] = []
    for name, path, shown in track([(n, p, s) for n, all_ in found.items() for p, s in all_], label="reading"):
        mine = [number for number, block in enumerate(blocks) if block.source == name]
        if not mine:
            continue
        wanted = _wanted([blocks[number] for number in mine], rules.sources[name])
        for piece in read_pieces(name, rules.sources[name], path, wanted, shown=shown):
            files.append(_described(piece, path))
            for number in mine:
                session.take(number, piece)
    tables = session.finish()
    with step("checking"):
        kept = session.validated(tables)
    if not any(table.num_rows for table in kept.values()):
        raise DataError(_nothing(session))
    cut = cut_on or rules.cut_on or _day_after_last_known(kept)
    report = ImportReport(
        blocks=tuple(session.block_counts()),
        tables={name: kept[name].num_rows for name in TABLES if name in kept},
        rejected_by_rule=rejects.by_rule(),
        rejected=sum(counts.rejected for counts in session.counts),
        examples=session.examples(),
        cut_on=cut,
        files=tuple(files),
    )
    with step("writing"), write_aside(Path(out)) as aside:
        write_registry(kept, aside, cut_on=cut)
        rejects.write(aside / REJECTS)
        described = {"mapping": Path(mapping).name, "mapping_sha256": sha256_of(Path(mapping))} | report.to_dict()
        (aside / REPORT).write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        keep_other_files(Path(out), aside)
    return report


class _Session:
    """One import under way: rows made so far, where they came from, and what became of the others."""

    def __init__(self, rules: Mapping, blocks: list[Block], rejects: Rejects, secret: bytes | None) -> None:
        self._rules = rules
        self._blocks = blocks
        self._rejects = rejects
        self._secret = secret
        self._made: dict[int, list[tuple[int, Made]]] = {number: [] for number in range(len(blocks))}
        self._pieces: list[str] = []
        self._origins: dict[str, _Row] = {}
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
            origin = self._origins.setdefault(block.table, _Row([], [], []))
            origin.blocks.append(np.full(int(keep.sum()), number))
            origin.pieces.append(np.concatenate([np.full(len(made.origin), at) for at, made in pieces])[keep])
            origin.rows.append(np.concatenate([made.origin for _, made in pieces])[keep])
        return {name: pa.concat_tables(parts[name], promote_options="default") for name in TABLES if name in parts}

    def validated(self, tables: dict[str, pa.Table]) -> dict[str, pa.Table]:
        """Return the rows that stand; the others are set aside under the place in the file that they came from."""
        kept, broken, _ = validate_tables(tables, examples=0)
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


def _completed(block: Block, rules: Mapping) -> Block:
    source = block.source or next(iter(rules.sources))
    return block.model_copy(update={"source": source, "known_on": block.known_on or rules.known_on})


def _wanted(blocks: list[Block], source: Source) -> Wanted:
    headings = [heading for block in blocks for heading in outside_headings(block)]
    melts = tuple(block.melt for block in blocks if block.melt is not None)
    return Wanted(tuple(dict.fromkeys([*headings, *source.fill_down])), melts)


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


def _described(piece: Piece, path: Path) -> dict[str, Any]:
    described: dict[str, Any] = {"source": piece.source, "file": piece.file, "rows": piece.rows_read}
    if piece.sheet is not None:
        described["sheet"] = piece.sheet
    if piece.encoding is not None:
        described["encoding"] = piece.encoding
    if piece.labels:
        described["variable_labels"] = piece.labels
    return described | {"sha256": sha256_of(path)}


def _secret(rules: Mapping, path: Path, environment: MappingType[str, str]) -> bytes | None:
    if not any(spec.hash for block in rules.tables for spec in block.columns.values()):
        return None
    if rules.secret_file is not None:
        file = path.parent / rules.secret_file
        try:
            secret = file.read_bytes().strip()
        except OSError as error:
            raise CallError(f"{path}: secret_file {rules.secret_file} cannot be read: {error.strerror}.") from None
        place = f"the file {rules.secret_file}"
    else:
        secret = environment.get(rules.secret_env, "").encode()
        place = f"the environment variable {rules.secret_env}"
    if not _MIN_SECRET_BYTES <= len(secret) <= 64:
        raise CallError(
            f"{path}: hash: true needs a key of {_MIN_SECRET_BYTES} to 64 bytes in {place}; it has {len(secret)}. "
            "Keep it away from the registry, and use the same one for every import."
        )
    return secret


def _day_after_last_known(tables: dict[str, pa.Table]) -> dt.date:
    last = max(np.max(t["known_on"].cast(pa.int32()).to_numpy()) for t in tables.values() if t.num_rows)
    return dt.date(1970, 1, 1) + dt.timedelta(days=int(last) + 1)


def _nothing(session: _Session) -> str:
    seen = sum(counts.seen for counts in session.counts)
    rejected = sum(counts.rejected for counts in session.counts)
    filtered = sum(counts.filtered for counts in session.counts)
    said = f"no row could be kept: {seen:,} read, {rejected:,} rejected, {filtered:,} left out by where."
    return "\n".join([said, *(f"{line}." for line in session.examples()[:5])])
