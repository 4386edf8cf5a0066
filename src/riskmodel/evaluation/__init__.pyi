from .card import model_card as model_card
from .report import evaluation_html as evaluation_html
from .results import Evaluation as Evaluation
from .tracking import MlflowTracker as MlflowTracker
from .train import Trained as Trained
from .train import check_experiment as check_experiment
from .train import run_experiment as run_experiment
