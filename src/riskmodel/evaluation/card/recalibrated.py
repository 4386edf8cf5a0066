"""What the card of a recalibrated version says at its head: from which version it comes, and what the new map does."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from riskmodel.evaluation.card.document import Block, Grid, Section, Text
from riskmodel.evaluation.drift import LARGE_SHIFT
from riskmodel.evaluation.findings import shown

if TYPE_CHECKING:
    from riskmodel.evaluation.recalibration import Recalibration

_MOVERS_SHOWN = 5


def recalibrated_section(found: Recalibration, lang: str, *, model: str, expires: date) -> Section:
    """Say it in one language.

    Parameters
    ----------
    model : str
        ``NAME@VERSION`` that was recalibrated.
    expires : date
        Of this version.
    """
    zh = lang == "zh"
    days = "、".join(map(str, found.dates)) if zh else ", ".join(map(str, found.dates))
    ways = {"sigmoid": ("水平与斜率两个数", "two numbers, level and slope"), "isotonic": ("一条新曲线", "a new curve")}
    way = ways[found.method][0 if zh else 1]
    blocks: list[Block] = [
        Text(
            f"本版本由 {model} 重新校准而来：树、曲线和农户的先后次序都没有变，只有“风险是多少”按 {days} 的结果重新对过"
            f"（{way}）。以下各节所列准确度是原版本检验时的数字；校准以本节为准。"
            if zh
            else f"This version is {model} recalibrated: trees, curves and the order of households are the same; only "
            f"what the risks say was set right by the outcomes of {days} ({way}). The accuracy told below was measured "
            "on the version it comes from; for calibration go by this section."
        ),
        _figures(found, lang),
        Text(
            f"“之后”在没有参与拟合的村上度量（按村分组轮换）。本版本有效期至 {expires}。"
            if zh
            else f"“After” is measured on villages that taught the new map nothing. This version expires on {expires}.",
            kind="note",
        ),
    ]
    if found.overlap_months:
        blocks.append(
            Text(
                f"注意：这些结果的时间与训练所用结果的时间重叠 {found.overlap_months} 个月，同一户可能教过模型，"
                "数字可能偏好。"
                if zh
                else f"Mind: these outcomes' time overlaps that of the outcomes that taught by {found.overlap_months} "
                "months, and a household may have taught the trees: the figures may flatter.",
                kind="lost",
            )
        )
    moved = [m for m in found.movers[:_MOVERS_SHOWN] if m.index > LARGE_SHIFT]
    if moved:
        named = (
            "；".join(f"{m.zh}（{m.index:.2f}）" for m in moved)
            if zh
            else "; ".join(f"{m.en} ({m.index:.2f})" for m in moved)
        )
        blocks.append(
            Text(
                f"与训练时相比变化最大的特征（PSI）：{named}。"
                if zh
                else f"Features that moved most since training (PSI): {named}."
            )
        )
    return Section("本版本：重新校准" if zh else "This version: recalibrated", blocks)


def _figures(found: Recalibration, lang: str) -> Grid:
    zh = lang == "zh"
    head = (
        ["", "预计发生", "实际发生", "实际 ÷ 预计", "校准误差"]
        if zh
        else ["", "expected", "found", "found ÷ expected", "calibration error"]
    )
    rows = [
        [
            label,
            f"{figures.expected:,.1f}",
            f"{figures.found:,}",
            shown(figures.ratio, "ratio", digits=2),
            shown(figures.error, "calibration_error", digits=4),
        ]
        for label, figures in (("之前" if zh else "before", found.before), ("之后" if zh else "after", found.after))
    ]
    return Grid(head, rows)
