"""Culprits first: findings that follow from another are taken under it, and features are told by the feed they read."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from riskmodel.watching.features import FeatureDrift, ScoreDrift
from riskmodel.watching.findings import Finding, covers, put_below, ranked
from riskmodel.watching.reading import reads

# Log-odds of the mean household: less is not worth a line under the culprit.
SHOWN, MOST_FEATURES = 0.01, 8
MATERIAL_SCORE = 0.3
_ONE_CULPRIT = ("unit_swapped", "price_shock", "rate_changed")
_VOLUMES = ("feed_stopped", "feed_fallen")


def culprits(
    found: Sequence[Finding],
    *,
    incomes: Iterable[tuple[str, ...]],
    features: Sequence[FeatureDrift],
    score: ScoreDrift | None,
) -> list[Finding]:
    """Return the findings as they are told.

    Parameters
    ----------
    found : sequence of Finding
        Of feeds, measures, codes and the cohort, each by itself.
    incomes : iterable of tuple of str
        The feeds that come and go with the measures that were withdrawn, if any were.
    features : sequence of FeatureDrift
        By what they do to the score, the largest first.
    """
    causes = _one_of_each(found)
    causes = _under_withdrawal(causes, list(incomes))
    causes = ranked(_under_feeds(causes))
    told, unexplained = _with_features(causes, features)
    told += [_of_feature(drift) for drift in unexplained]
    return ranked(_with_score(told, score))


def _one_of_each(found: Sequence[Finding]) -> list[Finding]:
    """Put what was done to several kinds of one table together: a unit swapped in all of them is one culprit."""
    together: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    rest = []
    for finding in found:
        if finding.kind not in _ONE_CULPRIT:
            rest.append(finding)
            continue
        # A fall of wages and one of crops are two; a unit is swapped where the file is made.
        level = 1 if finding.kind == "unit_swapped" else 2
        sign = finding.figures.get("power", math.copysign(1, finding.size))
        together[(finding.kind, finding.needs_person, sign, finding.feed[:level])].append(finding)
    for parts in together.values():
        largest = max(parts, key=lambda part: abs(part.size))
        if len(parts) == 1:
            rest.append(largest)
            continue
        figures = {**largest.figures, "feeds": sorted(part.place for part in parts)}
        rest.append(replace(largest, feed=_common([part.feed for part in parts]), figures=figures))
    return rest


def _common(feeds: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Return what several feeds begin with.

    >>> _common([("income", "wage", "local_wage"), ("income", "wage", "migrant_wage")])
    ('income', 'wage')
    """
    shared: list[str] = []
    for parts in zip(*feeds, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return tuple(shared)


def _under_withdrawal(found: Sequence[Finding], incomes: Sequence[tuple[str, ...]]) -> list[Finding]:
    """Take under a withdrawal what it makes of the measures' own rows and of the incomes that went with them."""
    policy = next((finding for finding in found if finding.kind == "policy_withdrawn"), None)
    if policy is None:
        return list(found)
    gone = [("measure",), *incomes]

    def follows(finding: Finding) -> bool:
        if finding is policy or not finding.feed:
            return False
        parts = [tuple(place.split("/")) for place in finding.figures.get("feeds", [finding.place])]
        return all(any(part[: len(feed)] == feed for feed in gone) for part in parts)

    return [
        put_below(policy, [f for f in found if follows(f)]),
        *(f for f in found if f is not policy and not follows(f)),
    ]


def _under_feeds(found: Sequence[Finding]) -> list[Finding]:
    """Take under a feed that stopped what else is odd of the few rows that still come."""
    stopped = [finding for finding in found if finding.kind in _VOLUMES]
    rest = [finding for finding in found if finding.kind not in _VOLUMES]
    for number, feed in enumerate(stopped):
        below = [f for f in rest if f.feed and covers(feed, f.feed) and f.kind not in ("unit_swapped", "unseen_code")]
        stopped[number] = put_below(feed, below)
        rest = [f for f in rest if f not in below]
    return [*stopped, *rest]


def _with_features(
    causes: Sequence[Finding], features: Sequence[FeatureDrift]
) -> tuple[list[Finding], list[FeatureDrift]]:
    """Tell features under the first culprit whose rows they read; the moved ones that none explains are returned."""
    told, left = [], list(features)
    for cause in causes:
        places = [tuple(place.split("/")) for place in cause.figures.get("feeds", ())] or [cause.feed]
        places += [below.feed for below in cause.below]
        mine = [d for d in left if d.spec.node is not None and any(reads(d.spec.node, place) for place in places)]
        left = [drift for drift in left if drift not in mine]
        shown = [drift for drift in mine if drift.moved or drift.weight >= SHOWN][:MOST_FEATURES]
        told.append(replace(cause, features=tuple(_line(drift) for drift in shown)))
    return told, [drift for drift in left if drift.moved]


def _line(drift: FeatureDrift) -> dict[str, object]:
    effect = None if drift.effect is None else drift.effect.deviation
    return {"name": drift.spec.name, "zh": drift.spec.zh, "en": drift.spec.en, "effect": effect, "moved": drift.moved}


def _of_feature(drift: FeatureDrift) -> Finding:
    effect = drift.effect
    figures = {
        "name": drift.spec.name,
        "zh": drift.spec.zh,
        "en": drift.spec.en,
        "effect": None if effect is None else effect.deviation,
        "usual": None if effect is None else effect.spread,
        "missing": None if drift.missing is None else drift.missing.now,
        "missing_expected": None if drift.missing is None else drift.missing.expected,
        "index": drift.index,
    }
    return Finding(kind="feature_drift", size=0.0 if effect is None else effect.size, figures=figures)


def _with_score(told: Sequence[Finding], score: ScoreDrift | None) -> list[Finding]:
    if score is None or score.margin is None or not score.margin.beyond(MATERIAL_SCORE):
        return list(told)
    figures = {
        "margin": score.margin.deviation,
        "usual": score.margin.spread,
        "above": None if score.above is None else score.above.now,
        "above_expected": None if score.above is None else score.above.expected,
    }
    moved = Finding(kind="score_moved", size=score.margin.size, figures=figures)
    causes = [finding for finding in told if finding.needs_person]
    if not causes:
        return [*told, moved]
    return [put_below(causes[0], [moved]), *(finding for finding in told if finding is not causes[0])]
