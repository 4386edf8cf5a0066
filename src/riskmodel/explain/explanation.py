"""Explanations for a notebook: what shap's own plots draw, in the catalogue's words, and what matters over all rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from riskmodel.errors import CallError, did_you_mean
from riskmodel.explain.bulk import Contributions, against_background
from riskmodel.explain.units import format_value
from riskmodel.registry.codes import Lang, label

if TYPE_CHECKING:
    import pandas as pd
    import shap

    from riskmodel.features import Catalogue, FeatureSpec
    from riskmodel.model import Bundle, RiskClassifier

By = Literal["feature", "idea", "theme", "risk_type"]
BY: tuple[str, ...] = ("feature", "idea", "theme", "risk_type")

# Faces with Chinese characters that systems bring along or that free packages install.
CJK_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Microsoft YaHei", "PingFang SC",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Noto Sans CJK JP",
)  # fmt: skip
_CJK_FILE = re.compile(r"cjk|notosanssc|sourcehansans|wqy|msyh|pingfang|simhei", re.IGNORECASE)


def explain(
    model: Bundle | RiskClassifier,
    rows: pd.DataFrame,
    *,
    catalogue: Catalogue | None = None,
    lang: Lang | None = None,
    background: pd.DataFrame | None = None,
) -> shap.Explanation:
    """Return the contributions of ``rows`` as shap's plots take them.

    Parameters
    ----------
    model : Bundle or RiskClassifier
        A bundle knows its features' words; a classifier's come from the ``catalogue``.
    rows : DataFrame
        The model's columns by name; others are left aside.
    catalogue : Catalogue, optional
        Whose words to use; left out, the bundle's, or the columns' names.
    lang : {"zh", "en"}, optional
        The language of names and values. Left out: the columns' names, and plain numbers. Chinese in matplotlib's
        pictures needs :func:`use_cjk_font`.
    background : DataFrame, optional
        Whom to compare with (:func:`against_background`). Left out: path-dependent, as every flag is explained.

    Returns
    -------
    shap.Explanation
        ``values`` (rows, features) and ``base_values`` (rows,) in log-odds, ``data`` the values as numbers,
        ``display_data`` as readers see them where a language is given, ``feature_names``.

    Raises
    ------
    CallError
        A language without a catalogue or bundle to take words from.
    DataError
        A column of the model is missing.
    """
    import shap

    classifier, entries = _parts(model, catalogue)
    picked = _picked(classifier, rows)
    if background is None:
        contributor = Contributions(classifier, rows=len(picked))
        values, base = contributor(picked), float(classifier.base_value_)
    else:
        values, base = against_background(classifier, picked, _picked(classifier, background))
    data = picked.to_numpy(dtype=np.float64)
    names, shown = list(picked.columns), None
    if lang is not None:
        if entries is None:
            raise CallError(f'lang is "{lang}", but a classifier knows no words: give the catalogue, or a bundle.')
        names = [spec.zh if lang == "zh" else spec.en for spec in entries]
        shown = np.array(
            [[format_value(v, spec.unit, lang) for v, spec in zip(row, entries, strict=True)] for row in data],
            dtype=object,
        ).reshape(data.shape)
    return shap.Explanation(
        values=values, base_values=np.full(len(values), base), data=data, display_data=shown, feature_names=names
    )


def importance(
    model: Bundle | RiskClassifier,
    rows: pd.DataFrame,
    *,
    catalogue: Catalogue,
    by: By = "feature",
    lang: Lang = "en",
) -> pd.DataFrame:
    """Return how far each feature, idea, theme or risk type moves the scores of ``rows``.

    Within a row the contributions of a group are added first: two features that take away from each other what they
    give move nothing.

    Parameters
    ----------
    by : {"feature", "idea", "theme", "risk_type"}
    lang : {"zh", "en"}
        The language of the ``words``.

    Returns
    -------
    DataFrame
        Indexed by the group's name, largest first: ``words``; ``mean_abs``, the mean over the rows of the size of the
        group's contribution (log-odds); ``raises``, the share of the rows whose score it raises.
    """
    import pandas as pd

    if by not in BY:
        raise CallError(f'by is "{by}".{did_you_mean(by, BY)}')
    classifier, _ = _parts(model, catalogue)
    picked = _picked(classifier, rows)
    entries = [catalogue.feature(name) for name in picked.columns]
    values = Contributions(classifier, rows=len(picked))(picked)
    groups = [_group(spec, by) for spec in entries]
    words = {group: _words(spec, by, lang) for group, spec in zip(groups, entries, strict=True)}
    sums = pd.DataFrame(values.T, index=pd.Index(groups, name=by)).groupby(level=0, sort=False).sum().T
    table = pd.DataFrame(
        {"words": pd.Series(words), "mean_abs": sums.abs().mean(), "raises": (sums > 0).mean()}
    ).rename_axis(by)
    return table.sort_values("mean_abs", ascending=False, kind="stable")


def use_cjk_font() -> str:
    """Let matplotlib draw Chinese with a font of this machine, and return its name.

    Raises
    ------
    CallError
        No such font is installed; nothing is fetched.
    """
    from matplotlib import font_manager, rcParams

    found = _installed()
    if found is None:
        # matplotlib keeps a list of fonts; one that was installed since is not on it.
        for path in font_manager.findSystemFonts():
            if _CJK_FILE.search(path):
                font_manager.fontManager.addfont(path)
        found = _installed()
    if found is None:
        raise CallError(
            "matplotlib finds no font with Chinese characters here. Install one (Debian: fonts-noto-cjk), or draw with "
            'lang="en".'
        )
    rcParams["font.sans-serif"] = [found, *(name for name in rcParams["font.sans-serif"] if name != found)]
    rcParams["font.family"] = "sans-serif"
    rcParams["axes.unicode_minus"] = False
    return found


def _installed() -> str | None:
    from matplotlib import font_manager

    there = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in CJK_FONTS if name in there), None)


def _parts(
    model: Bundle | RiskClassifier, catalogue: Catalogue | None
) -> tuple[RiskClassifier, Sequence[FeatureSpec] | None]:
    from riskmodel.features import FeatureSpec
    from riskmodel.model import Bundle

    if isinstance(model, Bundle):
        own = [FeatureSpec.from_dict(entry) for entry in model.features]
        entries = own if catalogue is None else [catalogue.feature(spec.name) for spec in own]
        return model.classifier, entries
    if catalogue is None:
        return model, None
    return model, [catalogue.feature(name) for name in _columns(model)]


def _columns(classifier: RiskClassifier) -> list[str]:
    if not hasattr(classifier, "feature_names_in_"):
        raise CallError("the classifier was fitted without column names: fit it on a DataFrame to explain it in words.")
    return [str(name) for name in classifier.feature_names_in_]


def _picked(classifier: RiskClassifier, rows: pd.DataFrame) -> pd.DataFrame:
    names = _columns(classifier)
    missing = [name for name in names if name not in rows.columns]
    if missing:
        hint = did_you_mean(missing[0], map(str, rows.columns))
        raise CallError(f'rows has no column "{missing[0]}", which the model needs.{hint}')
    return rows[names]


def _group(spec: FeatureSpec, by: By) -> str:
    groups = {
        "feature": spec.name,
        "idea": spec.idea or spec.name,
        "theme": spec.theme[1],
        "risk_type": spec.risk_type or "other",
    }
    return groups[by]


def _words(spec: FeatureSpec, by: By, lang: Lang) -> str:
    if by == "theme":
        return spec.theme[0] if lang == "zh" else spec.theme[1]
    if by == "risk_type":
        return label("risk_type", spec.risk_type or "other", lang)
    if by == "idea":
        return spec.idea or spec.name
    return spec.zh if lang == "zh" else spec.en
