"""All sentences of one run, listed in sentences.txt and read through: a new one fails until it has been read too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from riskmodel.report import words
from riskmodel.report.data import read_report_data
from riskmodel.report.doors import door_check
from riskmodel.report.vocabulary import WORDS

LISTED = Path(__file__).with_name("sentences.txt")
# Letters that stand in Chinese sentences too: grades of a house, names of files and parts.
LATIN = re.compile(r"[A-Za-z]+")
ALLOWED = {"A", "B", "C", "D", "LightGBM", "English", "list", "xlsx", "run", "json", "scores", "flags", "parquet"}


def masked(sentence: str) -> str:
    """The sentence with N for each number: what it says of any household."""
    sentence = re.sub(r"\b[0-9a-f]{16}\b", "DIGEST", sentence)
    return re.sub(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(e-\d+)?%?", "N", sentence)


def said(run: Path) -> set[str]:
    data = read_report_data(run)
    found = set()
    for flag in data.flags:
        for lang in ("zh", "en"):
            found |= {reason.sentence(lang) for reason in flag.reasons}
            found |= {reason.label(lang) for reason in flag.reasons}
            found |= {getattr(each, lang) for each in flag.what_if}
            found |= {words.meaning(flag, data, lang), words.unseen(flag, data, lang), words.little_known(flag, lang)}
            found |= {door_check(kind, lang) for kind in flag.risk_types}
            found |= set(words.provenance(data, lang)) | set(words.rules(flag, data, lang))
    return {masked(sentence) for sentence in found if sentence}


@pytest.fixture(scope="module")
def sentences(scored_run) -> set[str]:
    return said(scored_run)


def test_every_sentence_has_been_read(sentences):
    listed = set(LISTED.read_text(encoding="utf-8").splitlines())
    new = sorted(sentences - listed)
    assert not new, "read these, mend what is wrong, and add them to sentences.txt:\n" + "\n".join(new)


@pytest.mark.parametrize("source", ["run", "listed", "vocabulary"])
def test_no_sentence_has_a_mechanical_fault(sentences, source):
    every = {
        "run": sentences,
        "listed": set(LISTED.read_text(encoding="utf-8").splitlines()),
        "vocabulary": {text for pair in WORDS.values() for text in pair},
    }[source]
    assert len(every) > 100
    for sentence in every:
        assert sentence == sentence.strip()
        assert "  " not in sentence
        assert not re.search(r"\b(nan|None|null|inf)\b|_{2,}|\{\}", sentence), sentence
        assert not re.search(r"[。，；：]{2,}|[.,;:]{2,}(?!\.)|\( | \)|（，|，）", sentence), sentence


def test_each_language_keeps_to_itself(sentences):
    for sentence in sentences:
        if re.search(r"[\u4e00-\u9fff]", sentence):
            strange = set(LATIN.findall(sentence)) - ALLOWED - {"N", "DIGEST"}
            assert not strange, (strange, sentence)
        else:
            assert sentence.isascii() or "–" in sentence, sentence
    for zh, en in WORDS.values():
        strange = set(LATIN.findall(re.sub(r"\{[^}]*\}", "", zh))) - ALLOWED
        assert not strange, (strange, zh)
        assert not re.search(r"[\u4e00-\u9fff]", en) or en == "中文" or "名单" in en or "（" in en, en


def test_no_sentence_speaks_of_causes(sentences):
    for sentence in sentences:
        assert not re.search(r"because|due to|caused|因为|由于|导致|造成", sentence), sentence
