"""Assistance: measures in force, what they gave, credit and insurance; only what began before as_of.

Cohorts leave out households on the list, so nothing here follows from the flag that is being predicted.
"""

from riskmodel.features import FeatureFamily, History, Number, col, feature, months_since

from .income import net

THEME = ("帮扶措施", "Assistance")


@feature(
    unit="item",
    zh="正在享受的帮扶措施数",
    en="measures in force",
    idea="assistance",
)
def measures_in_force(h: History) -> Number:
    return h.measure.in_force().count()


@feature(
    unit="kind",
    zh="正在享受的帮扶措施种类数",
    en="different kinds of measures in force",
    idea="assistance",
)
def measure_kinds_in_force(h: History) -> Number:
    return h.measure.in_force().distinct("kind")


def _in_force(
    kind: str, *, name: str, risk_type: str, zh: str, en: str, sensitive: bool = False, idea: str | None = None
) -> FeatureFamily:
    @feature(
        name=f"{name}_in_force",
        unit="yes_no",
        risk_type=risk_type,
        sensitive=sensitive,
        zh=zh,
        en=f"{en} in force",
        idea=idea,
    )
    def in_force(h: History) -> Number:
        return h.measure.where(kind=kind).in_force().exists()

    return in_force


IN_FORCE = (
    _in_force(
        "protection",
        name="protection",
        risk_type="labour_shortage",
        zh="正在享受综合保障（低保、特困等）",
        en="social protection",
        idea="transfers",
    ),
    _in_force(
        "public_post",
        name="public_post",
        risk_type="job_instability",
        zh="正在公益性岗位",
        en="public-welfare post",
        idea="public_post",
    ),
    _in_force(
        "industry",
        name="industry_support",
        risk_type="enterprise_failure",
        zh="正在享受产业帮扶",
        en="industry support",
    ),
    _in_force("jobs", name="job_support", risk_type="job_instability", zh="正在享受就业帮扶", en="job support"),
    _in_force(
        "health", name="health_support", risk_type="illness", zh="正在享受健康帮扶", en="health support", sensitive=True
    ),
    _in_force(
        "other_education",
        name="education_support",
        risk_type="schooling",
        zh="正在享受其他教育帮扶（雨露计划等）",
        en="education support beyond compulsory schooling",
    ),
    _in_force(
        "social",
        name="social_support",
        risk_type="other",
        zh="正在享受社会帮扶",
        en="social support",
        idea="assistance",
    ),
)


@feature(
    unit="item",
    zh="正在实施的住房、饮水、义务教育保障措施数",
    en="measures for housing, water or compulsory education in force",
    idea="assistance",
)
def guarantee_measures_in_force(h: History) -> Number:
    return h.measure.where(kind=["housing", "water", "compulsory_education"]).in_force().count()


@feature(
    unit="yes_no",
    risk_type="enterprise_failure",
    zh="小额信贷未到期",
    en="micro-credit running",
    idea="credit",
)
def credit_in_force(h: History) -> Number:
    return h.measure.where(kind="finance").in_force().exists()


@feature(
    unit="yuan",
    risk_type="enterprise_failure",
    zh="未到期小额信贷金额",
    en="amount of the micro-credit that is running",
    idea="credit",
)
def credit_outstanding(h: History) -> Number:
    return h.measure.where(kind="finance").in_force().sum("amount")


@feature(
    unit="month",
    risk_type="enterprise_failure",
    missing="no credit running",
    missing_zh="没有未到期的信贷",
    zh="未到期小额信贷已用月数（一般三年内到期）",
    en="months since the running micro-credit began (as a rule due within three years)",
    idea="credit",
)
def credit_age(h: History) -> Number:
    return h.measure.where(kind="finance").in_force().max(months_since("started_on"))


@feature(
    unit="yuan",
    zh="近12个月开始的帮扶措施金额",
    en="amount of the measures begun in the last 12 months",
    idea="assistance",
)
def measure_amount_12m(h: History) -> Number:
    return h.measure.last(months=12).sum("amount")


@feature(
    unit="item",
    zh="近12个月开始的帮扶措施数",
    en="measures begun in the last 12 months",
    idea="assistance",
)
def measures_begun_12m(h: History) -> Number:
    return h.measure.last(months=12).count()


@feature(
    unit="item",
    zh="近12个月结束的帮扶措施数",
    en="measures that ended in the last 12 months",
    idea="assistance",
)
def measures_ended_12m(h: History) -> Number:
    return h.measure.ended(months=12).count()


@feature(
    unit="month",
    missing="no measure ever begun",
    missing_zh="从未享受措施",
    zh="距最近一项帮扶措施开始的月数",
    en="months since a measure last began",
    idea="assistance",
)
def months_since_measure(h: History) -> Number:
    return h.measure.months_since()


@feature(
    unit="month",
    missing="no measure has ended",
    missing_zh="没有结束的措施",
    zh="距最近一项帮扶措施结束的月数",
    en="months since a measure last ended",
    idea="assistance",
)
def months_since_measure_end(h: History) -> Number:
    return h.measure.ended().min(months_since("ended_on"))


@feature(
    unit="ratio",
    missing="no net income recorded in 12 months",
    missing_zh="近12个月无纯收入记录",
    zh="近12个月开始的帮扶措施金额与纯收入之比",
    en="amount of the measures begun against net income, last 12 months",
    idea="assistance",
)
def measure_amount_ratio_12m(h: History) -> Number:
    return h.measure.last(months=12).sum("amount") / net(h.income.last(months=12))


@feature(
    unit="yuan",
    zh="近12个月理赔收入",
    en="insurance claims received, last 12 months",
    idea="claims",
)
def claims_12m(h: History) -> Number:
    return h.income.where(source="claims").last(months=12).sum("amount")


@feature(
    unit="month",
    missing="no claim ever received",
    missing_zh="从未获得理赔",
    zh="距最近一次理赔的月数",
    en="months since the last insurance claim was received",
    idea="claims",
)
def months_since_claim(h: History) -> Number:
    return h.income.where(col("amount") > 0, source="claims").months_since()
