"""What fits on one A4 page: how many lines a sheet's texts take in print, and what gives way where they are too many.

Reckoned, not rendered: a sheet is made without a browser. Reasons that give way are counted on the sheet and stand in
the workbook.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from riskmodel.drawing import text_width
from riskmodel.registry.codes import Lang

# In CSS pixels, at the size of print.
_SIZE = 11
_REASON, _LINE, _SCORE = 500, 660, 570
# That the texts may take beside headings, the picture and the form; Chinese is printed larger. Found by printing.
MOST_LINES: dict[Lang, int] = {"zh": 27, "en": 38}


@dataclass(frozen=True)
class Texts:
    """The texts of a sheet whose length depends on the household.

    Attributes
    ----------
    score : sequence of str
        What stands beside the risk: its meaning, rules, warnings.
    raising, lowering : sequence of str
        Reasons, in order.
    doors : sequence of str
        What to check.
    what_if : sequence of str
    """

    score: Sequence[str]
    raising: Sequence[str]
    lowering: Sequence[str]
    doors: Sequence[str]
    what_if: Sequence[str]


def lines(words: str, width: float) -> int:
    """Return how many lines a text takes in a column of a width in pixels.

    >>> lines("", 100), lines("本村中位数", 100), lines("village median " * 10, 100) > 5
    (1, 1, True)
    """
    return max(1, math.ceil(text_width(words, size=_SIZE) / width))


def what_fits(texts: Texts, *, most: int) -> tuple[int, int]:
    """Return how many lowering reasons and what-if lines a sheet has room for.

    Those that lower the score give way first, the smallest of them; then what would change it, the least first. What
    raises the score and what to check at the door always stay.
    """
    fixed = sum(lines(each, _SCORE) for each in texts.score)
    fixed += sum(lines(each, _REASON) for each in texts.raising) + sum(lines(each, _LINE) for each in texts.doors)
    options = [(low, len(texts.what_if)) for low in range(len(texts.lowering), -1, -1)]
    options += [(0, some) for some in range(len(texts.what_if) - 1, -1, -1)]
    for low, some in options:
        taken = sum(lines(each, _REASON) for each in texts.lowering[:low])
        taken += sum(lines(each, _LINE) for each in texts.what_if[:some])
        if fixed + taken <= most:
            return low, some
    return 0, 0
