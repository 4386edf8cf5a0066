"""Whether MLflow's store can be read at all, and what to do where it cannot."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path


def broken(store: Path) -> str:
    """Return what is wrong with the file, in a few words; empty when it is whole, locked, or not there.

    A lock passes, and whether the tables are those of the installed MLflow is for MLflow to say.
    """
    if store.is_dir():
        return "a folder stands where MLflow's store would be"
    if not store.is_file() or not store.stat().st_size:
        return ""
    try:
        with contextlib.closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True, timeout=1)) as opened:
            said = opened.execute("pragma quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        return "" if "locked" in str(error) or "busy" in str(error) else f"cannot be read ({error})"
    except sqlite3.DatabaseError as error:
        return f"is damaged, or no database ({error})"
    return "" if said == "ok" else f"is damaged ({' '.join(str(said).split())})"


def how_to_go_on(store: Path) -> str:
    """Return what a user can do about a store that cannot be written."""
    return (
        f"Restore {store.name} from a copy, or move it away: a new one is made, with every version and alias of the "
        "models that stand, and without the runs of before. Models, aliases and the log of promotions do not depend "
        "on it."
    )
