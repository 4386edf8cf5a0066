"""A Spark session with settings of our own, and Parquet files through it."""

from __future__ import annotations

import os
import re
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ibis

from riskmodel.engine.spark.java import java_for_spark
from riskmodel.errors import CallError

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from ibis.backends.pyspark import Backend

# What a query means must not depend on whose session it runs in.
_SESSION = {
    # A number too large for its type is an error, as in DuckDB, never one that wrapped around. (The plan itself
    # divides by nothing nowhere: such a quotient is missing.)
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}
_OWN = {
    "spark.app.name": "riskmodel",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
_PART, _FILE = "part", "rows.parquet"
# Some tens of megabytes of a whole catalogue: what whoever reads a part has to hold at most.
ROWS_PER_PART = 50_000
# On one machine Spark talks to nobody else.
_LOCAL = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


class SparkFiles:
    """Parquet files read, and folders of them written, by Spark.

    It runs in the session that is active (under ``spark-submit``, or in a notebook that made one), in a child of it
    that has settings of its own; where there is none, one is started: on ``SPARK_MASTER``, by default on all cores of
    this machine.

    Parameters
    ----------
    memory : int, optional
        Bytes for Spark's heap, where it is started here.

    Raises
    ------
    CallError
        There is no Java that Spark runs on, or Spark does not start.
    """

    def __init__(self, *, memory: int | None = None) -> None:
        from pyspark.sql import SparkSession

        active = SparkSession.getActiveSession() or _of_another_thread()
        self._session: SparkSession = (active or _start(memory)).newSession()
        self._backend: Backend = ibis.pyspark.connect(self._session, **_SESSION)

    def read(self, paths: Sequence[Path]) -> ir.Table:
        """Return the rows of Parquet files together; a column that a file lacks is missing there."""
        rows = self._session.read.parquet(*map(_literally, paths), mergeSchema=len(paths) > 1)
        # A name of its own: another table of the same name may be open in this session.
        name = f"riskmodel_{uuid.uuid4().hex}"
        rows.createOrReplaceTempView(name)
        return self._backend.table(name)

    def write(self, rows: ir.Table, folder: Path, *, keys: Sequence[str], expected: int) -> int:
        """Work ``rows`` out into ``folder``: ``part=NN/rows.parquet``, NN a hash of the first key; return their number.

        The executors write; nothing passes through this process.

        Parameters
        ----------
        keys : sequence of str
            What each file is sorted by. All rows with the same first key lie in one part.
        expected : int
            About how many rows there will be: it decides how many parts.
        """
        import pyarrow.parquet as pq
        from pyspark.sql import functions as sf

        parts = max(1, -(-expected // ROWS_PER_PART))
        digits = max(2, len(str(parts - 1)))
        number = sf.pmod(sf.hash(keys[0]), sf.lit(parts)).cast("string")
        # The dates and figures that the query joins are handed to Spark first, as Ibis does before a query of its own.
        self._backend._run_pre_execute_hooks(rows)
        frame = self._session.sql(self._backend.compile(rows)).withColumn(_PART, sf.lpad(number, digits, "0"))
        spread = frame.repartition(parts, _PART).sortWithinPartitions(_PART, *keys)
        spread.write.parquet(_uri(folder), partitionBy=_PART, compression="zstd")
        files = _tidied(folder)
        return sum(pq.read_metadata(file).num_rows for file in files)


def part_files(folder: Path) -> list[Path]:
    """Return the files of a folder that Spark wrote, in the order of their parts."""
    return sorted(folder.glob(f"{_PART}=*/*.parquet"))


def _tidied(folder: Path) -> list[Path]:
    """Leave one file a part, under a name that is the same every time, and nothing else."""
    for part in folder.glob(f"{_PART}=*"):
        for number, file in enumerate(sorted(part.glob("*.parquet"))):
            file.rename(part / (_FILE if number == 0 else f"{number}-{_FILE}"))
    for file in list(folder.rglob("*")):
        if file.is_file() and file.suffix != ".parquet":
            file.unlink()
    return part_files(folder)


def _uri(path: Path) -> str:
    """Return a path as Spark wants it: where the registry was found, whatever Hadoop's own file system is."""
    return f"file://{path.absolute()}"


def _literally(path: Path) -> str:
    return re.sub(r"([{}\[\]*?\\])", r"\\\1", _uri(path))


def _of_another_thread() -> Any:
    """Return a session over the context that another thread of this process started; None where there is none."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate() if SparkContext._active_spark_context is not None else None


def _start(memory: int | None) -> Any:
    from py4j.protocol import Py4JError
    from pyspark import SparkConf, SparkContext
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    if "PYSPARK_GATEWAY_PORT" in os.environ:
        # spark-submit started the JVM, and its options say where the work runs.
        return SparkSession.builder.getOrCreate()
    master = os.environ.get("SPARK_MASTER", "local[*]")
    settings = {**_OWN, "spark.master": master, "spark.sql.warehouse.dir": f"{tempfile.gettempdir()}/riskmodel-spark"}
    if master.startswith("local"):
        settings |= _LOCAL | {"spark.sql.shuffle.partitions": str(4 * (os.cpu_count() or 1))}
    if memory is not None:
        settings["spark.driver.memory"] = f"{memory // 2**20}m"
    conf = SparkConf(loadDefaults=False).setAll(list(settings.items()))
    # What Spark prints goes to a file without a name, which is gone with the process.
    said = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        with java_for_spark():
            gateway = launch_gateway(conf, {"stdout": said, "stderr": said})
        context = SparkContext(gateway=gateway, conf=conf)
    except (PySparkException, Py4JError) as error:
        raise CallError(f"Spark does not start on {master}: {_complaint(said) or error}") from None
    context.setLogLevel("OFF")
    return SparkSession(context)


def _complaint(said: Any) -> str:
    """Return the last line that names an error, else the last line that is no place in a program."""
    said.seek(0)
    lines = [line.strip() for line in said.read().decode(errors="replace").splitlines()]
    lines = [line for line in reversed(lines) if line and not line.startswith("at ")]
    return next((line for line in lines if "Exception" in line or "Error" in line), lines[0] if lines else "")
