"""Whether a bundle and the catalogue in use mean the same features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from riskmodel.errors import CallError, DataError, did_you_mean

if TYPE_CHECKING:
    from riskmodel.features import Catalogue, FeatureSpec


_TOLD_WITH = {
    "name": "the column",
    "zh": "its words in Chinese",
    "en": "its words in English",
    "missing": "what missing means",
}


def trained_specs(features: Sequence[Mapping[str, Any]]) -> list[FeatureSpec]:
    """Return the catalogue's entries as they were when the model was trained, in the order of its columns.

    Raises
    ------
    DataError
        An entry lacks its words in one of the languages, or something else that reasons are told with.
    """
    from riskmodel.features import FeatureSpec

    for number, row in enumerate(features, start=1):
        name = row.get("name", f"number {number}")
        for key, what in _TOLD_WITH.items():
            if not str(row.get(key) or "").strip():
                raise DataError(
                    f'the model\'s features.json, "{name}": has no {key} ({what}), so no reason can be told with it. '
                    "Train again with a catalogue that has it."
                )
    return [FeatureSpec.from_dict(row) for row in features]


def catalogue_hash(features: Sequence[FeatureSpec]) -> str:
    """Return the digest of these entries, the one a catalogue of exactly them would have."""
    from riskmodel.features import Catalogue

    return Catalogue({spec.name: spec for spec in features}).hash


def check_same_features(trained: Sequence[FeatureSpec], catalogue: Catalogue, *, model: str) -> None:
    """Make sure that the catalogue means the same by each of these features.

    Features that neither the model nor its rule uses may differ: they cannot reach its flags.

    Raises
    ------
    CallError
        A feature is gone or means something else; each is named with what changed.
    """
    if not any(spec.name in catalogue.features for spec in trained):
        first = ", ".join(spec.name for spec in trained[:3])
        raise CallError(
            f"{model} was trained with another catalogue: none of its {len(trained)} features ({first}, …) is in the "
            "one in use. Name the one it was trained with: --catalogue FOLDER, or the file that the experiment names "
            "under features.catalogue."
        )
    changes = []
    for spec in trained:
        now = catalogue.features.get(spec.name)
        if now is None:
            near = did_you_mean(spec.name, catalogue.features).strip()
            changes.append(f'"{spec.name}" is gone' + (f" ({near})" if near.endswith("?") else ""))
            continue
        before, after = spec.to_dict(), now.to_dict()
        differing = [key for key in before if before[key] != after.get(key)]
        if differing:
            changes.append(
                f'"{spec.name}" has another '
                + ", ".join(f"{key} (was {before[key]!r}, is {after.get(key)!r})" for key in differing)
            )
    if changes:
        shown = "; ".join(changes[:10]) + (f"; and {len(changes) - 10} more" if len(changes) > 10 else "")
        raise CallError(
            f"{model} was trained with other features than the catalogue now has: {shown}. "
            "Score with the catalogue it was trained with (--catalogue FOLDER), or train again."
        )
