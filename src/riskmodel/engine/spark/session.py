"""A Spark session with settings of our own, and Parquet files through it."""

from __future__ import annotations

import os
import re
import sys
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
    from pyspark.sql import DataFrame, SparkSession

# What a query means must not depend on whose session it runs in.
_SESSION = {
    # A number too large for its type is an error, as in DuckDB, never one that wrapped around. (The plan itself
    # divides by nothing nowhere: such a quotient is missing.)
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # Tables are joined where they lie: one that is broadcast passes through the driver. What comes from there anyway,
    # dates and figures, is marked to be (:func:`_broadcast`).
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.adaptive.autoBroadcastJoinThreshold": "-1",
    # Java never compiles a method of more than 8,000 bytes: what Spark would put into one stays apart.
    "spark.sql.codegen.hugeMethodLimit": "8000",
    # Rows lie by household, so a second table of sums in front of the first catches nothing, and doubles the code.
    "spark.sql.codegen.aggregate.map.twolevel.enabled": "false",
    # Where it asks a file's dictionaries whether a row can fit, Parquet's Java fails on LZ4 beyond 8 KB
    # (apache/parquet-java, issue 3478). Rows lie by household: no date would leave any out.
    "spark.sql.parquet.filterPushdown": "false",
}
_OWN = {
    "spark.app.name": "riskmodel",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
PART, _FILE = "part", "rows.parquet"
# Some tens of megabytes of a whole catalogue: what whoever reads a part has to hold at most.
ROWS_PER_PART = 50_000
_PLACES_A_PART = 8
# On one machine Spark talks to nobody else; and if it is held, or sleeps, nobody is lost meanwhile.
_LOCAL = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.executor.heartbeatInterval": "3600s",
    "spark.network.timeout": "86400s",
}


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
        _broadcast(self._backend, self._session)

    @property
    def session(self) -> SparkSession:
        """The session, for what Ibis has no words for."""
        return self._session

    def read(self, paths: Sequence[Path]) -> ir.Table:
        """Return the rows of Parquet files together; a column that a file lacks is missing there."""
        return self.table(self._session.read.parquet(*map(_literally, paths), mergeSchema=len(paths) > 1))

    def parts(self, folder: Path) -> DataFrame:
        """Return the rows of a folder of parts, with the number of its part in each."""
        return self._session.read.parquet(_literally(folder))

    def table(self, frame: DataFrame) -> ir.Table:
        """Return the rows of a frame as an expression."""
        # A name of its own: another table of the same name may be open in this session.
        name = f"riskmodel_{uuid.uuid4().hex}"
        frame.createOrReplaceTempView(name)
        return self._backend.table(name)

    def frame(self, rows: ir.Table) -> DataFrame:
        """Return the rows of an expression over this session's tables as a frame."""
        # The dates and figures that the query joins are handed to Spark first, as Ibis does before a query of its own.
        self._backend._run_pre_execute_hooks(rows)
        return self._session.sql(self._backend.compile(rows))

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
        from pyspark.sql import functions as sf

        parts = max(1, -(-expected // ROWS_PER_PART))
        number = sf.pmod(sf.hash(keys[0]), sf.lit(parts))
        return self.write_parts(self.frame(rows).withColumn(PART, number), folder, parts=parts, keys=keys)

    def write_rows(self, frame: DataFrame, folder: Path) -> int:
        """Work a frame out into ``folder``, as it is cut up; return the number of rows."""
        import pyarrow.parquet as pq

        frame.write.parquet(_uri(folder), compression="zstd")
        files = [file for file in folder.iterdir() if not file.name.startswith((".", "_"))]
        for other in set(folder.iterdir()) - set(files):
            other.unlink()
        return sum(pq.read_metadata(file).num_rows for file in files)

    def write_parts(self, frame: DataFrame, folder: Path, *, parts: int, keys: Sequence[str]) -> int:
        """Work a frame out into ``folder``, by the numbers in its column ``part``; return the number of rows.

        Parameters
        ----------
        parts : int
            The numbers lie below it.
        keys : sequence of str
            What each file is sorted by.
        """
        import pyarrow.parquet as pq
        from pyspark.sql import functions as sf

        digits = max(2, len(str(parts - 1)))
        numbered = frame.withColumn(PART, sf.lpad(sf.col(PART).cast("string"), digits, "0"))
        # More places than parts: their numbers are hashed, and few are to meet in one.
        spread = numbered.repartition(_PLACES_A_PART * parts, PART).sortWithinPartitions(PART, *keys)
        spread.write.parquet(_uri(folder), partitionBy=PART, compression="zstd")
        return sum(pq.read_metadata(file).num_rows for file in _tidied(folder))


def part_files(folder: Path) -> list[Path]:
    """Return the files of a folder that Spark wrote, in the order of their parts."""
    return sorted(folder.glob(f"{PART}=*/*.parquet"))


def number_of(file: Path) -> int:
    """Return the number of the part that a file of :func:`part_files` holds."""
    return int(file.parent.name.partition("=")[2])


def _tidied(folder: Path) -> list[Path]:
    """Leave one file a part, under a name that is the same every time, and nothing else."""
    for part in folder.glob(f"{PART}=*"):
        for number, file in enumerate(sorted(part.glob("*.parquet"))):
            file.rename(part / (_FILE if number == 0 else f"{number}-{_FILE}"))
    for file in list(folder.rglob("*")):
        if file.is_file() and file.suffix != ".parquet":
            file.unlink()
    return part_files(folder)


def _broadcast(backend: Backend, session: SparkSession) -> None:
    """Mark the small tables that an expression carries with it to be sent to the executors whole."""
    register = backend._register_in_memory_table

    def marked(op: Any) -> None:
        register(op)
        session.table(op.name).hint("broadcast").createOrReplaceTempView(op.name)

    backend._register_in_memory_table = marked


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
        # Executors' Python is the one that runs here, with what is installed for it.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
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
