"""Labour: who is there, who can work, and how much work there has been."""

from riskmodel.features import History, Number, View, age, feature, months_since, ordinal

DAYS_A_MONTH = 365.25 / 12


def able(h: History) -> View:
    """Members of 16 to 59 completed years whose labour skill is skilled or ordinary."""
    return h.members.where(age() >= 16, age() <= 59, labour_skill=["skilled", "ordinary"])


@feature(unit="person", zh="家庭在户人口数", en="members present")
def members(h: History) -> Number:
    return h.members.count()


@feature(unit="person", risk="falls", risk_type="labour_shortage", zh="有劳动能力人数", en="members able to work")
def members_able(h: History) -> Number:
    return able(h).count()


@feature(
    unit="share",
    risk="rises",
    risk_type="labour_shortage",
    zh="无劳动能力人口占比",
    en="share of members not able to work",
)
def dependency_ratio(h: History) -> Number:
    return (h.members.count() - able(h).count()) / h.members.count()


@feature(unit="person", risk_type="labour_shortage", zh="16岁以下人数", en="members under 16")
def members_under_16(h: History) -> Number:
    return h.members.where(age() < 16).count()


@feature(unit="person", risk_type="labour_shortage", zh="60岁及以上人数", en="members aged 60 or more")
def members_60_plus(h: History) -> Number:
    return h.members.where(age() >= 60).count()


@feature(
    unit="age",
    risk_type="labour_shortage",
    missing="no head recorded",
    zh="户主年龄",
    en="age of the head",
)
def head_age(h: History) -> Number:
    return h.members.where(relation="head").max(age())


@feature(
    unit="age",
    risk_type="labour_shortage",
    missing="nobody able to work",
    zh="有劳动能力成员的平均年龄",
    en="mean age of the members able to work",
)
def able_mean_age(h: History) -> Number:
    return able(h).mean(age())


@feature(
    unit="grade",
    risk_type="labour_shortage",
    missing="no adult's schooling recorded",
    zh="成年成员最高文化程度（0文盲至5本科及以上）",
    en="highest schooling among adults (0 illiterate to 5 university)",
)
def adults_best_education(h: History) -> Number:
    return h.members.where(age() >= 16).max(ordinal("education"))


@feature(unit="person", risk_type="labour_shortage", zh="技能劳动力人数", en="skilled workers")
def members_skilled(h: History) -> Number:
    return h.members.where(age() >= 16, age() <= 59, labour_skill="skilled").count()


@feature(
    unit="month",
    risk_type="job_instability",
    zh="近12个月外出务工累计月数",
    en="months of migrant work, all members together, last 12 months",
)
def migrant_months_12m(h: History) -> Number:
    return h.job.where(kind="migrant").last(months=12).days() / DAYS_A_MONTH


@feature(
    unit="month",
    risk_type="job_instability",
    zh="近12个月本地务工累计月数",
    en="months of local work, all members together, last 12 months",
)
def local_work_months_12m(h: History) -> Number:
    return h.job.where(kind="local").last(months=12).days() / DAYS_A_MONTH


@feature(unit="count", risk_type="job_instability", zh="当前在职工作数", en="jobs held now")
def jobs_held(h: History) -> Number:
    return h.job.where(kind=["migrant", "local", "public_post"]).in_force().count()


@feature(
    unit="count",
    risk_type="job_instability",
    zh="近6个月结束的工作数",
    en="jobs that ended in the last 6 months",
)
def jobs_ended_6m(h: History) -> Number:
    since = months_since("ended_on")
    return h.job.where(since >= 0, since < 6).count()


@feature(
    unit="share",
    risk_type="job_instability",
    missing="nobody able to work",
    zh="当前在职工作数与有劳动能力人数之比",
    en="jobs held now per member able to work",
)
def jobs_per_able(h: History) -> Number:
    return h.job.where(kind=["migrant", "local", "public_post"]).in_force().count() / able(h).count()
