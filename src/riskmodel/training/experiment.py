"""The experiment file: one YAML page that says what is learned, from which dates, and how it is judged."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, ValidationError, field_validator

from riskmodel.errors import CallError, did_you_mean
from riskmodel.files import sha256_of
from riskmodel.training.baselines import Baselines, Tuning
from riskmodel.training.sections import Section as _Section
from riskmodel.training.yaml_errors import explain_errors, read_yaml
from riskmodel.workspace import find_workspace

GROUP_WORDS = ("village", "township", "household")


def _dates_or_grid(value: Any) -> str:
    return "dates" if isinstance(value, list | tuple) else "grid"


def _check_group(value: str) -> str:
    if value not in GROUP_WORDS and not value.startswith("feature:"):
        raise ValueError(
            f'is "{value}", expected village, township, household or feature:NAME.{did_you_mean(value, GROUP_WORDS)}'
        )
    return value


def _in_order(days: tuple[date, ...]) -> tuple[date, ...]:
    for before, after in itertools.pairwise(days):
        if after == before:
            raise ValueError(f"holds {after} twice")
        if after < before:
            raise ValueError(f"holds {after} after {before}: write the dates oldest first, so that none is mistyped")
    return days


Group = Annotated[str, Field(min_length=1)]


class Features(_Section):
    """Which features the model is given.

    Attributes
    ----------
    catalogue : Path, optional
        Folder or module of feature functions; the workspace's ``features/`` when absent.
    only : list of str, optional
        Keep these alone.
    without : list of str
        Leave these out.
    """

    catalogue: Path | None = None
    only: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()

    def chosen(self, known: Sequence[str]) -> list[str]:
        """Return the chosen names in the order of ``known``."""
        return [n for n in known if (self.only is None or n in self.only) and n not in self.without]


class Grid(_Section):
    """Dates counted rather than listed.

    Attributes
    ----------
    every_months : int
        The distance between two dates.
    newest : int, optional
        How many, counted back from the newest date whose outcome is known.
    from_ : date, optional
        The first date of all (``from`` in the file).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    every_months: int = Field(ge=1, le=120)
    newest: int | None = Field(default=None, ge=1, le=400)
    from_: date | None = Field(default=None, alias="from")


DatesOrGrid = Annotated[
    Annotated[tuple[date, ...], Tag("dates")] | Annotated[Grid, Tag("grid")], Discriminator(_dates_or_grid)
]


