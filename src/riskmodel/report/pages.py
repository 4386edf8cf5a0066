"""The report's pages: one file each, in Chinese and English, that need nothing from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import resources
from typing import Any, get_args

import jinja2
from markupsafe import Markup

from riskmodel.explain.words import signed
from riskmodel.registry.codes import CODE_BOOK, Lang, label
from riskmodel.report import charts, words
from riskmodel.report.data import Flag, ReportData, Township, count_risk_types, expected_cases
from riskmodel.report.doors import door_check

LANGUAGES: tuple[Lang, ...] = get_args(Lang)
SHOWN = 200
_MOST_BARS = 12


class Pages:
    """Renders the pages of one report in one language.

    Parameters
    ----------
    lang : {"zh", "en"}
        The pages' language.
    main : {"zh", "en"}
        The report's main language: its pages have the plain names (``index.html``), the other's are marked
        (``index.en.html``).
    """

    def __init__(self, data: ReportData, *, lang: Lang, main: Lang) -> None:
        self.data = data
        self.lang = lang
        other = next(language for language in LANGUAGES if language != lang)
        self.suffix = suffix(lang, main)
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("riskmodel.report"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        style = resources.files("riskmodel.report").joinpath("templates/style.css").read_text(encoding="utf-8")
        self._environment.globals.update(
            data=data,
            lang=lang,
            suffix=self.suffix,
            other_suffix=suffix(other, main),
            style=Markup(style),
            horizon=words.horizon(data, lang),
            question=words.question(data, lang),
            provenance=_provenance(data, lang),
            percent=words.percent,
            signed=signed,
            door_check=door_check,
            verdicts=[code.label(lang) for code in CODE_BOOK["visit_verdict"]],
            **_in_language(data, lang),
        )

    def all(self) -> Iterator[tuple[str, str]]:
        """Yield (path inside the report, text) of every page."""
        yield f"index{self.suffix}.html", self.index()
        for township in self.data.townships:
            yield f"townships/{township.file}{self.suffix}.html", self.township(township)
        for flag in self.data.flags:
            yield f"households/{flag.file}{self.suffix}.html", self.household(flag)

    def index(self) -> str:
        """Return the overview with the list's first rows."""
        data = self.data
        by_model = [flag.risk for flag in data.flags if flag.flagged_by in ("model", "both")]
        histogram = charts.risk_histogram(
            data.risk,
            threshold=min(by_model) if by_model else None,
            title=self._word("risk_distribution"),
            x_label=self._word("risk_axis"),
            mark=self._word("model_threshold"),
        )
        shares = [len(township.flags) / township.scored for township in data.townships]
        return self._render(
            "index.html",
            histogram=histogram,
            type_bars=self._type_bars(data.risk_type_counts),
            expected=expected_cases(data.flags),
            outside=sum(not flag.in_cohort for flag in data.flags),
            shown=data.flags[:SHOWN],
            widest=max(shares, default=0.0) or 1.0,
        )

    def township(self, township: Township) -> str:
        """Return a township's page with all its flagged households."""
        villages = Counter(flag.village or self._word("no_code") for flag in township.flags)
        return self._render(
            "township.html",
            township=township,
            expected=expected_cases(township.flags),
            outside=sum(not flag.in_cohort for flag in township.flags),
            type_bars=self._type_bars(count_risk_types(township.flags)),
            village_bars=self._bars(
                [(name, count) for name, count in sorted(villages.items(), key=lambda item: (-item[1], item[0]))],
                title=self._word("village"),
            ),
        )

    def household(self, flag: Flag) -> str:
        """Return the sheet of one flagged household."""
        sizes = [abs(reason.contribution) for reason in flag.reasons]
        scale = max([*sizes, abs(flag.other_contributions)])

        def draw(contribution: float, title: str) -> Markup:
            return charts.contribution_bar(contribution, scale=scale, title=title)

        return self._render("household.html", flag=flag, draw=draw)

    def _type_bars(self, counts: Sequence[tuple[str, int]]) -> Markup:
        named = [(label("risk_type", kind, self.lang), count) for kind, count in counts]
        return self._bars(named, title=self._word("risk_types"))

    def _bars(self, counts: Sequence[tuple[str, int]], *, title: str) -> Markup:
        if not counts:
            return Markup.escape(self._word("none"))
        return charts.count_bars([(name, n, f"{n:,}") for name, n in counts[:_MOST_BARS]], title=title)

    def _word(self, key: str) -> str:
        return words.word(key, self.lang)

    def _render(self, template: str, **values: Any) -> str:
        return self._environment.get_template(template).render(**values)


def suffix(lang: Lang, main: Lang) -> str:
    """Return what marks the file names of pages in ``lang``.

    >>> suffix("zh", "zh"), suffix("en", "zh")
    ('', '.en')
    """
    return "" if lang == main else f".{lang}"


def _in_language(data: ReportData, lang: Lang) -> dict[str, Callable[..., Any]]:
    """The functions that templates call, with the language filled in."""
    return {
        "w": lambda key, **values: words.word(key, lang, **values),
        "meaning": lambda flag: words.meaning(flag, data, lang),
        "rules": lambda flag: words.rules(flag, data, lang),
        **{
            name: partial(_call, getattr(words, name), lang)
            for name in ("category", "source", "risk_types", "measures")
        },
    }


def _call(function: Callable[[Flag, Lang], Any], lang: Lang, flag: Flag) -> Any:
    return function(flag, lang)


def _provenance(data: ReportData, lang: Lang) -> list[str]:
    record = data.record
    check = record["contributions_check"]
    return [
        words.word(
            "made_from", lang, registry=record["registry"]["fingerprint"], catalogue=record["model"]["catalogue_hash"]
        ),
        words.word("checked", lang, margin=f"{check['against_margin']:.1e}"),
        *(
            words.word("absent", lang, table=name, n=len(features))
            for name, features in record["registry"]["absent"].items()
        ),
    ]
