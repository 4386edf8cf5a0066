"""The last stage of a scoring run: who is flagged is explained, in bulk, with the facts that are told beside.

Flagged households are taken in the order of their ids, so many at a time: what is read of the registry for them lies
together. Their rows are then put into the order of the queue, a piece at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.engine.calendar import add_months
from riskmodel.explain import Contributions, require_small, sum_residual
from riskmodel.features.matrix import ROW_GROUP, of_size
from riskmodel.files import sha256_of, write_aside
from riskmodel.monitoring.beside import village_medians
from riskmodel.monitoring.explaining import contributions_table, explain_flags
from riskmodel.monitoring.facts import Facts, gather
from riskmodel.monitoring.flags import FLAGS, HISTORIES, contributions_schema
from riskmodel.monitoring.in_order import Pile
from riskmodel.monitoring.ledgers import begins_known_at
from riskmodel.monitoring.selecting import CHOSEN_FILE
from riskmodel.parallel import side_by_side
from riskmodel.progress import counting

if TYPE_CHECKING:
    from riskmodel.monitoring.checkpoint import Checkpoints
    from riskmodel.monitoring.run import Run
    from riskmodel.monitoring.slices import Slice

FLAGS_FILE, CONTRIBUTIONS_FILE, HISTORIES_FILE = "flags.parquet", "contributions.parquet", "histories.parquet"
# Flagged households at a time. The last digits of contributions depend on who is worked out together, so this is the
# same whatever memory there is.
PART = 10_000
_TEXTS = 2_000
_MEDIANS = "medians.parquet"


def explain_flagged(run: Run, work: Checkpoints, slices: Sequence[Slice], *, flagged: int) -> None:
    """Leave the flags with their reasons, all contributions, and the histories, among the parts of the run.

    Parameters
    ----------
    flagged : int
        How many there are.
    """
    piles = _Piles(
        Pile(work, FLAGS_FILE, FLAGS, size=PART),
        Pile(work, CONTRIBUTIONS_FILE, contributions_schema(run.model_features), size=PART),
    )
    explained = list(_explained(run, work, slices, piles, flagged=flagged))
    run.explained.extend(told["contributions"] for told in explained)
    run.residuals["against_margin"] = max((told["against_margin"] for told in explained), default=0.0)
    require_small(run.residuals["against_margin"], what="base value + contributions against the margin")
    piles.flags.put_in_order(many=flagged)
    piles.contributions.put_in_order(many=flagged)
    _join_histories(work, len(explained))


@dataclass(frozen=True)
class _Piles:
    flags: Pile
    contributions: Pile


@dataclass(frozen=True)
class _Told:
    """What is told of the whole registry beside the reasons of any household."""

    medians: pd.DataFrame
    begins: dict[str, date]
    then: dict[str, date]


def _explained(
    run: Run, work: Checkpoints, slices: Sequence[Slice], piles: _Piles, *, flagged: int
) -> Iterator[dict[str, Any]]:
    """Explain the parts that are not finished, and yield what is told of each."""
    done = [work.noted(_name(number)) for number in range(-(-flagged // PART))]
    told = None if all(part is not None for part in done) else _told(run, work, slices)

    def explain(number: int, chosen: pd.DataFrame) -> dict[str, Any]:
        before = done[number]
        if before is not None or told is None:
            return before or {}
        new, files = _explain(run, work, slices, chosen, piles, told, number=number, flagged=flagged)
        run.registry.check_unchanged()
        work.note(_name(number), new, files=files)
        return new

    # One DuckDB connection cannot be asked by two at once; sorted files can.
    sorted_ = all(run.registry.sorted_file(name) is not None for name in run.registry.tables)
    calls = (partial(explain, number, chosen) for number, chosen in enumerate(_parts(work)))
    with counting("flags explained", total=flagged) as count:
        for number, part in enumerate(side_by_side(calls, workers=run.budget.workers if sorted_ else 1, ahead=2)):
            count(min(PART, flagged - number * PART))
            yield part


def _told(run: Run, work: Checkpoints, slices: Sequence[Slice]) -> _Told:
    now, then = run.as_of, add_months(run.as_of, -12)
    begun = begins_known_at(run.registry, [now, then])
    return _Told(_medians(run, work, slices), begun[now], begun[then])


def _name(number: int) -> str:
    return f"flags-{number:05d}"


def _parts(work: Checkpoints) -> Iterator[pd.DataFrame]:
    """Yield the flagged households, ``PART`` at a time, in the order of their ids."""
    with pq.ParquetFile(work.path(CHOSEN_FILE)) as file:
        batches = (pa.Table.from_batches([batch]) for batch in file.iter_batches())
        for rows in of_size(batches, PART):
            frame = rows.to_pandas()
            # Villages of two townships may have one code.
            codes = (frame[name].fillna("").astype(str) for name in ("township_code", "village_code"))
            frame["village_key"] = ["|".join(pair) for pair in zip(*codes, strict=True)]
            yield frame


def _explain(
    run: Run,
    work: Checkpoints,
    slices: Sequence[Slice],
    chosen: pd.DataFrame,
    piles: _Piles,
    told: _Told,
    *,
    number: int,
    flagged: int,
) -> tuple[dict[str, Any], dict[str, str]]:
    chosen = chosen.assign(as_of=run.as_of)
    features = features_of(slices, chosen["household_id"].tolist(), columns=run.needed)
    facts = gather(run, chosen, features, folder=work.path(f"facts-{number:05d}"), begins=told.begins, then=told.then)
    surroundings = facts.surroundings(run, told.medians)
    contributor = Contributions(run.bundle.classifier, rows=flagged)
    values = contributor(features[run.model_features])
    base = float(run.bundle.classifier.base_value_)
    texts = []
    for start in range(0, len(chosen), _TEXTS):
        rows = slice(start, start + _TEXTS)
        texts.append(
            explain_flags(
                chosen.iloc[rows].reset_index(drop=True),
                features.iloc[rows].reset_index(drop=True),
                values[rows],
                base_value=base,
                specs=run.specs,
                surroundings=surroundings,
                what_if=facts.what_if,
                provenance=run.provenance,
            )
        )
    order = chosen["number"].to_numpy()
    files = {
        **piles.flags.add(number, pa.concat_tables(texts), order),
        **piles.contributions.add(number, contributions_table(chosen, values, run.bundle), order),
        **_keep_histories(work, number, facts),
    }
    off = sum_residual(values, base_value=base, margin=chosen["margin"].to_numpy())
    return {"contributions": contributor.told(), "against_margin": off}, files


def features_of(slices: Sequence[Slice], households: Sequence[str], *, columns: Sequence[str]) -> pd.DataFrame:
    """Return features of some households, in their order, which is that of the slices."""
    wanted = pa.array(households, pa.string())
    picked = []
    for part in slices:
        if part.last < households[0] or part.first > households[-1]:
            continue
        rows = pq.read_table(part.features, columns=["household_id", *columns])
        picked.append(rows.filter(pc.is_in(rows["household_id"], value_set=wanted)))
    return pa.concat_tables(picked).to_pandas()


def _medians(run: Run, work: Checkpoints, slices: Sequence[Slice]) -> pd.DataFrame:
    """Return the medians of all villages: worked out once, of everyone."""
    if not work.has(_MEDIANS):
        specs = [run.catalogue.feature(name) for name in run.model_features]
        medians = village_medians(
            [part.features for part in slices],
            [part.scored for part in slices],
            specs=specs,
            workers=run.budget.workers,
        )
        with write_aside(work.path(_MEDIANS)) as aside:
            medians.to_parquet(aside)
    return pd.read_parquet(work.path(_MEDIANS))


def _keep_histories(work: Checkpoints, number: int, facts: Facts) -> dict[str, str]:
    name = f"histories-{number:05d}.parquet"
    with write_aside(work.path(name)) as aside:
        pq.write_table(facts.histories, aside, compression="zstd")
    return {name: sha256_of(work.path(name))}


def _join_histories(work: Checkpoints, parts: int) -> None:
    """Put the histories of all parts one below the other: they lie in the order of the households' ids."""
    with (
        write_aside(work.path(HISTORIES_FILE)) as aside,
        pq.ParquetWriter(aside, HISTORIES, compression="zstd") as file,
    ):
        tables = (pq.read_table(work.path(f"histories-{number:05d}.parquet")) for number in range(parts))
        for rows in of_size(tables, ROW_GROUP):
            file.write_table(rows, row_group_size=ROW_GROUP)
