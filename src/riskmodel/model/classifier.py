"""The estimator: a bounded additive part plus LightGBM's trees, in one margin, calibrated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from riskmodel.errors import CallError, did_you_mean
from riskmodel.model.calibration import Calibrator
from riskmodel.model.fitting import Given, Task, fit_margin
from riskmodel.model.linear import LinearPart
from riskmodel.model.names import monotone_signs
from riskmodel.model.recipe import make_recipe
from riskmodel.model.trees import Trees, load_booster, safe_names

Array = NDArray[np.float64]

CALIBRATIONS = ("auto", "sigmoid", "isotonic", "none")


class RiskClassifier(ClassifierMixin, BaseEstimator):
    """Probability of a binary outcome from numeric features, strong on small data by default.

    The margin (log-odds before calibration) is a sum that can be written down:

        margin = intercept + one bounded curve a feature + LightGBM's trees

    The curves come from a ridge logistic regression on piecewise linear functions of each feature; the trees are
    LightGBM's, averaged over eight seeds where rows are few. How strong the ridge is, how much harder bends are
    penalised than straight lines, and how many trees there are is chosen by the log-loss of rows left out in grouped
    folds. So is how much each side counts, but drawn towards one half, because a few thousand rows can hardly tell. All
    is then fitted again on every row. With fewer than 60 rows, or 10 of the rarer outcome, nothing can be left out
    honestly: the margin is then straight lines under a fixed penalty. (Rows of unequal weight count as the number of
    equal ones that would say as much.) Above 20,000 rows a share of the rows (or groups) is left out once instead of
    folds, and curves are fitted on at most 20,000 rows; from 200,000 rows on the trees boosted then are kept,
    unless ``bags`` are asked for.

    Parameters
    ----------
    monotone : dict of str to int, sequence of int, or None, default=None
        By column name, or one a column: +1 when the risk may only rise as the feature grows, -1 when it may only
        fall, 0 when free. Holds for curves and trees, hence for every margin and risk. Being missing is free.
    calibration : {"auto", "sigmoid", "isotonic", "none"}, default="auto"
        How left-out margins are turned into risks. "auto" is isotonic with 1,000 or more left-out rows of the rarer
        outcome, else sigmoid. No choice ever changes an order or makes a tie.
    folds : int, default=5
        Folds that choose settings and calibrate.
    linear_penalty : float or None, default=None
        Ridge penalty per unit of total weight; None chooses it.
    linear_weight : float or None, default=None
        Share of the curves in the margin, 0 to 1, the trees having the rest; None chooses it.
    rounds : int or None, default=None
        Trees of one booster; None chooses.
    bags : int or None, default=None
        Boosters, each with a seed of its own, averaged into one text; None chooses by the number of rows.
    learning_rate, num_leaves, min_data_in_leaf, lambda_l2, feature_fraction, bagging_fraction : optional
        LightGBM's, where the defaults, which follow the number of rows, shall not hold.
    n_jobs : int, default=1
        Threads of LightGBM.
    random_state : int, RandomState instance or None, default=0
        The same int gives the same bytes.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The two outcomes; ``predict_proba``'s second column is the risk of ``classes_[1]``.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of features seen in `fit`. Defined only when X has column names that are all strings.
    linear_ : LinearPart
        Intercept and curves, as weighted in the margin.
    booster_ : lightgbm.Booster
        The trees, as weighted in the margin: its raw prediction is added to ``linear_``'s margin as it is.
    booster_text_ : str
        LightGBM's own text of ``booster_``.
    calibrator_ : Calibrator
        From margin to risk.
    base_value_ : float
        The margin when no feature says anything: base value + contributions = margin.
    monotone_ : ndarray of shape (n_features_in_,)
        The direction each feature is bound to.
    linear_weight_ : float
        Share of the curves in the margin.
    linear_penalty_ : float
        Ridge penalty per unit of total weight.
    rounds_ : int
        Trees of one booster.
    out_of_fold_margin_ : ndarray of shape (n_rows,)
        Margins of the training rows by models that had not seen them, NaN where a row was never left out.

    Examples
    --------
    >>> import numpy as np
    >>> from riskmodel.model import RiskClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 2))
    >>> y = (X[:, 0] + rng.normal(size=200) > 1).astype(int)
    >>> model = RiskClassifier(monotone=[1, 0]).fit(X, y)
    >>> low, high = model.predict_proba([[-1.0, 0.0], [2.0, 0.0]])[:, 1]
    >>> bool(low < high)
    True
    """

    def __init__(
        self,
        *,
        monotone: Mapping[str, int] | Sequence[int] | None = None,
        calibration: str = "auto",
        folds: int = 5,
        linear_penalty: float | None = None,
        linear_weight: float | None = None,
        rounds: int | None = None,
        bags: int | None = None,
        learning_rate: float | None = None,
        num_leaves: int | None = None,
        min_data_in_leaf: int | None = None,
        lambda_l2: float | None = None,
        feature_fraction: float | None = None,
        bagging_fraction: float | None = None,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.monotone = monotone
        self.calibration = calibration
        self.folds = folds
        self.linear_penalty = linear_penalty
        self.linear_weight = linear_weight
        self.rounds = rounds
        self.bags = bags
        self.learning_rate = learning_rate
        self.num_leaves = num_leaves
        self.min_data_in_leaf = min_data_in_leaf
        self.lambda_l2 = lambda_l2
        self.feature_fraction = feature_fraction
        self.bagging_fraction = bagging_fraction
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
    ) -> RiskClassifier:
        """Fit the margin and its calibration.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Numbers; NaN where missing, never infinite.
        y : array-like of shape (n_rows,)
            Two outcomes, none missing.
        sample_weight : array-like of shape (n_rows,), optional
            How many rows each row stands for; a row of weight 0 counts for nothing.
        groups : array-like of shape (n_rows,), optional
            Rows of one group (a household seen at several as_of dates, a village) are left out together.

        Returns
        -------
        RiskClassifier
            Itself.

        Raises
        ------
        ValueError
            In scikit-learn's words: infinite values, one class only, more than two classes, lengths that differ.
        CallError
            For a parameter that cannot be.
        """
        self.check_parameters()
        rows, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y", raise_unknown=True)
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        weight = _check_sample_weight(sample_weight, rows, dtype=np.float64, ensure_non_negative=True)
        counted = weight > 0
        self.classes_, codes = np.unique(y, return_inverse=True)
        present = np.unique(codes[counted])
        if present.size < 2:
            only = ", ".join(repr(self.classes_[code].item()) for code in present)
            raise ValueError(
                "This classifier needs samples of at least 2 classes in the data, but the data contains only one "
                f"class: {only}"
            )
        members = None if groups is None else _group_codes(groups, len(rows))
        if not counted.all():
            rows, codes, weight = rows[counted], codes[counted], weight[counted]
            members = None if members is None else members[counted]
        outcome, weight = codes.astype(np.float64), weight / weight.mean()
        names = self._names()
        self.monotone_ = monotone_signs(self.monotone, names)
        recipe = make_recipe(
            outcome,
            weight=weight,
            n_features=rows.shape[1],
            monotone=self.monotone_,
            folds=self.folds,
            bags=self.bags,
            seed=_seed_of(self.random_state),
            n_jobs=self.n_jobs,
            given={
                "learning_rate": self.learning_rate,
                "num_leaves": self.num_leaves,
                "min_data_in_leaf": self.min_data_in_leaf,
                "lambda_l2": self.lambda_l2,
                "feature_fraction": self.feature_fraction,
                "bagging_fraction": self.bagging_fraction,
            },
        )
        fitted = fit_margin(
            Task(
                X=rows,
                y=outcome,
                weight=weight,
                groups=members,
                monotone=self.monotone_,
                names=safe_names(names),
            ),
            recipe=recipe,
            given=Given(
                calibration=self.calibration,
                linear_penalty=self.linear_penalty,
                linear_weight=self.linear_weight,
                rounds=self.rounds,
            ),
        )
        self.assemble(
            linear=fitted.linear,
            booster_text=fitted.booster_text,
            calibrator=fitted.calibrator,
            linear_weight=fitted.linear_weight,
            linear_penalty=fitted.linear_penalty,
            rounds=fitted.rounds,
        )
        left_out = np.full(len(counted), np.nan)
        left_out[counted] = fitted.out_of_fold_margin
        self.out_of_fold_margin_ = left_out
        return self

    def decision_function(self, X: ArrayLike) -> Array:
        """Margin of each row: log-odds of ``classes_[1]`` before calibration, shape (n_rows,)."""
        check_is_fitted(self)
        return self._margin(validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False))

    def predict_proba(self, X: ArrayLike) -> Array:
        """Calibrated probabilities of ``classes_``, shape (n_rows, 2)."""
        margin = self.decision_function(X)
        risk = self.calibrator_.risk(margin)
        return np.column_stack([1.0 - risk, risk])

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The likelier of ``classes_`` for each row, shape (n_rows,)."""
        margin = self.decision_function(X)
        return self.classes_[(self.calibrator_.log_odds(margin) > 0).astype(int)]

    def contributions(self, X: ArrayLike) -> Array:
        """What each feature adds to each margin: shape (n_rows, n_features), in log-odds.

        A feature's contribution is the height of its curve (its value's, or that of being missing) plus LightGBM's
        own SHAP values of the trees. ``base_value_`` plus a row's sum is its margin.
        """
        rows = self._rows(X)
        return self.linear_.terms(rows) + self._tree_contributions(rows)[:, :-1]

    def assemble(
        self,
        *,
        linear: LinearPart,
        booster_text: str,
        calibrator: Calibrator,
        linear_weight: float,
        linear_penalty: float,
        rounds: int,
    ) -> RiskClassifier:
        """Take written parts as fitted ones: how a bundle becomes a classifier again. `fit` ends here too.

        ``n_features_in_``, ``classes_`` and ``monotone_`` must be set before.
        """
        self.linear_ = linear
        self.booster_text_ = booster_text
        self.booster_ = load_booster(booster_text)
        self._trees = Trees(self.booster_, booster_text)
        self.calibrator_ = calibrator
        self.linear_weight_ = linear_weight
        self.linear_penalty_ = linear_penalty
        self.rounds_ = rounds
        anyone = np.full((1, self.n_features_in_), np.nan)
        self.base_value_ = linear.intercept + float(self._tree_contributions(anyone)[0, -1])
        return self

    def __sklearn_tags__(self) -> Any:
        """Two classes, missing values allowed."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def check_parameters(self) -> None:
        """Raise :class:`CallError` for a parameter that cannot be, before there is anything to fit."""
        if self.calibration not in CALIBRATIONS:
            hint = did_you_mean(str(self.calibration), CALIBRATIONS)
            raise CallError(f"calibration is {self.calibration!r}: expected one of {', '.join(CALIBRATIONS)}.{hint}")
        if self.linear_weight is not None and not 0 <= self.linear_weight <= 1:
            raise CallError(f"linear_weight is {self.linear_weight!r}: expected a share from 0 to 1.")
        if self.linear_penalty is not None and not self.linear_penalty > 0:
            raise CallError(f"linear_penalty is {self.linear_penalty!r}: expected a number above 0.")
        for name, least in (("folds", 2), ("rounds", 1), ("bags", 1), ("n_jobs", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise CallError(f"{name} is {value!r}: expected {least} or more.")

    def _names(self) -> list[str]:
        if hasattr(self, "feature_names_in_"):
            return [str(name) for name in self.feature_names_in_]
        return [f"x{j}" for j in range(self.n_features_in_)]

    def _rows(self, X: ArrayLike) -> Array:
        check_is_fitted(self)
        return np.ascontiguousarray(
            validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=False)
        )

    def _margin(self, rows: Array) -> Array:
        columns = np.ascontiguousarray(rows.T)
        return self.linear_.margin(columns.T) + self._trees.margin(columns, n_jobs=self.n_jobs)

    def _tree_contributions(self, rows: Array) -> Array:
        return np.asarray(self.booster_.predict(rows, pred_contrib=True, num_threads=self.n_jobs))


def _group_codes(groups: ArrayLike, n_rows: int) -> NDArray[np.int_]:
    codes = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
    if codes.size != n_rows:
        raise ValueError(f"groups has {codes.size} entries, X has {n_rows} rows.")
    return codes


def _seed_of(random_state: Any) -> int:
    if isinstance(random_state, int | np.integer):
        return int(random_state) % (2**31 - 1)
    from sklearn.utils import check_random_state

    return int(check_random_state(random_state).randint(2**31 - 1))
