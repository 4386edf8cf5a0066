"""Everyone's features and scores, a slice of households at a time: two files a slice, and what is told of them.

Slices lie in the order of household_id, and hold so many households each. Nothing of a slice depends on another:
what a feature asks of neighbours comes from sums that the builder has gathered over the whole registry before.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import DataError
from riskmodel.explain import booster_residual, require_small
from riskmodel.features.builder import evaluate
from riskmodel.features.matrix import Matrix
from riskmodel.files import CODEC, sha256_of, write_aside
from riskmodel.monitoring import record
from riskmodel.parallel import side_by_side
from riskmodel.progress import counting
from riskmodel.registry.pieces import of_size

if TYPE_CHECKING:
    from riskmodel.monitoring.checkpoint import Checkpoints
    from riskmodel.monitoring.run import Run
    from riskmodel.monitoring.scoring import Scorer

_LOG = logging.getLogger(__name__)

_BOOSTER_SAMPLE = 200
_WHOLE = "features.parquet"


@dataclass(frozen=True)
class Slice:
    """One slice that is finished.

    Attributes
    ----------
    features, scored : Path
        Parquet files with the same households in the same order.
    rows : int
    first, last : str
        Its households, by id.
    """

    features: Path
    scored: Path
    rows: int
    first: str
    last: str


def score_slices(run: Run, work: Checkpoints) -> list[Slice]:
    """Work out the features and scores of everyone whose slice is not finished, and return all slices.

    Raises
    ------
    DataError
        Nobody is present at ``as_of``; contributions that do not add up; a file of the registry that cannot be read.
    """
    done = _finished(work)
    if done and done[-1].rows < work.sizes["slice"]:
        return done  # the last slice is there: only it is not full
    _tell_absent(run)
    rows = _rows_after(run, work, done[-1].last if done else None)
    calls = (
        partial(_score_slice, run, run.scorer, work, number, piece)
        for number, piece in enumerate(of_size(rows, work.sizes["slice"]), start=len(done))
    )
    with counting("households scored", total=_at_most(run), done=sum(part.rows for part in done)) as count:
        for part in side_by_side(calls, workers=run.budget.workers, ahead=run.budget.workers + 1):
            done.append(part)
            count(part.rows)
    if not done:
        raise DataError(f"{run.registry.path}: no household is present at {run.as_of}: choose a later as_of.")
    return done


def check_booster(run: Run, first: Slice) -> None:
    """Hold the contributions of the first households against LightGBM's own, and note how far they are off."""
    sample = next(pq.ParquetFile(first.features).iter_batches(_BOOSTER_SAMPLE, columns=run.model_features))
    residual = booster_residual(run.bundle.classifier, sample.to_pandas())
    require_small(residual, what="contributions against LightGBM's own")
    run.residuals["against_lightgbm"] = residual


def _finished(work: Checkpoints) -> list[Slice]:
    """Return the slices that an interrupted run finished, up to the first that it did not."""
    done: list[Slice] = []
    for number in itertools.count():
        told = work.noted(_name(number))
        if told is None:
            return done
        done.append(_slice(work, number, told))
    raise AssertionError


def _rows_after(run: Run, work: Checkpoints, after: str | None) -> Iterator[pa.Table]:
    """Yield the features of the households after one, some at a time, in the order of their ids."""
    matrix = evaluate(
        run.registry,
        run.outputs,
        as_of=run.as_of,
        policy=run.policy,
        keep=run.keep,
        engine=run.engine,
        memory=run.budget.of_builder,
        workers=run.budget.workers,
    )
    if matrix.choice.engine == "fused":
        return matrix.pieces(after)
    # Other engines work everyone out at once: into a file, read from where the last slice ended.
    if not work.has(_WHOLE):
        matrix.write_sorted(work.path(_WHOLE), memory_limit=run.registry.memory_limit)
    return _read_after(work.path(_WHOLE), matrix, after, work.sizes["slice"])


def _read_after(whole: Path, matrix: Matrix, after: str | None, size: int) -> Iterator[pa.Table]:
    import pyarrow.compute as pc

    with pq.ParquetFile(whole) as file:
        for batch in file.iter_batches(size):
            rows = pa.Table.from_batches([batch]).cast(matrix.schema)
            yield rows if after is None else rows.filter(pc.greater(rows["household_id"], after))


def _score_slice(run: Run, scorer: Scorer, work: Checkpoints, number: int, rows: pa.Table) -> Slice:
    name = _name(number)
    features, scored = f"{name}.features.parquet", f"{name}.scored.parquet"
    ids = rows["household_id"]
    with write_aside(work.path(features)) as aside:
        pq.write_table(rows, aside, compression=CODEC, use_dictionary=["as_of"], write_statistics=["household_id"])
    with write_aside(work.path(scored)) as aside:
        pq.write_table(scorer(rows), aside, compression=CODEC)
    told = {"rows": rows.num_rows, "first": ids[0].as_py(), "last": ids[-1].as_py()}
    run.registry.check_unchanged()
    work.note(name, told, files={file: sha256_of(work.path(file)) for file in (features, scored)})
    return _slice(work, number, told)


def _slice(work: Checkpoints, number: int, told: dict[str, Any]) -> Slice:
    name = _name(number)
    return Slice(work.path(f"{name}.features.parquet"), work.path(f"{name}.scored.parquet"), **told)


def _name(number: int) -> str:
    return f"slice-{number:05d}"


def _at_most(run: Run) -> int | None:
    """Return how many households the registry knows, where that can be told without reading it."""
    file = run.registry.sorted_file("household")
    return file.rows if file is not None else None


def _tell_absent(run: Run) -> None:
    specs = run.catalogue.only(run.needed).features
    for name, missing in record.absent_tables(run.registry, specs.values()).items():
        _LOG.warning("the registry has no table %s: %d features are missing for everyone", name, len(missing))
