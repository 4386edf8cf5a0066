"""The features of all flagged households and what each contributed, gathered before anything is said of them.

Contributions are worked out for many households at once: reading the trees costs the same for few. What comes of it
lies in files that the parts, in which households are then explained, are read from; the contributions are a result of
the run as they lie.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.allocation import give_back_freed_memory
from riskmodel.explain import Contributions
from riskmodel.explain.bulk import SLICE
from riskmodel.files import CODEC, sha256_of, write_aside
from riskmodel.monitoring.explaining import contributions_table
from riskmodel.monitoring.flags import contributions_schema
from riskmodel.monitoring.selecting import CHOSEN_FILE

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from riskmodel.monitoring.checkpoint import Checkpoints
    from riskmodel.monitoring.run import Run
    from riskmodel.monitoring.slices import Slice


CONTRIBUTIONS_FILE = "contributions.parquet"
# What is kept for people to read, not only for the run.
_CODEC = "zstd"
_ROW_GROUP = 5_000


def contribute(
    run: Run, work: Checkpoints, slices: Sequence[Slice], *, flagged: int, part: int
) -> list[dict[str, Any]]:
    """Leave the flagged households' features and contributions among the parts of the run.

    Parameters
    ----------
    flagged : int
        How many there are.
    part : int
        How many are explained at a time; it divides what is worked out at a time.

    Returns
    -------
    list of dict
        How the contributions of each slice were worked out.
    """
    told = []
    for number in range(-(-flagged // _at_once(part))):
        how = work.noted(_name(number))
        if how is None:
            how = _contribute(run, work, slices, number=number, flagged=flagged, part=part)
            give_back_freed_memory()
        told.append(how)
    return told


def part_of(work: Checkpoints, number: int, *, part: int, names: Sequence[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the features and the contributions of one part of the flagged households, in the order of their ids.

    Parameters
    ----------
    names : sequence of str
        The model's features, in its order.
    """
    slice_, place = divmod(number, _at_once(part) // part)
    rows = slice(place * part, (place + 1) * part)
    features = _rows(work.path(f"{_name(slice_)}.features.parquet"), rows).to_pandas()
    values = _rows(work.path(f"{_name(slice_)}.parquet"), rows, columns=list(names)).to_pandas()
    return features, values.to_numpy(dtype=np.float64)


def _rows(path: Path, rows: slice, *, columns: list[str] | None = None) -> pa.Table:
    """Read some rows of a file, from the row groups that have them."""
    with pq.ParquetFile(path) as file:
        first, last = rows.start // _ROW_GROUP, min((rows.stop - 1) // _ROW_GROUP, file.num_row_groups - 1)
        found = file.read_row_groups(range(first, last + 1), columns=columns)
    return found.slice(rows.start - first * _ROW_GROUP, rows.stop - rows.start)


def join_contributions(run: Run, work: Checkpoints, *, flagged: int, part: int) -> None:
    """Leave the contributions of all flagged households as one file, in the order of their ids."""
    files = [work.path(f"{_name(number)}.parquet") for number in range(-(-flagged // _at_once(part)))]
    schema = contributions_schema(run.model_features)
    with write_aside(work.path(CONTRIBUTIONS_FILE)) as aside:
        if len(files) == 1:
            shutil.copyfile(files[0], aside)
            return
        with pq.ParquetWriter(aside, schema, compression=_CODEC) as out:
            for file in files:
                out.write_table(pq.read_table(file), row_group_size=_ROW_GROUP)


def _at_once(part: int) -> int:
    return max(SLICE // part, 1) * part


def _name(number: int) -> str:
    return f"contributions-{number:05d}"


def _contribute(
    run: Run, work: Checkpoints, slices: Sequence[Slice], *, number: int, flagged: int, part: int
) -> dict[str, Any]:
    chosen = pq.read_table(work.path(CHOSEN_FILE), columns=["household_id", "margin"])
    mine = chosen.slice(number * _at_once(part), _at_once(part)).to_pandas().assign(as_of=run.as_of)
    rows = features_of(slices, mine["household_id"].tolist(), columns=run.needed)
    contributor = Contributions(run.bundle.classifier, rows=flagged)
    table = contributions_table(mine, contributor(rows.select(run.model_features).to_pandas()), run.bundle)
    files = {}
    for content, name, codec in (
        (rows, f"{_name(number)}.features.parquet", CODEC),
        (table, f"{_name(number)}.parquet", _CODEC),
    ):
        with write_aside(work.path(name)) as aside:
            pq.write_table(content, aside, compression=codec, use_dictionary=["as_of"], row_group_size=_ROW_GROUP)
        files[name] = sha256_of(work.path(name))
    work.note(_name(number), contributor.told(), files=files)
    return contributor.told()


def features_of(slices: Sequence[Slice], households: Sequence[str], *, columns: Sequence[str]) -> pa.Table:
    """Return features of some households, in their order, which is that of the slices."""
    wanted = pa.array(households, pa.string())
    picked = []
    for one in slices:
        if one.last < households[0] or one.first > households[-1]:
            continue
        rows = pq.read_table(one.features, columns=["household_id", *columns], pre_buffer=False)
        picked.append(rows.filter(pc.is_in(rows["household_id"], value_set=wanted)))
    return pa.concat_tables(picked)
