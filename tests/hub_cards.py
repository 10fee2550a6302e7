"""What a hub refuses in a data set's card: the rules its guide names, as far as a card of ours can break them."""

import json
import re
from pathlib import Path
from typing import Any

import datasets
import yaml

RESOURCES = Path(datasets.__file__).parent / "utils" / "resources"
LICENSES = {"apache-2.0", "mit", "cc-by-4.0", "cc-by-sa-4.0", "cc0-1.0", "odbl", "other", "unknown"}
TASKS = {"text-classification", "image-classification", "tabular-regression", "other"}
_FRONT = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)


def front_of(card: str) -> dict[str, Any]:
    """The YAML that opens a card."""
    found = _FRONT.match(card)
    assert found, "a card opens with its YAML"
    about = yaml.safe_load(found[1])
    assert isinstance(about, dict)
    return about


def faults_of(card: str) -> list[str]:
    """A sentence for each rule that a card breaks."""
    about = front_of(card)
    sizes = set(json.loads((RESOURCES / "size_categories.json").read_text(encoding="utf-8")))
    languages = set(json.loads((RESOURCES / "languages.json").read_text(encoding="utf-8")))
    allowed = {"license": LICENSES, "size_categories": sizes, "language": languages}
    allowed["task_categories"] = TASKS
    faults = []
    for key, known in allowed.items():
        values = about.get(key, [])
        unknown = [
            one for one in (values if isinstance(values, list) else [values]) if one not in known
        ]
        faults += [f'"{key}" must be one of {sorted(known)[:5]} ...: {one!r}' for one in unknown]
    for key in ("pretty_name", "license_name", "license_link"):
        if not isinstance(about.get(key, ""), str):
            faults.append(f'"{key}" must be a string')
    for key in ("tags", "source_datasets"):
        faults += [
            f'"{key}" must hold strings' for one in about.get(key, []) if not isinstance(one, str)
        ]
    for config in about.get("configs", []):
        if not isinstance(config.get("config_name"), str):
            faults.append('"configs[].config_name" must be a string')
        for one in config.get("data_files", []):
            if not (isinstance(one.get("split"), str) and one.get("path")):
                faults.append('"configs[].data_files[]" needs split and path')
    return faults
