"""How a list serves one group of households and how everyone else: recall, precision, false omission, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.evaluation.bootstrap import Estimate, widened
from riskmodel.evaluation.tallies import Tallied

if TYPE_CHECKING:
    from riskmodel.evaluation.asked import Asked

# What is compared with everyone else, and flagged.
COMPARED = ("recall", "precision", "false_omission", "observed_to_expected")
SHOWN = (*COMPARED, "listed_share", "mean_risk", "share")

# An interval is a spread over villages: over a handful of them it means nothing.
LEAST_CLUSTERS = 5

FEW_ROWS, FEW_POSITIVES, NOT_RECORDED = "few_rows", "few_positives", "not_recorded"
# Large enough, but the total less what is shown would give another that is not.
FOR_ANOTHER = "for_another"


@dataclass(frozen=True, kw_only=True)
class Smallest:
    """Groups with fewer rows, or fewer positives, are not shown: chance, or a family, would be read off them."""

    rows: int
    positives: int

    def hides(self, rows: float, positives: float) -> str | None:
        """Return why a group is not shown; None where it is."""
        if rows < self.rows:
            return FEW_ROWS
        return FEW_POSITIVES if positives < self.positives else None

    def hides_of(self, rows: Sequence[float], positives: Sequence[float]) -> list[str | None]:
        """Return, for groups that share out a total which is shown, why each is not shown; None where it is.

        What is hidden must not follow from the total less what is shown. So the next smallest are hidden too until at
        least two are, and are together as large as what may be shown. A group that nobody is in gives nobody away.
        """
        why = [self.hides(r, p) for r, p in zip(rows, positives, strict=True)]
        unsaid = [number for number, reason in enumerate(why) if reason is not None and rows[number] > 0]
        left = sorted((n for n, reason in enumerate(why) if reason is None), key=lambda n: (rows[n], positives[n], n))
        while unsaid and left:
            together = self.hides(sum(rows[n] for n in unsaid), sum(positives[n] for n in unsaid))
            if len(unsaid) > 1 and together is None:
                break
            why[left[0]] = FOR_ANOTHER
            unsaid.append(left.pop(0))
        return why


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What is said of one group.

    Attributes
    ----------
    name, zh, en : str
        What it is called; a township by its code.
    township : bool
        Whether it is one.
    hidden : str or None
        Why nothing is said of it: ``few_rows``, ``few_positives``, ``not_recorded`` or ``for_another``.
    rows, positives, clusters : int or None
        Rows tested, how many of them had the outcome, from how many villages; None where hidden.
    estimates : dict
        Measure -> :class:`Estimate`; without an interval where there are too few villages for one.
    differences : dict
        Measure -> the group less everyone else; absent where everyone else is too few.
    """

    name: str
    zh: str
    en: str
    township: bool
    hidden: str | None
    rows: int | None = None
    positives: int | None = None
    clusters: int | None = None
    estimates: Mapping[str, Estimate]
    differences: Mapping[str, Estimate]

    def differs(self, measure: str) -> bool:
        """Whether the interval of the difference to everyone else excludes 0."""
        found = self.differences.get(measure)
        return found is not None and (found.low > 0 or found.high < 0)

    @property
    def flagged(self) -> list[str]:
        """The measures in which the group differs from everyone else."""
        return [measure for measure in COMPARED if self.differs(measure)]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        said = {"name": self.name, "zh": self.zh, "en": self.en, "township": self.township, "hidden": self.hidden}
        if self.hidden is not None:
            return said
        return {
            **said,
            "rows": self.rows,
            "positives": self.positives,
            "clusters": self.clusters,
            "estimates": {m: e.to_dict() for m, e in self.estimates.items()},
            "less_everyone_else": {m: e.to_dict() for m, e in self.differences.items()},
            "differs": self.flagged,
        }


