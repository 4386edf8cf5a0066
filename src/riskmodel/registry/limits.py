"""Amounts that are in another unit: fen or ten thousands for yuan, square metres for mu.

What no household can have is a figure of the policy record, which a county lays its own over (policy.yaml in the
workspace): the schema's ranges only say what a column can hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.policy import Policy
from riskmodel.registry.rules import Finding, Rule, breaking, quoted
from riskmodel.registry.schema import Table

WAGE_TOO_LARGE, WAGE_TOO_SMALL = "income.amount.wage_too_large", "income.amount.wage_too_small"
BILL_TOO_LARGE, CROPLAND_TOO_LARGE = "spending.amount.too_large", "household.cropland_mu.too_large"


@dataclass(frozen=True)
class Limits:
    """The largest and smallest amounts that a row can hold.

    Attributes
    ----------
    cropland_most : float
        mu of a household.
    wage_most, wage_least : float
        yuan of a household's wages of one item in a month; 0 is no wage and always stands.
    bill_most : float
        yuan of one spending.
    """

    cropland_most: float
    wage_most: float
    wage_least: float
    bill_most: float


def limits_of(policy: Policy, *, region: str) -> Limits:
    """Return the newest limits that the record has for a region (a county code, or "" for the whole country)."""

    def newest(name: str) -> float:
        return policy.value(name, region=region, on=date.max)

    return Limits(
        cropland_most=newest("cropland_mu_most"),
        wage_most=newest("wage_a_month_most"),
        wage_least=newest("wage_a_month_least"),
        bill_most=newest("bill_most"),
    )


def region_of(county_codes: pa.Array | pa.ChunkedArray) -> str:
    """Return the county code of household rows; "" (the whole country) where they are of several counties."""
    counties = pc.unique(county_codes).drop_null()
    return counties[0].as_py() if len(counties) == 1 else ""


def in_other_units(rows: pa.Table, table: Table, limits: Limits) -> list[Finding]:
    """Find rows whose amount is beyond the limits."""
    match table.name:
        case "household":
            found = [_cropland(rows, limits.cropland_most)]
        case "income":
            wage = pc.equal(rows["source"].cast(pa.string()), "wage")
            found = [_large_wages(rows, wage, limits.wage_most), _small_wages(rows, wage, limits.wage_least)]
        case "spending":
            found = [_bills(rows, limits.bill_most)]
        case _:
            found = []
    return [finding for finding in found if len(finding.rows)]


def _cropland(rows: pa.Table, most: float) -> Finding:
    rule = _rule(CROPLAND_TOO_LARGE, "cropland_mu_most", f"耕地面积不得超过{most:,.0f}亩", f"at most {most:,.0f} mu")
    mask = pc.greater(rows["cropland_mu"], most)
    return _finding(rule, mask, f"more than {most:,.0f} mu for one household: in square metres?")


def _large_wages(rows: pa.Table, wage: pa.ChunkedArray, most: float) -> Finding:
    words = f"at most {most:,.0f} yuan of wages in a month"
    rule = _rule(WAGE_TOO_LARGE, "wage_a_month_most", f"月工资不得超过{most:,.0f}元", words)
    mask = pc.and_(wage, pc.greater(rows["amount"], most))
    return _finding(rule, mask, f"more than {most:,.0f} yuan of wages in a month: in fen?")


def _small_wages(rows: pa.Table, wage: pa.ChunkedArray, least: float) -> Finding:
    words = f"0 or at least {least:g} yuan of wages in a month"
    rule = _rule(WAGE_TOO_SMALL, "wage_a_month_least", f"月工资为0或不少于{least:g}元", words)
    tiny = pc.and_(pc.greater(rows["amount"], 0), pc.less(rows["amount"], least))
    why = f"less than {least:g} yuan of wages in a month: in ten thousands of yuan?"
    return _finding(rule, pc.and_(wage, tiny), why)


def _bills(rows: pa.Table, most: float) -> Finding:
    rule = _rule(
        BILL_TOO_LARGE, "bill_most", f"单笔支出不得超过{most:,.0f}元", f"at most {most:,.0f} yuan for one bill"
    )
    return _finding(rule, pc.greater(rows["amount"], most), f"more than {most:,.0f} yuan for one bill: in fen?")


def _rule(id_: str, figure: str, zh: str, en: str) -> Rule:
    return Rule(id_, zh, f"{id_.split('.')[1]} is {en}", f"the policy record ({figure})")


def _finding(rule: Rule, mask: pa.ChunkedArray, why: str) -> Finding:
    return breaking(rule, mask, lambda row: f"{quoted(row, rule.column)}, {why}")
