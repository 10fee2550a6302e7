"""The specs of a plan as plan.json holds them: what most of them share stands there once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from trainables.spec import TrialSpec


def written_specs(specs: Sequence[TrialSpec]) -> dict[str, Any]:
    """Plain JSON: in `common` each field's most frequent value, in `specs` what a trial has otherwise."""
    each = [spec.to_dict() for spec in specs]
    # By their text: 1, 1.0 and True are equal, and not the same setting.
    texts = [{name: repr(value) for name, value in one.items()} for one in each]
    common: dict[str, Any] = {}
    usual: dict[str, str] = {}
    for name in each[0] if each else {}:
        if all(
            name in one for one in each
        ):  # A field that one lacks is not to come to it from here.
            usual[name] = Counter(one[name] for one in texts).most_common(1)[0][0]
            common[name] = next(
                one[name]
                for one, text in zip(each, texts, strict=True)
                if text[name] == usual[name]
            )
    own = [
        {name: value for name, value in one.items() if text[name] != usual.get(name)}
        for one, text in zip(each, texts, strict=True)
    ]
    return {"common": common, "specs": own}


def specs_of(written: Mapping[str, Any], *, version: int) -> tuple[TrialSpec, ...]:
    """The specs that `written_specs` wrote, or an earlier release, where each stands whole.

    Args:
        written: With `specs`, and with `common` where there is such.
        version: SPEC_VERSION of the release.

    Raises:
        TypeError: If it is neither.
        ValueError: If a field is missing, out of range or, a ReleaseError, unknown.
    """
    common = dict(written.get("common") or {})
    return tuple(
        TrialSpec.from_dict({**common, **one}, version=version) for one in written["specs"]
    )
