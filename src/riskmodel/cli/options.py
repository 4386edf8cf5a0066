"""What several commands take alike: dates, folders, engines."""

from __future__ import annotations

from datetime import date

from riskmodel.errors import CallError

ENGINE_HELP = (
    "What works out the features: fused (a compiled pass over a registry that this toolkit wrote), duckdb, or auto "
    "(fused where it can)."
)
MEMORY_HELP = "How much memory building may take, such as 2GB; by default 512 MiB (fused), or most of it (duckdb)."


def parse_dates(texts: list[str]) -> list[date]:
    """Return dates written as YYYY-MM-DD; anything else raises :class:`CallError`.

    >>> parse_dates(["2024-01-01"])
    [datetime.date(2024, 1, 1)]
    """
    days = []
    for text in texts:
        try:
            days.append(date.fromisoformat(text))
        except ValueError as error:
            raise CallError(f'--as-of is "{text}"; expected a date such as 2024-01-01.') from error
    return days
