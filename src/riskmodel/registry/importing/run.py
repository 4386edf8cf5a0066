"""Import outside files into a registry: read, make rows, validate, write; every row accounted for."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Mapping as MappingType
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.errors import CallError, DataError
from riskmodel.files import sha256_of, write_aside
from riskmodel.progress import step, track
from riskmodel.registry.importing.locate import locate
from riskmodel.registry.importing.mapping import Block, Mapping, Source
from riskmodel.registry.importing.mapping_file import load_mapping
from riskmodel.registry.importing.piece import Piece, Wanted
from riskmodel.registry.importing.readers import read_pieces
from riskmodel.registry.importing.reshape import outside_headings
from riskmodel.registry.importing.session import BlockCount, Session
from riskmodel.registry.rejects import REJECTS, Rejects
from riskmodel.registry.schema import TABLES
from riskmodel.registry.standing import keep_other_files, may_be_replaced, not_replaceable
from riskmodel.registry.write import write_registry

REPORT = "import.json"
_MIN_SECRET_BYTES = 16


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


def import_registry(
    source: Path,
    mapping: Path,
    out: Path,
    *,
    cut_on: dt.date | None = None,
    today: dt.date | None = None,
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
        The registry's folder; a registry that stands there is replaced, with what simulate told of it.
    cut_on : date, optional
        The registry holds what was known strictly before this day; later rows are set aside. Left out: the
        mapping's, else the day after the last ``known_on`` of the rows that stand.
    today : date, optional
        Where no cut is stated, rows known after this day are set aside, so that the cut lies at most a day after it.
        Left out: not asked.
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
    stated = cut_on or rules.cut_on
    if not may_be_replaced(Path(out)):
        raise CallError(not_replaceable(Path(out)))
    found = locate(Path(source), rules)
    secret = _secret(rules, Path(mapping), os.environ if environment is None else environment)
    blocks = [_completed(block, rules) for block in rules.tables]
    rejects = Rejects()
    session = Session(rules, blocks, rejects, secret)
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
        kept = session.validated(tables, cut_on=stated, today=today)
    if not any(table.num_rows for table in kept.values()):
        raise DataError(_nothing(session))
    cut = stated or _day_after_last_known(kept)
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


def _completed(block: Block, rules: Mapping) -> Block:
    source = block.source or next(iter(rules.sources))
    return block.model_copy(update={"source": source, "known_on": block.known_on or rules.known_on})


def _wanted(blocks: list[Block], source: Source) -> Wanted:
    headings = [heading for block in blocks for heading in outside_headings(block)]
    melts = tuple(block.melt for block in blocks if block.melt is not None)
    return Wanted(tuple(dict.fromkeys([*headings, *source.fill_down])), melts)


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


def _nothing(session: Session) -> str:
    seen = sum(counts.seen for counts in session.counts)
    rejected = sum(counts.rejected for counts in session.counts)
    filtered = sum(counts.filtered for counts in session.counts)
    said = f"no row could be kept: {seen:,} read, {rejected:,} rejected, {filtered:,} left out by where."
    return "\n".join([said, *(f"{line}." for line in session.examples()[:5])])
