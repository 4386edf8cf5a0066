from .experiment import Experiment as Experiment
from .experiment import load_experiment as load_experiment
from .training_set import TrainingSet as TrainingSet
from .training_set import build_training_set as build_training_set
