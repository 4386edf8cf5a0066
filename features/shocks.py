"""Shocks: what has happened, how often, how lately, and what it cost. Illness is told under health."""

from riskmodel.features import History, Number, feature

from .income import net

THEME = ("突发事件", "Shocks")


@feature(
    months=(12, 36),
    unit="count",
    risk="rises",
    risk_type="disaster",
    zh="近{months}个月自然灾害次数",
    en="natural disasters, last {months} months",
    idea="disasters",
)
def disaster_events(h: History, months: int) -> Number:
    return h.event.where(kind="disaster").last(months=months).count()


@feature(
    months=(12, 36),
    unit="yuan",
    risk="rises",
    risk_type="disaster",
    zh="近{months}个月自然灾害损失",
    en="losses to disasters, last {months} months",
    idea="disasters",
)
def disaster_loss(h: History, months: int) -> Number:
    return h.event.where(kind="disaster").last(months=months).sum("loss")


@feature(
    unit="month",
    risk_type="disaster",
    missing="no disaster recorded",
    missing_zh="无自然灾害记录",
    zh="距最近一次自然灾害的月数",
    en="months since the last natural disaster",
    idea="disasters",
)
def months_since_disaster(h: History) -> Number:
    return h.event.where(kind="disaster").months_since()


@feature(
    months=(12, 36),
    unit="count",
    risk="rises",
    risk_type="accident",
    zh="近{months}个月意外事故次数",
    en="accidents, last {months} months",
    idea="accidents",
)
def accident_events(h: History, months: int) -> Number:
    return h.event.where(kind="accident").last(months=months).count()


@feature(
    unit="yuan",
    risk="rises",
    risk_type="accident",
    zh="近12个月意外事故损失",
    en="losses to accidents, last 12 months",
    idea="accidents",
)
def accident_loss_12m(h: History) -> Number:
    return h.event.where(kind="accident").last(months=12).sum("loss")


@feature(
    unit="month",
    risk_type="accident",
    missing="no accident recorded",
    missing_zh="无意外事故记录",
    zh="距最近一次意外事故的月数",
    en="months since the last accident",
    idea="accidents",
)
def months_since_accident(h: History) -> Number:
    return h.event.where(kind="accident").months_since()


@feature(
    months=(12, 24),
    unit="count",
    risk="rises",
    risk_type="job_instability",
    zh="近{months}个月失业次数",
    en="job losses, last {months} months",
    idea="job_loss",
)
def job_loss_events(h: History, months: int) -> Number:
    return h.event.where(kind="job_loss").last(months=months).count()


@feature(
    unit="month",
    risk_type="job_instability",
    missing="no job loss recorded",
    missing_zh="无失业记录",
    zh="距最近一次失业的月数",
    en="months since the last job loss",
    idea="job_loss",
)
def months_since_job_loss(h: History) -> Number:
    return h.event.where(kind="job_loss").months_since()


@feature(
    unit="count",
    risk="rises",
    risk_type="enterprise_failure",
    zh="近24个月产业（项目）失败次数",
    en="enterprise failures, last 24 months",
    idea="enterprise_failures",
)
def enterprise_failures_24m(h: History) -> Number:
    return h.event.where(kind="enterprise_failure").last(months=24).count()


@feature(
    unit="yuan",
    risk="rises",
    risk_type="enterprise_failure",
    zh="近24个月产业（项目）失败损失",
    en="losses to enterprise failures, last 24 months",
    idea="enterprise_failures",
)
def enterprise_loss_24m(h: History) -> Number:
    return h.event.where(kind="enterprise_failure").last(months=24).sum("loss")


@feature(
    unit="month",
    risk_type="enterprise_failure",
    missing="no enterprise failure recorded",
    missing_zh="无产业（项目）失败记录",
    zh="距最近一次产业（项目）失败的月数",
    en="months since the last enterprise failure",
    idea="enterprise_failures",
)
def months_since_enterprise_failure(h: History) -> Number:
    return h.event.where(kind="enterprise_failure").months_since()


@feature(
    unit="person",
    risk_type="labour_shortage",
    zh="近24个月成员死亡人数",
    en="deaths in the household, last 24 months",
    idea="deaths",
)
def deaths_24m(h: History) -> Number:
    return h.event.where(kind="death").last(months=24).count()


@feature(
    unit="month",
    risk_type="labour_shortage",
    missing="no death recorded",
    missing_zh="无成员死亡记录",
    zh="距最近一次成员死亡的月数",
    en="months since the last death in the household",
    idea="deaths",
)
def months_since_death(h: History) -> Number:
    return h.event.where(kind="death").months_since()


@feature(
    months=(6, 12, 36),
    unit="count",
    risk="rises",
    zh="近{months}个月各类突发事件次数",
    en="events of all kinds, last {months} months",
    idea="events",
)
def shocks(h: History, months: int) -> Number:
    return h.event.last(months=months).count()


@feature(
    unit="kind",
    risk="rises",
    zh="近24个月发生过的突发事件种类数",
    en="different kinds of events, last 24 months",
    idea="events",
)
def shock_kinds_24m(h: History) -> Number:
    return h.event.last(months=24).distinct("kind")


@feature(
    months=(12, 24),
    unit="yuan",
    risk="rises",
    zh="近{months}个月各类事件损失合计",
    en="losses to all events, last {months} months",
    idea="events",
)
def shock_loss(h: History, months: int) -> Number:
    return h.event.last(months=months).sum("loss")


@feature(
    unit="yuan",
    missing="no event with a loss in 24 months",
    missing_zh="近24个月无事件损失记录",
    zh="近24个月单次事件最大损失",
    en="largest loss to a single event, last 24 months",
    idea="events",
)
def largest_loss_24m(h: History) -> Number:
    return h.event.last(months=24).max("loss")


@feature(
    unit="ratio",
    missing="no net income recorded in 12 months",
    missing_zh="近12个月无纯收入记录",
    zh="近12个月各类事件损失与纯收入之比",
    en="losses to all events against net income, last 12 months",
    idea="events",
)
def shock_loss_ratio_12m(h: History) -> Number:
    return h.event.last(months=12).sum("loss") / net(h.income.last(months=12))
