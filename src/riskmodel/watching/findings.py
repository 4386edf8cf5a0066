"""What a person is told: each finding names its culprit, and takes what follows from it under itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

# In the order in which findings are told: what was done to the data first, then what happened in the world, then what
# only the model shows. Within a kind the larger comes first.
KINDS = (
    "unit_swapped",
    "policy_withdrawn",
    "feed_stopped",
    "feed_fallen",
    "unseen_code",
    "feed_late",
    "price_shock",
    "rate_changed",
    "amounts_moved",
    "cohort_changed",
    "risks_untrue",
    "feature_drift",
    "score_moved",
    "list_moved",
    "feed_risen",
    "group_moved",
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that changed more than it usually does.

    Attributes
    ----------
    kind : str
        One of :data:`KINDS`.
    feed : tuple of str
        The table, and the codes of its kind, that it is about; empty where it is about none.
    needs_person : bool
        Whether somebody has to look; else it is told for the record.
    size : float
        How large it is, in usual sizes of a change.
    figures : dict
        What it rests on; the words are made of it.
    features : tuple of dict
        Features that read the feed and moved: name, zh, en, effect in log-odds.
    below : tuple of Finding
        What follows from it.
    """

    kind: str
    feed: tuple[str, ...] = ()
    needs_person: bool = True
    size: float = 0.0
    figures: Mapping[str, Any] = field(default_factory=dict)
    features: tuple[Mapping[str, Any], ...] = ()
    below: tuple[Finding, ...] = ()

    @property
    def place(self) -> str:
        """The feed as one word, such as ``income/transfer/dibao``."""
        return "/".join(part for part in self.feed if part)


def ranked(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings as they are told: who needs a person first, then by kind, then the largest first."""
    order = {kind: number for number, kind in enumerate(KINDS)}
    return sorted(findings, key=lambda f: (not f.needs_person, order[f.kind], -abs(f.size), f.place))


def put_below(finding: Finding, others: Sequence[Finding]) -> Finding:
    """Return a finding with others taken under it."""
    return replace(finding, below=(*finding.below, *others))


def covers(finding: Finding, feed: Sequence[str]) -> bool:
    """Tell whether a finding is about the feed, or about one that holds it.

    >>> covers(Finding(kind="feed_stopped", feed=("income", "transfer")), ("income", "transfer", "pension"))
    True
    """
    return bool(finding.feed) and tuple(feed[: len(finding.feed)]) == finding.feed
