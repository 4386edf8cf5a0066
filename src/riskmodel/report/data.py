"""What a report is made of, read from the folder of a scoring run and from nothing else."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.explain import Fact, fact_words
from riskmodel.features import FeatureSpec
from riskmodel.monitoring.flags import FLAGS, HISTORIES, SCORES, read_output
from riskmodel.monitoring.record import read_record
from riskmodel.registry.codes import Lang
from riskmodel.report.histories import History, histories_of

# A household of which so much is missing is said to be little known.
MOSTLY_MISSING = 0.5


@dataclass(frozen=True)
class Reason:
    """One reason of a flag, as stored, with the catalogue's entry for its words."""

    spec: FeatureSpec
    together: tuple[str, ...]
    fact: Fact
    contribution: float
    zh: str
    en: str

    def sentence(self, lang: Lang) -> str:
        """Return the reason as a sentence."""
        return self.zh if lang == "zh" else self.en

    def label(self, lang: Lang) -> str:
        """Return the feature's words and the household's own value, with what it is held beside."""
        return fact_words(self.spec, self.fact, lang)

    def short(self, lang: Lang) -> str:
        """Return the feature's words and the household's own value alone."""
        return fact_words(self.spec, Fact(self.fact.value), lang)


@dataclass(frozen=True)
class WhatIf:
    """What the model would say if a help were given, as stored."""

    risk: float
    zh: str
    en: str


@dataclass(frozen=True)
class Flag:
    """One flagged household.

    Attributes
    ----------
    file : str
        The stem of its sheet's file name.
    in_cohort : bool
        Whether it belongs to those whom the model learned from; one outside is flagged by a rule alone.
    place, queue : int
        Where it stands in the queue of its township, and how many do.
    unseen : tuple of str
        The model's features whose values lie outside what training saw.
    missing_share : float
        Of the model's features.
    """

    household_id: str
    file: str
    township: str
    village: str
    county: str
    in_cohort: bool
    place: int
    queue: int
    risk: float
    rank: int
    flagged_by: str
    rules: tuple[str, ...]
    category: str | None
    base_value: float
    margin: float
    reasons: tuple[Reason, ...]
    other_contributions: float
    risk_types: tuple[str, ...]
    measures: tuple[str, ...]
    what_if: tuple[WhatIf, ...]
    unseen: tuple[str, ...]
    missing_share: float

    @property
    def raising(self) -> tuple[Reason, ...]:
        """The reasons that raise the score, the largest first."""
        return tuple(reason for reason in self.reasons if reason.contribution > 0)

    @property
    def lowering(self) -> tuple[Reason, ...]:
        """The reasons that lower the score, the largest first."""
        return tuple(reason for reason in self.reasons if reason.contribution < 0)


@dataclass(frozen=True)
class Village:
    """A village: how many households were scored there, how many flagged, how many of these are expected in need."""

    code: str
    scored: int
    flagged: int
    expected: float


@dataclass(frozen=True)
class Township:
    """A township: how many households were scored there, its villages, and which households were flagged."""

    code: str
    file: str
    scored: int
    on_list: int
    villages: tuple[Village, ...]
    flags: tuple[Flag, ...]


@dataclass(frozen=True)
class ReportData:
    """Everything the pages and the workbook show.

    Attributes
    ----------
    risk : float array
        Risks of the households in the queue: not on the list, and asked about by the model or named by a rule.
    mean_risk : float
        Their mean.
    record : dict
        The run's record (``run.json``).
    metrics : dict
        What the evaluation of the model found; empty where the run does not hold it.
    folder : Path
        The run's.
    """

    as_of: date
    flags: tuple[Flag, ...]
    townships: tuple[Township, ...]
    risk: NDArray[np.float64]
    mean_risk: float
    record: Mapping[str, Any]
    metrics: Mapping[str, Any]
    histories: Mapping[str, History]
    folder: Path
    words: Mapping[str, FeatureSpec] = field(repr=False)

    @property
    def counts(self) -> Mapping[str, int]:
        """The run's counts: present, on_list, outside_cohort, eligible, flagged, by_model, by_rule, by_both."""
        counts: Mapping[str, int] = self.record["counts"]
        return counts

    @property
    def horizon_months(self) -> int | None:
        """How far the outcome looks ahead, where the model's manifest says so."""
        months = self.record["model"]["manifest"].get("horizon_months")
        return int(months) if months is not None else None

    @property
    def risk_type_counts(self) -> list[tuple[str, int]]:
        """How many flags name each risk type, as :func:`count_risk_types` orders them."""
        return count_risk_types(self.flags)

    def light(self) -> ReportData:
        """Return what every page needs, without the households: small enough to hand to another process."""
        return replace(self, flags=(), townships=(), risk=self.risk[:0], histories={}, metrics={})


def expected_cases(flags: Iterable[Flag]) -> float:
    """Return how many of ``flags`` are expected to fall into need; only risks within the model's cohort add up."""
    return sum(flag.risk for flag in flags if flag.in_cohort)


def count_risk_types(flags: Iterable[Flag]) -> list[tuple[str, int]]:
    """Return how many flags name each risk type, the most frequent first; ``other`` says least and comes last."""
    counted = Counter(kind for flag in flags for kind in flag.risk_types)
    return sorted(counted.items(), key=lambda item: (item[0] == "other", -item[1], item[0]))


def count_categories(flags: Iterable[Flag]) -> list[tuple[str | None, int]]:
    """Return how many flags are proposed for each category, the most frequent first; None is for none."""
    counted = Counter(flag.category for flag in flags)
    return sorted(counted.items(), key=lambda item: (item[0] is None, -item[1], item[0] or ""))


