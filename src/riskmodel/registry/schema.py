"""The twelve tables of a registry: columns, types, units, codes, keys, and which date is the row's own.

Every table has ``household_id`` (pseudonymous), ``known_on`` and ``known_until`` (dates), and may have
``withdrawn``. Money is yuan, nominal. A row exists at ``as_of`` if and only if ``known_on < as_of`` and its
own date is before ``as_of``; of the rows with one key, the one known last wins; a withdrawn row takes its key
away.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import pyarrow as pa

from riskmodel.errors import CallError, did_you_mean

SCHEMA_VERSION = 1

Kind = Literal["id", "text", "code", "codes", "date", "month", "money", "number", "integer", "boolean"]

_ARROW: dict[str, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "code": pa.dictionary(pa.int32(), pa.string()),
    "codes": pa.list_(pa.string()),
    "date": pa.date32(),
    "month": pa.date32(),
    "money": pa.float64(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    kind : str
        ``id`` and ``text`` are strings; ``code`` is one of ``codes``; ``codes`` is a list of them; ``month`` is
        the first day of a month; ``money`` is yuan; ``number`` a float; ``integer``; ``boolean``.
    required : bool
        A missing value makes the row a reject.
    codes : str
        The name of its list in the code book, for ``code`` and ``codes``.
    low, high : float
        The inclusive range of a number.
    """

    name: str
    kind: Kind
    zh: str
    en: str
    unit: str = ""
    required: bool = False
    codes: str = ""
    low: float | None = None
    high: float | None = None

    @property
    def arrow_type(self) -> pa.DataType:
        """The type the column has in storage."""
        return _ARROW[self.kind]


@dataclass(frozen=True)
class Table:
    """One table of a registry.

    Attributes
    ----------
    own_date : str
        The column that says when the row was true in the world.
    key : tuple of str
        With ``household_id``, what a correction repeats.
    ledger : bool
        Whether rows are entered month by month, so that before its first row nothing was kept rather than nothing
        happened.
    """

    name: str
    zh: str
    en: str
    own_date: str
    key: tuple[str, ...]
    own_columns: tuple[Column, ...]
    ledger: bool = False

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns in storage order: household_id, the table's own, then the clocks."""
        return (_HOUSEHOLD_ID, *self.own_columns, _KNOWN_ON, _KNOWN_UNTIL, _WITHDRAWN)

    def column(self, name: str) -> Column:
        """Return the column ``name``; an unknown one raises :class:`CallError` with the nearest name."""
        for column in self.columns:
            if column.name == name:
                return column
        hint = did_you_mean(name, [c.name for c in self.columns])
        raise CallError(f'table "{self.name}" has no column "{name}".{hint}')

    @property
    def arrow_schema(self) -> pa.Schema:
        """The schema of the table's Parquet files."""
        return pa.schema([pa.field(c.name, c.arrow_type, nullable=not c.required) for c in self.columns])


_HOUSEHOLD_ID = Column("household_id", "id", "户编号", "household", required=True)
_KNOWN_ON = Column("known_on", "date", "登记获知日期", "known on", required=True)
_KNOWN_UNTIL = Column("known_until", "date", "被更正日期", "known until")
_WITHDRAWN = Column("withdrawn", "boolean", "已撤销", "withdrawn")


def _money(name: str, zh: str, en: str, *, required: bool = False, low: float | None = 0.0) -> Column:
    return Column(name, "money", zh, en, unit="yuan", required=required, low=low, high=1e9)


