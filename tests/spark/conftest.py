"""One small Spark for all of these tests, as somebody's notebook would have it.

It interprets expressions: to compile them for a few hundred households would take minutes. The program of
``test_the_java_of_the_extra_is_enough`` starts a Spark of the toolkit's own, which compiles.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

SMALL = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


@pytest.fixture(scope="session")
def small_spark() -> dict[str, str]:
    """The settings of a Spark for few rows."""
    return SMALL


@pytest.fixture(scope="session", autouse=True)
def _session() -> Iterator[None]:
    from pyspark.sql import SparkSession

    from riskmodel.engine.spark.java import java_for_spark

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with java_for_spark():
        session = SparkSession.builder.master("local[2]").config(map=SMALL).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield
    session.stop()
