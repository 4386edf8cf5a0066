"""Where tests find each other's helpers, the command line as a shell sees it, and the real panels."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
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
def scored_county(tmp_path_factory):
    """A simulated county with a model of it, to score: see tests/monitoring/scored.py."""
    from scored import make_county

    return make_county(tmp_path_factory.mktemp("scored"))


@pytest.fixture(scope="session")
def scored_run(scored_county, tmp_path_factory) -> Path:
    """What one scoring of that county left; tests read it and leave it as it is."""
    folder = tmp_path_factory.mktemp("run") / "2025-06"
    scored_county.score(folder)
    return folder


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
    """What lies in a folder, hidden files too: path -> digest of the bytes."""

    def take(folder: Path) -> dict[str, str]:
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
            for path in sorted(folder.rglob("*"))
        }

    return take
