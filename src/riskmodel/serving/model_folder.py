"""A bundle as an MLflow model: a folder with the bundle in it, unchanged, and beside it what MLflow reads.

``MLmodel`` names the loader (:mod:`riskmodel.serving.pyfunc`), the signature and an example; ``requirements.txt`` pins
the packages. All of it is text.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from pathlib import Path
from typing import Any

from riskmodel import __version__

LOADER = "riskmodel.serving.pyfunc"
BUNDLE = "bundle"

_PINNED = ("mlflow", "lightgbm", "scikit-learn", "scipy", "numpy", "pandas", "duckdb", "ibis-framework")
_EXAMPLE = "input_example.json"


def write_model_folder(
    bundle: Path,
    folder: Path,
    *,
    reference: str,
    example: dict[str, float | None],
    run_id: str | None = None,
    model_id: str | None = None,
) -> None:
    """Write the folder that MLflow loads.

    Parameters
    ----------
    bundle : Path
        A bundle's folder, copied byte for byte.
    folder : Path
        Made; must not exist.
    reference : str
        ``NAME@VERSION``.
    example : dict
        A value for each of the model's columns, of nobody: as :func:`example_of` gives it.
    run_id, model_id : str, optional
        MLflow's.
    """
    from mlflow import pyfunc
    from mlflow.models import Model

    shutil.copytree(bundle, folder / BUNDLE)
    features = json.loads((bundle / "features.json").read_bytes())
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    model = Model(
        run_id=run_id,
        model_id=model_id,
        signature=signature_of([feature["name"] for feature in features]),
        metadata={
            "bundle": reference,
            "outcome": manifest.get("outcome_en", manifest.get("outcome", "")),
            "catalogue_hash": manifest.get("catalogue_hash", ""),
        },
        saved_input_example_info={"artifact_path": _EXAMPLE, "type": "dataframe", "pandas_orient": "split"},
    )
    pyfunc.add_to_model(model, loader_module=LOADER, data=BUNDLE, python_env="python_env.yaml")
    model.save(str(folder / "MLmodel"))
    columns = [feature["name"] for feature in features]
    split = {"columns": columns, "data": [[example.get(name) for name in columns]]}
    _write(folder / _EXAMPLE, json.dumps(split, ensure_ascii=False, indent=1))
    _write(folder / "serving_input_example.json", json.dumps({"dataframe_split": split}, ensure_ascii=False, indent=1))
    _write(folder / "requirements.txt", "\n".join(requirements()))
    python = manifest["versions"]["python"]
    _write(
        folder / "python_env.yaml", f"python: {python}\nbuild_dependencies: []\ndependencies:\n- -r requirements.txt"
    )


def example_of(bundle: Path) -> dict[str, float | None]:
    """Return a value for each column, of nobody: the middle knot of its curve, which is a middle value of many rows."""
    features = json.loads((bundle / "features.json").read_bytes())
    knots = [curve["knots"] for curve in json.loads((bundle / "linear.json").read_bytes())["curves"]]
    return {feature["name"]: at[len(at) // 2] if at else None for feature, at in zip(features, knots, strict=True)}


def signature_of(columns: list[str]) -> Any:
    """Return the signature: columns by name in; risk, margin, base value and reasons out.

    The types of what comes in are left to the loader to check: MLflow itself refuses whole numbers for a column of
    doubles, and quotes the rows that it refuses.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, Array, ColSpec, DataType, Object, Property, Schema

    reason = Object(
        [
            Property("feature", DataType.string),
            Property("idea", DataType.string),
            Property("together", Array(DataType.string)),
            Property("risk_type", DataType.string, required=False),
            Property("value", DataType.double, required=False),
            Property("contribution", DataType.double),
            Property("zh", DataType.string),
            Property("en", DataType.string),
        ]
    )
    return ModelSignature(
        inputs=Schema([ColSpec(AnyType(), name, required=False) for name in columns]),
        outputs=Schema(
            [
                ColSpec(DataType.double, "risk"),
                ColSpec(DataType.double, "margin"),
                ColSpec(DataType.double, "base_value"),
                ColSpec(Array(reason), "reasons"),
                ColSpec(DataType.double, "other_contributions"),
            ]
        ),
    )


def requirements() -> list[str]:
    """Return what must be installed where the model is served, as it is here."""
    return [f"riskmodel=={__version__}", *(f"{name}=={importlib.metadata.version(name)}" for name in _PINNED)]


def _write(path: Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8")
