"""Scoring on Spark: the steps of a run on this machine, worked out by executors; counts alone come to the driver."""

from riskmodel.monitoring.on_spark.stages import PART_ROWS, score_on_spark

__all__ = ["PART_ROWS", "score_on_spark"]
