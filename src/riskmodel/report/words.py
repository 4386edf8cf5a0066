"""The report's own words, Chinese and English side by side; codes get theirs from the code book."""

from __future__ import annotations

import math

from riskmodel.registry.codes import Lang, label
from riskmodel.report.data import Flag, ReportData

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("入户走访名单", "List for home visits"),
    "subtitle": ("防止返贫监测 · 线索排序与理由", "Return-to-poverty monitoring · ranked clues with reasons"),
    "as_of": ("数据截止", "as of"),
    "model": ("模型", "Model"),
    "other_language": ("English", "中文"),
    "clue": (
        "评分只是入户走访的线索，不是认定结论。是否纳入、如何帮扶，由入户核实、评议和审核的人决定；农户可以要求说明，也可以提出异议。",
        "A score is a clue for a home visit, not a finding. Whether a household is admitted, and how it is helped, is "
        "decided by the people who visit, discuss and review; the household may ask for an explanation and may object.",
    ),
    "households_scored": ("已评分农户", "households scored"),
    "on_list": ("已在监测名单", "already on the list"),
    "outside_cohort": ("不属于模型的对象范围", "outside the model's cohort"),
    "flagged": ("本次提示走访", "flagged for a visit"),
    "expected": ("提示户中预计出现困难", "expected in need among the flagged"),
    "expected_without": (
        "不含模型对象范围以外的 {n} 户",
        "{n} outside the model's cohort left out",
    ),
    "mean_risk": ("候选农户平均风险", "mean risk in the queue"),
    "by_model": ("仅模型", "model only"),
    "by_rule": ("仅规则", "rule only"),
    "by_both": ("模型和规则", "model and rule"),
    "rule_left_out": ("规则命中、因名额未列入", "named by the rule beyond its capacity"),
    "risk_distribution": ("风险分布", "Where the risks lie"),
    "risk_distribution_note": (
        "候选农户，按风险分组计数（纵轴为平方根刻度）；深色为模型提示的范围。",
        "Households in the queue, counted by risk (the vertical scale is a square root); the dark bars are the range "
        "that the model flags.",
    ),
    "risk_axis": ("风险（概率）", "risk (probability)"),
    "model_threshold": ("模型提示起点", "flagged by the model from here"),
    "townships": ("各乡镇", "By township"),
    "township": ("乡镇", "township"),
    "village": ("村", "village"),
    "no_code": ("（无代码）", "(no code)"),
    "scored": ("评分户数", "scored"),
    "flagged_share": ("占比", "share"),
    "risk_types": ("风险类型", "Risk types"),
    "risk_types_note": (
        "一户可有多种；由贡献按类型相加得出，供核实时参考。",
        "A household may have several; contributions are added by type. A proposal to be checked at the door.",
    ),
    "the_list": ("名单", "The list"),
    "first_rows": (
        "前{n}户；其余见各乡镇页和工作簿。",
        "The first {n}; the others are on the township pages and in the workbook.",
    ),
    "workbook": ("下载工作簿 list.xlsx", "The workbook, list.xlsx"),
    "rank": ("排序", "rank"),
    "household": ("户编号", "household"),
    "risk": ("风险", "risk"),
    "flagged_by": ("来源", "flagged by"),
    "category": ("建议类别", "proposed category"),
    "main_reason": ("最主要的理由", "largest reason"),
    "nobody": ("本次没有提示走访的农户。", "No household is flagged."),
    "nobody_here": ("本乡镇没有提示走访的农户。", "No household of this township is flagged."),
    "how_to_read": ("怎样读这份名单", "How to read this list"),
    "how_risk": (
        "风险是一个概率：100户评分为20%的农户，预计约有20户{horizon}出现困难。",
        "Risk is a probability: of 100 households with a risk of 20%, about 20 are expected to fall into need "
        "{horizon}.",
    ),
    "how_reason": (
        "理由说明各项登记数据使评分上升或下降了多少，不说明困难的起因；数值为该户自己的登记值。",
        "A reason says how far a recorded value raised or lowered the score, with the household's own value; it does "
        "not say what brought a difficulty about.",
    ),
    "how_order": (
        "候选农户是不在监测名单上、属于模型对象范围或被规则命中的农户。模型按名额取对象范围内风险最高的；规则命中的农户"
        "另外列入，不占模型名额。模型没有从对象范围以外的农户学习过：这些农户的风险不能当作比例来看，也不计入预计户数。"
        "其他农户只评分，不提示。",
        "In the queue are the households that are not on the list and either belong to the cohort that the model "
        "learned from or are named by a rule. The model takes the highest risks of its cohort up to the capacity; "
        "households named by a rule are listed besides and take none of its places. From those outside the cohort the "
        "model has not learned: their risk is no share to count on, and the number expected leaves them out. Everyone "
        "else is scored, not flagged.",
    ),
    "sheet": ("入户核实参考单", "Home visit sheet"),
    "back": ("返回名单", "Back to the list"),
    "score_title": ("评分", "The score"),
    "per_hundred": (
        "评分与该户相近的农户，每100户中预计约有{n}户{horizon}出现困难；",
        "Of 100 households scored like this one, about {n} are expected to fall into need {horizon};",
    ),
    "below_one": (
        "评分与该户相近的农户，每1000户中预计约有{n}户{horizon}出现困难；",
        "Of 1,000 households scored like this one, about {n} are expected to fall into need {horizon};",
    ),
    "below_thousandth": (
        "评分与该户相近的农户，每1000户中预计不到1户{horizon}出现困难；",
        "Of 1,000 households scored like this one, fewer than 1 is expected to fall into need {horizon};",
    ),
    "outside": (
        "该户不属于模型的对象范围，模型没有从这类农户学习过，所以它的风险不能当作“每100户中有多少户”来看；该户由规则列入"
        "本次名单。",
        "This household is outside the model's cohort: the model has not learned from households like it, so its risk "
        "is no share to count on. It is on this list by the rule.",
    ),
    "against_mean": (
        "约为候选农户平均（{mean}）的{times}倍。在{queue}户中排第{rank}位。",
        "about {times} times the mean of the queue ({mean}). Number {rank} of {queue} in the queue.",
    ),
    "need_is": ("这里的“困难”指：{outcome}。", "Need means here: {outcome}."),
    "cohort_is": ("模型的对象范围：{cohort}。", "The model's cohort: {cohort}."),
    "horizon_known": ("在随后{n}个月内", "within the following {n} months"),
    "horizon_unknown": ("在预测期内", "within the period looked ahead"),
    "by_the_rule": ("规则：", "Rule: "),
    "reasons": ("评分的理由（贡献最大的{n}项）", "Reasons for the score (the {n} largest contributions)"),
    "raises": ("使评分上升", "Raise the score"),
    "lowers": ("使评分下降", "Lower the score"),
    "others": ("其余各项特征合计", "All other features together"),
    "sum_line": (
        "基准 {base} + 各项贡献 {sum} = {margin}（对数几率，校准前）",
        "base value {base} + contributions {sum} = {margin} (log-odds, before calibration)",
    ),
    "at_the_door": ("上门核对", "To check at the door"),
    "no_risk_type": (
        "没有突出的风险类型；请全面核对收入、支出和“两不愁三保障”。",
        "No risk type stands out; go through income, spending and the guarantees.",
    ),
    "measures": ("可考虑的帮扶措施（建议，由人决定）", "Measures to consider (a proposal; people decide)"),
    "none": ("无", "none"),
    "finding": ("核实结果", "What the visit found"),
    "verdict": ("核实结论", "Verdict"),
    "visit_date": ("走访日期", "Visited on"),
    "visitor": ("走访人", "Visitor"),
    "note": ("情况记录", "Notes"),
    "sign_visitor": ("走访人签名", "Visitor's signature"),
    "sign_household": ("农户签名", "Household's signature"),
    "version": ("第{n}版", "version {n}"),
    "made_from": (
        "由 run.json、scores.parquet、flags.parquet 生成；登记库指纹 {registry}，特征目录 {catalogue}。",
        "Made from run.json, scores.parquet and flags.parquet; registry {registry}, catalogue {catalogue}.",
    ),
    "absent": (
        "登记库没有 {table} 表：{n}项特征对所有农户都缺失。",
        "The registry has no table {table}: {n} features are missing for every household.",
    ),
    "checked": (
        "贡献核对：基准+贡献与评分最大相差 {margin}。",
        "Contributions checked: their sum is off by at most {margin} against the margin.",
    ),
    "in_township": ("{code} 乡镇", "Township {code}"),
    "readme": ("说明", "Read me"),
    "sheet_zh": ("名单", "名单"),
    "sheet_en": ("List", "List"),
    "reasons_heading": ("评分的理由（按贡献大小）", "reasons for the score (by size of contribution)"),
    "measures_heading": ("可考虑的措施", "measures to consider"),
    "to_fill": (
        "浅黄色各列由走访人填写：核实结论从下拉列表选择，走访日期填日期。请勿改动户编号一列。",
        "The pale yellow columns are for the visitor: choose the verdict from its list, enter a date. Leave the "
        "household column as it is.",
    ),
    "pick": ("请从下拉列表选择", "Choose from the list"),
    "date_wanted": ("请填写日期，例如 2025-03-18", "A date, such as 2025-03-18"),
}


