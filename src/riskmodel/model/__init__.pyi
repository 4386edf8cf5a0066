from .bundle import Bundle as Bundle
from .bundle import load_bundle as load_bundle
from .bundle import save_bundle as save_bundle
from .classifier import RiskClassifier as RiskClassifier
from .directions import Swept as Swept
from .directions import directions_held as directions_held
from .store import ModelStore as ModelStore
