from .data import ReportData as ReportData
from .data import read_report_data as read_report_data
from .make import Made as Made
from .make import make_report as make_report
