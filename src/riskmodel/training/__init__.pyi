from .experiment import Experiment as Experiment
from .experiment import load_experiment as load_experiment
from .flow import flow_markdown as flow_markdown
from .pictures import outcome_histogram as outcome_histogram
from .pictures import outcome_rates as outcome_rates
from .training_set import TrainingSet as TrainingSet
from .training_set import build_training_set as build_training_set
