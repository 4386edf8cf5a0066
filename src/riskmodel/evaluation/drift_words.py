"""How drift is told in one sentence, in Chinese and English: report, card and terminal say the same."""

from __future__ import annotations

from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.evaluation.drift import Drift


def drift_sentence(drift: Drift, lang: str) -> str:
    """Say whether drift was seen, where, and by how much."""
    zh = lang == "zh"
    if not drift.seen:
        return (
            f"在 {len(drift.origins)} 个检验时点上都未见漂移。"
            if zh
            else f"No drift seen at any of the {len(drift.origins)} test origins."
        )
    if zh:
        each = "；".join(
            f"{o.origin} 预计 {o.calibration.expected:,.0f} 户，实际 {o.calibration.found:,} 户，"
            f"为预计的 {_times(o.calibration.ratio, 'zh')}"
            for o in drift.seen
        )
        return f"看到漂移：{len(drift.origins)} 个检验时点中有 {len(drift.seen)} 个。{each}。"
    each = "; ".join(
        f"{o.origin}: {o.calibration.expected:,.0f} cases expected, {o.calibration.found:,} found, "
        f"{_times(o.calibration.ratio, 'en')}"
        for o in drift.seen
    )
    return f"Drift seen at {len(drift.seen)} of {len(drift.origins)} test origins. {each}."


def _times(ratio: Estimate, lang: str) -> str:
    ends = f"{ratio.low:.2f}–{ratio.high:.2f}"
    return f"{ratio.value:.2f} 倍（{ends}）" if lang == "zh" else f"{ratio.value:.2f} times as many ({ends})"
