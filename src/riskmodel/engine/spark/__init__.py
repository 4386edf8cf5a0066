"""Spark for the plans that Ibis translates: a session, Parquet files in, a partitioned folder of Parquet out."""

from riskmodel.engine.spark.java import require_spark
from riskmodel.engine.spark.session import PART, SparkFiles, number_of, part_files

__all__ = ["PART", "SparkFiles", "number_of", "part_files", "require_spark"]
