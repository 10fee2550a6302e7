"""verdicts.json held to the schema that is in the package."""

import json
from functools import cache

from jsonschema import Draft202012Validator

from analysis.verdicts_json import SCHEMA_FILE


@cache
def validator():
    """The schema, checked itself."""
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def checked(text):
    """What verdicts.json holds, valid and without NaN."""

    def no_number(name):
        raise ValueError(f"verdicts.json holds {name}")

    values = json.loads(text, parse_constant=no_number)
    validator().validate(values)
    return values
