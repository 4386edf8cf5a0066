"""The trees of the margin: LightGBM through its native Booster, and several boosters made one text.

A model is averaged over several seeds by writing the trees of all boosters one after the other into a single
LightGBM text, every leaf divided by their number. What is loaded from that text is an ordinary Booster: its raw
predictions and its own contributions are those of the average.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from riskmodel.model.forest import Forest

Array = NDArray[np.float64]

_UNSAFE = re.compile(r'[\s",:\[\]{}]')
# From so many rows on, reading the trees is made up for.
_MANY_ROWS = 2_000
_SCALED = ("leaf_value=", "internal_value=")


def safe_names(names: Sequence[str]) -> list[str]:
    """Names as LightGBM's text can hold them; ``f0``, ``f1``, … when one of them cannot be told apart any more.

    >>> safe_names(["income", "dependency ratio"])
    ['income', 'dependency_ratio']
    """
    clean = [_UNSAFE.sub("_", name) for name in names]
    return clean if len(set(clean)) == len(clean) and all(clean) else [f"f{j}" for j in range(len(names))]


def train_booster(
    X: Array,
    y: Array,
    *,
    weight: Array,
    start: Array,
    rounds: int,
    parameters: Mapping[str, Any],
    names: Sequence[str],
    watch: tuple[Array, Array, Array, Array] | None = None,
    patience: int | None = None,
) -> tuple[lgb.Booster, list[float]]:
    """Boost ``rounds`` trees on top of the margins ``start``.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features)
    y, weight, start : ndarray of shape (n_rows,)
        Outcome (0 or 1), weight, and the log-odds that the trees begin from.
    rounds : int
    parameters : mapping
        LightGBM's own.
    names : sequence of str
        From `safe_names`.
    watch : tuple of X, y, weight, start, optional
        Rows left out, to follow the loss on.
    patience : int, optional
        Stop when the loss on ``watch`` has not fallen for so many rounds.

    Returns
    -------
    booster : lightgbm.Booster
        Its raw prediction is the trees' part alone, without ``start``.
    losses : list of float
        Log-loss on ``watch`` after each round; empty without it.
    """
    data = lgb.Dataset(
        X, y, weight=weight, init_score=start, feature_name=list(names), params=dict(parameters), free_raw_data=True
    )
    if watch is None:
        return lgb.train(dict(parameters), data, rounds), []
    X_out, y_out, weight_out, start_out = watch
    out = lgb.Dataset(X_out, y_out, weight=weight_out, init_score=start_out, reference=data)
    record: dict[str, dict[str, list[float]]] = {}
    callbacks = [lgb.record_evaluation(record)]
    if patience is not None:
        callbacks.append(lgb.early_stopping(patience, verbose=False))
    given = {**parameters, "metric": "binary_logloss"}
    booster = lgb.train(given, data, rounds, valid_sets=[out], valid_names=["out"], callbacks=callbacks)
    return booster, record["out"]["binary_logloss"]


def merge_texts(texts: Sequence[str], *, factor: float) -> str:
    """One LightGBM text with the trees of all ``texts``, every leaf multiplied by ``factor``.

    Parameters
    ----------
    texts : sequence of str
        From ``Booster.model_to_string()``, of boosters trained on the same features.
    factor : float
        1 / len(texts) gives their average.

    Returns
    -------
    str
        A text that LightGBM loads.
    """
    head, _, tail = _parts(texts[0])
    blocks = [block for text in texts for block in _parts(text)[1]]
    written = [_renumbered(block, number, factor) for number, block in enumerate(blocks)]
    sizes = " ".join(str(len(block.encode())) for block in written)
    head = re.sub(r"(?m)^tree_sizes=.*$", f"tree_sizes={sizes}", head)
    # The least and the largest value of each feature are single households' own; trees are asked without them.
    head = re.sub(
        r"(?m)^feature_infos=(.*)$", lambda line: "feature_infos=" + " ".join(["none"] * len(line[1].split())), head
    )
    return head + "".join(written) + tail


def load_booster(text: str) -> lgb.Booster:
    """The Booster that ``text`` describes."""
    return lgb.Booster(model_str=text)


@dataclass
class Trees:
    """A Booster and its text, asked for margins: of many rows by a faster way that gives LightGBM's own sums.

    Attributes
    ----------
    booster : lightgbm.Booster
    text : str
        Its own.
    """

    booster: lgb.Booster
    text: str
    _forest: Forest | None = None
    _left_to_lightgbm: bool = False

    def margin(self, columns: Array, *, n_jobs: int) -> Array:
        """Return what the trees add to each row.

        Parameters
        ----------
        columns : array of shape (features, rows)
            NaN where missing.
        n_jobs : int
            Threads of LightGBM, where it is LightGBM that is asked.
        """
        forest = self._forest
        if forest is None and not self._left_to_lightgbm and columns.shape[1] >= _MANY_ROWS:
            from riskmodel.model.forest import read_forest

            forest = read_forest(self.booster, self.text, columns)
            self._forest, self._left_to_lightgbm = forest, forest is None
        if forest is not None:
            return forest.margin(columns)
        return np.asarray(
            self.booster.predict(np.ascontiguousarray(columns.T), raw_score=True, num_threads=n_jobs), dtype=np.float64
        )


def trees_of(text: str) -> list[dict[str, str]]:
    r"""The lines of each tree in LightGBM's ``text``, by what they are called.

    >>> trees_of("tree\nTree=0\nnum_leaves=1\nleaf_value=0.5\n\n\nend of trees\n")
    [{'Tree': '0', 'num_leaves': '1', 'leaf_value': '0.5'}]
    """
    lines = ((line.partition("=") for line in block.split("\n") if "=" in line) for block in _parts(text)[1])
    return [{key: value for key, _, value in block} for block in lines]


def _parts(text: str) -> tuple[str, list[str], str]:
    end = text.index("end of trees")
    first = text.find("Tree=", 0, end)
    if first < 0:
        first = end
    blocks = re.split(r"(?m)^(?=Tree=\d+$)", text[first:end])
    # What follows counts splits of the first booster alone; LightGBM works importances out again from the trees.
    tail = re.sub(r"(?s)feature_importances:.*?(?=\nparameters:)", "feature_importances:\n", text[end:])
    return text[:first], [block for block in blocks if block], tail


def _renumbered(block: str, number: int, factor: float) -> str:
    lines = block.split("\n")
    lines[0] = f"Tree={number}"
    for at, line in enumerate(lines):
        for key in _SCALED:
            if line.startswith(key):
                values = (repr(float(v) * factor) for v in line[len(key) :].split(" ") if v)
                lines[at] = key + " ".join(values)
    return "\n".join(lines)
