"""Guarantees, shocks, assets, assistance, points, the list and the neighbourhood: each written out by hand."""

from __future__ import annotations

from collections.abc import Callable

from seen import Row, Seen, change, div, most, total

ITEMS = ("food_clothing", "education", "medical", "housing", "water")


def latest(rows: list[Row], date_column: str) -> Row | None:
    return max(rows, key=lambda row: row[date_column], default=None)


def unmet(s: Seen, item: str) -> bool | None:
    check = latest(s.where("guarantee", item=item), "checked_on")
    return None if check is None else not check["met"]


def unmet_items(s: Seen) -> int:
    return sum(bool(unmet(s, item)) for item in ITEMS)


def failed(s: Seen) -> int:
    return len(s.last("guarantee", 24, met=False))


def events(s: Seen, kind: str, months: int) -> int:
    return len(s.last("event", months, kind=kind))


def loss(s: Seen, kind: str, months: int) -> float:
    return total(s.last("event", months, kind=kind), "loss")


HOUSING: dict[str, Callable[[Seen], float | None]] = {
    "housing_dangerous": lambda s: s.field("housing_grade") and s.field("housing_grade") in "CD",
    "housing_grade": lambda s: s.field("housing_grade") and "ABCD".index(s.field("housing_grade")),
    "water_unsafe": lambda s: None if s.field("safe_water") is None else not s.field("safe_water"),
    "guarantees_unmet": unmet_items,
    **{f"unmet_{item}": lambda s, item=item: unmet(s, item) for item in ITEMS},
    **{
        f"months_since_unmet_{item}": lambda s, item=item: s.months_since("guarantee", item=item, met=False)
        for item in ITEMS
    },
    "months_since_first_unmet": lambda s: most(s.months(row["checked_on"]) for row in s.where("guarantee", met=False)),
    "guarantee_failures_24m": failed,
    "guarantee_failure_share_24m": lambda s: div(failed(s), len(s.last("guarantee", 24))),
    "months_since_check": lambda s: s.months_since("guarantee"),
    "housing_spending_12m": lambda s: total(s.last("spending", 12, kind="housing")),
}

SHOCKS: dict[str, Callable[[Seen], float | None]] = {
    **{f"disaster_events_{n}m": lambda s, n=n: events(s, "disaster", n) for n in (12, 36)},
    **{f"disaster_loss_{n}m": lambda s, n=n: loss(s, "disaster", n) for n in (12, 36)},
    "months_since_disaster": lambda s: s.months_since("event", kind="disaster"),
    **{f"accident_events_{n}m": lambda s, n=n: events(s, "accident", n) for n in (12, 36)},
    "accident_loss_12m": lambda s: loss(s, "accident", 12),
    "months_since_accident": lambda s: s.months_since("event", kind="accident"),
    **{f"job_loss_events_{n}m": lambda s, n=n: events(s, "job_loss", n) for n in (12, 24)},
    "months_since_job_loss": lambda s: s.months_since("event", kind="job_loss"),
    "enterprise_failures_24m": lambda s: events(s, "enterprise_failure", 24),
    "enterprise_loss_24m": lambda s: loss(s, "enterprise_failure", 24),
    "months_since_enterprise_failure": lambda s: s.months_since("event", kind="enterprise_failure"),
    "deaths_24m": lambda s: events(s, "death", 24),
    "months_since_death": lambda s: s.months_since("event", kind="death"),
    **{f"shocks_{n}m": lambda s, n=n: len(s.last("event", n)) for n in (6, 12, 36)},
    "shock_kinds_24m": lambda s: len({row["kind"] for row in s.last("event", 24)}),
    **{f"shock_loss_{n}m": lambda s, n=n: total(s.last("event", n), "loss") for n in (12, 24)},
    "largest_loss_24m": lambda s: most(row["loss"] for row in s.last("event", 24)),
    "shock_loss_ratio_12m": lambda s: div(total(s.last("event", 12), "loss"), s.net(12)),
}

ASSETS: dict[str, Callable[[Seen], float | None]] = {
    "cropland_pc": lambda s: div(s.field("cropland_mu"), s.size()),
    "cropland_per_able": lambda s: div(s.field("cropland_mu"), len(s.able())),
    "forest_mu": lambda s: s.field("forest_mu"),
    "road_distance_km": lambda s: s.field("road_distance_km"),
    **{
        f"{item}_income_pc_12m": lambda s, item=item: div(s.income("operating", item=item), s.size())
        for item in ("crops", "livestock", "business")
    },
    "land_rent_pc_12m": lambda s: div(s.income("property", item="land_rent"), s.size()),
    "asset_dividend_pc_12m": lambda s: div(s.income("property", item="asset_dividend"), s.size()),
}

KINDS = {
    "protection": "protection",
    "public_post": "public_post",
    "industry_support": "industry",
    "job_support": "jobs",
    "health_support": "health",
    "education_support": "other_education",
    "social_support": "social",
    "credit": "finance",
}