def cell(
    tallied: Tallied,
    *,
    everyone: Tallied | None,
    words: tuple[str, str, str],
    township: bool = False,
    clusters: int,
    hidden: str | None,
    smallest: Smallest,
    level: float,
    measures: Sequence[str] = SHOWN,
) -> Cell:
    """Say what there is to say of one group.

    Parameters
    ----------
    tallied : Tallied
        The group's own.
    everyone : Tallied, optional
        Of all of whom it is known whether they belong: what is not the group's is everyone else's.
    words : tuple of str
        The name, and the group in zh and en.
    clusters : int
        From how many villages its rows come.
    hidden : str or None
        Why nothing may be said of it, by :meth:`Smallest.hides_of` among those that it shares a total with.
    """
    name, zh, en = words
    rows, positives = counts_of(tallied)
    if everyone is not None and everyone.once.rows[0, 0] == 0:
        hidden = NOT_RECORDED
    if hidden is not None:
        return Cell(name=name, zh=zh, en=en, township=township, hidden=hidden, estimates={}, differences={})
    level = widened(level, groups=clusters)
    estimates = {measure: tallied.of(measure, level=level) for measure in measures}
    differences = {}
    if clusters < LEAST_CLUSTERS:
        estimates = {m: e.without_interval() for m, e in estimates.items()}
    elif everyone is not None:
        others = everyone - tallied
        if smallest.hides(*counts_of(others)) is None:
            compared = [m for m in COMPARED if m in measures]
            differences = {m: tallied.less(others, m, level=level) for m in compared}
    return Cell(
        name=name,
        zh=zh,
        en=en,
        township=township,
        hidden=None,
        rows=round(rows),
        positives=round(positives),
        clusters=clusters,
        estimates=estimates,
        differences=differences,
    )


def subgroups(asked: Asked, words: Mapping[str, tuple[str, str]]) -> list[Cell]:
    """Say how the county's list at the main capacity serves every group that the experiment asks for.

    Parameters
    ----------
    asked : Asked
        Whose ``beside.groups`` tell who belongs.
    words : dict
        The zh and en name of each group.
    """
    groups, townships = asked.beside.groups, asked.beside.townships
    known = [~np.isnan(belongs) for belongs in groups.values()]
    codes, inside = townships_of(townships, rows=len(asked.clusters))
    members = np.column_stack([*(belongs == 1 for belongs in groups.values()), *known, inside])
    tallied = asked.pooled(members, listing=asked.county_list(asked.main))
    whole = asked.whole_county(asked.main)
    cells = [
        cell(
            tallied.group(number),
            everyone=tallied.group(len(groups) + number),
            words=(name, *words[name]),
            clusters=asked.places(members[:, number]),
            hidden=hidden_of([tallied.group(number), whole - tallied.group(number)], asked.smallest)[0],
            smallest=asked.smallest,
            level=asked.level,
        )
        for number, name in enumerate(groups)
    ]
    numbers = range(2 * len(groups), members.shape[1])
    unsaid = hidden_of([tallied.group(number) for number in numbers], asked.smallest)
    return cells + [
        cell(
            tallied.group(number),
            everyone=tallied.total_of(numbers),
            words=township_words(code),
            township=True,
            clusters=asked.places(members[:, number]),
            hidden=hidden,
            smallest=asked.smallest,
            level=asked.level,
        )
        for number, code, hidden in zip(numbers, codes, unsaid, strict=True)
    ]


def counts_of(tallied: Tallied) -> tuple[float, float]:
    """Return the rows and the positives of a single group."""
    return float(tallied.once.rows[0, 0]), float(tallied.once.positives[0, 0])


def hidden_of(parts: Sequence[Tallied], smallest: Smallest) -> list[str | None]:
    """Return why nothing may be said of each of the parts that all rows fall into; None where it may."""
    counts = [counts_of(part) for part in parts]
    return smallest.hides_of([rows for rows, _ in counts], [positives for _, positives in counts])


def townships_of(townships: np.ndarray | None, *, rows: int) -> tuple[list[str], np.ndarray]:
    """Return the codes of the townships, and which row lies in which, shape (n, townships)."""
    if townships is None:
        return [], np.zeros((rows, 0), dtype=bool)
    codes, numbers = np.unique(townships, return_inverse=True)
    return codes.tolist(), numbers[:, None] == np.arange(len(codes))


def township_words(code: str) -> tuple[str, str, str]:
    """Return a township's name, and its words in zh and en: the registry holds codes only."""
    return code, code or "未登记乡镇", code or "no township recorded"
