"""One file a command: a dataclass of its options, called to do the work. Heavy imports wait for the call."""

from typing import Annotated

from tyro.conf import subcommand

from scaling.commands.allocate import Allocate
from scaling.commands.check import Check
from scaling.commands.compare import Compare
from scaling.commands.demo import Demo
from scaling.commands.fit import Fit
from scaling.commands.limited import Limited
from scaling.commands.next import Next
from scaling.commands.plan import Plan
from scaling.commands.predict import Predict
from scaling.commands.report import Report
from scaling.commands.tradeoff import Tradeoff
from scaling.commands.validate import Validate

Command = (
    Annotated[Check, subcommand("check")]
    | Annotated[Fit, subcommand("fit")]
    | Annotated[Predict, subcommand("predict")]
    | Annotated[Plan, subcommand("plan")]
    | Annotated[Tradeoff, subcommand("tradeoff")]
    | Annotated[Next, subcommand("next")]
    | Annotated[Limited, subcommand("limited")]
    | Annotated[Allocate, subcommand("allocate")]
    | Annotated[Validate, subcommand("validate")]
    | Annotated[Compare, subcommand("compare")]
    | Annotated[Report, subcommand("report")]
    | Annotated[Demo, subcommand("demo")]
)
