"""Education: children in school, costly stages, and school spending."""

from riskmodel.features import History, Number, age, feature


@feature(unit="person", risk_type="schooling", zh="义务教育阶段适龄儿童人数", en="children aged 6 to 15")
def children_school_age(h: History) -> Number:
    return h.members.where(age() >= 6, age() <= 15).count()


@feature(
    unit="person",
    risk_type="schooling",
    zh="就读高中及以上阶段的学生人数",
    en="students beyond compulsory schooling",
)
def students_beyond_compulsory(h: History) -> Number:
    stages = ["senior", "vocational", "vocational_college", "undergraduate", "postgraduate"]
    return h.members.where(school_status=stages).count()


@feature(unit="person", risk="rises", risk_type="schooling", zh="失学辍学人数", en="children out of school")
def children_out_of_school(h: History) -> Number:
    return h.members.where(age() <= 15, school_status="dropped_out").count()


@feature(unit="yuan", risk_type="schooling", zh="近12个月教育支出", en="education spending, last 12 months")
def education_spending_12m(h: History) -> Number:
    return h.spending.where(kind="education").last(months=12).sum("amount")
