"""The registry: twelve tables of household histories, on two clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from riskmodel.registry.registry import Registry as Registry
    from riskmodel.registry.rejects import Rejects as Rejects
    from riskmodel.registry.validate import ValidationReport as ValidationReport
    from riskmodel.registry.validate import validate_tables as validate_tables
    from riskmodel.registry.write import RegistryWriter as RegistryWriter
    from riskmodel.registry.write import write_registry as write_registry

_HOMES = {
    "Registry": "riskmodel.registry.registry",
    "RegistryWriter": "riskmodel.registry.write",
    "Rejects": "riskmodel.registry.rejects",
    "ValidationReport": "riskmodel.registry.validate",
    "validate_tables": "riskmodel.registry.validate",
    "write_registry": "riskmodel.registry.write",
}

__all__ = ["Registry", "RegistryWriter", "Rejects", "ValidationReport", "validate_tables", "write_registry"]


def __getattr__(name: str) -> object:
    """Load a public name from its module when it is first asked for: ``riskmodel --help`` needs none of them."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