_TABLES = (
    Table(
        "household",
        "户",
        "household",
        "registered_on",
        (),
        (
            Column("county_code", "id", "县代码", "county", required=True),
            Column("township_code", "id", "乡镇代码", "township", required=True),
            Column("village_code", "id", "村代码", "village", required=True),
            Column("registered_on", "date", "登记日期", "registered on", required=True),
            Column("household_type", "code", "户类型", "household type", codes="household_type", required=True),
            Column("lifted_year", "integer", "脱贫年度", "year lifted", unit="year", low=2013, high=2100),
            Column("cropland_mu", "number", "耕地面积", "cropland", unit="mu", low=0, high=10_000),
            Column("forest_mu", "number", "林地面积", "forest land", unit="mu", low=0, high=100_000),
            Column("relocation_site", "boolean", "居住在安置区", "lives in a relocation site"),
            Column(
                "road_distance_km", "number", "与村主干路距离", "distance to the main road", unit="km", low=0, high=200
            ),
            Column("housing_grade", "code", "房屋等级", "housing grade", codes="housing_grade"),
            Column("safe_water", "boolean", "安全饮水", "safe drinking water"),
        ),
    ),
    Table(
        "member",
        "成员",
        "member",
        "birth_date",
        ("member_id",),
        (
            Column("member_id", "id", "人口编号", "member", required=True),
            Column("sex", "code", "性别", "sex", codes="sex"),
            Column("birth_date", "date", "出生日期", "born on", required=True),
            Column("relation", "code", "与户主关系", "relation to head", codes="relation"),
            Column("education", "code", "文化程度", "education", codes="education"),
            Column("school_status", "code", "在校生状况", "school status", codes="school_status"),
            Column("chronic_illness", "boolean", "长期慢性病", "chronic illness"),
            Column("major_illness", "boolean", "患有大病", "major illness"),
            Column("disabled", "boolean", "残疾", "disabled"),
            Column("disability_grade", "integer", "残疾等级", "disability grade", low=1, high=4),
            Column("labour_skill", "code", "劳动技能", "labour skill", codes="labour_skill"),
            Column("medical_insured", "boolean", "参加基本医保", "medically insured"),
            Column("left_on", "date", "离户日期", "left on"),
        ),
    ),
    Table(
        "income",
        "收入",
        "income",
        "month",
        ("month", "source", "item"),
        (
            Column("month", "month", "月份", "month", required=True),
            Column("source", "code", "收入来源", "source", codes="income_source", required=True),
            Column("item", "text", "收入项目", "item", required=True),
            _money("amount", "金额", "amount", required=True),
        ),
        ledger=True,
    ),
    Table(
        "spending",
        "支出",
        "spending",
        "spent_on",
        ("record_id",),
        (
            Column("record_id", "id", "记录编号", "record", required=True),
            Column("spent_on", "date", "支出日期", "spent on", required=True),
            Column("kind", "code", "支出类型", "kind", codes="spending_kind", required=True),
            _money("amount", "金额", "amount", required=True),
        ),
    ),
    Table(
        "event",
        "事件",
        "event",
        "happened_on",
        ("record_id",),
        (
            Column("record_id", "id", "记录编号", "record", required=True),
            Column("happened_on", "date", "发生日期", "happened on", required=True),
            Column("kind", "code", "事件类型", "kind", codes="event_kind", required=True),
            Column("subtype", "text", "子类", "subtype"),
            _money("loss", "损失", "loss"),
        ),
    ),
    Table(
        "job",
        "务工就业",
        "job",
        "started_on",
        ("record_id",),
        (
            Column("record_id", "id", "记录编号", "record", required=True),
            Column("member_id", "id", "人口编号", "member", required=True),
            Column("started_on", "date", "开始日期", "started on", required=True),
            Column("ended_on", "date", "结束日期", "ended on"),
            Column("place", "code", "就业地", "place", codes="job_place"),
            Column("kind", "code", "就业类型", "kind", codes="job_kind", required=True),
        ),
    ),
    Table(
        "measure",
        "帮扶措施",
        "measure",
        "started_on",
        ("record_id",),
        (
            Column("record_id", "id", "记录编号", "record", required=True),
            Column("kind", "code", "措施类型", "kind", codes="measure_kind", required=True),
            Column("started_on", "date", "开始日期", "started on", required=True),
            Column("ended_on", "date", "结束日期", "ended on"),
            _money("amount", "金额", "amount"),
        ),
    ),
    Table(
        "guarantee",
        "保障核查",
        "guarantee check",
        "checked_on",
        ("checked_on", "item"),
        (
            Column("checked_on", "date", "核查日期", "checked on", required=True),
            Column("item", "code", "保障项目", "item", codes="guarantee_item", required=True),
            Column("met", "boolean", "达标", "met", required=True),
        ),
    ),
    Table(
        "listing",
        "监测名单",
        "listing",
        "identified_on",
        ("identified_on",),
        (
            Column("identified_on", "date", "识别日期", "identified on", required=True),
            Column("category", "code", "监测类别", "category", codes="listing_category", required=True),
            Column("risk_types", "codes", "风险类型", "risk types", codes="risk_type"),
            Column("eliminated_on", "date", "消除日期", "eliminated on"),
            Column("elimination_mode", "code", "消除方式", "elimination mode", codes="elimination_mode"),
        ),
    ),
    Table(
        "visit",
        "入户核实",
        "visit",
        "visited_on",
        ("record_id",),
        (
            Column("record_id", "id", "记录编号", "record", required=True),
            Column("visited_on", "date", "入户日期", "visited on", required=True),
            Column("source", "code", "线索来源", "source", codes="visit_source", required=True),
            Column("verdict", "code", "核实结论", "verdict", codes="visit_verdict"),
            Column("note", "text", "备注", "note"),
        ),
    ),
    Table(
        "points",
        "积分",
        "points",
        "awarded_on",
        ("record_id",),
        (
            Column("record_id", "id", "记录编号", "record", required=True),
            Column("awarded_on", "date", "记分日期", "awarded on", required=True),
            Column("item", "text", "项目", "item"),
            Column("points", "number", "积分", "points", unit="points", required=True, low=-10_000, high=10_000),
        ),
    ),
    Table(
        "observation",
        "观测",
        "observation",
        "observed_on",
        ("observed_on", "item"),
        (
            Column("observed_on", "date", "观测日期", "observed on", required=True),
            Column("item", "text", "项目", "item", required=True),
            Column("value", "number", "数值", "value", required=True, low=-1e9, high=1e9),
        ),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _TABLES}


def table(name: str) -> Table:
    """Return the table ``name``; an unknown name raises :class:`CallError` with the nearest one.

    >>> table("income").key
    ('month', 'source', 'item')
    >>> table("incme")
    Traceback (most recent call last):
        ...
    riskmodel.errors.CallError: the registry has no table "incme". Did you mean "income"?
    """
    if name not in TABLES:
        raise CallError(f'the registry has no table "{name}".{did_you_mean(name, TABLES)}')
    return TABLES[name]
