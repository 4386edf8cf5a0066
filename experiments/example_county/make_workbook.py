"""Build the sources of the example county: a workbook with Chinese headings, and a CSV file in GB18030.

Nobody in them exists: area code 999901 is not assigned, household numbers are SY-0001 and so on, and where a real
workbook holds names, ID numbers and phones there stands a placeholder (which the mapping leaves out).

    python experiments/example_county/make_workbook.py out/example_county/source
"""

from __future__ import annotations

import csv
import datetime as dt
import sys
from pathlib import Path
from typing import Any

import xlsxwriter

WORKBOOK = "示例县农户信息.xlsx"
POINTS = "爱心超市积分.csv"
PLACEHOLDER = "不读取"

_HOUSEHOLDS = (
    # Township and village are merged cells: each stands once, over its households.
    ("乡镇代码", "行政村代码", "户编号", "户主姓名", "联系电话", "户类型", "脱贫年度", "耕地面积\n(公顷)",
     "林地面积（亩）", "是否易地搬迁安置", "与村主干路距离(米)", "危房等级", "是否解决安全饮用水", "首次识别时间",
     "填报日期"),
    ("999901101", "999901101201", "SY-0001", PLACEHOLDER, PLACEHOLDER, "脱贫户", 2018, 0.2, 5, "否", 350, "A级", "是",
     "2014年3月", dt.date(2023, 1, 10)),
    (None, None, "SY-0002", PLACEHOLDER, PLACEHOLDER, "一般农户", None, 0.4, 0, "否", 1200, "B级（基本安全）", "是",
     "201403", dt.date(2023, 1, 10)),
    (None, "999901101202", "SY-0003", PLACEHOLDER, PLACEHOLDER, "脱贫户", 2019, 0.12, 2.5, "是", 80, "A", "是",
     "2014/3/18", dt.date(2023, 1, 11)),
    (None, None, None, None, None, None, None, None, None, None, None, None, None, None, None),
    ("999901102", "999901102201", "SY-0004", PLACEHOLDER, PLACEHOLDER, "未脱贫户", None, 0.1, 0, "否", 2600, "C级",
     "否", "2015.11.2", dt.date(2023, 1, 12)),
    (None, None, "SY-0005", PLACEHOLDER, PLACEHOLDER, "五保户", None, 0.3, 1, "否", 500, "A级", "是", "2016-05",
     dt.date(2023, 1, 12)),
)  # fmt: skip

_MEMBERS = (
    ("户编号", "人口编号", "姓名", "身份证号", "性别", "出生日期", "与户主关系", "文化程度", "在校生状况", "健康状况",
     "残疾等级", "劳动技能", "参加城乡居民医保", "采集日期"),
    ("SY-0001", "SY-0001-1", PLACEHOLDER, PLACEHOLDER, "男", "19700305", "户主", "初中", None, "残疾,患有大病", "2级",
     "弱劳动力或半劳动力", "是", "2023-01-10"),
    ("SY-0001", "SY-0001-2", PLACEHOLDER, PLACEHOLDER, "女", "1972-11-20", "配偶", "小学", None, "健康", None,
     "普通劳动力", "是", "2023-01-10"),
    ("SY-0001", "SY-0001-3", PLACEHOLDER, PLACEHOLDER, "女", dt.date(2009, 6, 1), "之女", None, "初中", "健康", None,
     "无劳动力", "是", "2023-01-10"),
    ("SY-0002", "SY-0002-1", PLACEHOLDER, PLACEHOLDER, "男", 29221, "户主", "高中", None, "长期慢性病", None,
     "技能劳动力", "是", "2023-01-10"),
    ("SY-0003", "SY-0003-1", PLACEHOLDER, PLACEHOLDER, "女", "1985年7月9日", "户主", "初中", None, "健康", None,
     "普通劳动力", "否", "2023-01-11"),
    ("SY-0003", "SY-0003-2", PLACEHOLDER, PLACEHOLDER, "男", "2016.9.30", "之子", None, "小学", "长期慢性病、残疾",
     "3级", "无劳动力", "是", "2023-01-11"),
    ("SY-0004", "SY-0004-1", PLACEHOLDER, PLACEHOLDER, "男", "1951/2/14", "户主", "文盲或半文盲", None, "残急", None,
     "丧失劳动力", "是", "2023-01-12"),
)  # fmt: skip

