"""The features of all flagged households and what each contributed, gathered before anything is said of them.

Contributions are worked out for many households at once: reading the trees costs the same for few. What comes of it
lies in files whose row groups are the parts in which households are then explained.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.explain import Contributions
from riskmodel.explain.bulk import SLICE
from riskmodel.files import CODEC, sha256_of, write_aside
from riskmodel.monitoring.selecting import CHOSEN_FILE

if TYPE_CHECKING:
    from riskmodel.monitoring.checkpoint import Checkpoints
    from riskmodel.monitoring.run import Run
    from riskmodel.monitoring.slices import Slice


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
        told.append(how)
    return told


def part_of(work: Checkpoints, number: int, *, part: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the features and the contributions of one part of the flagged households, in the order of their ids."""
    slice_, group = divmod(number, _at_once(part) // part)
    with pq.ParquetFile(work.path(f"{_name(slice_)}.features.parquet")) as file:
        features = file.read_row_group(group).to_pandas()
    with pq.ParquetFile(work.path(f"{_name(slice_)}.parquet")) as file:
        values = file.read_row_group(group).to_pandas().to_numpy(dtype=np.float64)
    return features, values


def _at_once(part: int) -> int:
    return max(SLICE // part, 1) * part


def _name(number: int) -> str:
    return f"contributions-{number:05d}"


def _contribute(
    run: Run, work: Checkpoints, slices: Sequence[Slice], *, number: int, flagged: int, part: int
) -> dict[str, Any]:
    chosen = pq.read_table(work.path(CHOSEN_FILE), columns=["household_id"])
    ids = chosen["household_id"].slice(number * _at_once(part), _at_once(part)).to_pylist()
    rows = features_of(slices, ids, columns=run.needed)
    contributor = Contributions(run.bundle.classifier, rows=flagged)
    values = contributor(rows.select(run.model_features).to_pandas())
    table = pa.table([pa.array(column) for column in values.T], names=run.model_features)
    files = {}
    for name, content in ((f"{_name(number)}.features.parquet", rows), (f"{_name(number)}.parquet", table)):
        with write_aside(work.path(name)) as aside:
            pq.write_table(content, aside, compression=CODEC, use_dictionary=False, row_group_size=part)
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
