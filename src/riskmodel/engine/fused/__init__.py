"""The fused engine: one compiled pass a table over files sorted by household, a slice of households at a time.

It means to the letter what :mod:`riskmodel.engine.ibis_engine` means; what it cannot do it says beforehand
(:func:`can_run`, :func:`can_evaluate`).
"""

from riskmodel.engine.fused.arithmetic import can_evaluate
from riskmodel.engine.fused.files import SortedFile
from riskmodel.engine.fused.held import HeldRows
from riskmodel.engine.fused.program import can_run
from riskmodel.engine.fused.run import FusedRun, SortedTable, dates_before_all, starts_of_slices
from riskmodel.engine.fused.warm import begin_warming

__all__ = [
    "FusedRun",
    "HeldRows",
    "SortedFile",
    "SortedTable",
    "begin_warming",
    "can_evaluate",
    "can_run",
    "dates_before_all",
    "starts_of_slices",
]
