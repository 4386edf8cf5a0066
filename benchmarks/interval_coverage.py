"""Do the intervals of an evaluation cover? Counties drawn again and again from a process whose truth is known.

    python benchmarks/interval_coverage.py [--replications 200] [--level 0.9] [--villages 25 50 100 300]

Each replication is a county: villages of unequal size with an effect of their own on the risk, households that keep
part of their risk from origin to origin, a model that knows part of it and a plain baseline that knows less. The truth
is what the same measures give on a county of so many villages that chance plays no part. Everything that is measured
goes through `riskmodel.evaluation.compare`, as in a training. Prints a table, which docs/intervals.md keeps.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from riskmodel.evaluation.asked import Asked
from riskmodel.evaluation.backtest import Predictions
from riskmodel.evaluation.baselines import Scorer
from riskmodel.evaluation.beside import Beside
from riskmodel.evaluation.bootstrap import widened
from riskmodel.evaluation.compare import compare, draws_of
from riskmodel.evaluation.subgroups import Smallest, subgroups
from riskmodel.evaluation.totals import totals

ORIGINS = (date(2023, 1, 1), date(2023, 7, 1), date(2024, 1, 1))
HOUSEHOLDS_A_VILLAGE = 50
MEASURES = (
    "recall_at_5pct",
    "precision_at_5pct",
    "recall_at_1pct",
    "auc",
    "average_precision",
    "brier",
    "brier_skill",
    "calibration_error",
)


@dataclass(frozen=True)
class Process:
    """How counties come about, in log-odds.

    Attributes
    ----------
    base : float
        The log-odds of a middling household; −3.4 gives about 6 positives in a hundred.
    village, village_year : float
        Spread of the villages' effects: lasting, and of one origin alone (a flood, a closed factory).
    household : float
        Spread of the households' own risk, of which ``keeps`` stays from origin to origin.
    model, baseline : float
        Spread of what each does not see.
    """

    base: float = -3.4
    village: float = 0.5
    village_year: float = 0.3
    household: float = 1.2
    keeps: float = 0.8
    model: float = 0.8
    baseline: float = 2.0


def draw(process: Process, *, villages: int, rng: np.random.Generator) -> tuple[Predictions, np.ndarray, np.ndarray]:
    """Draw a county: predictions at three origins, the village of each row, and who is of a group of three in ten."""
    sizes = 1 + rng.negative_binomial(4, 4 / (4 + HOUSEHOLDS_A_VILLAGE), villages)
    village = np.repeat(np.arange(villages), sizes)
    n = len(village)
    lasting = rng.normal(0, process.village, villages)
    own = rng.normal(0, 1, n)
    group = rng.random(n) < 0.3
    parts: dict[str, list[np.ndarray]] = {"outcome": [], "model": [], "baseline": []}
    for _ in ORIGINS:
        own = process.keeps * own + np.sqrt(1 - process.keeps**2) * rng.normal(0, 1, n)
        year = rng.normal(0, process.village_year, villages)
        true = process.base + process.household * own + (lasting + year)[village] + 0.3 * group
        parts["outcome"].append((rng.random(n) < 1 / (1 + np.exp(-true))).astype(float))
        seen = process.base + process.household * own + 0.5 * lasting[village]
        # What a model does not see it shrinks away: its probabilities are about right on the whole.
        parts["model"].append(_said(process, seen, process.model, rng))
        parts["baseline"].append(_said(process, seen, process.baseline, rng))
    origins = len(ORIGINS)
    predictions = Predictions(
        rows=np.arange(n * origins),
        stratum=np.repeat(np.arange(origins), n),
        fold=np.zeros(n * origins, dtype=int),
        outcome=np.concatenate(parts["outcome"]),
        scores={name: np.concatenate(parts[name]) for name in ("model", "baseline")},
        origins=list(ORIGINS),
        trained_on=[(1, 1)] * origins,
    )
    return predictions, np.tile(village, origins), np.tile(group, origins)


def _said(process: Process, seen: np.ndarray, blur: float, rng: np.random.Generator) -> np.ndarray:
    spread = process.household**2
    noisy = seen + rng.normal(0, blur, len(seen))
    kept = spread / (spread + blur**2)
    return np.asarray(1 / (1 + np.exp(-(process.base + 0.35 * (1 - kept) + kept * (noisy - process.base) + 0.2))))


def scorers() -> list[Scorer]:
    """Return the model and the baseline, which are never fitted here."""

    def never(*_: object) -> object:
        raise AssertionError("scores are drawn, not taught")

    return [
        Scorer(name=name, zh=name, en=name, means_zh="", means_en="", probabilities=True, fit=never)  # type: ignore[arg-type]
        for name in ("model", "baseline")
    ]


def estimates(
    county: tuple[Predictions, np.ndarray, np.ndarray], *, draws: int, level: float, seed: int
) -> dict[str, tuple[float, float, float]]:
    """Return (value, low, high) of everything that is studied, by the code of a training."""
    predictions, village, group = county
    pooled = compare(
        predictions,
        scorers=scorers(),
        clusters=village,
        capacities=(0.01, 0.05),
        rule=None,
        draws=draws,
        level=level,
        seed=seed,
    )[-1]
    found = {m: pooled.estimates["model"][m] for m in MEASURES}
    found |= {f"{m}, model less baseline": pooled.differences["baseline"][m] for m in ("recall_at_5pct", "auc")}
    asked = Asked(
        predictions=predictions,
        beside=Beside(groups={"group": group.astype(float)}, townships=None, others={}, shown=None, exposure={}),
        boot=draws_of(village, draws=draws, seed=seed),
        clusters=village,
        capacities=(0.05,),
        main=0.05,
        smallest=Smallest(rows=1, positives=1),
        level=level,
        wide=widened(level, groups=len(np.unique(village))),
    )
    (cell,) = subgroups(asked, {"group": ("", "")})
    found["recall_at_5pct of a group of 30 %"] = cell.estimates["recall"]
    found["recall_at_5pct, group less everyone else"] = cell.differences["recall"]
    found["observed / expected"] = totals(asked)[-1].ratio
    return {name: (e.value, e.low, e.high) for name, e in found.items()}


def truth(process: Process, *, villages: int = 20_000, seed: int = 1) -> dict[str, float]:
    """Return what the measures are where chance plays no part: a county of a million households."""
    whole = draw(process, villages=villages, rng=np.random.default_rng(seed))
    return {name: value for name, (value, _, _) in estimates(whole, draws=2, level=0.9, seed=0).items()}


def study(
    process: Process, *, villages: int, replications: int, draws: int, level: float, seed: int, known: dict[str, float]
) -> dict[str, dict[str, float]]:
    """Return, for each measure, how often its interval covers the truth or misses it on either side, and its width."""
    children = np.random.SeedSequence([seed, villages]).spawn(replications)
    rows = [
        estimates(draw(process, villages=villages, rng=np.random.default_rng(child)), draws=draws, level=level, seed=k)
        for k, child in enumerate(children)
    ]
    out = {}
    for name, true in known.items():
        value, low, high = np.array([row[name] for row in rows]).T
        out[name] = {
            "truth": true,
            "mean": float(np.mean(value)),
            "covers": float(np.mean((low <= true) & (true <= high))),
            "below": float(np.mean(high < true)),
            "above": float(np.mean(low > true)),
            "width": float(np.mean(high - low)),
        }
    return out


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the study and print its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replications", type=int, default=200)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--level", type=float, default=0.9)
    parser.add_argument("--villages", type=int, nargs="+", default=[25, 50, 100, 300])
    parser.add_argument("--seed", type=int, default=20)
    asked = parser.parse_args(arguments)
    process = Process()
    known = truth(process)
    print("| villages | measure | truth | mean estimate | covers | too low | too high | width |")
    print("|---:|---|---:|---:|---:|---:|---:|---:|")
    for villages in asked.villages:
        found = study(
            process,
            villages=villages,
            replications=asked.replications,
            draws=asked.draws,
            level=asked.level,
            seed=asked.seed,
            known=known,
        )
        for name, f in found.items():
            print(
                f"| {villages} | {name} | {f['truth']:.3f} | {f['mean']:.3f} | {f['covers']:.1%} | {f['below']:.1%} | "
                f"{f['above']:.1%} | {f['width']:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
