"""One feature against the outcome: how its values lie in both groups, and how often the outcome came true at each."""

from __future__ import annotations

import itertools
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from riskmodel.errors import CallError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from riskmodel.training.training_set import TrainingSet

# Few different values are drawn one by one; of many, the outermost hundredths go into the first and last bar.
_FEW = 12
_TAIL = 0.01
_Z = 1.959964
_LABEL_WIDTH = 64
_GREY, _RED = "#9aa5b1", "#b3261e"


def outcome_rates(rows: TrainingSet, feature: str, *, bins: int = 16) -> pd.DataFrame:
    """Count households and outcomes over the values of a feature; rows whose outcome is not known are left out.

    Parameters
    ----------
    feature
        A column of ``rows.X``.
    bins
        How many bars for a feature with many different values.

    Returns
    -------
    pandas.DataFrame
        A row a bar, the missing values last: ``low`` and ``high`` (the bar holds ``low <= value < high``, the last one
        ``high`` too; both are missing for the missing values), ``label``, ``rows``, ``outcomes``, ``rate``, and its
        95 % interval ``rate_low``, ``rate_high`` (Wilson 1927).
    """
    import pandas as pd

    if feature not in rows.X:
        raise CallError(f'the training set has no feature "{feature}".{did_you_mean(feature, rows.X.columns)}')
    known = rows.y.notna().to_numpy()
    value, y = rows.X[feature].to_numpy()[known], rows.y.to_numpy()[known]
    low, high, labels = _bars(value[~np.isnan(value)], bins)
    place = np.where(np.isnan(value), len(low), np.clip(np.searchsorted(low, value, side="right") - 1, 0, None))
    if np.isnan(value).any():
        low, high, labels = np.append(low, np.nan), np.append(high, np.nan), [*labels, "missing"]
    n = np.bincount(place, minlength=len(low))
    true = np.bincount(place, weights=y, minlength=len(low))
    least, most = _wilson(true, n)
    with np.errstate(invalid="ignore"):
        rate = true / n
    columns = {"low": low, "high": high, "label": labels, "rows": n, "outcomes": true.astype(int)}
    return pd.DataFrame({**columns, "rate": rate, "rate_low": least, "rate_high": most})


def outcome_histogram(rows: TrainingSet, feature: str, *, bins: int = 16) -> Figure:
    """Draw a feature against the outcome; takes the arguments of :func:`outcome_rates`.

    Above, the share of the rows at each value, apart for those whose outcome came true and the others. Below, how
    often it came true at each value, with its interval, and the rate of all rows as a line.

    Raises
    ------
    CallError
        matplotlib is not installed.
    """
    rates = outcome_rates(rows, feature, bins=bins)
    figure = _figure()
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.2, 1])
    _draw_shares(above, rates, str(rows.y.name))
    _draw_rates(below, rates, str(rows.y.name))
    spec = rows.catalogue.features.get(feature)
    words = f"{spec.en}{f' ({spec.unit})' if spec.unit else ''}" if spec else feature
    below.set_xlabel(textwrap.fill(words, _LABEL_WIDTH))
    return figure


def _figure() -> Figure:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise CallError(
            'a picture needs matplotlib: pip install ".[notebooks]" in the checkout of riskmodel.'
        ) from None

    class Picture(Figure):
        """A figure that a notebook shows as the value of a cell, pyplot or not."""

        def _repr_png_(self) -> bytes:
            from io import BytesIO

            drawn = BytesIO()
            self.savefig(drawn, format="png")
            return drawn.getvalue()

    return Picture(figsize=(6.4, 4.0), dpi=90, layout="constrained")


def _bars(value: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    different = np.unique(value)
    if len(different) <= _FEW:
        return different, different, [f"{v:g}" for v in different]
    least, most = np.quantile(value, [_TAIL, 1 - _TAIL])
    edges = np.linspace(least, most, bins + 1) if most > least else np.array([different[0], different[-1]])
    low, high = edges[:-1].copy(), edges[1:].copy()
    low[0], high[-1] = different[0], different[-1]
    step = edges[1] - edges[0]
    digits = max(0, 1 - int(np.floor(np.log10(step))))
    return low, high, [f"{(a + b) / 2:,.{digits}f}" for a, b in itertools.pairwise(edges)]


def _wilson(true: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(invalid="ignore", divide="ignore"):
        rate, square = true / n, _Z**2
        middle = (rate + square / (2 * n)) / (1 + square / n)
        half = _Z / (1 + square / n) * np.sqrt(rate * (1 - rate) / n + square / (4 * n**2))
    return middle - half, middle + half


def _draw_shares(axes: Axes, rates: pd.DataFrame, outcome: str) -> None:
    at, false = np.arange(len(rates)), rates["rows"] - rates["outcomes"]
    for side, word, count, colour in ((-0.2, "false", false, _GREY), (0.2, "true", rates["outcomes"], _RED)):
        label = f"{outcome} {word} (n = {count.sum():,})"
        axes.bar(at + side, count / max(count.sum(), 1), width=0.4, color=colour, label=label)
    axes.set_ylabel("share of the group")
    axes.legend(frameon=False, fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)


def _draw_rates(axes: Axes, rates: pd.DataFrame, outcome: str) -> None:
    full = rates[rates["rows"] > 0]
    spread = np.clip([full["rate"] - full["rate_low"], full["rate_high"] - full["rate"]], 0, None)
    axes.errorbar(full.index, full["rate"], yerr=spread, fmt="o", color=_RED, ecolor=_GREY, markersize=4, capsize=2)
    axes.axhline(rates["outcomes"].sum() / max(rates["rows"].sum(), 1), color=_GREY, linewidth=1, linestyle="--")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"rate of {outcome}")
    axes.set_xticks(range(len(rates)), rates["label"], rotation=45, ha="right", fontsize="small")
    axes.spines[["top", "right"]].set_visible(False)
