"""What states and signals are called."""

from __future__ import annotations

from riskmodel.registry.codes import Lang, label

STATE_WORDS: dict[str, tuple[str, str]] = {
    "clue": ("线索待核实", "clue, to be visited"),
    "visited": ("已入户核实", "visited"),
    "authorised": ("已承诺授权", "authorised"),
    "compared": ("已信息比对", "compared"),
    "reviewed": ("村级评议通过", "passed the village review"),
    "on_notice": ("公示中", "on notice"),
    "township_reviewed": ("乡级已审核", "reviewed by the township"),
    "approved": ("县级已审批", "approved"),
    "listed": ("监测帮扶中", "on the list"),
    "exit_visited": ("消除前已入户", "visited before leaving"),
    "exit_reviewed": ("消除评议通过", "passed the review before leaving"),
    "exit_on_notice": ("消除公示中", "on notice before leaving"),
    "exit_approved": ("消除已审批", "leaving approved"),
    "eliminated": ("风险已消除", "risk eliminated"),
    "closed": ("已结案（未纳入）", "closed, not admitted"),
}
LEVEL_WORDS: dict[str, tuple[str, str]] = {
    "red": ("红", "red"),
    "yellow": ("黄", "yellow"),
    "green": ("绿", "green"),
    "orange": ("橙（超期）", "orange (overdue)"),
}

_GROUPS: dict[str, tuple[str, str]] = {
    "model_alone": ("仅模型", "the model alone"),
    "rules_alone": ("仅规则或部门", "rules or departments alone"),
    "both": ("模型和规则", "model and rules"),
    "neither": ("其他来源", "other sources"),
    "random_sample": ("随机抽样", "random sample"),
    "medical_lifted": ("医疗自付（脱贫户）", "medical bills, lifted households"),
    "medical_ordinary": ("医疗自付（一般农户）", "medical bills, other households"),
    "major_illness": ("新增大病", "a major illness, new"),
    "schooling": ("教育支出", "schooling costs"),
    "disaster": ("自然灾害", "a natural disaster"),
    "accident": ("意外事故", "an accident"),
    "below_line": ("收入低于监测线", "income below the line"),
    "guarantee_unmet": ("保障未达标", "a guarantee not met"),
    "job_loss": ("失业", "a job lost"),
    "enterprise_failure": ("产业失败", "an enterprise failed"),
}
_RESULTS: dict[str, tuple[str, str]] = {
    "by_source": ("按线索来源", "By source of the clue"),
    "by_rule": ("按规则", "By rule"),
    "overlap": ("模型与规则的重合", "What model and rules add to each other"),
    "spells": ("户次", "spells"),
    "visited": ("已核实", "visited"),
    "at_risk": ("存在风险", "at risk"),
    "share": ("占比（95%区间）", "share (95 % interval)"),
    "admitted": ("已纳入", "admitted"),
    "missed": (
        "{as_of}：未被提示的 {frame:,} 户中，按随机抽样 {visits:,} 户推算，约 {cases:,.0f} 户存在风险"
        "（95%区间 {low:,.0f}–{high:,.0f}）",
        "{as_of}: of the {frame:,} households that nothing named, about {cases:,.0f} are at risk (95 % interval "
        "{low:,.0f} to {high:,.0f}), by a random sample of {visits:,} visits",
    ),
    "realised": (
        "{as_of} 的提示（{model}）：一年后 {of:,} 户中有 {hits:,} 户出现困难，{share:.1%}"
        "（95%区间 {low:.1%}–{high:.1%}）",
        "Flags of {as_of} ({model}): of {of:,} households {hits:,} came to need within the year, {share:.1%} "
        "(95 % interval {low:.1%} to {high:.1%})",
    ),
    "days": (
        "从线索到核实：中位数 {median:.0f} 天（四分位 {quarter:.0f}–{three_quarters:.0f}），按期 {in_time:.0%}",
        "From clue to verdict: {median:.0f} days (quartiles {quarter:.0f} and {three_quarters:.0f}), {in_time:.0%} in "
        "time",
    ),
    "alerts": (
        "每村每月线索：平均 {mean_a_month:.1f} 条，最多 {most_a_month:.0f} 条（登记数据没有干部人数）",
        "Clues a village and month: {mean_a_month:.1f} on average, {most_a_month:.0f} at most (the registry does not "
        "know how many cadres there are)",
    ),
}


def group_words(name: str, lang: Lang) -> str:
    """Return the words of a source, a rule or a group; a county's own rule by its name."""
    return _GROUPS[name][0 if lang == "zh" else 1] if name in _GROUPS else label("visit_source", name, lang)


def result_words(name: str, lang: Lang) -> str:
    """Return the words of a part of the results."""
    return _RESULTS[name][0 if lang == "zh" else 1]


def state_words(state: str, lang: Lang) -> str:
    """Return the words of a state.

    >>> state_words("on_notice", "zh")
    '公示中'
    """
    return STATE_WORDS[state][0 if lang == "zh" else 1]
