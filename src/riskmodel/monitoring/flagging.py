"""The last stage of a scoring run: who is flagged is explained, in bulk, with the facts that are told beside.

Flagged households are taken in the order of their ids, so many at a time: what is read of the registry for them lies
together. Parts go to several processes, for most of the work is words. Their rows are then put into the order of the
queue, a piece at a time.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow.parquet as pq

from riskmodel.engine.calendar import add_months
from riskmodel.explain import require_small
from riskmodel.features.matrix import ROW_GROUP, of_size
from riskmodel.files import write_aside
from riskmodel.monitoring.beside import village_medians
from riskmodel.monitoring.contributing import contribute
from riskmodel.monitoring.flags import FLAGS, HISTORIES, contributions_schema
from riskmodel.monitoring.in_order import Pile
from riskmodel.monitoring.ledgers import begins_known_at
from riskmodel.monitoring.part import Explainer, Piles, histories_of, name_of
from riskmodel.monitoring.selecting import CHOSEN_FILE
from riskmodel.progress import counting, step

if TYPE_CHECKING:
    from riskmodel.monitoring.checkpoint import Checkpoints
    from riskmodel.monitoring.run import Run
    from riskmodel.monitoring.slices import Slice

FLAGS_FILE, CONTRIBUTIONS_FILE, HISTORIES_FILE = "flags.parquet", "contributions.parquet", "histories.parquet"
# Flagged households at a time. The last digits of contributions depend on who is worked out together, so this is the
# same whatever memory there is.
PART = 5_000
# From so many flags on, processes are worth their start.
_FEW = 2_000
_MEDIANS = "medians.parquet"


def explain_flagged(run: Run, work: Checkpoints, slices: Sequence[Slice], *, flagged: int) -> None:
    """Leave the flags with their reasons, all contributions, and the histories, among the parts of the run.

    Parameters
    ----------
    flagged : int
        How many there are.
    """
    piles = Piles(
        Pile(work, FLAGS_FILE, FLAGS, size=PART),
        Pile(work, CONTRIBUTIONS_FILE, contributions_schema(run.model_features), size=PART),
    )
    with step("contributions"):
        how = contribute(run, work, slices, flagged=flagged, part=PART)
    parts = -(-flagged // PART)
    done = {number: told for number in range(parts) if (told := work.noted(name_of(number))) is not None}
    with counting("flags explained", total=flagged, done=sum(_many(n, flagged) for n in done)) as count:
        if len(done) < parts:
            explainer = _explainer(run, work, slices, piles)
            missing = [number for number in range(parts) if number not in done]
            workers = run.budget.workers if flagged >= _FEW else 1
            for number, told in _explained(explainer, missing, workers=workers):
                done[number] = told
                count(_many(number, flagged))
    run.explained.extend(how)
    run.residuals["against_margin"] = max((told["against_margin"] for told in done.values()), default=0.0)
    require_small(run.residuals["against_margin"], what="base value + contributions against the margin")
    with step("flags into the order of the queue"):
        piles.flags.put_in_order(many=flagged)
        piles.contributions.put_in_order(many=flagged)
        _join_histories(work, parts)


def _many(number: int, flagged: int) -> int:
    return min(PART, flagged - number * PART)


def _explainer(run: Run, work: Checkpoints, slices: Sequence[Slice], piles: Piles) -> Explainer:
    now, then = run.as_of, add_months(run.as_of, -12)
    with step("what stands beside: since when tables were kept, village medians"):
        begun = begins_known_at(run.registry, [now, then])
        medians = _medians(run, work, slices)
    return Explainer(
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
        piles=piles,
        size=PART,
    )


def _explained(explainer: Explainer, parts: Sequence[int], *, workers: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Explain some parts, and yield each with what is told of it; by several processes where it may."""
    if workers == 1:
        for number in parts:
            yield number, explainer.explain(_part(explainer, number), number)
        return
    # Started afresh, not forked: other threads may hold locks that a fork would copy.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(explainer.to_send(),)) as pool:
        try:
            waiting = {number: pool.submit(_explain_part, number) for number in parts}
            for number, told in waiting.items():
                yield number, told.result()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


_OWN: list[Explainer] = []


def _begin(explainer: Explainer) -> None:
    """Keep what explains, in a process that was started to."""
    explainer.bundle.classifier.set_params(n_jobs=1)
    _OWN[:] = [explainer]


def _explain_part(number: int) -> dict[str, Any]:
    [explainer] = _OWN
    return explainer.explain(_part(explainer, number), number)


def _part(explainer: Explainer, number: int) -> pd.DataFrame:
    """Return one part of the flagged households, in the order of their ids."""
    rows = pq.read_table(explainer.work.path(CHOSEN_FILE)).slice(number * explainer.size, explainer.size)
    frame = rows.to_pandas()
    # Villages of two townships may have one code.
    codes = (frame[name].fillna("").astype(str) for name in ("township_code", "village_code"))
    frame["village_key"] = ["|".join(pair) for pair in zip(*codes, strict=True)]
    return frame


def _medians(run: Run, work: Checkpoints, slices: Sequence[Slice]) -> pd.DataFrame:
    """Return the medians of all villages: worked out once, of everyone."""
    if not work.has(_MEDIANS):
        specs = [run.catalogue.feature(name) for name in run.model_features]
        features, scored = [part.features for part in slices], [part.scored for part in slices]
        medians = village_medians(features, scored, specs=specs, workers=run.budget.workers)
        with write_aside(work.path(_MEDIANS)) as aside:
            medians.to_parquet(aside)
    return pd.read_parquet(work.path(_MEDIANS))


def _join_histories(work: Checkpoints, parts: int) -> None:
    """Put the histories of all parts one below the other: they lie in the order of the households' ids."""
    with (
        write_aside(work.path(HISTORIES_FILE)) as aside,
        pq.ParquetWriter(aside, HISTORIES, compression="zstd") as file,
    ):
        tables = (pq.read_table(work.path(histories_of(number))) for number in range(parts))
        for rows in of_size(tables, ROW_GROUP):
            file.write_table(rows, row_group_size=ROW_GROUP)