def word(key: str, lang: Lang, **values: object) -> str:
    """Return one of the report's words in ``lang``, with its places filled in."""
    zh, en = _WORDS[key]
    chosen = zh if lang == "zh" else en
    return chosen.format(**values) if values else chosen


def percent(share: float) -> str:
    """Write a risk as a reader takes it in: whole per cent where that says enough; a dash where there is none.

    >>> percent(0.234), percent(0.034), percent(0.0004), percent(0.999), percent(0.0), percent(float("nan"))
    ('23%', '3.4%', '0.04%', '99.9%', '0%', '–')
    """
    if math.isnan(share):
        return "–"
    if share == 0 or 0.0995 <= share < 0.985:
        return f"{share:.0%}"
    return f"{share:.1%}" if share >= 0.00095 else f"{share:.2%}"


def horizon(data: ReportData, lang: Lang) -> str:
    """Return the words for how far the outcome looks ahead."""
    months = data.horizon_months
    return word("horizon_unknown", lang) if months is None else word("horizon_known", lang, n=months)


def question(data: ReportData, lang: Lang) -> list[str]:
    """Return in words what the model predicts and of whom, as far as its manifest says so."""
    manifest = data.record["model"]["manifest"]
    outcome, cohort = manifest.get(f"outcome_{lang}"), manifest.get(f"cohort_{lang}")
    said = [word("need_is", lang, outcome=outcome)] if outcome else []
    return said + ([word("cohort_is", lang, cohort=cohort)] if cohort else [])


