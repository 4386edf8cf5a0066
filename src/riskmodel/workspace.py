"""Where a workspace's parts lie: features/, experiments/, models/, notebooks/, and the file that marks it."""

from __future__ import annotations

import shutil
from pathlib import Path

from riskmodel.errors import CallError
from riskmodel.files import write_aside
from riskmodel.policy import Policy, default_policy, load_policy

MARK = "riskmodel.toml"
PARTS = ("features", "experiments", "models", "notebooks")


def find_workspace(start: Path | None = None) -> Path | None:
    """Return the nearest folder at or above ``start`` (the current one) that holds ``riskmodel.toml``."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / MARK).is_file():
            return folder
    return None


def shipped() -> Path:
    """Return the workspace that comes with the package: in a wheel beside the code, in a checkout the repository."""
    inside = Path(__file__).parent / "_workspace"
    if inside.is_dir():
        return inside
    return Path(__file__).resolve().parents[2]


def default_features() -> Path:
    """Return the ``features/`` folder of the workspace one stands in, else of the shipped one."""
    workspace = find_workspace()
    if workspace is not None and (workspace / "features").is_dir():
        return workspace / "features"
    return shipped() / "features"


def default_models() -> Path:
    """Return the ``models/`` folder of the workspace one stands in, else ``models`` in the current folder."""
    return (find_workspace() or Path.cwd()) / "models"


def workspace_policy(workspace: Path | None = None) -> Policy:
    """Return the package's policy record with a workspace's ``policy.yaml``, if it has one, laid over it.

    Parameters
    ----------
    workspace : Path, optional
        The one that one stands in when absent.
    """
    workspace = workspace or find_workspace()
    if workspace is not None and (workspace / "policy.yaml").is_file():
        return load_policy(workspace / "policy.yaml", base=default_policy())
    return default_policy()


def lay_out(folder: Path) -> list[Path]:
    """Copy the shipped workspace into a new folder and return the paths made, relative to it.

    Raises
    ------
    CallError
        The folder exists and holds something.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CallError(f"{folder}: exists and is not empty. Name a new folder.")
    source = shipped()
    found = [source / MARK, *(path for part in PARTS for path in sorted((source / part).rglob("*")))]
    made = [path.relative_to(source) for path in found if _travels(path, source)]
    with write_aside(folder) as aside:
        for path in made:
            (aside / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / path, aside / path)
        for part in PARTS:
            (aside / part).mkdir(exist_ok=True)
    return made


def _travels(path: Path, source: Path) -> bool:
    top, *below = path.relative_to(source).parts
    if not path.is_file():
        return False
    if top == MARK:
        return True
    if top == "models":
        return below == ["README.md"]
    hidden = any(part.startswith((".", "__")) for part in below)
    return top in PARTS and not hidden and path.suffix in {".py", ".yaml", ".md", ".ipynb"}
