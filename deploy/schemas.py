"""Writes docs/events: a JSON Schema for each public event and one AsyncAPI 3 document of them all.

A file is written only when it keeps what it promised: within an event's version fields may be
added, with a default, and nothing else may change.
"""

import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from shared.contracts import REGISTRY, PublicEvent
from shared.envelope import Record, to_headers
from shared.personal import personal_fields

Schema = dict[str, Any]

FOLDER = Path(__file__).parents[1] / "docs" / "events"
ASYNCAPI = "asyncapi.json"
DEFINED = "#/$defs/"
ANNOTATIONS = frozenset({"$id", "$schema", "$defs", "title", "description", "default", "examples"})


def documents() -> dict[str, Schema]:
    """File name -> content, for every event of the contracts as they are now."""
    events = dict(sorted(REGISTRY.items()))
    schemas = {_file(source, cls): _schema(source, cls) for (source, _), cls in events.items()}
    return {**schemas, ASYNCAPI: _asyncapi(events)}


def _file(source: str, cls: type[PublicEvent]) -> str:
    return f"{source}.{cls.__name__}.v{cls.VERSION}.json"


def _schema(source: str, cls: type[PublicEvent]) -> Schema:
    _, components = msgspec.json.schema_components([cls], ref_template=DEFINED + "{name}")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _file(source, cls),
        **components.pop(cls.__name__),
        "description": _purpose(cls),
    }
    for name in personal_fields(cls):
        schema["properties"][name]["x-personal"] = True
    if components:
        schema["$defs"] = components
    return schema


def _purpose(cls: type[PublicEvent]) -> str:
    return " ".join((inspect.getdoc(cls) or "").split())


def _asyncapi(events: Mapping[tuple[str, str], type[PublicEvent]]) -> Schema:
    names = {key: ".".join(key) for key in events}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Faktura: public events",
            "version": "1",
            "description": "CloudEvents 1.0 on NATS JetStream, binary mode: ce-* headers and JSON "
            "bodies. A service's stream has the service's name in capitals. Fields with x-personal "
            "are encrypted under the key of their account.",
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(key, name) for key, name in names.items()},
        "operations": {
            f"publish.{name}": {"action": "send", "channel": {"$ref": f"#/channels/{name}"}}
            for name in names.values()
        },
        "components": {
            "messages": {name: _message(*key, events[key]) for key, name in names.items()},
            "schemas": {"Headers": _headers()},
        },
    }


def _channel(key: tuple[str, str], name: str) -> Schema:
    return {
        "address": name + ".{partition}",
        "parameters": {
            "partition": {"description": "0 to 63: the events of an account are in one, in order."}
        },
        "messages": {key[1]: {"$ref": f"#/components/messages/{name}"}},
    }


def _message(source: str, name: str, cls: type[PublicEvent]) -> Schema:
    return {
        "name": name,
        "title": _in_words(name),
        "summary": _purpose(cls),
        "headers": {"$ref": "#/components/schemas/Headers"},
        "payload": {"$ref": f"./{_file(source, cls)}"},
    }


def _in_words(name: str) -> str:
    """The event's name as a sentence would have it.

    >>> _in_words("InvoiceIssued")
    'Invoice issued'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()


def _headers() -> Schema:
    """The headers that every message has, taken from those that the relay sets."""
    blank = Record(
        source="",
        partition=0,
        position=0,
        id=UUID(int=0),
        type="",
        version=1,
        account_id=None,
        brand="",
        occurred_at=datetime.fromtimestamp(0, UTC),
        actor="",
        causation_id=None,
        correlation_id=UUID(int=0),
        traceparent="",
        data="",
        hash="",
    )
    names = sorted(to_headers(blank))
    properties = {name: {"type": "string"} for name in names}
    return {"type": "object", "properties": properties, "required": names}


def broken_promises(old: Schema, new: Schema) -> list[str]:
    """What consumers of `old` could rely on and `new` does not keep; empty if only additions."""
    return list(_differences(_resolved(old, old), _resolved(new, new), at="event"))


def _resolved(node: Any, root: Schema) -> Any:
    """`node` with references replaced by what they name and texts for people left out."""
    if isinstance(node, list):
        return [_resolved(item, root) for item in node]
    if not isinstance(node, dict):
        return node
    if reference := node.get("$ref"):
        return _resolved(root["$defs"][reference.removeprefix(DEFINED)], root)
    fields = {name: _resolved(field, root) for name, field in node.get("properties", {}).items()}
    rest = {k: _resolved(v, root) for k, v in node.items() if k not in {"properties", *ANNOTATIONS}}
    return {**rest, "properties": fields} if fields else rest


def _differences(old: Any, new: Any, *, at: str) -> Iterator[str]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield from _changed_values(old, new, at=at)
        return
    if "properties" in old and "properties" in new:
        yield from _changed_fields(old, new, at=at)
    for key in sorted({*old, *new} - {"properties", "required"}):
        yield from _differences(old.get(key), new.get(key), at=f"{at} {key}")


def _changed_values(old: Any, new: Any, *, at: str) -> Iterator[str]:
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for before, after in zip(old, new, strict=True):
            yield from _differences(before, after, at=at)
    elif old != new:
        yield f"{at}: {json.dumps(old)} became {json.dumps(new)}"


def _changed_fields(old: Schema, new: Schema, *, at: str) -> Iterator[str]:
    before, after = old["properties"], new["properties"]
    must_before, must_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted({*before, *after}):
        where = f"{at}.{name}"
        if name not in after:
            yield f"{where} was removed"
        elif name not in before:
            if name in must_after:
                yield f"{where} was added without a default"
        else:
            if (name in must_before) != (name in must_after):
                yield f"{where} changed whether it is required"
            yield from _differences(before[name], after[name], at=where)


def text_of(document: Schema) -> str:
    """The bytes of a file, one field a line, so that a change is easy to review."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> list[str]:
    """Bring `folder` up to date; returns the broken promises, and then writes nothing."""
    new = documents()
    broken = [
        f"{name}: {promise}"
        for name in new.keys() - {ASYNCAPI}
        if (folder / name).exists()
        for promise in broken_promises(json.loads((folder / name).read_text()), new[name])
    ]
    if not broken:
        folder.mkdir(parents=True, exist_ok=True)
        for name, document in new.items():
            (folder / name).write_text(text_of(document))
    return sorted(broken)


def main() -> int:
    """Write docs/events, or name what breaks: raise VERSION, or delete a file nobody relies on."""
    broken = write(FOLDER)
    for line in broken:
        sys.stderr.write(f"{line}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
