"""Incentive points: taking part, doing well, and penalties.

Each has a direction: whoever is awarded points never comes to a higher risk by it.
"""

from riskmodel.features import History, Number, col, feature

THEME = ("积分", "Incentive points")


@feature(
    months=(3, 12),
    unit="points",
    risk="falls",
    zh="近{months}个月积分",
    en="incentive points, last {months} months",
    idea="points",
)
def points(h: History, months: int) -> Number:
    return h.points.last(months=months).sum("points")


@feature(
    unit="points",
    risk="falls",
    zh="近6个月积分比去年同期增减",
    en="change in incentive points, last 6 months against the same months a year earlier",
    idea="points",
)
def points_change_6m(h: History) -> Number:
    return h.points.last(months=6).sum("points") - h.points.last(months=6, skip=12).sum("points")


@feature(
    unit="count",
    risk="rises",
    zh="近12个月扣分次数",
    en="times points were taken away, last 12 months",
    idea="points",
)
def penalties_12m(h: History) -> Number:
    return h.points.where(col("points") < 0).last(months=12).count()


@feature(
    unit="month",
    risk="rises",
    missing="no points ever awarded",
    missing_zh="从未记分",
    zh="距最近一次记分的月数",
    en="months since points were awarded",
    idea="points",
)
def months_since_points(h: History) -> Number:
    return h.points.months_since()
