"""The JSON Schemas of what is stored, and where a file breaks one."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


def first_breach(content: Any, name: str) -> str | None:
    """Where ``content``, as read from JSON, breaks the schema file ``name`` of bench, and how; None if it does not."""
    validator = _validator(name)
    if validator.is_valid(content):
        return None
    error = next(iter(validator.iter_errors(content)))
    return f"{'/'.join(map(str, error.instance_path)) or 'its top'}: {error.message[:200]}"


@cache
def _validator(name: str) -> Any:
    import jsonschema_rs  # here, because `list` does not need it

    return jsonschema_rs.validator_for(json.loads(files("bench.records").joinpath(name).read_text(encoding="utf-8")))
