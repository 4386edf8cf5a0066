"""Measures to consider for a flag: a proposal drawn from its risk types and from who can work.

The groups are those of the national form (``measure_kind`` in the code book). Two rules of the form shape them: a
household marked with illness, disability, housing or water must have a matching measure, and a household with
someone able to work at least one that develops it; who cannot work is protected instead.
"""

from __future__ import annotations

from collections.abc import Sequence

_BY_RISK_TYPE: dict[str, tuple[str, ...]] = {
    "illness": ("health", "protection"),
    "disability": ("protection", "social"),
    "schooling": ("compulsory_education", "other_education"),
    "disaster": ("social", "living_conditions"),
    "accident": ("social", "protection"),
    "enterprise_failure": ("industry", "finance"),
    "job_instability": ("jobs", "public_post"),
    "labour_shortage": ("protection", "social"),
    "housing": ("housing",),
    "water": ("water",),
    "other": ("social",),
}
DEVELOPING = ("industry", "jobs", "finance", "public_post")
MOST = 6


def propose_measures(risk_types: Sequence[str], *, members_able: float | None) -> list[str]:
    """Return the measures to consider, at most :data:`MOST`, each once.

    First the main measure of each risk type, the strongest type first; then what the household's ability to work
    asks for; then the types' second measures. ``other``, which points to nothing in particular, comes last.

    Parameters
    ----------
    risk_types : sequence of str
        The household's risk types, the strongest first.
    members_able : float or None
        Members able to work (16 to 59, skilled or ordinary); None or NaN when not known.

    >>> propose_measures(["illness"], members_able=2)
    ['health', 'jobs', 'protection']
    >>> propose_measures(["job_instability", "water"], members_able=0)
    ['water', 'protection']
    """
    ordered = sorted(risk_types, key=lambda kind: kind == "other")
    by_type = [_BY_RISK_TYPE.get(kind, _BY_RISK_TYPE["other"]) for kind in ordered]
    main = [measures[0] for measures in by_type]
    second = [measure for measures in by_type for measure in measures[1:]]
    asked: list[str] = []
    if members_able is not None and members_able == 0:
        main = [measure for measure in main if measure not in DEVELOPING]
        second = [measure for measure in second if measure not in DEVELOPING]
        asked = ["protection"]
    elif members_able is not None and members_able > 0 and not any(measure in DEVELOPING for measure in main):
        asked = ["jobs"]
    return list(dict.fromkeys([*main, *asked, *second]))[:MOST]
