"""The sections on choice over time and on tuning, in Chinese and English; the card has its sentences too."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from riskmodel.evaluation.findings import measure_name, mode_name
from riskmodel.evaluation.results import Evaluation
from riskmodel.evaluation.selection import NEAR, RANDOM, RULES, Choice

WORDS: dict[str, dict[str, Any]] = {
    "zh": {
        "title": "随时间选择模型",
        "tuning_title": "设置的搜寻",
        "intro": "在每个检验时点，只看当时结果已知的以往时点，按固定规则选一个评分方法；"
        "遗憾值是所选方法在该时点与事后最好者之差（百分点），越小越好。",
        "rests": "这些平均值只依据 {choices} 次选择。",
        "few": "次数太少，规则之间的差别说明不了什么。",
        "none": "在任何检验时点，以往检验时点的结果都还不知道：没有可供选择的依据，规则无从比较。"
        "增加检验时点，或拉开它们的间隔，才能比较。",
        "rule": "规则",
        "taken": "依次选中",
        "rules": {
            "best_at_the_last": "最近一个时点最好者",
            "best_on_average": "平均最好者",
            "most_often_near_the_best": f"最常接近最好者（相差不超过 {NEAR:g}）",
            "steadiest": "波动最小者",
            "always_the_model": "总用本模型",
            RANDOM: "随机选一个（期望）",
        },
        "joined": "、",
        "tuned": "{name}（{mode}）：{folds} 次搜寻，每次在训练样本之内最多试 {trials} 组设置；"
        "合计完整 {done} 组，中途放弃 {pruned} 组。",
        "tuned_final": "最终模型：试 {trials} 组设置，取 {settings}。",
        "by_time": "在训练样本之内按时间和组留出检验，间隔规则相同。",
        "by_groups": "有 {number} 次搜寻的训练时点跨度不够，只按组留出检验。",
        "by_nothing": "有 {number} 次搜寻的样本太少，无法留出检验，用预设的设置。",
        "cut": "有 {number} 次搜寻因时间上限而中止：再运行一次，结果可能不同。",
    },
    "en": {
        "title": "Choice over time",
        "tuning_title": "Settings searched for",
        "intro": "At each test origin a stated rule takes one scorer, looking only at earlier origins whose outcomes "
        "were known by then; its regret is how far that one stayed behind the best in hindsight at that origin "
        "(percentage points), less being better.",
        "rests": "These means rest on {choices} choices.",
        "few": "That is too few for differences between rules to mean anything.",
        "none": "At no test origin was the outcome of an earlier test origin known: there was nothing to choose by, "
        "and the rules cannot be compared. More test origins, or origins further apart, would allow it.",
        "rule": "rule",
        "taken": "taken in turn",
        "rules": {
            "best_at_the_last": "best at the last origin known",
            "best_on_average": "best on average",
            "most_often_near_the_best": f"most often near the best (within {NEAR:g})",
            "steadiest": "steadiest",
            "always_the_model": "always the model",
            RANDOM: "any one at random (expected)",
        },
        "joined": ", ",
        "tuned": "{name} ({mode}): {folds} searches within training rows, {trials} settings tried in each at most; "
        "{done} tried to the end in all, {pruned} given up half-way.",
        "tuned_final": "The final model: {trials} settings tried, {settings} taken.",
        "by_time": "Within the training rows later dates and other groups were left out, under the same gap.",
        "by_groups": "In {number} searches the training dates did not reach far enough: groups alone were left out.",
        "by_nothing": "In {number} searches the rows could not bear leaving any out: settings given beforehand stand.",
        "cut": "{number} searches were cut short by the minutes allowed: another run may find something else.",
    },
}
# Below so many choices a difference between rules is chance.
_FEW = 10


def choice_html(evaluation: Evaluation, lang: str) -> str:
    """Return both sections as HTML; empty where nothing was chosen or searched for."""
    words, parts = WORDS[lang], []
    if evaluation.choice is not None:
        rows = choice_rows(evaluation.choice, evaluation, lang)
        table = "".join(
            "<tr>" + "".join(f"<{cell}>{html.escape(text)}</{cell}>" for text in row) + "</tr>"
            for cell, row in zip(["th", *["td"] * len(rows)], rows, strict=False)
        )
        said = "".join(f"<p class='note'>{html.escape(line)}</p>" for line in choice_said(evaluation.choice, lang))
        drawn = f"<div class='scroll'><table>{table}</table></div>" if rows else ""
        parts.append(f"<h2>{words['title']}</h2>{said}{drawn}")
    told = tuning_said(evaluation, lang)
    if told:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in told)
        parts.append(f"<h2>{words['tuning_title']}</h2><ul>{items}</ul>")
    return "".join(parts)


def choice_said(choice: Choice, lang: str) -> list[str]:
    """Return what the table means and how much it rests on."""
    words = WORDS[lang]
    if not choice.choices:
        return [words["none"]]
    rests = words["rests"].format(choices=choice.choices)
    return [words["intro"], rests + ("" if lang == "zh" else " ") + words["few"] if choice.choices < _FEW else rests]


def choice_rows(choice: Choice, evaluation: Evaluation, lang: str) -> list[Sequence[str]]:
    """Return the table of rules, its head first; empty where nothing was chosen."""
    if not choice.choices:
        return []
    words = WORDS[lang]
    names = {s.name: s.zh if lang == "zh" else s.en for s in evaluation.scorers}
    measures = list(choice.by_measure)
    rows: list[Sequence[str]] = [
        (
            words["rule"],
            *(measure_name(m, lang) for m in measures),
            f"{words['taken']} ({measure_name(measures[0], lang)})",
        )
    ]
    for rule in (*RULES, RANDOM):
        taken = [names.get(one.scorer, "–") for one in choice.by_measure[measures[0]][rule]]
        regrets = [f"{100 * choice.mean_regret(measure, rule):.1f}" for measure in measures]
        rows.append((words["rules"][rule], *regrets, words["joined"].join(taken)))
    return rows


def tuning_said(evaluation: Evaluation, lang: str) -> list[str]:
    """Return what was searched for and how; empty where nothing was."""
    words = WORDS[lang]
    names = {s.name: s.zh if lang == "zh" else s.en for s in evaluation.scorers}
    lines, every = [], []
    for mode, by_scorer in evaluation.tuning.items():
        if mode == "final_model":
            continue
        for name, searches in by_scorer.items():
            every += searches
            lines.append(
                words["tuned"].format(
                    name=names[name],
                    mode=mode_name(mode, lang),
                    folds=len(searches),
                    trials=evaluation.experiment.tuning.trials,
                    done=sum(one["trials"] for one in searches),
                    pruned=sum(one["pruned"] for one in searches),
                )
            )
    final = evaluation.tuning.get("final_model")
    if final:
        every.append(final)
        settings = words["joined"].join(f"{name} {value:.3g}" for name, value in final["settings"].items())
        lines.append(words["tuned_final"].format(trials=final["trials"] + final["pruned"], settings=settings))
    inner = [one["inner"] for one in every]
    counted = {
        "by_groups": inner.count("groups"),
        "by_nothing": inner.count("nothing"),
        "cut": sum(one["stopped_by"] == "minutes" for one in every),
    }
    if "time_and_groups" in inner:
        lines.append(words["by_time"])
    return lines + [words[key].format(number=number) for key, number in counted.items() if number]


def tuning_told(told: dict[str, dict[str, list[dict[str, Any]]]], *, final: dict[str, Any]) -> dict[str, Any]:
    """Gather what searches found, by mode and scorer, and for the final model; empty where there were none.

    Parameters
    ----------
    told : dict
        Mode -> scorer -> what it told of how it was taught, one entry a fold.
    final : dict
        Of the final model.
    """
    searched = {
        mode: {name: parts for name, parts in by_scorer.items() if all("settings" in part for part in parts)}
        for mode, by_scorer in told.items()
    }
    gathered: dict[str, Any] = {mode: by_scorer for mode, by_scorer in searched.items() if by_scorer}
    return {**gathered, **({"final_model": final} if final else {})}
