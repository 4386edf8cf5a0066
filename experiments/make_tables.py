"""Make the result tables in the READMEs anew: those of the real panels from the data, the demo's from its county.

    python experiments/make_tables.py            # writes them between their markers
    python experiments/make_tables.py --check    # changes nothing; exit 1 where a README says something else

The data are looked for in the folder that RISKMODEL_SHARED_DATA names, else in ``../shared/data``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.cli.demo import HOUSEHOLDS, SEED, demo
from riskmodel.errors import DataError, RiskmodelError
from riskmodel.evaluation.backtest import Predictions, backtest
from riskmodel.evaluation.baselines import Scorer
from riskmodel.evaluation.bootstrap import Estimate
from riskmodel.evaluation.compare import Table, compare
from riskmodel.evaluation.findings import measure_name, shown, signed
from riskmodel.evaluation.inputs import Prepared, build_rows, groups_of, prepare, scorers_of
from riskmodel.evaluation.train import lay_out_folds, run_experiment
from riskmodel.registry.importing.run import import_registry
from riskmodel.training.splits import Fold
from riskmodel.training.training_set import TrainingSet

EXPERIMENTS = Path(__file__).resolve().parent
PANELS = ("malawi_food_security", "pakistan_graduation")

# Trained on the first round and asked about the second, of all households: as the data's own description did it.
EVERYONE = "everyone"
MEASURES = ("auc", "average_precision", "brier")
LIGHTGBM: dict[str, tuple[str, dict[str, Any]]] = {
    "lightgbm": ("LightGBM, default settings", {}),
    "lightgbm_small": (
        "LightGBM, small (200 trees, rate 0.03, 15 leaves)",
        {"n_estimators": 200, "learning_rate": 0.03, "num_leaves": 15},
    ),
}

_BLOCK = r"(<!-- table: {name} -->\n).*?(<!-- /table -->)"
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
# Another machine's arithmetic may turn a last digit.
_LAST_DIGITS = 0.002


def main() -> int:
    """Make the tables of all READMEs, or check them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 where a README differs")
    check = parser.parse_args().check
    made: dict[Path, dict[str, str]] = {}
    different = []
    try:
        for panel in PANELS:
            with tempfile.TemporaryDirectory() as folder:
                made[EXPERIMENTS / panel / "README.md"] = run_panel(
                    panel, source=data_folder() / panel, work=Path(folder)
                )
        with tempfile.TemporaryDirectory() as folder:
            demo(out=Path(folder) / "demo", households=HOUSEHOLDS, seed=SEED)
            measured = json.loads((Path(folder) / "demo" / "training" / "metrics.json").read_text(encoding="utf-8"))
        for name, lang in (("README.md", "en"), ("README.zh-CN.md", "zh")):
            made[EXPERIMENTS.parent / name] = {"demo": demo_table(measured, lang)}
        for readme, blocks in made.items():
            if check:
                different += differences(readme, blocks)
            else:
                readme.write_text(with_blocks(readme, blocks), encoding="utf-8")
    except RiskmodelError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    for line in different:
        print(line, file=sys.stderr)
    return 1 if different else 0


def data_folder() -> Path:
    """Return the folder of the real panels."""
    place = Path(os.environ.get("RISKMODEL_SHARED_DATA", EXPERIMENTS.parents[1] / "shared" / "data"))
    if not place.is_dir():
        raise DataError(f"{place}: no such folder; the panels are looked for there. Name it in RISKMODEL_SHARED_DATA.")
    return place


def run_panel(panel: str, *, source: Path, work: Path) -> dict[str, str]:
    """Run a panel from its raw file and return its tables by name."""
    registry, out = work / "registry", work / "training"
    import_registry(source, EXPERIMENTS / panel / "mapping.yaml", registry)
    run_experiment(
        EXPERIMENTS / panel / "experiment.yaml", registry=registry, models=work / "models", out=out, tracker=None
    )
    return blocks(panel, registry=registry, trained=out)


