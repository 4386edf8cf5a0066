"""Whether what calls itself the true risk can be: by what came true, and by who did clearly better.

Metadata can be checked only where they exist, and a user's outcome of the same name may be another. So the figures
themselves are asked, pooled over the dates of a mode. Three signs:

- ``share``: the positives lie further off the sum of the risks than 6 standard deviations of independent outcomes and a
  quarter of the sum together. The quarter is for what a year does to everyone (in two simulated counties of 2,500
  households, single years lay from 17% below to 18% above, the luck of the households themselves in it); 6, and not
  3, is because villages share shocks and half-yearly dates count the same months twice.
- ``auc``: someone's order is better, the whole interval long, and the truth's lies 4 standard errors below what would
  come of these risks if they were true. The second is needed: risks told by few lives are a coarse order,
  which a good model honestly beats.
- ``brier``: someone's score is better, the whole interval long, by more than who foresees a year that is a quarter off
  can win: (1/4)² of the mean squared risk. The intervals do not hold the year.

With one life a risk is 0 or 1, and only ``share`` can be asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from riskmodel.evaluation.bootstrap import Estimate
    from riskmodel.evaluation.regret import RegretTable

YEAR_OFF = 0.25
DEVIATIONS = 6.0
STANDARD_ERRORS = 4.0


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A sign that true risks are not those of the registry and outcome they are held against.

    Attributes
    ----------
    mode : str
    sign : str
        ``share``, ``auc`` or ``brier``.
    scorer : str or None
        Who did better; None for ``share``.
    found, expected : float
        Positives and the sum of the risks; or the truth's measure and the scorer's.
    """

    mode: str
    sign: str
    scorer: str | None
    found: float
    expected: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return dict(vars(self))


def doubts(
    tables: Sequence[RegretTable],
    *,
    mode: str,
    outcome: np.ndarray,
    risk: np.ndarray,
    noise: np.ndarray | None,
    stratum: np.ndarray,
    replays: int | None,
) -> tuple[Doubt, ...]:
    """Return the signs against a truth, pooled over the dates of a mode.

    Parameters
    ----------
    tables : sequence of RegretTable
        The mode's; the last is the pooled one.
    outcome, risk, noise, stratum : ndarray, shape (n,)
        What happened, the true risk (NaN where it is not known), its variance, and the number of the test origin.
    """
    if not tables:
        return ()
    known = np.isfinite(risk)
    y, p, origin = outcome[known], risk[known], stratum[known]
    variance = np.zeros(len(p)) if noise is None else noise[known]
    out = []
    if share_is_off(y, p):
        out.append(Doubt(mode=mode, sign="share", scorer=None, found=float(y.sum()), expected=float(p.sum())))
    if replays != 1:
        table, worst = tables[-1], -(YEAR_OFF**2) * float(np.mean(p**2 - variance))
        truth = next(iter(table.estimates.values()))
        for sign, bar in (("auc", 0.0), ("brier", min(worst, 0.0))):
            if sign == "auc" and not _below(truth["auc"], expected_auc(p, noise=variance, stratum=origin)):
                continue
            behind = [name for name, by in table.regrets.items() if sign in by and by[sign].high < bar]
            out += [
                Doubt(
                    mode=mode,
                    sign=sign,
                    scorer=name,
                    found=truth[sign].value,
                    expected=table.estimates[name][sign].value,
                )
                for name in behind
            ]
    return tuple(out)


def _below(found: Estimate, expected: float) -> bool:
    return bool(found.value + STANDARD_ERRORS * found.standard_error < expected)


def share_is_off(outcome: np.ndarray, risk: np.ndarray) -> bool:
    """Say whether the positives are too many or too few for these risks.

    >>> risk = np.full(1000, 0.1)
    >>> [share_is_off(np.arange(1000) < positives, risk) for positives in (10, 30, 170, 190)]
    [True, False, False, True]
    """
    off = abs(float(outcome.sum() - risk.sum()))
    chance = float(np.sqrt((risk * (1 - risk)).sum()))
    return bool(off > DEVIATIONS * chance + YEAR_OFF * float(risk.sum()))


def expected_auc(risk: np.ndarray, *, noise: np.ndarray, stratum: np.ndarray) -> float:
    """Return the AUC that ordering by ``risk`` has on average if outcomes come true by it, pairs within an origin only.

    Risks are shares of a limited number of lives, so the risk behind a share lies nearer to the mean than the share:
    by the part of the shares' variance that is no noise, which is exact where risks follow a beta distribution.

    >>> nought = np.zeros(2)
    >>> round(expected_auc(np.array([0.1, 0.5]), noise=nought, stratum=nought), 3)  # 0.5 × 0.9 to 0.1 × 0.5
    0.9
    """
    won = pairs = 0.0
    for origin in np.unique(stratum):
        here = stratum == origin
        p, spread = risk[here], float(risk[here].var())
        reliable = max(0.0, 1 - float(noise[here].mean()) / spread) if spread else 0.0
        likely = p.mean() + reliable * (p - p.mean())
        _, place = np.unique(p, return_inverse=True)
        positive, negative = np.bincount(place, weights=likely), np.bincount(place, weights=1 - likely)
        # Nobody is a pair with itself.
        alone = float((likely * (1 - likely)).sum())
        won += float((positive * (np.cumsum(negative) - negative / 2)).sum()) - alone / 2
        pairs += float(positive.sum() * negative.sum()) - alone
    return won / pairs if pairs else float("nan")
