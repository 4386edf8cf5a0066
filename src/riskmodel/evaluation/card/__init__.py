"""The model card: what a version is for, of whom, how good it is, where it fails, when it expires; Chinese and English.

``card.md`` holds both languages, Chinese first; ``card.html`` shows one at a time. A version that comes from
another (recalibrated) carries its card with a section of its own at the head: :func:`with_section`.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

from riskmodel.evaluation.card import about, measured
from riskmodel.evaluation.card.about import expires_on as expires_on
from riskmodel.evaluation.card.checklist import checklist, failed
from riskmodel.evaluation.card.document import Items, Section, Text, to_html, to_markdown
from riskmodel.evaluation.compare import headline_measures
from riskmodel.evaluation.drift_words import drift_sentence
from riskmodel.evaluation.findings import measure_name, mode_name, shown, table_name
from riskmodel.evaluation.page import bilingual_page
from riskmodel.evaluation.results import Evaluation

LANGUAGES = ("zh", "en")
# Where another section can be put later: a comment in Markdown and in HTML alike.
_PLACE = "<!-- of this version: {lang} -->"
_STYLE = """
table.wide td{white-space:normal;text-align:left;vertical-align:top}
table.wide td:nth-child(3),table.wide td:first-child{white-space:nowrap}
table.wide th{text-align:left}td.w,th.w{text-align:left}p.lost,p.won{margin:.5em 0}.won ul,.lost ul{margin:.2em 0}
"""


def model_card(evaluation: Evaluation) -> str:
    """Return the card as Markdown: in Chinese, then in English."""
    parts = []
    for lang in LANGUAGES:
        parts += [f"# {_title(evaluation, lang)}", _PLACE.format(lang=lang), to_markdown(sections(evaluation, lang))]
    return "\n\n".join(parts) + "\n"


def card_html(evaluation: Evaluation) -> str:
    """Return the card as one page without scripts, the language chosen by the reader."""
    return bilingual_page(
        _title(evaluation, "zh"),
        {
            lang: f"<h1>{html.escape(_title(evaluation, lang))}</h1>{_PLACE.format(lang=lang)}"
            + to_html(sections(evaluation, lang))
            for lang in LANGUAGES
        },
        style=_STYLE,
    )


def with_section(card: str, added: Mapping[str, Section]) -> str:
    """Return a card, in Markdown or HTML, with a section at the head of each language.

    A card that has no place for it, since it was written elsewhere, has it before everything else.
    """
    page = card.lstrip().startswith("<!DOCTYPE")
    for lang, section in added.items():
        place = _PLACE.format(lang=lang)
        said = to_html([section]) if page else to_markdown([section])
        gap = "" if page else "\n\n"
        card = card.replace(place, place + gap + said, 1) if place in card else said + gap + card
    return card


def sections(evaluation: Evaluation, lang: str) -> list[Section]:
    """Return all sections in one language."""
    return [
        _in_short(evaluation, lang),
        about.purpose(evaluation, lang),
        about.people(evaluation, lang),
        about.data(evaluation, lang),
        about.outcome(evaluation, lang),
        measured.performance(evaluation, lang),
        *measured.best_possible(evaluation, lang),
        *measured.choice(evaluation, lang),
        measured.calibration(evaluation, lang),
        measured.drift(evaluation, lang),
        *measured.groups(evaluation, lang),
        measured.reasons(evaluation, lang),
        measured.failures(evaluation, lang),
        checklist(evaluation, lang),
        about.contest(lang),
        about.expiry(evaluation, lang),
        about.sensitive(evaluation, lang),
        about.versions(evaluation, lang),
    ]


def _title(evaluation: Evaluation, lang: str) -> str:
    experiment = evaluation.experiment
    title = (experiment.title_zh if lang == "zh" else experiment.title_en) or experiment.name
    return f"{title}：模型说明卡" if lang == "zh" else f"{title}: model card"


def _in_short(evaluation: Evaluation, lang: str) -> Section:
    zh = lang == "zh"
    table = evaluation.summary(evaluation.main_mode)
    model = table.estimates["model"]
    figures = [
        f"{measure_name(m, lang)} {shown(model[m], m)}" for m in headline_measures(evaluation.experiment.capacities)
    ]
    mode, where = mode_name(evaluation.main_mode, lang), table_name(table, lang)
    lines = [
        "分数只是入户走访的线索，既不能决定纳入，也不能决定不纳入；由人核实，由人决定。"
        if zh
        else "A score is a clue for a home visit. It never admits or refuses anyone: people verify, people decide.",
        f"{mode}（{where}）：{'；'.join(figures)}。" if zh else f"{mode.capitalize()} ({where}): {'; '.join(figures)}.",
    ]
    if evaluation.drift is not None:
        lines.append(drift_sentence(evaluation.drift, lang))
    broken = failed(evaluation)
    at = 0 if zh else 1
    asked = ("" if zh else " ").join(check.question[at] for check in broken)
    lines.append(
        (
            f"偏倚检查表有 {len(broken)} 项未通过：{asked}"
            if zh
            else f"{len(broken)} items of the checklist fail: {asked}"
        )
        if broken
        else ("偏倚检查表没有未通过的项。" if zh else "No item of the checklist fails.")
    )
    if about.drift_at_the_end(evaluation):
        lines.append(
            "最近一个检验时点已看到漂移：重新校准或重新训练之前，不要使用。"
            if zh
            else "Drift was seen at the newest test origin: not to be used before it is recalibrated or trained again."
        )
    else:
        lines.append(
            f"有效期至 {expires_on(evaluation)}；看到漂移即提前失效。"
            if zh
            else f"Expires on {expires_on(evaluation)}, or sooner when drift is seen."
        )
    drifted = evaluation.drift is not None and bool(evaluation.drift.seen)
    return Section("一句话" if zh else "In short", [Items(lines, kind="lost" if drifted else "won")])


__all__ = ["Items", "Section", "Text", "card_html", "expires_on", "model_card", "sections", "with_section"]
