"""The log of promotions: who let which version stand for an alias, when, why, and how good both were. It only grows."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riskmodel.errors import DataError

LOG = "promotions.jsonl"

_MODES = ("out_of_time", "cross_validation")
_MEASURES = ("auc", "average_precision", "brier", "calibration_error")


@dataclass(frozen=True)
class Promotion:
    """One line of the log: ``alias`` went from one version (None at first) to another (None: to no version).

    Attributes
    ----------
    figures : dict
        Version -> the headline figures of its own evaluation, as :func:`headline` gives them: measured on the dates of
        its training, which need not be the other's.
    """

    at: str
    who: str
    why: str
    alias: str
    from_version: int | None
    to_version: int | None
    figures: dict[str, dict[str, float]] = field(default_factory=dict)


def read_log(path: Path) -> list[Promotion]:
    """Return every promotion, oldest first; none where there is no log.

    Raises
    ------
    DataError
        Naming the line that is none.
    """
    if not path.is_file():
        return []
    out = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            given = json.loads(line)
            at, who, why, alias, before, after = (given[key] for key in ("at", "who", "why", "alias", "from", "to"))
            out.append(Promotion(at, who, why, alias, before, after, dict(given.get("figures", {}))))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise DataError(f"{path}, line {number}: not a promotion. Restore the line.") from None
    return out


def append(path: Path, moved: Promotion) -> None:
    """Add a line, and see it to the disk."""
    line = {
        "at": moved.at,
        "who": moved.who,
        "why": moved.why,
        "alias": moved.alias,
        "from": moved.from_version,
        "to": moved.to_version,
        "figures": moved.figures,
    }
    with path.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(line, ensure_ascii=False) + "\n")
        handle.flush()
        os.fsync(handle.fileno())


def headline(bundle: Path) -> dict[str, float]:
    """Return how good a bundle was in its evaluation, over all test origins; empty where it does not say."""
    try:
        metrics: dict[str, Any] = json.loads((bundle / "metrics.json").read_bytes())
        mode = next(mode for mode in _MODES if mode in metrics["tables"])
        model = metrics["tables"][mode][-1]["scorers"]["model"]
    except (OSError, ValueError, KeyError, TypeError, IndexError, StopIteration):
        return {}
    wanted = [name for name in model if name in _MEASURES or name.startswith("recall_at_")]
    return {name: value for name in wanted if isinstance(value := model[name].get("value"), float)}
