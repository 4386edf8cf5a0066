"""The last stage of a scoring run: who is flagged is explained, in bulk, with the facts that are told beside.

Flagged households are taken in the order of their ids, so many at a time: what is read of the registry for them lies
together. Parts go to several processes, for most of the work is words. Their rows are then put into the order of the
queue, a piece at a time.
"""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import pickle
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.allocation import give_back_freed_memory, keep_freed_memory
from riskmodel.engine.calendar import add_months
from riskmodel.engine.fused import begin_warming
from riskmodel.explain import require_small
from riskmodel.features.matrix import ROW_GROUP
from riskmodel.files import sha256_of, write_aside
from riskmodel.monitoring.beside import VILLAGE, village_medians
from riskmodel.monitoring.contributing import contribute, join_contributions
from riskmodel.monitoring.flags import FLAGS, HISTORIES
from riskmodel.monitoring.in_order import Pile
from riskmodel.monitoring.ledgers import begins_known_at
from riskmodel.monitoring.part import Explainer, histories_of, name_of
from riskmodel.monitoring.selecting import CHOSEN_FILE
from riskmodel.parallel import one_blas_thread, side_by_side
from riskmodel.progress import counting, step
from riskmodel.registry.pieces import of_size

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from riskmodel.monitoring.checkpoint import Checkpoints
    from riskmodel.monitoring.run import Run
    from riskmodel.monitoring.slices import Slice

FLAGS_FILE, HISTORIES_FILE = "flags.parquet", "histories.parquet"
# Flagged households at a time. The last digits of contributions depend on who is worked out together, so this is the
# same whatever memory there is.
PART = 5_000
# From so many flags on, another process is worth its start.
_WORTH_A_START = 10_000
_MEDIANS = "medians.arrow"


