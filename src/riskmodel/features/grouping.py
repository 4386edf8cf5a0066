"""Groups of households that a model is judged by: who belonged to them at as_of. Never features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from riskmodel.engine import plan
from riskmodel.errors import CallError
from riskmodel.features.declare import check_looks_back
from riskmodel.features.expressions import Number
from riskmodel.features.history import History
from riskmodel.features.prediction import checked_number


@dataclass(frozen=True)
class GroupSpec:
    """A group: a condition on what was known at as_of; a household of which it is not known belongs nowhere."""

    name: str
    zh: str
    en: str
    function: Callable[[History], Number] = field(repr=False)
    node: plan.Household = field(repr=False)

    def __call__(self, h: History) -> Number:
        """Call the function itself, so that groups can be built on each other."""
        return self.function(h)


def group(*, zh: str, en: str) -> Callable[[Callable[[History], Number]], GroupSpec]:
    """Declare a group: a function of a history that gives a condition. No model is ever given it.

    Examples
    --------
    >>> @group(zh="女户主家庭", en="headed by a woman")
    ... def female_headed(h):
    ...     return h.members.where(relation="head", sex="female").exists() == 1
    >>> female_headed.en
    'headed by a woman'
    """

    def declare(function: Callable[[History], Number]) -> GroupSpec:
        place = f'group "{function.__name__}"'
        if function.__name__ == "township":
            raise CallError(f"{place}: townships are groups by themselves. Choose another name.")
        node = checked_number(function(History()), place).node
        check_looks_back(node, place)
        return GroupSpec(function.__name__, zh, en, function, node)

    return declare