def meaning(flag: Flag, data: ReportData, lang: Lang) -> str:
    """Return what the score means: so many of a hundred, so many times the mean, which place in the queue.

    Outside the model's cohort it has never been tested and means none of that: there, the words say so.
    """
    if not flag.in_cohort:
        return word("outside", lang)
    ahead = horizon(data, lang)
    if flag.risk >= 0.0095:
        first = word("per_hundred", lang, n=round(100 * flag.risk), horizon=ahead)
    elif flag.risk >= 0.0005:
        first = word("below_one", lang, n=max(1, round(1000 * flag.risk)), horizon=ahead)
    else:
        first = word("below_thousandth", lang, horizon=ahead)
    mean = data.mean_risk
    against = word(
        "against_mean",
        lang,
        mean=percent(mean),
        times=f"{flag.risk / mean:.1f}" if mean > 0 else "–",
        queue=f"{data.counts['eligible']:,}",
        rank=f"{flag.rank:,}",
    )
    return f"{first}{against}" if lang == "zh" else f"{first} {against}"


def category(flag: Flag, lang: Lang) -> str:
    """Return the proposed category in words."""
    return label("listing_category", flag.category, lang) if flag.category else word("none", lang)


def source(flag: Flag, lang: Lang) -> str:
    """Return who flagged the household, in words."""
    return word(f"by_{flag.flagged_by}", lang)


def rules(flag: Flag, data: ReportData, lang: Lang) -> list[str]:
    """Return the rules that name the household, in the words of the run's record."""
    said = {rule["name"]: rule[lang] for rule in data.record["rules"]}
    return [said.get(name, name) for name in flag.rules]


def risk_types(flag: Flag, lang: Lang) -> list[tuple[str, str]]:
    """Return (code, words) of the household's risk types; what points to nothing in particular comes last."""
    ordered = sorted(flag.risk_types, key=lambda kind: kind == "other")
    return [(kind, label("risk_type", kind, lang)) for kind in ordered]


def measures(flag: Flag, lang: Lang) -> list[str]:
    """Return the proposed measures in words."""
    return [label("measure_kind", measure, lang) for measure in flag.measures]
