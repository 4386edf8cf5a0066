"""Declaring features: a plain function of a history, and the words that go with it."""

from __future__ import annotations

import hashlib
import inspect
import itertools
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from riskmodel.engine import plan
from riskmodel.errors import CallError, did_you_mean
from riskmodel.features.expressions import Number
from riskmodel.features.history import History
from riskmodel.features.prediction import checked_number
from riskmodel.registry.codes import codes

Direction = Literal["rises", "falls"]

# What a value is counted in; a compound is written with a slash: "yuan/person".
UNITS = (
    "yuan",
    "usd",
    "person",
    "month",
    "day",
    "year",
    "age",
    "mu",
    "hectare",
    "km",
    "livestock_unit",
    "share",
    "ratio",
    "count",
    "job",
    "item",
    "kind",
    "points",
    "grade",
    "yes_no",
    "score",
    "",
)

# Columns of the tables that features are written into.
TAKEN = ("household_id", "as_of", "county_code", "township_code", "village_code", "base_value", "margin")

_MISSING, _MISSING_ZH = "nothing recorded", "无记录"


@dataclass(frozen=True)
class FeatureSpec:
    """One feature of a catalogue.

    Attributes
    ----------
    name : str
        The column's name.
    zh, en : str
        Its words, as they are put before a household's own value.
    unit : str
        One of :data:`UNITS`, or two joined by a slash.
    direction : {"rises", "falls", None}
        How the risk moves as the value grows, where theory says so; a monotone constraint.
    risk_type : str
        The official risk type a reason points to (a code of the code book).
    sensitive : bool
        Whether it speaks of health, disability, or a like matter of the person.
    missing, missing_zh : str
        What a missing value means, in English and in Chinese.
    family : str
        The function it comes from; windows of one quantity share it.
    idea : str
        What it is about, in one word of the catalogue's own: correlated features of one idea (a quantity's windows, its
        change, its share) speak once in an explanation. All features of an idea have one risk type.
    definition : str
        Digest of the expression, so that a changed meaning under the same name is noticed.
    node : plan.Household
        The expression itself; not part of what is stored.
    theme : tuple of str
        What the dictionary files it under, in Chinese and English: its module's ``THEME``, or the module's name; not
        part of what is stored.
    """

    name: str
    zh: str
    en: str
    unit: str
    direction: Direction | None
    risk_type: str
    sensitive: bool
    missing: str
    family: str
    definition: str
    missing_zh: str = ""
    idea: str = ""
    node: plan.Household | None = field(default=None, compare=False, repr=False)
    theme: tuple[str, str] = field(default=("", ""), compare=False, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return what is stored in a bundle: everything but the expression."""
        data = asdict(self)
        del data["node"], data["theme"]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FeatureSpec:
        """Return the spec that :meth:`to_dict` stored, without its expression."""
        return cls(**data)

    @property
    def monotone(self) -> int:
        """The direction as LightGBM wants it: 1 rises, -1 falls, 0 free."""
        return {"rises": 1, "falls": -1, None: 0}[self.direction]


@dataclass(frozen=True)
class FeatureFamily:
    """A feature function with its words; each combination of its parameters is one feature."""

    function: Callable[..., Number]
    specs: tuple[FeatureSpec, ...]

    def __call__(self, h: History, *args: Any, **kwargs: Any) -> Number:
        """Call the function itself, so that features can be built on each other."""
        return self.function(h, *args, **kwargs)


def feature(
    *,
    zh: str,
    en: str,
    unit: str,
    risk: Direction | None = None,
    risk_type: str = "other",
    sensitive: bool = False,
    missing: str = _MISSING,
    missing_zh: str = _MISSING_ZH,
    idea: str | None = None,
    name: str | None = None,
    **parameters: tuple[Any, ...],
) -> Callable[[Callable[..., Number]], FeatureFamily]:
    """Declare a feature, or one for each combination of ``parameters``.

    Parameters
    ----------
    zh, en
        The words; ``{months}`` and the like are filled in from the parameters.
    unit
        What the value is counted in, e.g. ``"yuan/person"``, ``"share"``, ``"count"``.
    risk
        ``"rises"`` or ``"falls"``: how the risk moves as the value grows, where theory says so.
    risk_type
        The official risk type that a reason points to.
    missing, missing_zh
        What it means when there is no value, in English and in Chinese.
    idea
        What the feature is about: features of one idea are one reason. By default the windows of one function are.
    name
        A pattern for the column's name; by default the function's name with the parameters appended
        (``wage_income_pc_12m``).
    **parameters
        For each parameter of the function the values it takes, as a tuple.

    Raises
    ------
    CallError
        An unknown unit, direction or risk type, a parameter that the function does not have, a name of :data:`TAKEN`,
        or an expression that goes around the history to look beyond as_of.
    """
    if risk_type not in codes("risk_type"):
        raise CallError(f'feature: no risk type "{risk_type}".{did_you_mean(risk_type, codes("risk_type"))}')
    if risk not in ("rises", "falls", None):
        raise CallError(f'feature: risk is "{risk}"; expected "rises", "falls" or None.')
    for part in unit.split("/"):
        if part not in UNITS:
            raise CallError(f'feature: unknown unit "{part}".{did_you_mean(part, UNITS)}')

    def declare(function: Callable[..., Number]) -> FeatureFamily:
        family = function.__name__
        for words, lang in ((zh, "zh"), (en, "en"), (missing, "missing"), (missing_zh, "missing_zh")):
            if not words.strip():
                raise CallError(f'feature "{family}": {lang} is empty; every reason is said in Chinese and in English.')
        _check_parameters(function, parameters)
        # Code run from a text has no module.
        module = (function.__module__ or "").rpartition(".")[2]
        theme = function.__globals__.get("THEME", (module, module))
        specs = []
        for values in itertools.product(*parameters.values()):
            given = dict(zip(parameters, values, strict=True))
            node = checked_number(function(History(), **given), f'feature "{family}"').node
            check_looks_back(node, f'feature "{family}"')
            specs.append(
                FeatureSpec(
                    name=_checked_name(name.format(**given) if name else _default_name(family, given)),
                    zh=zh.format(**given),
                    en=en.format(**given),
                    unit=unit,
                    direction=risk,
                    risk_type=risk_type,
                    sensitive=sensitive,
                    missing=missing,
                    missing_zh=missing_zh,
                    idea=idea or name or family,
                    family=family,
                    definition=hashlib.sha256(plan.canonical(node).encode()).hexdigest()[:16],
                    node=node,
                    theme=theme,
                )
            )
        return FeatureFamily(function, tuple(specs))

    return declare


def check_looks_back(node: plan.Household, place: str) -> None:
    """Raise :class:`CallError`, naming the ``place``, where something reads what is known only after as_of."""
    for part in plan.walk(node):
        if (isinstance(part, plan.Reduction) and part.clock != plan.HISTORY) or (
            isinstance(part, plan.PolicyValue) and part.at_months > 0
        ):
            raise CallError(
                f"{place} reads what is known, or in force, only after as_of ({part}): build it from the "
                "history that it is given, which cannot look ahead."
            )


def _check_parameters(function: Callable[..., Number], parameters: Mapping[str, tuple[Any, ...]]) -> None:
    known = list(inspect.signature(function).parameters)[1:]
    for parameter, values in parameters.items():
        if parameter not in known:
            raise CallError(
                f'feature "{function.__name__}" has no parameter "{parameter}".{did_you_mean(parameter, known)}'
            )
        if not isinstance(values, tuple) or not values:
            raise CallError(f'feature "{function.__name__}": {parameter} must be a tuple of values, e.g. (3, 12).')


def _checked_name(name: str) -> str:
    if name in TAKEN:
        raise CallError(f'feature: "{name}" is the name of a column that stands beside the features. Choose another.')
    return name


def _default_name(family: str, given: Mapping[str, Any]) -> str:
    parts = [f"{value}m" if key == "months" else str(value) for key, value in given.items()]
    return "_".join([family, *parts])
