"""What a report is made of, read from the folder of a scoring run and from nothing else."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.explain import format_value
from riskmodel.monitoring.flags import FLAGS, SCORES, read_output
from riskmodel.monitoring.record import read_record
from riskmodel.registry.codes import Lang


@dataclass(frozen=True)
class Reason:
    """One reason of a flag, as stored, with its words for a short label."""

    feature: str
    risk_type: str | None
    value: float | None
    contribution: float
    zh: str
    en: str
    unit: str
    words_zh: str
    words_en: str

    def sentence(self, lang: Lang) -> str:
        """Return the reason as a sentence."""
        return self.zh if lang == "zh" else self.en

    def label(self, lang: Lang) -> str:
        """Return the feature's words and the household's own value."""
        shown = format_value(self.value, self.unit, lang)
        if lang == "zh":
            return f"{self.words_zh}：{shown}"
        return f"{self.words_en[:1].upper()}{self.words_en[1:]}: {shown}"


@dataclass(frozen=True)
class Flag:
    """One flagged household.

    Attributes
    ----------
    file : str
        The stem of its sheet's file name.
    in_cohort : bool
        Whether it belongs to those whom the model learned from; one outside is flagged by a rule alone.
    """

    household_id: str
    file: str
    township: str
    village: str
    county: str
    in_cohort: bool
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

    @property
    def raising(self) -> tuple[Reason, ...]:
        """The reasons that raise the score, the largest first."""
        return tuple(reason for reason in self.reasons if reason.contribution > 0)

    @property
    def lowering(self) -> tuple[Reason, ...]:
        """The reasons that lower the score, the largest first."""
        return tuple(reason for reason in self.reasons if reason.contribution < 0)


@dataclass(frozen=True)
class Township:
    """A township: how many households were scored there and which were flagged."""

    code: str
    file: str
    scored: int
    on_list: int
    flags: tuple[Flag, ...]


@dataclass(frozen=True)
class ReportData:
    """Everything the pages and the workbook show.

    Attributes
    ----------
    risk : float array
        Risks of the households in the queue: not on the list, and asked about by the model or named by a rule.
    record : dict
        The run's record (``run.json``).
    """

    as_of: date
    flags: tuple[Flag, ...]
    townships: tuple[Township, ...]
    risk: NDArray[np.float64]
    record: Mapping[str, Any]

    @property
    def counts(self) -> Mapping[str, int]:
        """The run's counts: present, on_list, outside_cohort, eligible, flagged, by_model, by_rule, by_both."""
        counts: Mapping[str, int] = self.record["counts"]
        return counts

    @property
    def mean_risk(self) -> float:
        """Mean risk of the households in the queue."""
        return float(self.risk.mean()) if len(self.risk) else float("nan")

    @property
    def horizon_months(self) -> int | None:
        """How far the outcome looks ahead, where the model's manifest says so."""
        months = self.record["model"]["manifest"].get("horizon_months")
        return int(months) if months is not None else None

    @property
    def risk_type_counts(self) -> list[tuple[str, int]]:
        """How many flags name each risk type, as :func:`count_risk_types` orders them."""
        return count_risk_types(self.flags)


def expected_cases(flags: Iterable[Flag]) -> float:
    """Return how many of ``flags`` are expected to fall into need; only risks within the model's cohort add up."""
    return sum(flag.risk for flag in flags if flag.in_cohort)


def count_risk_types(flags: Iterable[Flag]) -> list[tuple[str, int]]:
    """Return how many flags name each risk type, the most frequent first; ``other`` says least and comes last."""
    counted = Counter(kind for flag in flags for kind in flag.risk_types)
    return sorted(counted.items(), key=lambda item: (item[0] == "other", -item[1], item[0]))


def read_report_data(folder: Path) -> ReportData:
    """Read the folder of a finished scoring run.

    Raises
    ------
    DataError
        A file is missing, truncated or changed; the message names it.
    """
    flags = read_output(folder / "flags.parquet", FLAGS)
    scores = read_output(folder / "scores.parquet", SCORES)
    record = read_record(folder)
    places = scores.select(
        ["household_id", "county_code", "township_code", "village_code", "on_list", "in_cohort", "rank", "risk"]
    ).to_pandas()
    flagged = set(flags.column("household_id").to_pylist())
    scored = {
        row.household_id: {
            "county": row.county_code or "",
            "township": row.township_code or "",
            "village": row.village_code or "",
            "in_cohort": bool(row.in_cohort),
        }
        for row in places[places["household_id"].isin(flagged)].itertuples(index=False)
    }
    words = {row["name"]: row for row in record["features"]}
    all_flags = tuple(_flag(row, scored=scored[row["household_id"]], words=words) for row in flags.to_pylist())
    return ReportData(
        as_of=date.fromisoformat(record["as_of"]),
        flags=all_flags,
        townships=_townships(places, all_flags),
        risk=places.loc[places["rank"].notna(), "risk"].to_numpy(dtype=np.float64),
        record=record,
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


def _flag(row: Mapping[str, Any], *, scored: Mapping[str, Any], words: Mapping[str, Any]) -> Flag:
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
        reasons=tuple(_reason(reason, words.get(reason["feature"], {})) for reason in row["reasons"]),
        other_contributions=row["other_contributions"],
        risk_types=tuple(row["risk_types"]),
        measures=tuple(row["measures"]),
    )


def _reason(row: Mapping[str, Any], words: Mapping[str, Any]) -> Reason:
    known = {name: row[name] for name in ("feature", "risk_type", "value", "contribution", "zh", "en")}
    return Reason(
        **known,
        unit=words.get("unit", ""),
        words_zh=words.get("zh", row["feature"]),
        words_en=words.get("en", row["feature"]),
    )


def _townships(places: Any, flags: tuple[Flag, ...]) -> tuple[Township, ...]:
    codes = places["township_code"].astype(object).where(places["township_code"].notna(), "")
    scored = codes.value_counts()
    listed = codes[places["on_list"]].value_counts()
    by_code: dict[str, list[Flag]] = {}
    for flag in flags:
        by_code.setdefault(flag.township, []).append(flag)
    return tuple(
        Township(
            code=code,
            file=file_stem(code),
            scored=int(scored[code]),
            on_list=int(listed.get(code, 0)),
            flags=tuple(by_code.get(code, ())),
        )
        for code in sorted(scored.index)
    )
