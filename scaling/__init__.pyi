"""The types of the public names; `__init__.py` has where they come from."""

from scaling import plot as plot
from scaling.errors import InputError as InputError
from scaling.example import example_runs as example_runs
from scaling.fitting import Estimate as Estimate
from scaling.fitting import Fit as Fit
from scaling.fitting import Profile as Profile
from scaling.fitting import fit as fit
from scaling.fitting import load_fit as load_fit
from scaling.fitting import profile as profile
from scaling.fitting.validation import Comparison as Comparison
from scaling.fitting.validation import Validation as Validation
from scaling.fitting.validation import compare_laws as compare_laws
from scaling.fitting.validation import validate_law as validate_law
from scaling.planning import Allocation as Allocation
from scaling.planning import LimitedData as LimitedData
from scaling.planning import NextProbes as NextProbes
from scaling.planning import Plan as Plan
from scaling.planning import Tradeoff as Tradeoff
from scaling.planning import allocate_compute as allocate_compute
from scaling.planning import cmr_plan as cmr_plan
from scaling.planning import critical_ratio as critical_ratio
from scaling.planning import limited_data as limited_data
from scaling.planning import linked_ratio as linked_ratio
from scaling.planning import measured_critical_ratio as measured_critical_ratio
from scaling.planning import next_probes as next_probes
from scaling.planning import tradeoff_table as tradeoff_table
from scaling.readers import load_runs as load_runs
from scaling.runs import Runs as Runs

__version__: str
