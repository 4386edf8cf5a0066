"""A sheet keeps to its page: what raises the score and what to check stay, the rest gives way in order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from riskmodel.report.data import WhatIf, read_report_data
from riskmodel.report.fit import Texts, lines, what_fits
from riskmodel.report.pages import Pages

LONG = "a reason of many words that takes more than one line of the column it stands in, and then some more of it; "


def texts(*, score: int = 2, raising: int = 5, lowering: int = 2, doors: int = 4, what_if: int = 3) -> Texts:
    short = "short"
    return Texts([short] * score, [short] * raising, [short] * lowering, [short] * doors, [short] * what_if)


@pytest.mark.parametrize(
    ("most", "fits"), [(16, (2, 3)), (15, (1, 3)), (14, (0, 3)), (13, (0, 2)), (11, (0, 0)), (3, (0, 0))]
)
def test_the_smallest_that_lower_give_way_first_and_then_what_would_change_it(most, fits):
    assert what_fits(texts(), most=most) == fits


def test_a_longer_text_takes_more_lines():
    assert lines(LONG, 500) == 2
    assert lines(LONG * 3, 500) > 3
    assert lines("病" * 50, 500) == 2


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_sheet_too_full_says_what_it_left_to_the_workbook(scored_run, lang):
    data = read_report_data(scored_run)
    flag = next(flag for flag in data.flags if len(flag.lowering) >= 2 and len(flag.raising) >= 4)
    reason = flag.raising[0]
    words = {"zh": "很长的指标名称" * 40, "en": LONG * 3}
    wordy = replace(reason, spec=replace(reason.spec, zh=words["zh"], en=words["en"]))
    full = replace(
        flag,
        reasons=(*(wordy for _ in range(5)), *flag.lowering),
        risk_types=("illness", "disability", "schooling", "disaster", "job_instability"),
        what_if=tuple(WhatIf(0.1, f"若甲{n}：模型算得10%", f"If a{n}: the model would compute 10%") for n in range(3)),
    )
    page, plain = (Pages(data, lang=lang, main=lang).household(one, None) for one in (full, flag))
    left = {"zh": f"另有{len(flag.lowering)}项较小的理由", "en": f"left to the workbook: {len(flag.lowering)}"}[lang]
    assert left in page
    assert left not in plain or len(flag.lowering) == 1
    assert page.count(wordy.label(lang)[:20]) >= 5
