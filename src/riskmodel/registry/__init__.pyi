from .registry import Registry as Registry
from .rejects import Rejects as Rejects
from .validate import validate_tables as validate_tables
from .validation_report import ValidationReport as ValidationReport
from .write import RegistryWriter as RegistryWriter
from .write import write_registry as write_registry
