"""What a flagged household's values are held beside: its village's median, itself a year ago, what training saw."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.engine import plan
from riskmodel.engine.calendar import add_months
from riskmodel.explain import Beside
from riskmodel.features.builder import evaluate
from riskmodel.monitoring.ledgers import reaches
from riskmodel.parallel import cores, side_by_side

if TYPE_CHECKING:
    from riskmodel.features import FeatureSpec
    from riskmodel.policy import Policy
    from riskmodel.registry.excerpt import Excerpt

# A median of fewer, or one told to the last yuan, would speak of single neighbours.
LEAST_HOUSEHOLDS = 10
# The column of a village's townships and own code, joined.
VILLAGE = "village_key"
_MEDIANS_AT_ONCE = 16 << 20
_FIGURES = 2
# Of two figures' distance: nearer to the middle, arithmetic does not tell which is the nearer one.
_NEARLY = 1e-6
_EVERYDAY = 12


@dataclass(frozen=True)
class Surroundings:
    """What values are held beside, for any of a run's flagged households.

    Attributes
    ----------
    names : tuple of str
        The model's features.
    medians : DataFrame
        One row a village (``township_code|village_code``), one column a feature; NaN where there is none.
    year_ago : DataFrame
        One row a household, one column a feature; NaN where nothing can be said.
    low, high : float array of shape (features,)
        The range that training saw; -inf and inf where the bundle does not say.
    never_missing : bool array of shape (features,)
        Whether training never saw the feature missing.
    """

    names: tuple[str, ...]
    medians: pd.DataFrame
    year_ago: pd.DataFrame
    low: np.ndarray
    high: np.ndarray
    never_missing: np.ndarray

    def of(self, households: Sequence[str], villages: Sequence[Any], values: np.ndarray) -> Beside:
        """Return what stands beside the ``values`` (rows, features) of some households of some villages."""
        return Beside(
            village_median=self.medians.reindex(pd.Index(villages, dtype=object)).to_numpy(dtype=np.float64),
            year_ago=self.year_ago.reindex(pd.Index(households, dtype=object)).to_numpy(dtype=np.float64),
            unseen=self.unseen(values),
        )

    def unseen(self, values: np.ndarray) -> np.ndarray:
        """Return which values lie outside what training saw; a missing one where it never saw one missing."""
        with np.errstate(invalid="ignore"):
            beyond = (values < self.low) | (values > self.high)
        return np.where(np.isnan(values), self.never_missing, beyond)


def seen_in_training(reference: Sequence[Mapping[str, Any]], names: Sequence[str]) -> tuple[np.ndarray, ...]:
    """Return low, high and never-missing of each feature from a bundle's reference; open where it does not say."""
    by_name = {row["name"]: row for row in reference}
    rows = [by_name.get(name, {}) for name in names]
    low = [row["low"] if row.get("low") is not None else -np.inf for row in rows]
    high = [row["high"] if row.get("high") is not None else np.inf for row in rows]
    # "missing" is the share that was; None where it was of too few households to be shown.
    never = [bool(row) and row.get("low") is not None and row.get("missing") == 0 for row in rows]
    return np.array(low, dtype=np.float64), np.array(high, dtype=np.float64), np.array(never, dtype=bool)


