__version__: str

from .features import build_features as build_features
from .features import build_labels as build_labels
from .features import feature as feature
from .features import load_catalogue as load_catalogue
from .model import RiskClassifier as RiskClassifier
from .registry import Registry as Registry
from .training import build_training_set as build_training_set
