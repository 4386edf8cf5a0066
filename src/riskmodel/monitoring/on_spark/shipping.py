"""A model's way to the executors: its own files, once an executor, and verified where they arrive.

Spark copies one archive to each executor; each Python process there unpacks it, checks every byte of it as
``load_bundle`` does, holds the manifest against the driver's, and keeps the model for all that it is given to do.
"""

from __future__ import annotations

import functools
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from riskmodel.errors import DataError
from riskmodel.files import sha256_of, write_aside
from riskmodel.model import load_bundle

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from riskmodel.model import Bundle

_MANIFEST = "manifest.json"
# An archive of the same files has the same bytes: the earliest day that one can hold.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Shipped:
    """A model that Spark brings to the executors.

    Attributes
    ----------
    archive : str
        The file's name, there.
    manifest : str
        The sha256 of the model's manifest, which seals all of its files.
    """

    archive: str
    manifest: str

    def unpacked(self) -> Bundle:
        """Return the model, on an executor.

        Raises
        ------
        DataError
            A file of it was changed on its way, or it is another model.
        """
        return _unpacked(self)


def ship(bundle: Bundle, session: SparkSession) -> Shipped:
    """Have Spark bring a model's files to every executor that will work for it."""
    digest = sha256_of(bundle.folder / _MANIFEST)
    # It stays as long as this process: an executor that joins later asks for all that was ever shipped.
    archive = Path(_shelf().name) / f"model-{digest[:16]}.zip"
    with write_aside(archive) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in sorted([*bundle.manifest["files"], _MANIFEST]):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, (bundle.folder / name).read_bytes())
    session.sparkContext.addFile(str(archive.absolute()))
    return Shipped(archive.name, digest)


@functools.cache
def _shelf() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="riskmodel-models-")


@functools.cache
def _unpacked(shipped: Shipped) -> Bundle:
    from pyspark import SparkFiles

    with tempfile.TemporaryDirectory(prefix="riskmodel-model-") as folder:
        with zipfile.ZipFile(SparkFiles.get(shipped.archive)) as packed:
            packed.extractall(folder)
        found = sha256_of(Path(folder) / _MANIFEST)
        if found != shipped.manifest:
            raise DataError(
                f"{shipped.archive}: the model that arrived on this executor has a manifest of sha256 {found}, the "
                f"run's is {shipped.manifest}. Run `riskmodel score` again."
            )
        return load_bundle(Path(folder))
