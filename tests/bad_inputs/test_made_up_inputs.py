"""Inputs made up by chance: grid files, specs as JSON, and quotas of classes."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.cli.config_file import read_options
from orchestrator.cli.options import SweepOptions
from trainables.errors import MissingError, UnsafeError, UsageError
from trainables.selection.class_cuts import keep_stratified
from trainables.selection.cuts import n_keep
from trainables.spec import TrialSpec
from trainables.training_settings import Training

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 2**33), st.floats(), st.text(max_size=12),
    st.sampled_from(["011", "0x1f", "1_0", "1:30", "no", "~", "2024-01-01", "1e-1", "15%", ".nan", "-0.0", "1.10"]),
)  # fmt: skip
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.dictionaries(st.text(max_size=3), SCALARS, max_size=1),
)
NAMES = st.sampled_from([*SweepOptions.model_fields, "rtae", "max-length"])
# As a person writes them: bare, quoted, in brackets, and with marks of YAML that mean something else.
LINES = st.lists(
    st.tuples(NAMES, st.one_of(st.text("0123456789.eExob_:-+~%[]{}'\"&*!#ny, ", max_size=10), SCALARS.map(str))),
    max_size=4,
)  # fmt: skip


class Quoted(yaml.SafeDumper):
    """Writes every text in quotes."""


Quoted.add_representer(
    str, lambda writer, text: writer.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


def read(text):
    """The options of a file; None where it is refused, which takes one line that names it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sweep.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            return read_options(path).options
        except (UsageError, UnsafeError) as error:
            assert str(path) in str(error) and "\n" not in str(error), error
            return None
        except MissingError as error:  # several settings, a line each
            assert all(str(path) in line for line in error.lines[1:]), error
            assert "\n" not in "".join(error.lines), error
            return None


def written(options):
    """Options as a file that is to be read as the same options."""
    values = options.model_dump(mode="json", exclude_defaults=True)
    return yaml.dump(values, Dumper=Quoted, sort_keys=False)


def held(options):
    """That a file's options, written again, are the same options."""
    if options is not None and options != SweepOptions():
        assert read(written(options)) == options


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
def test_a_mapping_is_a_grid_that_is_written_and_read_again_or_one_error(values):
    held(read(yaml.dump(values, Dumper=yaml.SafeDumper, sort_keys=False)))


@settings(max_examples=80, deadline=None)
@given(LINES)
def test_lines_are_a_grid_that_is_written_and_read_again_or_one_error(lines):
    held(read("".join(f"{name}: {value}\n" for name, value in lines)))


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=40))
def test_bytes_are_a_file_of_settings_or_one_error(content):
    read(content.decode("latin-1"))


def test_what_is_written_again_is_not_nothing():
    options = SweepOptions(rate=[0.1, 1e-05], name=["011", "no"], tolerance="1.10", lr=1e-05)
    assert read(written(options)) == options


SETTINGS = st.dictionaries(
    st.text("abk_", min_size=1, max_size=3),
    st.one_of(st.booleans(), st.integers(-5, 5), st.floats(-1, 1), st.text(max_size=4)),
    max_size=3,
)


@st.composite
def specs(draw):
    shares = st.floats(0.001, 0.999)
    return TrialSpec(
        dataset=draw(st.text(max_size=5)), data_sha="d", model="m", model_sha="s", learner="linear",
        seed=draw(st.integers(0, 2**32 - 1)), warmup=draw(shares), rate=draw(shares), signal="redundancy",
        selector="global", settings=tuple(draw(SETTINGS).items()),
        selector_settings=tuple(draw(SETTINGS).items()),
        training=Training(lr=draw(st.floats(1e-6, 1.0)), epochs=draw(st.integers(1, 50))),
    )  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(specs())
def test_a_spec_is_the_same_after_json_and_so_are_its_keys(spec):
    again = TrialSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
    assert again == spec
    turned = replace(spec, settings=tuple(reversed(spec.settings)), dataset="renamed")
    for key in ("run_key", "warm_key", "score_key", "result_key"):
        assert getattr(again, key) == getattr(spec, key) == getattr(turned, key)
    assert replace(spec, seed=(spec.seed + 1) % 2**32).run_key != spec.run_key


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(1, 400), min_size=2, max_size=8),
    st.decimals("0.01", "0.99", places=2).map(float),
    st.integers(0, 9),
)
def test_quotas_of_classes_sum_to_what_is_asked_for_and_lie_near_their_share(sizes, rate, seed):
    labels, rng = np.repeat(np.arange(len(sizes)), sizes), np.random.default_rng(seed)
    n, c = len(labels), len(sizes)
    keep = keep_stratified(rng.random(n, np.float32), labels, rate, rng.random(n))
    kept = np.bincount(labels[keep], minlength=c)
    share = 1 - Fraction(str(rate))
    assert kept.sum() == n_keep(n, rate) == -(-(share * n) // 1)
    for size, quota in zip(sizes, kept.tolist(), strict=True):
        # The bound of keep_stratified, and what rounding up the sum adds to it.
        assert 0 <= quota <= size
        assert abs(quota - share * size) <= Fraction(1, 2) + Fraction((c + 1) * size, 2 * n) + 1
