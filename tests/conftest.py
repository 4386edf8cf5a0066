"""Where tests find each other's helpers, the command line as a shell sees it, and the real panels."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# In CI the examples are the same every time: what passes for one change is not broken by chance for the next.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

for folder in ("assistance", "explain", "leakage", "monitoring", "parity", "spark", "watching", "watchlist"):
    sys.path.insert(0, str(ROOT / "tests" / folder))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of the real panels; without it a test is skipped, or fails where it must be there."""
    place = Path(os.environ.get("RISKMODEL_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not place.is_dir():
        reason = f"the real panels are not at {place} (set RISKMODEL_SHARED_DATA)"
        if os.environ.get("RISKMODEL_REQUIRE_SHARED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return place


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], object]], Path]:
    """Have a folder made by the first who asks, for all processes that run these tests; they leave it as it is."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent

    def made(name: str, make: Callable[[Path], object]) -> Path:
        from riskmodel.files import alone

        place, kept = base / f"once-{name}", base / f"once-{name}-made"
        with alone(base / f"once-{name}-lock"):
            if not kept.exists():
                shutil.rmtree(place, ignore_errors=True)
                place.mkdir()
                make(place)
                kept.touch()
        return place

    return made


@pytest.fixture(scope="session")
def mlflow_store(once) -> Callable[[Path], Path]:
    """Lay a new MLflow store into a folder of models: where a training has to make one, that takes it seconds."""

    def make(place: Path) -> None:
        from riskmodel.evaluation.tracking import quiet_environment

        worker = [sys.executable, "-m", "riskmodel.evaluation.mlflow_worker", place / "not there" / "mlflow.db", place]
        subprocess.run(worker, input="open\n", text=True, env=quiet_environment(dict(os.environ)), check=True)

    def laid(models: Path) -> Path:
        models.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(once("mlflow", make) / "mlflow.db", models))

    return laid


@pytest.fixture(scope="session")
def scored_county(once):
    """A simulated county with a model of it, to score: see tests/monitoring/scored.py."""
    from scored import county_in, make_county

    return county_in(once("county", make_county))


@pytest.fixture(scope="session")
def scored_run(scored_county, once) -> Path:
    """What one scoring of that county left; tests read it and leave it as it is."""
    return once("run", lambda folder: scored_county.score(folder / "2025-06")) / "2025-06"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server of this session's own."""
    from servers import serve

    yield from serve()


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything it printed, on one line: a terminal's width breaks lines anywhere."""
        return " ".join((self.out + self.err).split())


@pytest.fixture(scope="session")
def cli() -> Callable[..., Ended]:
    """Run ``riskmodel ARGUMENTS`` in this process, as the console script would, in the folder ``cwd``."""
    from riskmodel.cli import main

    def run(*arguments: object, cwd: Path | None = None) -> Ended:
        out, err, argv = io.StringIO(), io.StringIO(), sys.argv
        sys.argv = ["riskmodel", *map(str, arguments)]
        try:
            with (
                contextlib.chdir(cwd or Path.cwd()),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
                pytest.raises(SystemExit) as ended,
            ):
                main()
        finally:
            sys.argv = argv
        return Ended(ended.value.code or 0, out.getvalue(), err.getvalue())

    return run


@pytest.fixture(scope="session")
def snapshot() -> Callable[[Path], dict[str, str]]:
    """What lies in a folder, hidden files too, what Python compiled apart: path -> digest of the bytes."""

    def take(folder: Path) -> dict[str, str]:
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            for path in sorted(folder.rglob("*"))
            if "__pycache__" not in path.parts
        }

    return take
