"""History on the monitoring list: earlier spells, how long they lasted, how lately risk was eliminated.

Cohorts leave out households on the list: what is told here is of spells that were over.
"""

from riskmodel.features import History, Number, View, col, feature, months_since

from .work import DAYS_A_MONTH

THEME = ("监测名单上的经历", "History on the monitoring list")


def over(h: History) -> View:
    """Spells on the list that were over: risk eliminated before as_of."""
    return h.listing.ended(end_column="eliminated_on")


@feature(
    unit="count",
    zh="曾纳入监测的次数",
    en="earlier spells on the monitoring list",
    idea="past_listing",
)
def past_listings(h: History) -> Number:
    return over(h).count()


@feature(
    unit="month",
    missing="never eliminated from the list",
    missing_zh="从未消除风险",
    zh="距最近一次风险消除的月数",
    en="months since risk was last eliminated",
    idea="past_listing",
)
def months_since_elimination(h: History) -> Number:
    return over(h).min(months_since("eliminated_on"))


@feature(
    unit="month",
    missing="never on the list",
    missing_zh="从未纳入监测",
    zh="距最近一次纳入监测的月数",
    en="months since the household was last put on the list",
    idea="past_listing",
)
def months_since_listing(h: History) -> Number:
    return h.listing.months_since()


@feature(
    unit="month",
    zh="近60个月中在监测名单上的月数",
    en="months on the monitoring list, last 60 months",
    idea="past_listing",
)
def months_listed_60m(h: History) -> Number:
    return h.listing.last(months=60).days(end_column="eliminated_on") / DAYS_A_MONTH


@feature(
    unit="yes_no",
    missing="no earlier spell on the list, or its mode not recorded",
    missing_zh="无已结束的监测，或未登记消除方式",
    zh="最近一次风险消除为自然消除",
    en="risk was last eliminated naturally, without assistance",
    idea="past_listing",
)
def last_elimination_natural(h: History) -> Number:
    return over(h).latest(col("elimination_mode") == "natural")


@feature(
    unit="yes_no",
    missing="never on the list",
    missing_zh="从未纳入监测",
    zh="最近一次因突发严重困难纳入监测",
    en="last put on the list for a sudden hardship",
    idea="past_listing",
)
def last_listing_sudden(h: History) -> Number:
    return h.listing.latest(col("category") == "sudden_hardship")
