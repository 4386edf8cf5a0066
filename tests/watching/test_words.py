"""Every finding can be said, in both languages."""

from __future__ import annotations

import pytest

from riskmodel.watching.findings import KINDS, Finding
from riskmodel.watching.words import say

AMOUNTS = {"ratio": 0.6, "usual": 1.04, "rows": 900, "months": 36, "now": 300.0, "expected": 500.0}
COUNTS = {"rows": 3, "expected": 900, "months": 36, "feeds": ["income/wage/local_wage", "income/wage/migrant_wage"]}
FIGURES = {
    "unit_swapped": AMOUNTS | {"power": -4.0, "ratio": 0.0001},
    "policy_withdrawn": {"kinds": {"protection": {"now": 4, "expected": 530, "before": 43}}, "months": 36},
    "feed_stopped": COUNTS,
    "feed_fallen": COUNTS,
    "feed_risen": COUNTS,
    "unseen_code": {"column": "item", "code": "x", "rows": 40, "of": 900, "outside_code_book": False},
    "feed_late": {"days": 90.0, "expected": 20.0, "rows": 400, "months": 36},
    "price_shock": AMOUNTS | {"townships": 12, "townships_moved": 11},
    "rate_changed": AMOUNTS,
    "amounts_moved": AMOUNTS,
    "cohort_changed": {"part": "township_code=369901101", "now": 20, "expected": 220, "months": 11},
    "risks_untrue": {"expected": 90.4, "found": 150, "first": "2022-01-01", "last": "2022-10-01", "months": 4},
    "feature_drift": {
        "zh": "家庭人口", "en": "members", "effect": 0.4, "usual": 0.02, "missing": 0.1, "missing_expected": 0.0,
        "index": 0.3,
    },
    "score_moved": {"margin": 0.5, "usual": 0.05, "above": 0.09, "above_expected": 0.05},
    "list_moved": {"before": "2024-01-01", "both": 40, "overlap": 0.4, "new": 60, "dropped": 60},
    "group_moved": {"zh": "女户主家庭", "en": "headed by a woman", "now": 0.09, "before": 0.04},
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_finding_has_a_title_what_it_rests_on_and_what_to_do(kind):
    finding = Finding(kind=kind, feed=("income", "wage"), figures=FIGURES[kind])
    for lang in ("zh", "en"):
        said = say(finding, lang)
        assert all(len(part) > 4 for part in said), (kind, lang)
        assert not any("{" in part or "None" in part or "nan" in part for part in said)
        chinese = any("\u4e00" <= letter <= "\u9fff" for letter in said.evidence)
        assert chinese == (lang == "zh")


def test_the_unit_is_named():
    finding = Finding(kind="unit_swapped", feed=("spending",), figures=FIGURES["unit_swapped"])
    assert "万元" in say(finding, "zh").evidence
    assert "ten thousand yuan" in say(finding, "en").evidence


@pytest.mark.parametrize(
    ("power", "zh", "en"),
    [
        (2.0, "像是以分填报，而不是元", "as if they came in fen instead of yuan"),
        (-2.0, "像是以前以分填报，现在改以元填报", "as if they had come in fen before, and came in yuan now"),
        (-3.0, "像是以千元填报，而不是元", "as if they came in thousand yuan instead of yuan"),
        (4.0, "像是以前以万元填报，现在改以元填报", "as if they had come in ten thousand yuan before"),
    ],
)
def test_a_unit_is_told_from_the_one_before(power, zh, en):
    figures = AMOUNTS | {"power": power, "ratio": 10.0**power}
    finding = Finding(kind="unit_swapped", feed=("spending",), figures=figures)
    assert zh in say(finding, "zh").evidence and en in say(finding, "en").evidence