ASSISTANCE: dict[str, Callable[[Seen], float | None]] = {
    "measures_in_force": lambda s: len(s.open("measure")),
    "measure_kinds_in_force": lambda s: len({row["kind"] for row in s.open("measure")}),
    **{f"{name}_in_force": lambda s, kind=kind: bool(s.open("measure", kind=kind)) for name, kind in KINDS.items()},
    "guarantee_measures_in_force": lambda s: len(s.open("measure", kind=["housing", "water", "compulsory_education"])),
    "credit_outstanding": lambda s: total(s.open("measure", kind="finance")),
    "credit_age": lambda s: most(s.months(row["started_on"]) for row in s.open("measure", kind="finance")),
    "measure_amount_12m": lambda s: total(s.last("measure", 12)),
    "measures_begun_12m": lambda s: len(s.last("measure", 12)),
    "measures_ended_12m": lambda s: len(s.ended("measure", 12)),
    "months_since_measure": lambda s: s.months_since("measure"),
    "months_since_measure_end": lambda s: min((s.months(row["ended_on"]) for row in s.ended("measure")), default=None),
    "measure_amount_ratio_12m": lambda s: div(total(s.last("measure", 12)), s.net(12)),
    "claims_12m": lambda s: s.income("claims"),
    "months_since_claim": lambda s: min(
        (s.months(row["month"]) for row in s.where("income", source="claims") if row["amount"] > 0), default=None
    ),
}

POINTS: dict[str, Callable[[Seen], float | None]] = {
    **{f"points_{n}m": lambda s, n=n: total(s.last("points", n), "points") for n in (3, 12)},
    "points_change_6m": lambda s: total(s.last("points", 6), "points") - total(s.last("points", 6, 12), "points"),
    "penalties_12m": lambda s: sum(row["points"] < 0 for row in s.last("points", 12)),
    "months_since_points": lambda s: s.months_since("points"),
}


def over(s: Seen) -> list[Row]:
    return s.ended("listing", end="eliminated_on")


def natural(s: Seen) -> bool | None:
    spell = latest(over(s), "identified_on")
    return None if spell is None or spell["elimination_mode"] is None else spell["elimination_mode"] == "natural"


def sudden(s: Seen) -> bool | None:
    spell = latest(s.rows("listing"), "identified_on")
    return None if spell is None else spell["category"] == "sudden_hardship"


LISTING: dict[str, Callable[[Seen], float | None]] = {
    "past_listings": lambda s: len(over(s)),
    "months_since_elimination": lambda s: min(
        (s.months(row["eliminated_on"]) for row in s.ended("listing", end="eliminated_on")), default=None
    ),
    "months_since_listing": lambda s: s.months_since("listing"),
    "months_listed_60m": lambda s: s.overlap("listing", 60, end="eliminated_on"),
    "last_elimination_natural": natural,
    "last_listing_sudden": sudden,
}


def listed(s: Seen) -> bool:
    return bool(s.open("listing", end="eliminated_on"))


def income_there(s: Seen, place: str) -> float | None:
    return s.others(place, "net_pc", lambda o: o.net_pc())


def events_there(s: Seen, place: str, kind: str) -> float | None:
    return s.others(place, kind, lambda o: events(o, kind, 12))


CONTEXT: dict[str, Callable[[Seen], float | None]] = {
    "is_lifted": lambda s: s.field("household_type") == "lifted",
    "relocation_site": lambda s: s.field("relocation_site"),
    "months_registered": lambda s: s.months(s.field("registered_on")),
    "village_listed_share": lambda s: s.others("village", "listed", listed),
    "township_listed_share": lambda s: s.others("township", "listed", listed),
    "village_newly_listed_share_12m": lambda s: s.others("village", "new", lambda o: bool(o.last("listing", 12))),
    "village_net_income_pc_12m": lambda s: income_there(s, "village"),
    "township_net_income_pc_12m": lambda s: income_there(s, "township"),
    "village_capped_line_gap_12m": lambda s: s.others("village", "capped", lambda o: min(max(o.gap(), -1), 1)),
    "village_below_line_share_12m": lambda s: s.others("village", "below", lambda o: o.gap() < 0),
    "township_below_line_share_12m": lambda s: s.others("township", "below", lambda o: o.gap() < 0),
    "income_against_village_12m": lambda s: change(s.net_pc(), income_there(s, "village")),
    "income_against_township_12m": lambda s: change(s.net_pc(), income_there(s, "township")),
    "village_disasters_12m": lambda s: events_there(s, "village", "disaster"),
    "township_disasters_12m": lambda s: events_there(s, "township", "disaster"),
    "township_job_losses_12m": lambda s: events_there(s, "township", "job_loss"),
    "village_unmet_share": lambda s: s.others("village", "unmet", lambda o: unmet_items(o) > 0),
    "village_able_per_household": lambda s: s.others("village", "able", lambda o: len(o.able())),
}
