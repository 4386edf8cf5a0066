"""Assistance in force, incentive points, and earlier spells on the list: only what began before as_of.

Cohorts leave out households on the list, so nothing here follows from the flag that is being predicted.
"""

from riskmodel.features import History, Number, col, feature, months_since


@feature(unit="count", zh="正在享受的帮扶措施数", en="measures in force")
def measures_in_force(h: History) -> Number:
    return h.measure.in_force().count()


@feature(
    unit="yes_no", risk_type="labour_shortage", zh="正在享受综合保障（低保、特困等）", en="social protection in force"
)
def protection_in_force(h: History) -> Number:
    return h.measure.where(kind="protection").in_force().exists()


@feature(unit="yes_no", risk_type="job_instability", zh="正在公益性岗位", en="public-welfare post in force")
def public_post_in_force(h: History) -> Number:
    return h.measure.where(kind="public_post").in_force().exists()


@feature(unit="yes_no", risk_type="enterprise_failure", zh="小额信贷未到期", en="micro-credit running")
def credit_in_force(h: History) -> Number:
    return h.measure.where(kind="finance").in_force().exists()


@feature(unit="yuan", zh="近12个月开始的帮扶措施金额", en="amount of the measures begun in the last 12 months")
def measure_amount_12m(h: History) -> Number:
    return h.measure.last(months=12).sum("amount")


@feature(unit="points", zh="近12个月积分", en="incentive points, last 12 months")
def points_12m(h: History) -> Number:
    return h.points.last(months=12).sum("points")


@feature(unit="count", zh="曾纳入监测的次数", en="earlier spells on the monitoring list")
def past_listings(h: History) -> Number:
    return h.listing.where(~col("eliminated_on").is_missing()).count()


@feature(
    unit="month",
    missing="never eliminated from the list",
    zh="距最近一次风险消除的月数",
    en="months since risk was last eliminated",
)
def months_since_elimination(h: History) -> Number:
    since = months_since("eliminated_on")
    return h.listing.where(since >= 0).min(since)