_INCOMES = (
    (
        "户编号",
        "月份",
        "工资性收入（万元）",
        "生产经营性收入（万元）",
        "转移性收入（万元）",
        "生产经营性支出（万元）",
        "填报日期",
    ),
    ("SY-0001", "2023-01", 0.32, 0.05, 0.045, 0.01, "2023-02-05"),
    ("SY-0001", "202302", 0.3, None, 0.045, None, "2023-03-05"),
    ("SY-0002", "2023年1月", 0.515, 0.12, None, 0.04, "2023/2/6"),
    ("SY-0002", dt.date(2023, 2, 1), "0.52", 0.11, None, 0.05, "2023/3/6"),
    ("SY-0003", 44927, "0.2oo", None, 0.03, None, 44965),
    ("SY-0004", "2023/1", None, 0.01, 0.06, None, "2023.2.7"),
)

_CHECKS = (
    ("户编号", "核查日期", "不愁吃穿", "义务教育", "基本医疗", "住房安全", "饮水安全"),
    ("SY-0001", "2023-03-01", "是", "是", "是", "是", "是"),
    ("SY-0003", "2023-03-02", "是", "是", "否", "是", "是"),
    ("SY-0004", "2023-03-02", "是", "—", "是", "否", "否"),
)

# The office keeps one line a member, though the event is the household's.
_EVENTS = (
    ("户编号", "人口编号", "事件", "子类", "发生时间", "损失（元）", "登记日期"),
    ("SY-0001", "SY-0001-1", "生病", "肿瘤", "2023-04-11", "18,600", "2023-05-02"),
    ("SY-0003", "SY-0003-1", "自然灾害", "洪涝", "2023年6月5日", 4200, "2023-06-09"),
    ("SY-0003", "SY-0003-2", "自然灾害", "洪涝", "2023年6月5日", 4200, "2023-06-09"),
    ("SY-0004", "SY-0004-1", None, None, None, None, None),
)

_LISTED = (
    ("户编号", "识别监测时间", "监测对象类别", "致贫返贫风险", "风险消除时间", "风险消除方式"),
    ("SY-0001", "202305", "突发严重困难户", "因病、因残", None, None),
    ("SY-0004", "202303", "边缘易致贫户", "因安全住房，因安全饮水", None, None),
)

_POINTS = (
    ("户编号", "记分日期", "项目", "分值"),
    ("SY-0001", "2023-03-31", "卫生整洁", "6"),
    ("SY-0002", "2023-03-31", "孝老爱亲", "8"),
    ("SY-0003", "2023-02-30", "卫生整洁", "5"),
)

_SHEETS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "成员信息": _MEMBERS,
    "收入": _INCOMES,
    "保障核查": _CHECKS,
    "风险事件": _EVENTS,
    "监测对象": _LISTED,
}


def build(folder: Path) -> None:
    """Write the workbook and the CSV file into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(folder / WORKBOOK)) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        households = book.add_worksheet("户信息")
        households.merge_range(0, 0, 0, len(_HOUSEHOLDS[0]) - 1, "示例县农户信息表（虚构，仅供演示）")
        _fill(households, _HOUSEHOLDS, day, first_row=1)
        for name, rows in _SHEETS.items():
            _fill(book.add_worksheet(name), rows, day, first_row=0)
    with (folder / POINTS).open("w", encoding="gb18030", newline="") as handle:
        csv.writer(handle).writerows(_POINTS)


def _fill(sheet: Any, rows: tuple[tuple[Any, ...], ...], day: Any, *, first_row: int) -> None:
    for number, row in enumerate(rows, start=first_row):
        for place, cell in enumerate(row):
            if isinstance(cell, dt.date):
                sheet.write_datetime(number, place, dt.datetime.combine(cell, dt.time()), day)
            elif cell is not None:
                sheet.write(number, place, cell)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python make_workbook.py FOLDER")
    build(Path(sys.argv[1]))
    sys.stdout.write(f"Written to {sys.argv[1]}: {WORKBOOK}, {POINTS}\n")
