"""Errors that name the place, what was given, what was expected and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class RiskmodelError(Exception):
    """Base of every error this package raises on purpose.

    Attributes
    ----------
    exit_code : int
        What the command line returns for it: 1 when the data fell short, 2 when the call was wrong.
    """

    exit_code = 1


class DataError(RiskmodelError):
    """The data fell short: a broken file, an empty table, an immature horizon, one class only."""

    exit_code = 1


class CallError(RiskmodelError):
    """The call was wrong: an unknown name, a bad option, an experiment file with a typo."""

    exit_code = 2


def did_you_mean(name: str, options: Iterable[str]) -> str:
    """Return a hint that names the nearest of ``options``, ready to append to a message.

    >>> did_you_mean("incme", ["income", "member"])
    ' Did you mean "income"?'
    >>> did_you_mean("zzz", ["income", "member"])
    ' Known: income, member.'
    """
    known = sorted(set(options))
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if near:
        return f' Did you mean "{near[0]}"?'
    listed = ", ".join(known[:30]) + (", …" if len(known) > 30 else "")
    return f" Known: {listed}." if known else ""
