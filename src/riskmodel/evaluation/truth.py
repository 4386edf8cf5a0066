"""The true risks that lie beside a simulated registry: read to judge a model, never to teach it.

``riskmodel simulate OUT --truth K`` leaves them (:mod:`riskmodel.simulation.truth`). They stay out of the training set:
what is read here goes beside the predictions of the rows tested, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from riskmodel.errors import DataError
from riskmodel.evaluation.doubt import Doubt
from riskmodel.evaluation.lived_by import LivedBy, lived_by
from riskmodel.evaluation.regret import Regret, RegretTable
from riskmodel.simulation.truth import HORIZON_MONTHS, OUTCOME, REPLAYS, SCHEMA, TRUTH

if TYPE_CHECKING:
    from riskmodel.training.splits import Fold
    from riskmodel.training.training_set import TrainingSet

_AGAIN = "Write registry and truth anew: riskmodel simulate OUT --truth K."


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What ``truth.parquet`` says.

    Attributes
    ----------
    place : Path
        The file.
    replays : int or None
        How many lives each risk is a share of; None where the file does not say.
    lived_by : LivedBy or None
        What county the risks are of, and what its outcomes were judged by; None where the file does not say.
    risks : DataFrame
        ``household_id``, ``as_of`` (a datetime64), ``risk`` from 0 to 1; a household once a date.
    """

    place: Path
    replays: int | None
    lived_by: LivedBy | None
    risks: pd.DataFrame

    def of(self, households: pd.Series, dates: pd.Series) -> np.ndarray:
        """Return the true risk of each household at each date, NaN at a date that the file does not tell of.

        Raises
        ------
        DataError
            The file tells of a date, but not of each household asked for there: it is another county's.
        """
        asked = pd.DataFrame({"household_id": households.astype(str).to_numpy(), "as_of": _days(dates)})
        known = asked["as_of"].isin(self.risks["as_of"].unique()).to_numpy()
        risk = asked.merge(self.risks, on=["household_id", "as_of"], how="left", validate="many_to_one")["risk"]
        lacking = np.flatnonzero(known & risk.isna().to_numpy())
        if len(lacking):
            first = asked.iloc[lacking[0]]
            here = (asked["as_of"] == first["as_of"]).to_numpy()
            absent, all_here = asked["household_id"][lacking[here[lacking]]], asked["household_id"][here]
            raise DataError(
                f"{self.place}: {absent.nunique():,} of the {all_here.nunique():,} households tested at "
                f"{first['as_of'].date()} have no risk there (the first is {first['household_id']}); expected all of "
                f"them. The file is another county's, or was cut. {_AGAIN}"
            )
        return risk.to_numpy(dtype=float)

    def noise(self, risk: np.ndarray) -> np.ndarray | None:
        """Return an unbiased estimate of the variance with which replays tell each risk; None where none can be had.

        A share p̂ of K independent lives has the variance p(1 − p)/K, of which p̂(1 − p̂)/(K − 1) is unbiased.
        """
        if self.replays is None or self.replays < 2:
            return None
        return np.asarray(risk * (1 - risk) / (self.replays - 1))


def truth_beside(registry: Path, *, outcome: str, horizon_months: int) -> Truth | None:
    """Read the true risks beside a registry; None where there are none, or where they are another outcome's.

    Parameters
    ----------
    registry : Path
        The registry's folder (a ``.duckdb`` file has nothing beside its tables).
    outcome : str
    horizon_months : int
        Of the outcome.

    Raises
    ------
    DataError
        The file is broken: names it, the row and household, what stands there and what was expected.
    """
    place = registry / TRUTH
    if (outcome, horizon_months) != (OUTCOME, HORIZON_MONTHS) or not place.exists():
        return None
    table = _columns(place)
    replays = _replays(table, place)
    frame = table.to_pandas()
    _check_rows(frame, place=place, replays=replays)
    told = lived_by(table.schema, place=place)
    return Truth(place=place, replays=replays, lived_by=told, risks=frame.assign(as_of=_days(frame["as_of"])))


def _days(dates: pd.Series) -> np.ndarray:
    return dates.to_numpy().astype("datetime64[D]")


