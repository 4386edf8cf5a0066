"""Education: children in school, costly stages, and school spending."""

from riskmodel.features import History, Number, age, feature

from .income import net

THEME = ("教育", "Education")

SECONDARY = ["senior", "vocational"]
TERTIARY = ["vocational_college", "undergraduate", "postgraduate"]


@feature(
    unit="person",
    risk_type="schooling",
    zh="义务教育阶段适龄儿童人数",
    en="children aged 6 to 15",
    idea="school_children",
)
def children_school_age(h: History) -> Number:
    return h.members.where(age() >= 6, age() <= 15).count()


@feature(
    unit="person",
    risk_type="schooling",
    zh="即将结束义务教育（14至15岁）的人数",
    en="children aged 14 to 15, about to end compulsory schooling",
    idea="school_children",
)
def children_14_to_15(h: History) -> Number:
    return h.members.where(age() >= 14, age() <= 15).count()


@feature(
    unit="person",
    risk_type="schooling",
    zh="就读高中及以上阶段的学生人数",
    en="students beyond compulsory schooling",
    idea="students",
)
def students_beyond_compulsory(h: History) -> Number:
    return h.members.where(school_status=[*SECONDARY, *TERTIARY]).count()


@feature(
    unit="person",
    risk_type="schooling",
    zh="就读普通高中或中职的学生人数",
    en="students in senior or vocational school",
    idea="students",
)
def students_secondary(h: History) -> Number:
    return h.members.where(school_status=SECONDARY).count()


@feature(
    unit="person",
    risk_type="schooling",
    zh="就读高职高专及以上的学生人数",
    en="students in college or university",
    idea="students",
)
def students_tertiary(h: History) -> Number:
    return h.members.where(school_status=TERTIARY).count()


@feature(
    unit="person",
    risk="rises",
    risk_type="schooling",
    zh="失学辍学人数",
    en="children out of school",
    idea="out_of_school",
)
def children_out_of_school(h: History) -> Number:
    return h.members.where(age() <= 15, school_status="dropped_out").count()


@feature(
    unit="yuan",
    risk_type="schooling",
    zh="近12个月教育支出",
    en="education spending, last 12 months",
    idea="education_spending",
)
def education_spending_12m(h: History) -> Number:
    return h.spending.where(kind="education").last(months=12).sum("amount")


@feature(
    unit="yuan",
    risk_type="schooling",
    zh="近12个月教育支出比前一年增减",
    en="change in education spending against the year before",
    idea="education_spending",
)
def education_spending_change_12m(h: History) -> Number:
    education = h.spending.where(kind="education")
    return education.last(months=12).sum("amount") - education.last(months=12, skip=12).sum("amount")


@feature(
    unit="ratio",
    risk_type="schooling",
    missing="no net income recorded in 12 months",
    missing_zh="近12个月无纯收入记录",
    zh="近12个月教育支出与纯收入之比",
    en="education spending against net income, last 12 months",
    idea="education_spending",
)
def education_spending_ratio_12m(h: History) -> Number:
    return h.spending.where(kind="education").last(months=12).sum("amount") / net(h.income.last(months=12))
