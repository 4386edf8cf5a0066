"""The flow of rows: how many households there were at each date, and where they were left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

SEEN = "seen"
NOT_YET_KNOWN = "not yet known"
GONE = "gone before the horizon's end"
UNTOLD = "cannot be told"
KNOWN = "outcome known"
TRUE = "outcome true"


def follow(
    rows: pd.DataFrame, rules: Sequence[pd.Series], names: Sequence[str], *, dates: Sequence[date]
) -> tuple[pd.Series, dict[str, list[int]]]:
    """Apply a cohort's rules one after the other.

    Parameters
    ----------
    rows
        With ``as_of``.
    rules
        Whether each row meets each rule; what is missing is not met.

    Returns
    -------
    Series of bool, dict
        Which rows are left, and how many there were at each date before the first rule and after each.
    """
    import pandas as pd

    left = pd.Series(data=True, index=rows.index)
    counts = {SEEN: by_date(rows["as_of"], dates)}
    for rule, name in zip(rules, names, strict=True):
        left &= rule
        counts[name] = by_date(rows["as_of"][left], dates)
    return left, counts


def by_date(as_of: pd.Series, dates: Sequence[date]) -> list[int]:
    """Count rows at each date."""
    counted = as_of.value_counts()
    return [int(counted.get(day, 0)) for day in dates]


def flow_markdown(flow: pd.DataFrame) -> str:
    """Draw a flow table in Markdown, as a paper prints it: a step a line, a date a column, and all dates together.

    Parameters
    ----------
    flow
        :attr:`TrainingSet.flow`: one row an ``as_of``. A rule's line gives who is left and, in brackets, how many it
        left out.

    Examples
    --------
    >>> import pandas as pd
    >>> print(flow_markdown(pd.DataFrame({"as_of": ["2023-01-01"], "seen": [1200], "present": [1190],
    ...     "not yet known": [0], "gone before the horizon's end": [4], "cannot be told": [0],
    ...     "outcome known": [1186], "outcome true": [93]})))
    | households | 2023-01-01 | all dates |
    |---|--:|--:|
    | seen | 1,200 | 1,200 |
    | present | 1,190 (−10) | 1,190 (−10) |
    | not yet known | 0 | 0 |
    | gone before the horizon's end | 4 | 4 |
    | cannot be told | 0 | 0 |
    | outcome known | 1,186 | 1,186 |
    | outcome true | 93 | 93 |
    """
    steps = [str(column) for column in flow.columns if column != "as_of"]
    rules = steps[1 : steps.index(NOT_YET_KNOWN)]
    lines = [["households", *map(str, flow["as_of"]), "all dates"]]
    before: list[int] = []
    for step in steps:
        counts = [int(count) for count in flow[step]]
        counts.append(sum(counts))
        lost = [f" (−{was - now:,})" for was, now in zip(before, counts, strict=True)] if step in rules else None
        lines.append([step, *(f"{now:,}{lost[i] if lost else ''}" for i, now in enumerate(counts))])
        before = counts
    drawn = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([drawn[0], "|---|" + "--:|" * (len(lines[0]) - 1), *drawn[1:]])