def blocks(panel: str, *, registry: Path, trained: Path) -> dict[str, str]:
    """Return the tables of a panel, from a registry and from what ``riskmodel train`` left of it."""
    return {name: markdown(table) for name, table in result_tables(panel, registry=registry, trained=trained).items()}


def result_tables(panel: str, *, registry: Path, trained: Path) -> dict[str, Table]:
    """Measure the model and everything plain on the same rows.

    Parameters
    ----------
    panel : str
        A folder of ``experiments/``.
    registry : Path
        What its mapping made.
    trained : Path
        The folder that ``riskmodel train`` left: its predictions are taken as they are; only what the experiment does
        not have is worked out here.

    Returns
    -------
    dict of str to Table
        ``cross_validation``, ``out_of_time`` (on households that taught nothing) and ``everyone``.
    """
    prepared = prepare(EXPERIMENTS / panel / "experiment.yaml", registry=registry)
    rows = build_rows(prepared)
    groups = groups_of(rows, prepared.experiment.validation.holdout.by)
    run = partial(backtest, rows.X, rows.y, groups=groups)
    own, plain = scorers_of(prepared), lightgbm_scorers(prepared)
    asked = {
        mode: with_stored(run(folds=folds, scorers=plain, label="LightGBM"), rows, trained=trained, mode=mode)
        for mode, folds in lay_out_folds(prepared, rows, groups).items()
    }
    asked[EVERYONE] = run(folds=[first_to_second(prepared, rows)], scorers=[*own, *plain], label="All households")
    intervals = prepared.experiment.intervals
    clusters = pd.factorize(groups_of(rows, intervals.by), sort=True)[0]
    return {
        mode: compare(
            predictions,
            scorers=[*own, *plain],
            clusters=clusters[predictions.rows],
            capacities=prepared.experiment.capacities,
            rule=None,
            draws=intervals.bootstrap,
            level=intervals.level,
            seed=prepared.experiment.seed,
        )[-1]
        for mode, predictions in asked.items()
    }


def first_to_second(prepared: Prepared, rows: TrainingSet) -> Fold:
    """Return the one fold in which every household of the origin's past teaches and every one at it is asked."""
    [origin] = prepared.plan.origins
    dates = rows.frame["as_of"].to_numpy()
    return Fold(
        origin=origin.as_of,
        number=0,
        train=np.flatnonzero(np.isin(dates, np.array(origin.training, dtype=object))),
        test=np.flatnonzero(dates == origin.as_of),
    )


def lightgbm_scorers(prepared: Prepared) -> list[Scorer]:
    """Return LightGBM as it comes and as a small model, on the features that the model is given."""
    from lightgbm import LGBMClassifier

    columns, seed = list(prepared.columns), prepared.experiment.seed

    def fit(settings: Mapping[str, Any], X: pd.DataFrame, y: pd.Series, _groups: np.ndarray) -> Any:
        booster = LGBMClassifier(**settings, random_state=seed, n_jobs=1, deterministic=True, verbose=-1)
        booster.fit(X[columns], y.astype(int))
        return lambda asked: np.asarray(booster.predict_proba(asked[columns]))[:, 1]

    return [
        Scorer(name=name, zh=words, en=words, means_zh="", means_en="", probabilities=True, fit=partial(fit, settings))
        for name, (words, settings) in LIGHTGBM.items()
    ]


def with_stored(asked: Predictions, rows: TrainingSet, *, trained: Path, mode: str) -> Predictions:
    """Return predictions with those of ``predictions.parquet`` beside them, row by row."""
    stored = pd.read_parquet(trained / "predictions.parquet")
    stored = stored[stored["mode"] == mode].reset_index(drop=True)
    keys = rows.frame.iloc[asked.rows][["household_id", "as_of"]].reset_index(drop=True)
    if not stored[["household_id", "as_of"]].equals(keys):
        raise DataError(f"{trained}: its predictions ({mode}) are of other rows than this registry gives: train again.")
    names = [name for name in stored if name not in {"household_id", "as_of", "mode", "fold", "outcome"}]
    return replace(asked, scores={**{name: stored[name].to_numpy() for name in names}, **asked.scores})


