"""The watch over groups: how many of each are flagged, and how risky its flagged are, now and a year ago."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.evaluation.subgroups import NOT_RECORDED, Smallest
from riskmodel.features import GroupSpec
from riskmodel.watching.findings import Finding
from riskmodel.watching.lists import Drawn

# Fewer households, or fewer of them flagged, are not shown.
SMALLEST = Smallest(rows=50, positives=5)
# The share flagged, as a logarithm, and in standard errors of two independent shares.
MATERIAL, SURE = math.log(1.5), 4.0


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One group on a list.

    Attributes
    ----------
    hidden : str or None
        Why nothing is said of it.
    households, flagged : int or None
    share, share_before : float or None
        Flagged of its households; a year before.
    mean_risk : float or None
        Of its flagged: the precision to be expected.
    """

    name: str
    zh: str
    en: str
    hidden: str | None
    households: int | None = None
    flagged: int | None = None
    share: float | None = None
    share_before: float | None = None
    mean_risk: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return dict(vars(self))


def watch_groups(
    now: Drawn, before: Drawn | None, groups: Mapping[str, GroupSpec]
) -> tuple[list[Watched], list[Finding]]:
    """Look at every group of the catalogue; small ones, and those that would give a small one away, are not shown."""
    watched, findings = [], []
    for name, spec in groups.items():
        one = _watch(now, before, spec)
        watched.append(one)
        if before is None or one.hidden or not one.share or not one.share_before or one.households is None:
            continue
        moved = math.log(one.share / one.share_before)
        error = math.sqrt(sum((1 - s) / (s * one.households) for s in (one.share, one.share_before)))
        if abs(moved) >= MATERIAL and abs(moved) >= SURE * error:
            figures = {"group": name, "zh": spec.zh, "en": spec.en, "now": one.share, "before": one.share_before}
            findings.append(Finding(kind="group_moved", needs_person=False, size=moved / error, figures=figures))
    return watched, findings


def _watch(now: Drawn, before: Drawn | None, spec: GroupSpec) -> Watched:
    belongs = _belongs(now, spec.name)
    if np.isnan(belongs).all():
        return Watched(name=spec.name, zh=spec.zh, en=spec.en, hidden=NOT_RECORDED)
    inside, outside = belongs == 1, belongs == 0
    hidden = SMALLEST.hides_of(
        [float(inside.sum()), float(outside.sum())],
        [float((inside & now.flagged).sum()), float((outside & now.flagged).sum())],
    )[0]
    if hidden is not None:
        return Watched(name=spec.name, zh=spec.zh, en=spec.en, hidden=hidden)
    earlier = None
    if before is not None:
        then = _belongs(before, spec.name) == 1
        if SMALLEST.hides(float(then.sum()), float((then & before.flagged).sum())) is None:
            earlier = float((then & before.flagged).sum() / then.sum())
    flagged = inside & now.flagged
    return Watched(
        name=spec.name,
        zh=spec.zh,
        en=spec.en,
        hidden=None,
        households=int(inside.sum()),
        flagged=int(flagged.sum()),
        share=float(flagged.sum() / inside.sum()),
        share_before=earlier,
        mean_risk=float(now.rows["risk"].to_numpy()[flagged].mean()),
    )


def _belongs(drawn: Drawn, name: str) -> NDArray[np.float64]:
    return drawn.rows[f"_group_{name}"].to_numpy(dtype=np.float64)
