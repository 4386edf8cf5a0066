"""Every feature's words, said of one household with a value and with none: no mechanical fault in either language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from riskmodel.explain.words import Fact, reason_sentence
from riskmodel.features import FeatureSpec, load_catalogue

SPECS = list(load_catalogue(Path(__file__).parents[2] / "features").features.values())
NAN = float("nan")
FACTS = [
    *(Fact(value) for value in (0.0, 1.0, -2.5, 1234.56, NAN)),
    Fact(1.0, village_median=0.5, year_ago=1.0),
    Fact(3.0, village_median=3.0, year_ago=NAN, unseen=True),
    Fact(NAN, village_median=2.0, year_ago=1.0, unseen=True),
]


def sentences(spec: FeatureSpec, lang: str) -> list[str]:
    return [
        reason_sentence(spec, fact, contribution=sign * 0.3, lang=lang, together=together)  # type: ignore[arg-type]
        for fact in FACTS
        for sign in (1, -1)
        for together in (0, 1, 3)
    ]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_words(spec: FeatureSpec) -> None:
    for said in (*sentences(spec, "zh"), *sentences(spec, "en")):
        assert not re.search(r"[{}|]|  |None|nan|_", said), said
        assert not said.endswith(("。", ".", ",", "，")), said
    for said in sentences(spec, "zh"):
        assert not re.search(r"[,;:!?()](?!\d)", said), f"ASCII punctuation: {said}"
        assert " " not in said.replace("贡献 ", ""), f"space: {said}"
        assert said.count("（") == said.count("）") and said.count("：") == 1, said
    for said in sentences(spec, "en"):
        assert said.isascii() and said[0].isupper(), said
        assert said.count("(") == said.count(")") and said.count(": ") == 1, said


def test_no_two_features_share_their_words() -> None:
    for words in ([s.zh for s in SPECS], [s.en for s in SPECS]):
        assert sorted(set(words)) == sorted(words)


def test_the_window_in_the_name_is_said() -> None:
    for spec in SPECS:
        named = re.search(r"_(\d+)m(_|$)", spec.name)
        if named and "previous" not in spec.name and "gap_change" not in spec.name:
            assert f"近{named[1]}个月" in spec.zh, f"{spec.name}: {spec.zh}"
