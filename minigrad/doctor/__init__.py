"""The doctor: what keeps a network from learning, found before it is trained.

`minigrad.diagnose(model, x, y, optimizer)` runs a copy of the model once (run.py) and looks at it
from all sides: units.py for dead units, moves.py for what momentum and decay still do to them,
reach.py for parameters that the loss or the optimizer does not know, shapes.py for broadcasts that
nobody meant, flow.py for gradients that vanish or explode, curvature.py for the learning rate.
"""

from minigrad.doctor.diagnosis import Diagnosis, diagnose
from minigrad.doctor.finding import Finding
from minigrad.doctor.programs import diagnose_program
from minigrad.doctor.units import Unit

__all__ = ["Diagnosis", "Finding", "Unit", "diagnose", "diagnose_program"]
