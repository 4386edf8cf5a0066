"""Where a county may be written: never in the place of what somebody else laid there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from riskmodel.errors import CallError
from riskmodel.registry.standing import DESCRIPTION, MADE, TOLD, is_registry, is_simulated, is_table_file


def check_folder(out: Path, *, beside: bool) -> None:
    """Refuse, before any work, a folder whose content the county would destroy.

    Parameters
    ----------
    out : Path
        The county's folder, resolved.
    beside : bool
        The caller agrees (``--force``) to a registry that simulate did not make being replaced, and to writing beside
        other files.

    Raises
    ------
    CallError
        ``out`` is a file; is the working folder, or lies above it; holds something else, and ``beside`` is False; or
        holds files of somebody else's under names that the county needs, whatever ``beside`` says.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise CallError(f"OUT {out} is a file; name a folder.")
    here = Path.cwd()
    if out in (here, *here.parents):
        raise CallError(
            f"OUT {out} is the folder that you are in, or lies above it: a new folder takes its place, and you would "
            f"be left in one that is gone. Name another, such as {here / 'county'}, or call from elsewhere."
        )
    if is_simulated(out):
        return
    theirs = sorted(_in_the_way(out))
    if theirs:
        raise CallError(
            f"{out} holds {theirs[0]}, a name that simulate uses, and no {MADE} beside a {DESCRIPTION} that would show "
            "it to be simulate's own: name a new folder; --force does not replace it."
        )
    if beside or not any(out.iterdir()):
        return
    if is_registry(out):
        raise CallError(
            f"{out} holds a registry that simulate did not make (no {MADE} lies in it): name a new folder, or add "
            "--force to replace that registry by a simulated one."
        )
    raise CallError(
        f"{out} is there already and is not a registry: name a new folder, or add --force to write into it; what lies "
        "there then stays beside the registry."
    )


def _in_the_way(out: Path) -> Iterator[str]:
    """Yield what lies in ``out`` under a name that the county's files get, but for the tables of a registry."""
    registry = is_registry(out)
    for entry in out.iterdir():
        tables = entry.name == DESCRIPTION or is_table_file(entry.name)
        if entry.name in TOLD or (tables and not registry):
            yield entry.name
