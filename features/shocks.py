"""Shocks: what has happened, how often, how lately, and what it cost."""

from riskmodel.features import History, Number, feature


@feature(
    unit="count", risk="rises", risk_type="disaster", zh="近12个月自然灾害次数", en="natural disasters, last 12 months"
)
def disaster_events_12m(h: History) -> Number:
    return h.event.where(kind="disaster").last(months=12).count()


@feature(
    unit="yuan", risk="rises", risk_type="disaster", zh="近12个月自然灾害损失", en="losses to disasters, last 12 months"
)
def disaster_loss_12m(h: History) -> Number:
    return h.event.where(kind="disaster").last(months=12).sum("loss")


@feature(
    unit="month",
    risk_type="disaster",
    missing="no disaster recorded",
    zh="距最近一次自然灾害的月数",
    en="months since the last natural disaster",
)
def months_since_disaster(h: History) -> Number:
    return h.event.where(kind="disaster").months_since()


@feature(unit="count", risk="rises", risk_type="accident", zh="近12个月意外事故次数", en="accidents, last 12 months")
def accident_events_12m(h: History) -> Number:
    return h.event.where(kind="accident").last(months=12).count()


@feature(
    unit="count", risk="rises", risk_type="job_instability", zh="近12个月失业次数", en="job losses, last 12 months"
)
def job_loss_events_12m(h: History) -> Number:
    return h.event.where(kind="job_loss").last(months=12).count()


@feature(
    unit="month",
    risk_type="job_instability",
    missing="no job loss recorded",
    zh="距最近一次失业的月数",
    en="months since the last job loss",
)
def months_since_job_loss(h: History) -> Number:
    return h.event.where(kind="job_loss").months_since()


@feature(
    unit="count",
    risk="rises",
    risk_type="enterprise_failure",
    zh="近24个月产业（项目）失败次数",
    en="enterprise failures, last 24 months",
)
def enterprise_failures_24m(h: History) -> Number:
    return h.event.where(kind="enterprise_failure").last(months=24).count()


@feature(
    unit="count", risk_type="labour_shortage", zh="近24个月成员死亡人数", en="deaths in the household, last 24 months"
)
def deaths_24m(h: History) -> Number:
    return h.event.where(kind="death").last(months=24).count()


@feature(unit="yuan", risk="rises", zh="近12个月各类事件损失合计", en="losses to all events, last 12 months")
def shock_loss_12m(h: History) -> Number:
    return h.event.last(months=12).sum("loss")
