"""What every section of an experiment file is: frozen, and without a key that nobody asked for."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Names with values; a misspelt name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
