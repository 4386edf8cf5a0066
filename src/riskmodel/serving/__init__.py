"""A bundle as others' tools take it: MLflow's pyfunc form, which answers with risk and reasons."""

from __future__ import annotations
