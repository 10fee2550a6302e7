"""FORMS: how a trainer of the user's own can be written, and the one that a spec names."""

from collections.abc import Callable, Mapping

from trainables.spec import TrialSpec
from trainables.trainers.command import COMMAND, command_of_spec
from trainables.trainers.contract import Place, Trainer
from trainables.trainers.function import function_of_spec


def _function(spec: TrialSpec, place: Place) -> Trainer:
    return function_of_spec(spec.learner, spec.learner_settings, spec.learner_sha, place)


def _command(spec: TrialSpec, place: Place) -> Trainer:
    return command_of_spec(spec.learner_settings, spec.learner_sha, place)


# A spec's learner is the form's name, or of a function its own.
FORMS: Mapping[str, Callable[[TrialSpec, Place], Trainer]] = {
    "function": _function,
    COMMAND: _command,
}


def trainer_of(spec: TrialSpec, place: Place) -> Trainer:
    """The trainer that a spec names, as it was when the spec was made.

    Raises:
        DataError: If its content has changed since.
        UsageError: If it cannot be found.
    """
    return FORMS.get(spec.learner, FORMS["function"])(spec, place)
