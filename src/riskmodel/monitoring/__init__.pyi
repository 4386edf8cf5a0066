from .capacity import Capacity as Capacity
from .flags import FLAGS as FLAGS
from .flags import SCORES as SCORES
from .flags import read_output as read_output
from .record import read_record as read_record
from .score import score_registry as score_registry
