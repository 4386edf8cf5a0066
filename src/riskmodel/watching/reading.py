"""Which features read a feed: from the conditions that they were declared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from riskmodel.engine import plan
from riskmodel.registry import schema
from riskmodel.watching.learnt import kind_columns


def reads(node: plan.Household, feed: Sequence[str]) -> bool:
    """Tell whether what ``node`` works out can hang on rows of the feed.

    Examples
    --------
    >>> from riskmodel.features.history import History
    >>> wages = History().income.where(source="wage").last(months=12).sum("amount").node
    >>> reads(wages, ("income",)), reads(wages, ("income", "wage", "local_wage")), reads(wages, ("income", "transfer"))
    (True, True, False)
    """
    if not feed:
        return False
    columns = kind_columns(schema.table(feed[0]))
    codes = dict(zip(columns, feed[1:], strict=False))
    return any(
        part.table == feed[0] and all(_may_hold(condition, codes) is not False for condition in part.where)
        for part in plan.reductions(node)
    )


def _may_hold(condition: plan.Row, codes: Mapping[str, str]) -> bool | None:
    """Return whether a condition holds of rows with these codes; None where that hangs on the row."""
    match condition:
        case plan.Compare(plan.Field(name), "==", value) if name in codes:
            return codes[name] == value
        case plan.Compare(plan.Field(name), "!=", value) if name in codes:
            return codes[name] != value
        case plan.IsIn(plan.Field(name), values) if name in codes:
            return codes[name] in values
        case plan.Not(part):
            held = _may_hold(part, codes)
            return None if held is None else not held
        case plan.AllOf(parts):
            found = [_may_hold(part, codes) for part in parts]
            return False if False in found else None if None in found else True
        case plan.AnyOf(parts):
            found = [_may_hold(part, codes) for part in parts]
            return True if True in found else None if None in found else False
    return None