class Cohort(_Section):
    """Who is at risk: a cohort of the catalogue, less the rules switched off. Its name alone may be written instead.

    Attributes
    ----------
    without : list of str
        Rules that exclude nobody here.
    """

    name: str = "not_listed"
    without: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the name, and what is switched off."""
        return self.name + "".join(f" − {rule}" for rule in self.without)


class Training(_Section):
    """The as-of dates from which training rows are drawn: a list, or a grid."""

    as_of: DatesOrGrid

    @field_validator("as_of")
    @classmethod
    def _bounded(cls, value: tuple[date, ...] | Grid) -> tuple[date, ...] | Grid:
        if isinstance(value, Grid):
            if value.newest is None and value.from_ is None:
                raise ValueError("needs from: DATE (every date since) or newest: N (the last N known at each origin)")
            return value
        if not value:
            raise ValueError("is empty, expected at least one date")
        return _in_order(value)


class Holdout(_Section):
    """Whom the model is asked about without having been taught by them.

    Attributes
    ----------
    by : str
        ``village``, ``township``, ``household`` or ``feature:NAME``. A feature that names groups is not given to
        the model.
    folds : int
        Into how many parts the groups are divided; each part is asked once by a model that the others taught.
    """

    by: Group = "village"
    folds: int = Field(default=5, ge=2, le=50)

    _group = field_validator("by")(_check_group)


class Validation(_Section):
    """How the model is judged.

    Attributes
    ----------
    mode : str
        ``out_of_time`` (test origins, forward in time), ``cross_validation`` (groups alone, for a panel too short
        for origins) or ``both``.
    origins : dates or grid
        The test dates. Out of time alone needs at least three.
    gap_months : int, optional
        Months between the newest training date and the origin; at least the outcome's horizon, which it is when
        absent.
    """

    mode: Literal["out_of_time", "cross_validation", "both"] = "out_of_time"
    origins: DatesOrGrid | None = None
    gap_months: int | None = Field(default=None, ge=1, le=240)
    holdout: Holdout = Holdout()

    @field_validator("origins")
    @classmethod
    def _counted(cls, value: tuple[date, ...] | Grid | None) -> tuple[date, ...] | Grid | None:
        if isinstance(value, Grid):
            if value.newest is None or value.from_ is not None:
                raise ValueError("needs `newest: N`, how many test dates to count back, and no `from`")
            return value
        return _in_order(value) if value else None

    @property
    def forward(self) -> bool:
        """Whether there are test origins."""
        return self.mode != "cross_validation"

    @property
    def crossed(self) -> bool:
        """Whether there is plain grouped cross-validation."""
        return self.mode != "out_of_time"


class Intervals(_Section):
    """How intervals are drawn: whole groups are drawn again with replacement."""

    bootstrap: int = Field(default=500, ge=20, le=20_000)
    by: Group = "village"
    level: float = Field(default=0.95, gt=0.5, lt=1.0)

    _group = field_validator("by")(_check_group)


class Calibration(_Section):
    """How margins become risks.

    Attributes
    ----------
    window : {"newest", "folds"}
        ``folds``: rows left out in folds of whole groups, over all training dates alike. ``newest``: that map, then
        moved in level and slope towards the rows left out at the newest dates, as far as they say more than chance.
    dates : int
        How many dates are the newest.
    method : {"auto", "sigmoid", "isotonic", "none"}
        The map by folds; "auto" is isotonic with 1,000 or more left-out cases, else sigmoid.
    """

    window: Literal["newest", "folds"] = "newest"
    dates: int = Field(default=2, ge=1, le=40)
    method: Literal["auto", "sigmoid", "isotonic", "none"] = "auto"


class DriftLimits(_Section):
    """When cases found at a test origin, set against the cases expected, count as drift.

    Attributes
    ----------
    factor : float
        Found over expected must lie further from 1 than this factor, either way.
    level : float
        And the interval of the ratio at this level must exclude 1.
    """

    factor: float = Field(default=1.25, gt=1.0, le=10.0)
    level: float = Field(default=0.95, gt=0.5, lt=1.0)


class Smallest(_Section):
    """Groups with fewer rows tested, or fewer positives among them, are not shown."""

    rows: int = Field(default=30, ge=1)
    positives: int = Field(default=10, ge=1)


class Subgroups(_Section):
    """Whom the model is also judged by, apart from everyone else. Groups are never given to it.

    Attributes
    ----------
    by : list of str, optional
        ``township`` and groups of the catalogue; all of them when absent.
    """

    by: tuple[str, ...] | None = None
    smallest: Smallest = Smallest()


class Experiment(_Section):
    """An experiment as read from its file.

    Paths in the file are relative to the folder that the file lies in.

    Attributes
    ----------
    expires_months : int
        For so many months after the training cut the model may be used before it must be judged anew.
    file : Path
        Where it was read from, as the caller wrote it.
    sha256 : str
        Of the file's bytes.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    title_zh: str = ""
    title_en: str = ""
    registry: Path | None = None
    features: Features = Features()
    outcome: str = "need"
    cohort: Cohort = Cohort()
    training: Training
    validation: Validation
    baselines: Baselines = Baselines()
    model: dict[str, Any] = Field(default_factory=dict)
    tuning: Tuning = Tuning()
    capacities: tuple[float, ...] = (0.01, 0.02, 0.05, 0.10)
    intervals: Intervals = Intervals()
    calibration: Calibration = Calibration()
    drift: DriftLimits = DriftLimits()
    expires_months: int = Field(default=12, ge=1, le=120)
    subgroups: Subgroups = Subgroups()
    also_outcomes: tuple[str, ...] = ()
    ablation: bool = False
    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    file: Path = Field(default=Path("experiment.yaml"), exclude=True)
    sha256: str = Field(default="", exclude=True)

    @field_validator("cohort", mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("capacities")
    @classmethod
    def _shares(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value:
            raise ValueError("is empty, expected shares of households such as [0.01, 0.05]")
        for share in value:
            if not 0 < share < 1:
                raise ValueError(f"holds {share:g}, expected shares above 0 and below 1 (0.05 is five in a hundred)")
        return tuple(sorted(set(value)))

    def path(self, given: Path) -> Path:
        """Return a path of the file, counted from the folder that the file lies in."""
        return given if given.is_absolute() else self.file.parent / given

    @property
    def model_tuned(self) -> bool:
        """Whether the model's settings are searched for by ``tuning``."""
        return self.model.get("tuned") is True

    @property
    def model_settings(self) -> dict[str, Any]:
        """What the file sets of the estimator's own parameters."""
        return {name: value for name, value in self.model.items() if name != "tuned"}

    @property
    def workspace(self) -> Path | None:
        """The workspace that the file lies in, if it lies in one."""
        return find_workspace(self.file.parent)

    def wrong(self, key: str, what: str) -> CallError:
        """Return the error that names this file and ``key``."""
        return CallError(f"{self.file}: {key} {what}")


def load_experiment(path: Path) -> Experiment:
    """Read and check an experiment file.

    Parameters
    ----------
    path : Path
        A YAML file.

    Raises
    ------
    CallError
        Naming the file, the key, what was given, what was expected and the nearest name.
    """
    path = Path(path)
    content = read_yaml(path)
    for own in ("file", "sha256"):
        if own in content:
            raise CallError(f"{path}: {own} is not a key here.")
    try:
        experiment = Experiment.model_validate(content)
    except ValidationError as error:
        raise CallError(explain_errors(error, model=Experiment, path=path, content=content)) from None
    experiment = experiment.model_copy(update={"file": path, "sha256": sha256_of(path)})
    _check_origins(experiment)
    return experiment


def _check_origins(experiment: Experiment) -> None:
    validation = experiment.validation
    if not validation.forward:
        if validation.origins is not None:
            raise experiment.wrong(
                "validation.origins", "is given, but mode is cross_validation, which has none. Use mode: both."
            )
        return
    if validation.origins is None:
        raise experiment.wrong(
            "validation.origins",
            f"is missing: mode {validation.mode} needs test dates, a list or {{newest, every_months}}.",
        )
    if validation.mode != "out_of_time":
        return
    number = validation.origins.newest if isinstance(validation.origins, Grid) else len(validation.origins)
    if number is not None and number < 3:
        raise experiment.wrong(
            "validation.origins",
            f"gives {number} test date{'s' if number != 1 else ''}, expected at least 3: one date may be a lucky year, "
            "and nothing shows whether accuracy holds.\nName more dates, or, for a panel too short for that, "
            "use mode: both, which sets grouped folds beside them.",
        )