def village_medians(
    features: Sequence[Path], scored: Sequence[Path], *, specs: Sequence[FeatureSpec], workers: int | None = None
) -> pa.Table:
    """Return the median of each feature in each village.

    Rounded to two figures. None of a village where fewer than ten households have a value, none of a yes or no, and
    none of what speaks of neighbours already.

    Parameters
    ----------
    features, scored : sequence of Path
        Parquet of everyone's features, and of where they live, file by file the same households; one column is read at
        a time.
    specs : sequence of FeatureSpec
        With their expressions.

    Returns
    -------
    pyarrow.Table
        One row a village, :data:`VILLAGE` its ``township_code|village_code``; one column a feature, NaN where there is
        none.
    """
    from riskmodel.monitoring.medians import medians

    village, names = _villages(scored)
    order = np.argsort(village, kind="stable").astype(np.int32)
    starts = np.concatenate([[0], np.cumsum(np.bincount(village, minlength=len(names)))])

    # What files say of themselves is read once; it is more than what is held of their columns.
    told = [pq.read_metadata(path) for path in features]

    def of_groups(groups: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
        """Work some columns out at a time."""
        found = {}
        with contextlib.ExitStack() as stack:
            files = [
                stack.enter_context(pq.ParquetFile(path, metadata=facts, pre_buffer=False))
                for path, facts in zip(features, told, strict=True)
            ]
            for group in groups:
                whole = pa.concat_tables(file.read(columns=list(group), use_threads=False) for file in files)
                for name in group:
                    found[name] = np.empty(len(names))
                    values = whole[name].to_numpy().astype(np.float64, copy=False)
                    medians(values, order, starts, LEAST_HOUSEHOLDS, found[name])
        return found

    asked = [spec.name for spec in specs if has_median(spec)]
    # As many columns at a time as take so much memory.
    many = max(1, _MEDIANS_AT_ONCE // (8 * len(village)))
    groups = [asked[start : start + many] for start in range(0, len(asked), many)]
    shares = workers or cores()
    columns = {spec.name: np.full(len(names), np.nan) for spec in specs}
    calls = (partial(of_groups, groups[share::shares]) for share in range(min(shares, len(groups))))
    for found in side_by_side(calls, workers=workers):
        columns |= {name: rounded(values) for name, values in found.items()}
    return pa.table({VILLAGE: pa.array(names, pa.string()), **columns})


def read_medians(path: Path, villages: Sequence[str]) -> pd.DataFrame:
    """Return the medians of some villages, of a file in Arrow's own format.

    It is mapped, not read: several processes look into it, each for few villages.

    Returns
    -------
    DataFrame
        Indexed by village, one column a feature; a village that is not in the file is not in it.
    """
    with pa.memory_map(str(path)) as file:
        everyone = pa.ipc.open_file(file).read_all()
        wanted = pa.array(sorted(set(villages)), pa.string())
        mine = pc.drop_null(pc.index_in(wanted, value_set=everyone[VILLAGE].combine_chunks()))
        return everyone.take(mine).to_pandas().set_index(VILLAGE)


def _villages(scored: Sequence[Path]) -> tuple[np.ndarray, list[str]]:
    """Return the village of each household, as a number, and what the villages are called."""
    parts = []
    for path in scored:
        places = pq.read_table(path, columns=["township_code", "village_code"])
        known = [pc.fill_null(places[name], "") for name in places.column_names]
        parts.append(pc.binary_join_element_wise(*known, "|").combine_chunks().dictionary_encode())
    coded = pa.chunked_array(parts).unify_dictionaries()
    numbers = np.concatenate([part.indices.to_numpy() for part in coded.chunks])
    return numbers, coded.chunks[0].dictionary.to_pylist()


def has_median(spec: FeatureSpec) -> bool:
    """Tell whether a village has a median of a feature: none of a yes or no, none of what speaks of neighbours."""
    return spec.unit != "yes_no" and spec.node is not None and not plan.peers(spec.node)


def rounded(values: np.ndarray) -> np.ndarray:
    """Round to two figures, halves to even, as text would be; NaN stays.

    >>> rounded(np.array([1259.36, 0.0, -0.123, 0.125, np.nan])).tolist()
    [1300.0, 0.0, -0.12, 0.12, nan]
    """
    out = np.array(values, dtype=np.float64)
    [there] = np.nonzero(np.isfinite(out) & (out != 0))
    size = np.abs(out[there])
    # The far ends of the numbers there are overflow; they are written out.
    with np.errstate(all="ignore"):
        power = np.floor(np.log10(size)).astype(np.int64) - (_FIGURES - 1)
        figures = size / 10.0**power
        whole = np.rint(figures)
        # Powers of ten so near to 1, and whole numbers so small, are exact: these are the numbers that text gives.
        out[there] = np.copysign(np.where(power < 0, whole / 10.0**-power, whole * 10.0**power), out[there])
        close = (np.abs(figures - np.floor(figures) - 0.5) < _NEARLY) | (np.abs(power) > _EVERYDAY)
    close |= (figures < 10 ** (_FIGURES - 1)) | (figures > 10**_FIGURES - 1)
    for place in there[close]:
        out[place] = float(f"{values[place]:.{_FIGURES}g}")
    return out


def a_year_ago(
    excerpt: Excerpt, *, specs: Sequence[FeatureSpec], as_of: date, policy: Policy, begins: Mapping[str, date]
) -> pd.DataFrame:
    """Return the households' own values twelve months before ``as_of``, as known then.

    Nothing is said of a household that was not there, of a feature whose windows reach back before a table that it
    reads was kept, and of what speaks of neighbours, who are not in the excerpt.

    Parameters
    ----------
    excerpt : Registry
        The households' whole histories.
    specs : sequence of FeatureSpec
        With their expressions.
    begins : mapping of str to date
        Since when the whole registry's tables were kept, as known then.

    Returns
    -------
    DataFrame
        Indexed by household_id, one column a feature.
    """
    then = add_months(as_of, -12)
    names = [spec.name for spec in specs]
    asked = {
        spec.name: spec.node
        for spec in specs
        if spec.node is not None and not plan.peers(spec.node) and reaches(spec.node, as_of=then, begins=begins)
    }
    if not asked or not _anyone_known(excerpt, then):
        return pd.DataFrame(columns=names, dtype=np.float64)
    rows = evaluate(excerpt, asked, as_of=then, policy=policy).to_pandas().set_index("household_id")
    return rows.reindex(columns=names).astype(np.float64)


def _anyone_known(excerpt: Excerpt, day: date) -> bool:
    rows = excerpt.held("household")
    seen = pc.and_(pc.less(rows["known_on"], day), pc.less(rows["registered_on"], day))
    return bool(pc.any(seen).as_py())
