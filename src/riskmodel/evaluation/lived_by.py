"""Whether a truth is this registry's, and its outcome this experiment's: told by the file's metadata, and compared.

Household ids are the same in every simulated county, so that they are found says nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError

from riskmodel.engine.calendar import add_months
from riskmodel.errors import CallError, DataError
from riskmodel.policy import Policy
from riskmodel.simulation.made import MADE, POLICY_FILE
from riskmodel.simulation.switches import LINE
from riskmodel.simulation.truth import HORIZON_MONTHS, LIVED_BY

_LOG = logging.getLogger("riskmodel.evaluation")
_AWAY = "or move the file away, and no best possible is worked out"


class LivedBy(BaseModel):
    """What county true risks are of, and what its outcomes were judged by.

    Attributes
    ----------
    county_code : str
    lag_days : int
        Days after the year's end until which rows counted.
    lines : dict
        Date -> the monitoring line in force twelve months later, yuan a head and year.
    made : dict
        How the county was made: households, years, seed, until, switches, as ``simulated.json`` has them.
    """

    model_config = ConfigDict(frozen=True)

    county_code: str
    lag_days: int
    lines: dict[date, float]
    made: dict[str, Any]


def lived_by(schema: pa.Schema, *, place: Path) -> LivedBy | None:
    """Read what a truth file says of itself; None where it says nothing.

    Raises
    ------
    DataError
        It says something that cannot be understood.
    """
    said = (schema.metadata or {}).get(LIVED_BY)
    if said is None:
        return None
    try:
        return LivedBy.model_validate_json(said)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "all of it"
        raise DataError(
            f"{place}: its metadata {LIVED_BY.decode()} cannot be read ({where}: {first['msg']}). Write registry and "
            f"truth anew: riskmodel simulate OUT --truth K; {_AWAY}."
        ) from None


def check_lived_by(told: LivedBy | None, *, place: Path, lag_days: int, policy: Policy, tested: Iterable[date]) -> None:
    """Refuse a truth of another county, lag or line than those that it would judge by.

    Parameters
    ----------
    told : LivedBy or None
        With None nothing can be compared, and a warning says so.
    place : Path
        The truth file, beside the registry's tables.
    lag_days : int
        Of the experiment's outcome.
    policy : Policy
        The workspace's record.
    tested : iterable of date
        Dates at which households are tested; those that the truth does not tell of are passed over.

    Raises
    ------
    DataError
        The registry beside it is another county's, or does not say how it was made.
    CallError
        The outcome's lag, or the workspace's monitoring line at a date, is another.
    """
    if told is None:
        _LOG.warning(
            "%s does not say which county it is of, nor by which monitoring line and lag its outcomes were judged: it "
            "cannot be checked whether it is this registry's. Write both anew: riskmodel simulate OUT --truth K.",
            place,
        )
        return
    _check_county(told, place)
    if told.lag_days != lag_days:
        raise CallError(
            f"{place}: its outcomes count as known {told.lag_days} days after the year's end, and the experiment's "
            f"outcome has lag_days={lag_days}: they are two outcomes. Give the outcome lag_days={told.lag_days}, "
            f"{_AWAY}."
        )
    for day in sorted(set(tested) & set(told.lines)):
        _check_line(told, day, place=place, policy=policy)


def _check_line(told: LivedBy, day: date, *, place: Path, policy: Policy) -> None:
    end = add_months(day, HORIZON_MONTHS)
    lived, here = told.lines[day], policy.value(LINE, region=told.county_code, on=end)
    if lived == here:
        return
    switched = place.with_name(POLICY_FILE)
    remedy = (
        f"Copy the entries of {switched} into the workspace's policy.yaml"
        if switched.exists()
        else f"Take this {LINE} out of the workspace's policy.yaml, or set it to {lived:g}"
    )
    raise CallError(
        f"{place}: the year from {day} was judged by a monitoring line of {lived:,g} yuan, and the workspace's policy "
        f"record has {here:,g} for county {told.county_code} on {end}: they are two outcomes. {remedy}; {_AWAY}."
    )


def _check_county(told: LivedBy, place: Path) -> None:
    beside = place.with_name(MADE)
    remedy = f"Write registry and truth anew by one riskmodel simulate OUT --truth K; {_AWAY}."
    try:
        made = json.loads(beside.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"{place} is of a county made with {_words(told.made)}, and no {beside} says that this registry is that "
            f"county. {remedy}"
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"{beside}: cannot be read as JSON ({error}); {place} cannot be checked. {remedy}") from None
    if not isinstance(made, dict):
        raise DataError(f"{beside}: holds {type(made).__name__}, expected an object. {remedy}")
    other = [name for name, value in told.made.items() if name not in made or made[name] != value]
    if other:
        here = {name: made[name] for name in other if name in made}
        raise DataError(
            f"{place} is of a county made with {_words({name: told.made[name] for name in other})}; {beside} says that "
            f"this registry was made with {_words(here) or 'none of them'}. {remedy}"
        )


def _words(made: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in made.items())