def read_report_data(folder: Path) -> ReportData:
    """Read the folder of a finished scoring run.

    Raises
    ------
    DataError
        A file is missing, truncated or changed; the message names it.
    """
    import json

    flags = read_output(folder / "flags.parquet", FLAGS)
    scores = read_output(folder / "scores.parquet", SCORES)
    histories = read_output(folder / "histories.parquet", HISTORIES)
    record = read_record(folder)
    places = scores.select(
        ["household_id", "county_code", "township_code", "village_code", "on_list", "in_cohort", "rank", "risk"]
    ).to_pandas()
    scored = _standing(places, set(flags.column("household_id").to_pylist()))
    words = {row["name"]: FeatureSpec.from_dict(row) for row in record["features"]}
    all_flags = tuple(_flag(row, scored=scored[row["household_id"]], words=words) for row in flags.to_pylist())
    risk = places.loc[places["rank"].notna(), "risk"].to_numpy(dtype=np.float64)
    metrics = folder / "model" / "metrics.json"
    return ReportData(
        as_of=date.fromisoformat(record["as_of"]),
        flags=all_flags,
        townships=_townships(places, all_flags),
        risk=risk,
        mean_risk=float(risk.mean()) if len(risk) else float("nan"),
        record=record,
        metrics=json.loads(metrics.read_text(encoding="utf-8")) if metrics.is_file() else {},
        histories=histories_of(histories),
        folder=folder,
        words=words,
    )


def file_stem(name: str) -> str:
    """Return ``name`` as a file name that every system takes, different for different names.

    What is not a plain character is written as its number between tildes. Names that differ only in capitals would be
    one file on some systems, so a name with small letters gets a digest of itself at its end.

    >>> file_stem("H0031877"), file_stem("36/01:乙"), file_stem("h0031877")
    ('H0031877', '36~2f~01~3a~~4e59~', 'h0031877~~2f4ab5')
    """
    stem = re.sub(r"[^A-Za-z0-9_-]", lambda match: f"~{ord(match[0]):x}~", name) or "~"
    if not re.search(r"[a-z]", name):
        return stem
    return f"{stem}~~{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _standing(places: pd.DataFrame, flagged: set[str]) -> dict[str, dict[str, Any]]:
    """Return where each flagged household lies, and where it stands in the queue of its township."""
    towns = places["township_code"].astype(object).where(places["township_code"].notna(), "")
    queue = places["rank"].groupby(towns)
    here = places.assign(place=queue.rank(), queue=queue.transform("count"))
    rows = here[here["household_id"].isin(flagged)].to_dict("records")
    return {
        row["household_id"]: {
            "county": row["county_code"] or "",
            "township": row["township_code"] or "",
            "village": row["village_code"] or "",
            "in_cohort": bool(row["in_cohort"]),
            "place": int(row["place"]),
            "queue": int(row["queue"]),
        }
        for row in rows
    }


def _flag(row: Mapping[str, Any], *, scored: Mapping[str, Any], words: Mapping[str, FeatureSpec]) -> Flag:
    return Flag(
        **scored,
        household_id=row["household_id"],
        file=file_stem(row["household_id"]),
        risk=row["risk"],
        rank=row["rank"],
        flagged_by=row["flagged_by"],
        rules=tuple(row["rules"]),
        category=row["category"],
        base_value=row["base_value"],
        margin=row["margin"],
        reasons=tuple(_reason(reason, words) for reason in row["reasons"]),
        other_contributions=row["other_contributions"],
        risk_types=tuple(row["risk_types"]),
        measures=tuple(row["measures"]),
        what_if=tuple(WhatIf(each["risk"], each["zh"], each["en"]) for each in row["what_if"]),
        unseen=tuple(row["unseen"]),
        missing_share=row["missing_share"],
    )


def _reason(row: Mapping[str, Any], words: Mapping[str, FeatureSpec]) -> Reason:
    def number(name: str) -> float:
        return float("nan") if row[name] is None else row[name]

    return Reason(
        spec=words[row["feature"]],
        together=tuple(row["together"]),
        fact=Fact(number("value"), number("village_median"), number("year_ago"), bool(row["unseen"])),
        contribution=row["contribution"],
        zh=row["zh"],
        en=row["en"],
    )


def _townships(places: pd.DataFrame, flags: tuple[Flag, ...]) -> tuple[Township, ...]:
    towns, villages = (
        places[name].astype(object).where(places[name].notna(), "") for name in ("township_code", "village_code")
    )
    scored = towns.value_counts()
    listed = towns[places["on_list"]].value_counts()
    of_villages = places.groupby([towns, villages]).size()
    by_code: dict[str, list[Flag]] = {}
    by_village: dict[tuple[str, str], list[Flag]] = {}
    for flag in flags:
        by_code.setdefault(flag.township, []).append(flag)
        by_village.setdefault((flag.township, flag.village), []).append(flag)

    def village(town: str, code: str, households: int) -> Village:
        here = by_village.get((town, code), [])
        return Village(code, households, len(here), expected_cases(here))

    return tuple(
        Township(
            code=code,
            file=file_stem(code),
            scored=int(scored[code]),
            on_list=int(listed.get(code, 0)),
            villages=tuple(village(code, name, int(n)) for name, n in of_villages[code].sort_index().items()),
            flags=tuple(by_code.get(code, ())),
        )
        for code in sorted(scored.index)
    )
