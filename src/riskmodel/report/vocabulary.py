"""The report's vocabulary, Chinese and English side by side; codes get their words from the code book."""

from __future__ import annotations

from riskmodel.registry.codes import Lang

WORDS: dict[str, tuple[str, str]] = {
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
    "workbook": ("下载工作簿 {name}", "The workbook, {name}"),
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
    "by_the_rule": ("规则：", "Rule:"),
    "reasons": ("评分的理由（{n}项）", "Reasons for the score ({n})"),
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
    "standing": (
        "在{township}的{queue}户候选农户中排第{place}位。",
        "Number {place} of the {queue} in the queue of township {township}.",
    ),
    "one_in": (
        "评分与该户相近的农户，预计每{b}户中约有{a}户{horizon}出现困难；",
        "Of households scored like this one, about {a} in {b} are expected to fall into need {horizon};",
    ),
    "three_years": ("近三年人均收入（按季度，元）", "Income per person over the last three years (by quarter, yuan)"),
    "three_years_alt": (
        "按来源分的每季度人均收入，与监测线（按季度折算）对照，并标出登记的事件",
        "income per person by source in each quarter, against a quarter of the monitoring line, with recorded events "
        "marked",
    ),
    "yuan_person_quarter": ("元/人·季度", "yuan a person and quarter"),
    "line": ("监测线", "monitoring line"),
    "no_history": ("没有可画的收入记录。", "There is no income record to draw."),
    "together": ("（连同{n}项相关指标）", "(with {n} related figures)"),
    "together_one": ("（连同1项相关指标）", "(with 1 related figure)"),
    "little_known": (
        "该户{share}的指标没有记录，评分主要反映“没有记录”这一情况，请先补全登记。",
        "{share} of this household's figures are missing: the score mostly says that little is recorded. Complete the "
        "record first.",
    ),
    "unseen": (
        "以下各项超出模型学习时见过的范围，评分对该户的把握较小：{names}。",
        "Beyond what the model saw in training, so that the score is less sure here: {names}.",
    ),
    "unseen_more": ("等{n}项", "and {n} more"),
    "what_if": (
        "若情况改变，模型会怎么算（是算术，不是承诺）",
        "What the model would compute if (its arithmetic, not a promise)",
    ),
    "contest": (
        "农户对本单内容有异议的，可向村委会或乡镇提出，由乡镇复核并答复。",
        "A household that disagrees with this sheet may say so to the village or township, which checks again and "
        "answers.",
    ),
    "base": (
        "基准值是模型学习时所用农户的平均评分。",
        "The base value is the mean score of the households that the model learned from.",
    ),
    "more_reasons": ("另有{n}项较小的理由，见工作簿。", "Smaller reasons left to the workbook: {n}."),
    "categories": ("建议类别", "Proposed categories"),
    "villages": ("各村（按村代码排列，不是地图）", "Villages (in the order of their codes: not a map)"),
    "villages_note": (
        "每格一村：提示户数/评分户数，预计出现困难的户数；颜色越深，提示户占比越高。",
        "A tile a village: flagged of scored, and how many are expected in need; the darker, the larger the share "
        "flagged.",
    ),
    "tile": ("{flagged}/{scored}户", "{flagged} of {scored}"),
    "tile_expected": ("预计{n}户", "{n} expected"),
    "capacity_told": (
        "全县模型走访名额：{asked}（{places}户）",
        "the model's capacity, whole county: {asked} ({places} households)",
    ),
    "since": ("与上次（{as_of}）相比", "Since the last run ({as_of})"),
    "since_new": ("新提示", "newly flagged"),
    "since_still": ("继续提示", "still flagged"),
    "since_gone": ("不再提示", "no longer flagged"),
    "since_listed": ("已纳入监测", "put on the list"),
    "since_away": ("已不在登记库", "no longer in the registry"),
    "new": ("新", "new"),
    "page": ("第{n}页，共{of}页", "Page {n} of {of}"),
    "previous_page": ("上一页", "previous"),
    "next_page": ("下一页", "next"),
    "calibration": ("模型以往的预计与实际", "What the model expected before, and what came"),
    "calibration_note": (
        "在模型没有学习过的村、按时间向前检验：预计出现困难的户数与后来查到的户数（括号内为区间）。",
        "Tested forward in time in villages that taught nothing: how many were expected in need, and how many were "
        "found later (intervals in brackets).",
    ),
    "tested_at": ("检验日期", "tested at"),
    "tested_rows": ("检验户数", "households"),
    "expected_before": ("预计", "expected"),
    "found_before": ("实际", "found"),
    "ratio_before": ("实际/预计", "found per expected"),
    "all_origins": ("合计", "all"),
    "model_card": ("模型卡", "Model card"),
    "sheet_heading": ("工作表", "sheet"),
    "overview": ("总览", "Overview"),
    "explained_by": (
        "贡献由 {by} 计算；抽查{n}户与LightGBM自身结果最大相差 {off}。",
        "Contributions by {by}; {n} checked against LightGBM's own differ by at most {off}.",
    ),
    "explained_by_lightgbm": ("贡献由LightGBM计算。", "Contributions by LightGBM."),
    "no_township": ("无乡镇代码", "No township code"),
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
    zh, en = WORDS[key]
    chosen = zh if lang == "zh" else en
    return chosen.format(**values) if values else chosen