def explain_flagged(run: Run, work: Checkpoints, slices: Sequence[Slice], *, flagged: int) -> None:
    """Leave the flags with their reasons, all contributions, and the histories, among the parts of the run.

    Parameters
    ----------
    flagged : int
        How many there are.
    """
    pile = Pile(work, FLAGS_FILE, FLAGS, size=PART)
    parts = -(-flagged // PART)
    done = {number: told for number in range(parts) if (told := work.noted(name_of(number))) is not None}
    missing = [number for number in range(parts) if number not in done]
    with _helpers(run.budget.workers - 1, flagged=sum(_many(number, flagged) for number in missing)) as helpers:
        with step("contributions; what stands beside: since when tables were kept, village medians"):
            give_back_freed_memory()
            how, explainer = _gathered(run, work, slices, pile, flagged=flagged)
            give_back_freed_memory()
        many = sum(_many(number, flagged) for number in done)
        with one_blas_thread(), counting("flags explained", total=flagged, done=many) as count:
            for number, told in _explained(explainer, missing, helpers):
                done[number] = told
                count(_many(number, flagged))
    run.explained.extend(how)
    run.residuals["against_margin"] = max((told["against_margin"] for told in done.values()), default=0.0)
    require_small(run.residuals["against_margin"], what="base value + contributions against the margin")
    with step("flags into the order of the queue"):
        calls = [
            partial(pile.put_in_order, many=flagged),
            partial(join_contributions, run, work, flagged=flagged, part=PART),
            partial(_join_histories, work, parts),
        ]
        for _ in side_by_side(calls, workers=run.budget.workers):
            pass


def _many(number: int, flagged: int) -> int:
    return min(PART, flagged - number * PART)


def _gathered(
    run: Run, work: Checkpoints, slices: Sequence[Slice], pile: Pile, *, flagged: int
) -> tuple[list[dict[str, Any]], Explainer]:
    """Work out the contributions, and what all parts are explained with."""
    now, then = run.as_of, add_months(run.as_of, -12)
    calls: list[Callable[[], Any]] = [
        partial(contribute, run, work, slices, flagged=flagged, part=PART),
        partial(begins_known_at, run.registry, [now, then]),
    ]
    how, begun = side_by_side(calls, workers=run.budget.workers)
    # By all workers, and after the contributions: both hold many columns of everyone.
    medians = _medians(run, work, slices)
    return how, Explainer(
        registry=run.registry,
        bundle=run.bundle,
        specs=run.specs,
        entries=[run.catalogue.feature(name) for name in run.model_features],
        levers=list(run.catalogue.levers.values()),
        policy=run.policy,
        as_of=run.as_of,
        provenance=run.provenance,
        medians=medians,
        begins=begun[now],
        then=begun[then],
        work=work,
        pile=pile,
        size=PART,
    )


@dataclass(frozen=True)
class _Helpers:
    """Processes that explain beside this one; none where the work is not worth their start."""

    many: int
    pool: ProcessPoolExecutor | None = None


@contextlib.contextmanager
def _helpers(many: int, *, flagged: int) -> Iterator[_Helpers]:
    """Start processes, as many as are worth it; they get ready while this one goes on."""
    many = min(many, flagged // _WORTH_A_START)
    if many < 1:
        yield _Helpers(0)
        return
    # Started afresh, not forked: other threads may hold locks that a fork would copy.
    pool = ProcessPoolExecutor(many, multiprocessing.get_context("spawn"))
    try:
        for _ in range(many):
            pool.submit(_get_ready)
        yield _Helpers(many, pool)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _get_ready() -> None:
    """Load, in a process that was started to help, what takes long to load."""
    begin_warming().join()
    keep_freed_memory()
    one_blas_thread()
    gc.freeze()


def _explained(explainer: Explainer, parts: Sequence[int], helpers: _Helpers) -> Iterator[tuple[int, dict[str, Any]]]:
    """Explain some parts, here and by the helpers, and yield each with what is told of it."""
    waiting, under_way = deque(parts), dict[Future[dict[str, Any]], int]()
    # As the pool itself would for every part, but once. It goes to processes that this one started, and into no file; a
    # model's own files are read without.
    sent = pickle.dumps(explainer.to_send())
    while waiting or under_way:
        # One that waits for each helper, while there are others for this process.
        while helpers.pool and waiting and len(under_way) < min(2 * helpers.many, helpers.many + len(waiting) - 1):
            number = waiting.popleft()
            under_way[helpers.pool.submit(_explain_part, sent, number)] = number
        if waiting:
            number = waiting.popleft()
            yield number, explainer.explain(_part(explainer, number), number)
        else:
            wait(under_way, return_when=FIRST_COMPLETED)
        for future in [future for future in under_way if future.done()]:
            yield under_way.pop(future), future.result()


def _explain_part(sent: bytes, number: int) -> dict[str, Any]:
    explainer = _received(sent)
    return explainer.explain(_part(explainer, number), number)


@lru_cache(maxsize=1)
def _received(sent: bytes) -> Explainer:
    """Return the explainer that was sent, once for all parts."""
    explainer: Explainer = pickle.loads(sent)
    explainer.bundle.classifier.set_params(n_jobs=1)
    one_blas_thread()  # of the libraries, too, that came with it
    return explainer


def _part(explainer: Explainer, number: int) -> pd.DataFrame:
    """Return one part of the flagged households, in the order of their ids."""
    rows = pq.read_table(explainer.work.path(CHOSEN_FILE)).slice(number * explainer.size, explainer.size)
    frame = rows.to_pandas()
    # Villages of two townships may have one code.
    codes = (frame[name].fillna("").astype(str) for name in ("township_code", "village_code"))
    frame[VILLAGE] = ["|".join(pair) for pair in zip(*codes, strict=True)]
    return frame


def _medians(run: Run, work: Checkpoints, slices: Sequence[Slice]) -> Path:
    """Return the file of the medians of all villages: worked out once, of everyone."""
    if work.noted("medians") is None:
        specs = [run.catalogue.feature(name) for name in run.model_features]
        features, scored = [part.features for part in slices], [part.scored for part in slices]
        medians = village_medians(features, scored, specs=specs, workers=run.budget.workers)
        with (
            write_aside(work.path(_MEDIANS)) as aside,
            pa.OSFile(str(aside), "wb") as sink,
            pa.ipc.new_file(sink, medians.schema) as file,
        ):
            file.write_table(medians)
        work.note("medians", {}, files={_MEDIANS: sha256_of(work.path(_MEDIANS))})
    return work.path(_MEDIANS)


def _join_histories(work: Checkpoints, parts: int) -> None:
    """Put the histories of all parts one below the other: they lie in the order of the households' ids."""
    with (
        write_aside(work.path(HISTORIES_FILE)) as aside,
        pq.ParquetWriter(aside, HISTORIES, compression="zstd") as file,
    ):
        tables = (pq.read_table(work.path(histories_of(number))) for number in range(parts))
        for rows in of_size(tables, ROW_GROUP):
            file.write_table(rows, row_group_size=ROW_GROUP)
