"""What several commands take alike: dates, engines, places to write to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from riskmodel.errors import CallError

if TYPE_CHECKING:
    from riskmodel.registry import Registry

ENGINE_HELP = (
    "What works out the features: fused (a compiled pass over a registry that this toolkit wrote), duckdb, spark (the "
    "extra spark; see docs/spark.md), or auto (fused where it can, else duckdb)."
)
MEMORY_HELP = (
    "How much memory building may take, such as 2GB; by default 512 MiB (fused), most "
    "of it (duckdb), or 1 GB (spark's heap)."
)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_YEAR = re.compile(r"\d{4}")


def parse_date(text: str, *, option: str) -> date:
    """Return a date written as YYYY-MM-DD; anything else raises :class:`CallError`, which names ``option``.

    >>> parse_date("2024-01-01", option="--as-of")
    datetime.date(2024, 1, 1)
    """
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise CallError(f'{option} is "{text}"; expected a date such as 2024-01-01.')


def parse_dates(texts: list[str]) -> list[date]:
    """Return the dates of a repeatable --as-of, each as :func:`parse_date` reads it."""
    return [parse_date(text, option="--as-of") for text in texts]


def parse_by_year(texts: list[str], *, option: str, such_as: str) -> dict[int, float]:
    """Return the numbers by year of a repeatable option written as YEAR=NUMBER.

    >>> parse_by_year(["2024=2", "2025=0.5"], option="--disasters", such_as="2024=2")
    {2024: 2.0, 2025: 0.5}
    """
    found: dict[int, float] = {}
    for text in texts:
        year, equals, number = text.partition("=")
        try:
            value = float(number)
        except ValueError:
            equals = ""
        if not equals or not _YEAR.fullmatch(year):
            raise CallError(f'{option} is "{text}"; expected a year and a number, such as {such_as}.')
        if int(year) in found:
            raise CallError(f"{option} is given twice for {year}: give each year once.")
        found[int(year)] = value
    return found


def today() -> date:
    """Return the day on which the command runs: the one place where a command takes it from the clock."""
    return datetime.now().astimezone().date()


def check_output(out: Path, *, registry: Path | None = None, option: str = "--out") -> None:
    """Refuse, before any work is done, a place that nothing can be written to, and the registry that is read.

    Raises
    ------
    CallError
        The place lies below a file, in a folder that may not be written to, or is the registry or lies in it.
    """
    from riskmodel.files import check_place

    check_place(out, option=option)
    if registry is not None:
        read, written = registry.resolve(), out.resolve()
        if written == read or read in written.parents:
            raise CallError(f"{option} {out} is the registry itself, or lies in it: name another place.")


def check_output_file(out: Path, *, registry: Path | None = None) -> None:
    """Refuse what :func:`check_output` refuses, and a folder."""
    check_output(out, registry=registry)
    if out.is_dir():
        raise CallError(f"--out {out} is a folder; name a file in it, such as {out / 'out.parquet'}.")


def check_output_folder(out: Path, *, registry: Path | None = None, option: str = "--out") -> None:
    """Refuse what :func:`check_output` refuses, and a file."""
    check_output(out, registry=registry, option=option)
    if out.exists() and not out.is_dir():
        raise CallError(f"{option} {out} is a file; name a folder.")


def check_output_parts(out: Path, *, registry: Path | None = None) -> None:
    """Refuse what :func:`check_output_folder` refuses, and a folder that holds anything but parts of features."""
    from riskmodel.features.matrix import check_parts

    check_output_folder(out, registry=registry)
    check_parts(out)


def warn_beyond_cut(registry: Registry, days: Iterable[date]) -> None:
    """Say on stderr which dates lie past the registry's cut: what happened in between is not in it."""
    for day in days:
        if day > registry.cut_on:
            gap = (day - registry.cut_on).days
            missing = "day is missing and looks" if gap == 1 else f"{gap:,} days are missing and look"
            typer.echo(
                f"warning: the registry holds what was known before {registry.cut_on}; at {day} the last {missing} as "
                "if nothing had happened.",
                err=True,
            )
