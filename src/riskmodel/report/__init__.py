"""Reports: pages, household sheets and a workbook made from the folder that a scoring run left."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_WHERE = {
    "Made": "riskmodel.report.make",
    "ReportData": "riskmodel.report.data",
    "make_report": "riskmodel.report.make",
    "read_report_data": "riskmodel.report.data",
}

__all__ = ["Made", "ReportData", "make_report", "read_report_data"]


def __getattr__(name: str) -> Any:
    # Names arrive when asked for: the command line's help must not import what draws and writes.
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
