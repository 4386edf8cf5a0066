"""The units in which counties write money, land and distance, and what one of each is in the registry's unit."""

from __future__ import annotations

from riskmodel.errors import did_you_mean
from riskmodel.registry.importing.text import canonical

_HECTARE_IN_MU = 15.0
# Registry unit -> outside unit -> how many of the registry's unit one of it is.
UNITS: dict[str, dict[str, float]] = {
    "yuan": {
        "yuan": 1.0, "元": 1.0, "角": 0.1, "百元": 100.0, "千元": 1_000.0, "万元": 10_000.0, "万": 10_000.0,
        "亿元": 100_000_000.0,
    },
    "mu": {
        "mu": 1.0, "亩": 1.0, "分": 0.1, "公顷": _HECTARE_IN_MU, "hectare": _HECTARE_IN_MU, "ha": _HECTARE_IN_MU,
        "平方米": _HECTARE_IN_MU / 10_000, "m2": _HECTARE_IN_MU / 10_000, "acre": 0.40468564224 * _HECTARE_IN_MU,
    },
    "km": {"km": 1.0, "公里": 1.0, "千米": 1.0, "里": 0.5, "米": 0.001, "m": 0.001},
}  # fmt: skip


def unit_scale(unit: str, *, into: str) -> float:
    """Return how many of the registry's unit ``into`` one ``unit`` is.

    Raises
    ------
    ValueError
        The unit is unknown for this kind of quantity; the message names the nearest.

    >>> unit_scale("万元", into="yuan"), unit_scale("公顷", into="mu")
    (10000.0, 15.0)
    """
    known = UNITS.get(into, {})
    name = canonical(unit) or ""
    if name not in known:
        if not known:
            raise ValueError("this column has no unit to convert to; use scale")
        raise ValueError(f"a unit that can be turned into {into}.{did_you_mean(name, known)}")
    return known[name]