@dataclass(frozen=True, kw_only=True)
class TestedTruth:
    """The true risks beside the rows of a training set, of those that are tested at a date with known risks.

    Attributes
    ----------
    replays : int or None
        As :class:`Truth` has it.
    risk : ndarray, shape (n,)
        By position in the training set; NaN where a row is not tested, or its date's risks are not known.
    noise : ndarray, shape (n,), or None
        See :meth:`Truth.noise`.
    dates, missing : tuple of date
        The dates tested with known risks, and without.
    checked : bool
        Whether the file says which county it is of, and so was compared with the registry and the outcome.
    """

    replays: int | None
    risk: np.ndarray
    noise: np.ndarray | None
    dates: tuple[date, ...]
    missing: tuple[date, ...]
    checked: bool

    def regret(self, tables: dict[str, list[RegretTable]], *, doubts: tuple[Doubt, ...]) -> Regret:
        """Return the tables made with these risks, and how far they reach."""
        return Regret(
            replays=self.replays,
            corrected=self.noise is not None,
            tables=tables,
            dates=self.dates,
            missing=self.missing,
            checked=self.checked,
            doubts=doubts,
        )


def against_truth(truth: Truth, rows: TrainingSet, *, folds: dict[str, list[Fold]]) -> TestedTruth:
    """Find the true risk of every row that a fold tests.

    Raises
    ------
    DataError
        A household tested has no true risk at a date that the file tells of.
    """
    tested = np.unique(np.concatenate([fold.test for parts in folds.values() for fold in parts]))
    frame = rows.frame.iloc[tested]
    risk = np.full(len(rows.frame), np.nan)
    risk[tested] = truth.of(frame["household_id"], frame["as_of"])
    known = np.isfinite(risk[tested])
    days = frame["as_of"].to_numpy()
    return TestedTruth(
        replays=truth.replays,
        risk=risk,
        noise=truth.noise(risk),
        dates=tuple(sorted(set(days[known]))),
        missing=tuple(sorted(set(days[~known]))),
        checked=truth.lived_by is not None,
    )


def _columns(place: Path) -> pa.Table:
    try:
        table = pq.read_table(place)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{place}: cannot be read as Parquet ({str(error).splitlines()[0]}). {_AGAIN}") from None
    missing = [name for name in SCHEMA.names if name not in table.column_names]
    if missing:
        raise DataError(
            f"{place}: has no column {', '.join(missing)}; it has {', '.join(table.column_names) or 'none'}, and "
            f"{', '.join(SCHEMA.names)} were expected. {_AGAIN}"
        )
    columns = []
    for field in SCHEMA:
        column = table[field.name]
        try:
            columns.append(column.cast(field.type))
        except pa.ArrowException:
            raise DataError(
                f"{place}: the column {field.name} holds {column.type}; expected {field.type}. {_AGAIN}"
            ) from None
        if column.null_count:
            row = pc.index(column.is_null(), True).as_py()
            raise DataError(f"{place}, row {row + 1:,}: {field.name} is missing; expected a value. {_AGAIN}")
    return pa.table(columns, names=SCHEMA.names).replace_schema_metadata(table.schema.metadata)


def _replays(table: pa.Table, place: Path) -> int | None:
    said = (table.schema.metadata or {}).get(REPLAYS)
    if said is None:
        return None
    text = said.decode(errors="replace")
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise DataError(
            f'{place}: its metadata say that {REPLAYS.decode()} is "{text}"; expected how many replays were made, 1 or '
            f"more. {_AGAIN}"
        )
    return int(text)


def _check_rows(frame: pd.DataFrame, *, place: Path, replays: int | None) -> None:
    risk = frame["risk"].to_numpy()
    _refuse(frame, ~((risk >= 0) & (risk <= 1)), place, "expected a probability from 0 to 1")
    if replays is not None:
        lives = risk * replays
        wrong = np.abs(lives - np.round(lives)) > 1e-6
        _refuse(frame, wrong, place, f"expected a share of the {replays} replays that the file's metadata speak of")
    twice = frame.duplicated(["household_id", "as_of"]).to_numpy()
    _refuse(frame, twice, place, "expected one row a household and date, and this is another")


def _refuse(frame: pd.DataFrame, wrong: np.ndarray, place: Path, expected: str) -> None:
    if not wrong.any():
        return
    first = int(np.flatnonzero(wrong)[0])
    row, many = frame.iloc[first], int(wrong.sum())
    others = f" So it is in {many:,} rows." if many > 1 else ""
    raise DataError(
        f"{place}, row {first + 1:,} (household {row['household_id']}, {row['as_of']}): risk is {row['risk']:g}; "
        f"{expected}.{others} {_AGAIN}"
    )