def markdown(table: Table) -> str:
    """Return a table with what it was measured on, intervals, and the model minus each plain way."""
    words = {"model": "**`RiskClassifier`, defaults**", "rule": "rule", "one_number": "one number"}
    words |= {"logistic": "logistic regression", **{name: en for name, (en, _) in LIGHTGBM.items()}}
    model = table.estimates["model"]
    errors = [f"{model[measure].standard_error:.3f}" for measure in MEASURES]
    lines = [
        f"{table.rows:,} household-rounds, {table.positives:,} with the outcome "
        f"({100 * table.positives / table.rows:.1f} %). Standard errors of the model: AUC {errors[0]}, "
        f"average precision {errors[1]}, Brier {errors[2]}.",
        "",
        "| | AUC | average precision | Brier | model minus this: AUC | average precision |",
        "|---|---|---|---|---|---|",
    ]
    for name, by_measure in table.estimates.items():
        cells = [shown(by_measure[m], m) if m in by_measure else "–" for m in MEASURES]
        gaps = table.differences.get(name)
        cells += ["", ""] if gaps is None else [signed(gaps[m], m) for m in MEASURES[:2]]
        lines.append(f"| {words[name]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def demo_table(measured: Mapping[str, Any], lang: str) -> str:
    """Return the demo's pooled table from its ``metrics.json``: what a reader of the README wants to see first."""
    pooled = measured["tables"]["out_of_time"][-1]
    columns = ("auc", "average_precision", "recall_at_5pct")
    head = " | ".join(measure_name(name, lang) for name in columns)
    rows, positives = pooled["rows"], pooled["positives"]
    share = f"{100 * positives / rows:.1f}%"
    said = (
        f"{rows:,} 户次，其中 {positives:,}（{share}）出现困难。"
        if lang == "zh"
        else f"{rows:,} household-dates, {positives:,} of them ({share}) in need within 12 months."
    )
    lines = [said, "", f"| | {head} |", "|---|---|---|---|"]
    for name, by_measure in pooled["scorers"].items():
        cells = " | ".join(shown(Estimate(**by_measure[column]), column) for column in columns)
        lines.append(f"| {measured['scorers'][name][lang]} | {cells} |")
    return "\n".join(lines)


def with_blocks(readme: Path, made: Mapping[str, str]) -> str:
    """Return a README's text with each table put between its markers."""
    text = readme.read_text(encoding="utf-8")
    for name, block in made.items():
        pattern = re.compile(_BLOCK.format(name=name), re.DOTALL)
        if not pattern.search(text):
            raise DataError(f"{readme}: has no place for a table: expected <!-- table: {name} --> and <!-- /table -->.")
        text = pattern.sub(lambda found, block=block: f"{found[1]}{block}\n{found[2]}", text)
    return text


def differences(readme: Path, made: Mapping[str, str]) -> list[str]:
    """Return where a README says something else than what was made, a turned last digit aside."""
    said = readme.read_text(encoding="utf-8").splitlines()
    expected = with_blocks(readme, made).splitlines()
    if len(said) != len(expected):
        return [f"{readme}: its tables have other rows than the script makes. Run `make docs`."]
    return [
        f"{readme}, line {number}: says\n  {here}\nexpected\n  {there}\nRun `make docs`."
        for number, (here, there) in enumerate(zip(said, expected, strict=True), start=1)
        if not _alike(here, there)
    ]


def _alike(here: str, there: str) -> bool:
    if _NUMBER.sub("#", here) != _NUMBER.sub("#", there):
        return False
    pairs = zip(_NUMBER.findall(here), _NUMBER.findall(there), strict=True)
    return all(abs(float(a) - float(b)) <= (_LAST_DIGITS if "." in a else 0) + 1e-9 for a, b in pairs)


if __name__ == "__main__":
    sys.exit(main())
