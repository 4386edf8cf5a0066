"""A model as a folder of plain text: nothing in it can execute, and a changed byte is refused by name.

========================  ===========================================================================
``booster.txt``           LightGBM's own text of the trees, as weighted in the margin
``linear.json``           intercept, curves, classes and parameters of the classifier
``calibration.json``      the map from margin to risk
``features.json``         the catalogue's entries of the model's columns, in the model's order
``metrics.json``          what the evaluation found
``card.md``               the model card; ``card.html``, where there is one, is the same as a page
``manifest.json``         sha256 of each file, versions, seed, git commit, training cut, and a seal of itself
========================  ===========================================================================
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from riskmodel.errors import CallError, DataError, did_you_mean
from riskmodel.files import sha256_of, write_aside
from riskmodel.model.calibration import Calibrator
from riskmodel.model.classifier import RiskClassifier
from riskmodel.model.linear import LinearPart

if TYPE_CHECKING:
    import pandas as pd

BUNDLE_VERSION = 1
FILES = ("booster.txt", "linear.json", "calibration.json", "features.json", "metrics.json", "card.md")
CARD_PAGE = "card.html"
MANIFEST = "manifest.json"

OWN_KEYS = ("bundle", "files", "versions", "git_commit", "seal")


@dataclass(frozen=True)
class Bundle:
    """A verified bundle, ready to score.

    Attributes
    ----------
    classifier : RiskClassifier
        Its margins equal those of the classifier that was saved, bit for bit.
    features : list of dict
        The catalogue's entries of the model's columns, in the model's order.
    metrics, manifest : dict
    folder : Path
        Where it was read from.
    """

    classifier: RiskClassifier
    features: list[dict[str, Any]]
    metrics: dict[str, Any]
    manifest: dict[str, Any]
    folder: Path

    @property
    def names(self) -> list[str]:
        """The model's columns, in the model's order."""
        return [feature["name"] for feature in self.features]

    @property
    def card(self) -> str:
        """The model card, as Markdown."""
        return (self.folder / "card.md").read_text(encoding="utf-8")

    def pick(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The model's columns of ``frame``, by name, in the model's order; others are left aside.

        Raises
        ------
        DataError
            Naming every column that is missing, and the nearest name that is there.
        """
        missing = [name for name in self.names if name not in frame.columns]
        if missing:
            listed = ", ".join(f'"{name}"' for name in missing)
            hint = did_you_mean(missing[0], map(str, frame.columns))
            lacking = "a column" if len(missing) == 1 else f"{len(missing)} columns"
            raise DataError(f"{self.folder.name}: the model needs {lacking} not given: {listed}.{hint}")
        return frame[self.names]


def save_bundle(
    classifier: RiskClassifier,
    folder: Path,
    *,
    features: list[dict[str, Any]],
    metrics: dict[str, Any],
    card: str,
    manifest: dict[str, Any],
    card_html: str | None = None,
) -> None:
    """Write a fitted classifier and what belongs to it; the folder appears whole or not at all.

    Parameters
    ----------
    classifier : RiskClassifier
        Fitted.
    folder : Path
        Replaced if it exists.
    features : list of dict
        One a column of the classifier, in its order, each with at least ``name``.
    metrics : dict
        Anything JSON holds.
    card : str
        Markdown.
    manifest : dict
        What the caller knows: ``training_cut``, ``seed``, ``catalogue_hash``, … Versions, hashes and the git commit
        are added here; ``seed`` is the classifier's when not given.
    card_html : str, optional
        The card as a page.

    Raises
    ------
    CallError
        When ``features`` are not the classifier's columns, or ``manifest`` uses a name kept for the bundle.
    """
    names = [feature["name"] for feature in features]
    _check_names(classifier, names)
    for key in OWN_KEYS:
        if key in manifest:
            raise CallError(f'manifest has "{key}", which the bundle writes itself: leave it out.')
    texts = {
        "booster.txt": classifier.booster_text_,
        "linear.json": _json({**classifier.linear_.to_dict(), "classifier": _classifier_to_dict(classifier)}),
        "calibration.json": _json(classifier.calibrator_.to_dict()),
        "features.json": _json(features),
        "metrics.json": _json(metrics),
        "card.md": card,
        **({} if card_html is None else {CARD_PAGE: card_html}),
    }
    with write_aside(Path(folder)) as aside:
        aside.mkdir(parents=True)
        for name, text in texts.items():
            (aside / name).write_bytes(text.encode("utf-8"))
        body = {
            "bundle": BUNDLE_VERSION,
            "files": {name: sha256_of(aside / name) for name in texts},
            "versions": _versions(),
            "git_commit": _git_commit(),
            "seed": classifier.get_params()["random_state"] if _is_int(classifier.random_state) else None,
            **manifest,
        }
        (aside / MANIFEST).write_bytes(_sealed(body).encode("utf-8"))


