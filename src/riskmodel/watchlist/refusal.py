"""Why an act is refused: the conditions that fail, each with a code and words in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass

from riskmodel.errors import CallError
from riskmodel.registry.codes import Lang


@dataclass(frozen=True)
class Failure:
    """One condition that does not hold."""

    condition: str
    zh: str
    en: str

    def words(self, lang: Lang) -> str:
        """Return the words in ``lang``."""
        return self.zh if lang == "zh" else self.en


class RefusedError(CallError):
    """An act that may not be done, with every condition that fails.

    Attributes
    ----------
    failures : tuple of Failure
    """

    def __init__(self, failures: tuple[Failure, ...], *, about: str = "") -> None:
        self.failures = failures
        self.about = about
        told = "; ".join(failure.en for failure in failures)
        super().__init__(f"{about}: refused: {told}." if about else f"refused: {told}.")

    @property
    def conditions(self) -> tuple[str, ...]:
        """The codes of the conditions that fail."""
        return tuple(failure.condition for failure in self.failures)
