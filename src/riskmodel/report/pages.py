"""The report's pages: one file each, in Chinese and English, that need nothing from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import resources
from typing import Any, get_args

import jinja2
from markupsafe import Markup

from riskmodel.explain.units import percent
from riskmodel.explain.words import signed
from riskmodel.registry.codes import CODE_BOOK, Lang, label
from riskmodel.report import charts, words
from riskmodel.report.data import (
    Flag,
    Reason,
    ReportData,
    Township,
    count_categories,
    count_risk_types,
    expected_cases,
)
from riskmodel.report.doors import door_check
from riskmodel.report.fit import MOST_LINES, Texts, what_fits
from riskmodel.report.histories import History
from riskmodel.report.history_picture import history_picture
from riskmodel.report.since import Since
from riskmodel.report.vocabulary import word

LANGUAGES: tuple[Lang, ...] = get_args(Lang)
SHOWN = 200
# Rows of a township's list on a page.
ROWS = 100
CARD = "card.html"
_MOST_BARS = 12
_SHADES = 5
# Fewer where the page has no room; the smaller reasons are in the workbook, and the sheet says how many.
_LOWERING_SHOWN, _WHAT_IF_SHOWN = 2, 3


class Pages:
    """Renders the pages of one report in one language.

    Parameters
    ----------
    data : ReportData
        For sheets alone, :meth:`ReportData.light` is enough.
    lang : {"zh", "en"}
        The pages' language.
    main : {"zh", "en"}
        The report's main language: its pages have the plain names (``index.html``), the other's are marked
        (``index.en.html``).
    since : Since, optional
        The run before, to compare with.
    card : bool
        Whether the model's card lies in the report.
    """

    def __init__(
        self, data: ReportData, *, lang: Lang, main: Lang, since: Since | None = None, card: bool = False
    ) -> None:
        self.data = data
        self.lang = lang
        self.since = since
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
            provenance=words.provenance(data, lang),
            percent=percent,
            signed=signed,
            door_check=door_check,
            since=since,
            card=CARD if card else None,
            verdicts=[code.label(lang) for code in CODE_BOOK["visit_verdict"]],
            **_in_language(data, lang),
        )

    def overviews(self) -> Iterator[tuple[str, str]]:
        """Yield (path inside the report, text) of the index and of every township's pages."""
        yield f"index{self.suffix}.html", self.index()
        for township in self.data.townships:
            for number, text in enumerate(self.township(township)):
                yield self.township_path(township, number), text

    def township_path(self, township: Township, number: int = 0) -> str:
        """Return the path of a page of a township's list, the first without a number."""
        part = f"~p{number + 1}" if number else ""
        return f"townships/{township.file}{part}{self.suffix}.html"

    def sheet_path(self, flag: Flag) -> str:
        """Return the path of a household's sheet."""
        return f"households/{flag.file}{self.suffix}.html"

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
            **self._counts(data.flags),
            shown=data.flags[:SHOWN],
            widest=max(shares, default=0.0) or 1.0,
            calibration=data.metrics.get("further", {}).get("totals", []),
            changes=self._changes(data.flags, None),
        )

    def township(self, township: Township) -> Iterator[str]:
        """Yield the pages of a township, each with so many of its flagged households; the first with the counts."""
        pages = max(1, math.ceil(len(township.flags) / ROWS))
        shares = [village.flagged / village.scored for village in township.villages]
        most = max(shares, default=0.0)
        shades = [math.ceil(_SHADES * share / most) if most else 0 for share in shares]
        for number in range(pages):
            yield self._render(
                "township.html",
                township=township,
                **self._counts(township.flags),
                tiles=list(zip(township.villages, shades, strict=True)),
                shown=township.flags[ROWS * number : ROWS * (number + 1)],
                number=number,
                pages=pages,
                paths=[self.township_path(township, n).removeprefix("townships/") for n in range(pages)],
                changes=self._changes(township.flags, township.code),
            )

    def household(self, flag: Flag, history: History | None) -> str:
        """Return the sheet of one flagged household."""
        low, some = self._room(flag)
        # Of who is outside the cohort the risk is no share to count on, nor is another one.
        some = some if flag.in_cohort else 0
        lowering, hidden = flag.lowering[:low], flag.lowering[low:]
        rest = flag.other_contributions + sum(reason.contribution for reason in hidden)
        scale = max([*(abs(reason.contribution) for reason in flag.reasons), abs(rest)])

        def draw(contribution: float, title: str) -> Markup:
            return charts.contribution_bar(contribution, scale=scale, title=title)

        picture = None
        if history is not None and words.has_income(history):
            picture = history_picture(
                history,
                title=self._word("three_years_alt"),
                per=self._word("yuan_person_quarter"),
                line_word=self._word("line"),
                lang=self.lang,
            )
        return self._render(
            "household.html",
            flag=flag,
            lowering=lowering,
            hidden=len(hidden),
            rest=rest,
            draw=draw,
            picture=picture,
            what_if=[getattr(each, self.lang) for each in flag.what_if[:some]],
            unseen=words.unseen(flag, self.data, self.lang),
            little_known=words.little_known(flag, self.lang),
        )

    def _room(self, flag: Flag) -> tuple[int, int]:
        """Return how many lowering reasons and what-if lines the sheet has room for on its one page."""
        lang = self.lang
        score = [" ".join([words.meaning(flag, self.data, lang), *words.question(self.data, lang)[:1]])]
        score += words.rules(flag, self.data, lang)
        score += [said for said in (words.little_known(flag, lang), words.unseen(flag, self.data, lang)) if said]

        def told(reasons: Sequence[Reason]) -> list[str]:
            return [reason.label(lang) + words.together(reason, lang) for reason in reasons]

        texts = Texts(
            score=score,
            raising=told(flag.raising),
            lowering=told(flag.lowering[:_LOWERING_SHOWN]),
            doors=[name + door_check(kind, lang) for kind, name in words.risk_types(flag, lang)],
            what_if=[getattr(each, lang) for each in flag.what_if[:_WHAT_IF_SHOWN]],
        )
        return what_fits(texts, most=MOST_LINES[lang])

    def _counts(self, flags: Sequence[Flag]) -> dict[str, Any]:
        return {
            "expected": expected_cases(flags),
            "outside": sum(not flag.in_cohort for flag in flags),
            "type_bars": self._bars(
                [(label("risk_type", kind, self.lang), count) for kind, count in count_risk_types(flags)],
                title=self._word("risk_types"),
            ),
            "category_bars": self._bars(
                [
                    (label("listing_category", kind, self.lang) if kind else self._word("none"), count)
                    for kind, count in count_categories(flags)
                ],
                title=self._word("categories"),
            ),
        }

    def _changes(self, flags: Sequence[Flag], town: str | None) -> list[tuple[str, int]]:
        """Return what changed since the run before, in a township or (None) everywhere."""
        if self.since is None:
            return []
        still = sum(flag.household_id in self.since.still for flag in flags)
        left = [
            (key, sum(counts.values()) if town is None else counts.get(town, 0))
            for key, counts in (
                ("since_gone", self.since.gone),
                ("since_listed", self.since.listed),
                ("since_away", self.since.away),
            )
        ]
        return [("since_new", len(flags) - still), ("since_still", still), *left]

    def _bars(self, counts: Sequence[tuple[str, int]], *, title: str) -> Markup:
        if not counts:
            return Markup.escape(self._word("none"))
        return charts.count_bars([(name, n, f"{n:,}") for name, n in counts[:_MOST_BARS]], title=title)

    def _word(self, key: str) -> str:
        return word(key, self.lang)

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
        "w": lambda key, **values: word(key, lang, **values),
        "meaning": lambda flag: words.meaning(flag, data, lang),
        "rules": lambda flag: words.rules(flag, data, lang),
        **{
            name: partial(_call, getattr(words, name), lang)
            for name in ("category", "source", "risk_types", "measures", "together")
        },
    }


def _call(function: Callable[[Any, Lang], Any], lang: Lang, thing: Any) -> Any:
    return function(thing, lang)
