"""What a cell says, whatever it is stored as: one reading for comparing, one for keeping."""

from __future__ import annotations

import datetime as dt
import math
import re
import unicodedata

_SPACE = re.compile(r"\s+")


def canonical(value: object) -> str | None:
    """Return a cell's text in the one form in which values are compared; an empty cell gives None.

    Full-width letters and digits become plain ones, a whole number loses its ``.0``, a date reads
    year-month-day: so ``1``, ``1.0``, ``"１"`` and ``" 1 "`` are the same value in every file format.

    >>> canonical(1.0), canonical("　１ "), canonical("是"), canonical("  ")
    ('1', '1', '是', None)
    """
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT differ from themselves
        return None
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)
    return unicodedata.normalize("NFKC", str(value)).strip() or None


def kept(value: object) -> str | None:
    """Return a cell's text as it is kept in a text column: trimmed, otherwise as it was written."""
    if isinstance(value, str):
        return value.strip() or None
    return canonical(value)


def header(value: object) -> str:
    """Return a column heading in the one form in which headings are compared.

    Line breaks and spaces inside a heading are how a person made it fit: they do not count.

    >>> header("人均\\n纯收入（元）") == header("人均纯收入(元)")
    True
    """
    return _SPACE.sub("", canonical(value) or "")


def shown(value: object) -> str:
    """Return a value as a message shows it: in quotes, cut when long."""
    text = canonical(value)
    if text is None:
        return "empty"
    return f'"{text[:60]}…"' if len(text) > 60 else f'"{text}"'
