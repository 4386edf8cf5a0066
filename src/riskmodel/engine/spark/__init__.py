"""Spark for the plans that Ibis translates: a session, Parquet files in, a partitioned folder of Parquet out."""

from riskmodel.engine.spark.java import require_spark
from riskmodel.engine.spark.session import SparkFiles, part_files

__all__ = ["SparkFiles", "part_files", "require_spark"]