def load_bundle(folder: Path) -> Bundle:
    """Read a bundle after checking every byte of it.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    Bundle

    Raises
    ------
    CallError
        When there is no such folder.
    DataError
        Naming the file: changed, missing, not of the bundle; or a bundle of a newer riskmodel.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CallError(f"{folder}: there is no such model folder.")
    manifest = _read_manifest(folder)
    _check_files(folder, manifest["files"])
    parts = {name: json.loads((folder / name).read_bytes()) for name in FILES if name.endswith(".json")}
    features = parts["features.json"]
    linear = parts["linear.json"]
    classifier = _classifier_from_dict(
        linear["classifier"],
        linear=LinearPart.from_dict(linear),
        calibrator=Calibrator.from_dict(parts["calibration.json"]),
        booster_text=(folder / "booster.txt").read_bytes().decode("utf-8"),
        names=[feature["name"] for feature in features],
    )
    return Bundle(classifier, features, parts["metrics.json"], manifest, folder)


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise DataError(f"{folder}: {MANIFEST} is missing; this is not a model bundle, or not a whole one.")
    raw = path.read_bytes()
    try:
        manifest = json.loads(raw)
        version = manifest["bundle"]
        seal = manifest.pop("seal")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(f"{path}: {MANIFEST} is not a bundle's manifest, or was changed.") from None
    if _is_int(version) and version > BUNDLE_VERSION:
        raise DataError(
            f"{path}: the bundle has version {version}, this riskmodel reads up to {BUNDLE_VERSION}. "
            "Update riskmodel, or use a bundle that this version wrote."
        )
    if _sealed(manifest).encode("utf-8") != raw:
        raise DataError(f"{path}: {MANIFEST} was changed after it was written (its seal is {seal}). Restore it.")
    return {**manifest, "seal": seal}


def _check_files(folder: Path, hashes: dict[str, str]) -> None:
    there = {path.name for path in folder.iterdir()} - {MANIFEST}
    for name in (*FILES, *hashes):
        if name not in there or name not in hashes:
            raise DataError(f"{folder}: {name} is missing from the bundle.")
    for name in sorted(there - set(hashes)):
        raise DataError(f"{folder}: {name} does not belong to the bundle (its manifest does not name it). Take it out.")
    for name, expected in hashes.items():
        if sha256_of(folder / name) != expected:
            raise DataError(f"{folder / name}: {name} was changed after the bundle was written (its sha256 differs).")


def _check_names(classifier: RiskClassifier, names: list[str]) -> None:
    if len(names) != classifier.n_features_in_:
        raise CallError(f"features has {len(names)} entries, the classifier has {classifier.n_features_in_} columns.")
    if hasattr(classifier, "feature_names_in_"):
        for at, (given, own) in enumerate(zip(names, classifier.feature_names_in_, strict=True)):
            if given != own:
                raise CallError(f'features[{at}] is "{given}", the classifier\'s column {at} is "{own}".')


def _classifier_to_dict(classifier: RiskClassifier) -> dict[str, Any]:
    parameters = classifier.get_params()
    parameters["monotone"] = classifier.monotone_.tolist()
    parameters["random_state"] = int(classifier.random_state) if _is_int(classifier.random_state) else None
    classes = classifier.classes_
    return {
        "parameters": parameters,
        "classes": classes.tolist(),
        "classes_dtype": "object" if classes.dtype.hasobject else classes.dtype.str,
        "named": hasattr(classifier, "feature_names_in_"),
        "linear_weight": classifier.linear_weight_,
        "linear_penalty": classifier.linear_penalty_,
        "rounds": classifier.rounds_,
    }


def _classifier_from_dict(
    given: dict[str, Any], *, linear: LinearPart, calibrator: Calibrator, booster_text: str, names: list[str]
) -> RiskClassifier:
    classifier = RiskClassifier(**given["parameters"])
    classifier.n_features_in_ = len(names)
    if given["named"]:
        classifier.feature_names_in_ = np.asarray(names, dtype=object)
    classifier.classes_ = np.asarray(given["classes"], dtype=np.dtype(given["classes_dtype"]))
    classifier.monotone_ = np.asarray(given["parameters"]["monotone"], dtype=np.int_)
    return classifier.assemble(
        linear=linear,
        booster_text=booster_text,
        calibrator=calibrator,
        linear_weight=given["linear_weight"],
        linear_penalty=given["linear_penalty"],
        rounds=given["rounds"],
    )


def _json(content: Any) -> str:
    # repr of a float is the shortest text that reads back as the same float.
    return json.dumps(content, ensure_ascii=False, indent=1, default=_plain) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON: {value!r}")


def _sealed(body: dict[str, Any]) -> str:
    seal = hashlib.sha256(_json(body).encode("utf-8")).hexdigest()
    return _json({**body, "seal": seal})


def _is_int(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _versions() -> dict[str, str]:
    packages = ("riskmodel", "lightgbm", "scikit-learn", "numpy")
    return {"python": platform.python_version(), **{name: _version(name) for name in packages}}


def _version(package: str) -> str:
    if package == "riskmodel":
        from riskmodel import __version__

        return __version__
    return metadata.version(package)


def _git_commit() -> str | None:
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
