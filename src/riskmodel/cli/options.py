"""What several commands take alike: dates, folders, engines."""

from __future__ import annotations

from datetime import date

from riskmodel.errors import CallError

ENGINES = ("duckdb",)


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


def check_engine(engine: str) -> None:
    """Refuse an engine that this version does not run."""
    if engine not in ENGINES:
        raise CallError(f'--engine is "{engine}"; this version runs {", ".join(ENGINES)}.')
