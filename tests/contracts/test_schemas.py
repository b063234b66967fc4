"""The public events as others rely on them: docs/events is what the code says, and only grows."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from pydantic_asyncapi.v3 import AsyncAPI

from deploy.schemas import ASYNCAPI, FOLDER, Schema, broken_promises, documents, text_of, write
from shared.contracts import REGISTRY, PublicEvent

DOCUMENTS = documents()
SCHEMAS = {name: schema for name, schema in DOCUMENTS.items() if name != ASYNCAPI}
EVENTS = sorted(REGISTRY.items())

INVOICE: Schema = {
    "type": "object",
    "properties": {
        "number": {"type": "string"},
        "name": {"type": "string", "x-personal": True},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        "note": {"type": "string", "default": ""},
    },
    "required": ["number", "name", "lines"],
    "$defs": {
        "Line": {
            "type": "object",
            "properties": {"net_minor": {"type": "integer"}},
            "required": ["net_minor"],
        }
    },
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_committed_file_is_what_the_contracts_say(name: str) -> None:
    path = FOLDER / name
    assert path.exists(), f"{name} is missing: make schemas"
    assert path.read_text() == text_of(DOCUMENTS[name]), f"{name} has drifted: make schemas"


def test_no_committed_schema_has_lost_its_event() -> None:
    """An older version of an event stays: it is in the log for ever."""
    known = {name.split(".v")[0] for name in SCHEMAS}
    committed = {path.name for path in FOLDER.glob("*.v*.json")}
    assert not {name for name in committed if name.split(".v")[0] not in known}


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_event_keeps_what_its_version_promised(name: str) -> None:
    path = FOLDER / name
    committed = json.loads(path.read_text()) if path.exists() else SCHEMAS[name]
    assert not broken_promises(committed, SCHEMAS[name])


def _remove_a_field(schema: Schema) -> None:
    del schema["properties"]["note"]


def _change_a_type(schema: Schema) -> None:
    schema["properties"]["number"]["type"] = "integer"


def _change_a_type_inside(schema: Schema) -> None:
    schema["$defs"]["Line"]["properties"]["net_minor"]["type"] = "number"


def _add_without_default(schema: Schema) -> None:
    schema["properties"]["currency"] = {"type": "string"}
    schema["required"].append("currency")


def _require_an_optional_field(schema: Schema) -> None:
    schema["required"].append("note")


def _stop_promising_a_field(schema: Schema) -> None:
    schema["required"].remove("number")


def _publish_a_name_in_the_clear(schema: Schema) -> None:
    del schema["properties"]["name"]["x-personal"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_remove_a_field, "event.note was removed"),
        (_change_a_type, 'event.number type: "string" became "integer"'),
        (_change_a_type_inside, 'event.lines items.net_minor type: "integer" became "number"'),
        (_add_without_default, "event.currency was added without a default"),
        (_require_an_optional_field, "event.note changed whether it is required"),
        (_stop_promising_a_field, "event.number changed whether it is required"),
        (_publish_a_name_in_the_clear, "event.name x-personal: true became null"),
    ],
)
def test_a_change_that_breaks_consumers_is_named(
    change: Callable[[Schema], None], found: str
) -> None:
    after = copy.deepcopy(INVOICE)
    change(after)
    assert broken_promises(INVOICE, after) == [found]


def test_a_field_with_a_default_and_a_better_text_are_welcome() -> None:
    after = copy.deepcopy(INVOICE)
    after["properties"]["currency"] = {"type": "string", "default": "BRL"}
    after["properties"]["number"]["description"] = "gapless per brand"
    assert broken_promises(INVOICE, after) == []


def test_nothing_is_written_over_a_schema_that_would_break(tmp_path: Path) -> None:
    assert write(tmp_path) == []
    path = tmp_path / "billing.InvoicePaid.v1.json"
    promised = json.loads(path.read_text())
    promised["properties"]["paid_by"] = {"type": "string"}
    path.write_text(text_of(promised))

    assert write(tmp_path) == [f"{path.name}: event.paid_by was removed"]
    assert json.loads(path.read_text()) == promised


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_is_a_valid_json_schema(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize(("key", "cls"), EVENTS, ids=[".".join(key) for key, _ in EVENTS])
def test_what_is_published_satisfies_the_schema(
    key: tuple[str, str], cls: type[PublicEvent]
) -> None:
    schema = SCHEMAS[f"{key[0]}.{key[1]}.v{cls.VERSION}.json"]
    event = msgspec.convert(_specimen(schema, schema), cls)
    published = json.loads(msgspec.json.encode(event))
    assert not [error.message for error in Draft202012Validator(schema).iter_errors(published)]


SPECIMENS: dict[str, Any] = {
    "uuid": "0198c0de-0000-7000-8000-000000000001",
    "date": "2026-02-28",
    "date-time": "2026-02-28T12:00:00Z",
    "decimal": "12.50",
    "string": "x",
    "integer": 1,
    "number": 1,
    "boolean": True,
    "null": None,
}


def _specimen(node: Schema, root: Schema) -> Any:
    """A value that satisfies `node`."""
    if reference := node.get("$ref"):
        return _specimen(root["$defs"][reference.rpartition("/")[2]], root)
    if alternatives := node.get("anyOf") or node.get("enum"):
        first = alternatives[0]
        return _specimen(first, root) if isinstance(first, dict) else first
    match node["type"]:
        case "object" if "properties" in node:
            return {name: _specimen(field, root) for name, field in node["properties"].items()}
        case "object":
            return {"pt-BR": _specimen(node.get("additionalProperties") or SAMPLE_TEXT, root)}
        case "array":
            return [_specimen(node["items"], root)]
        case str(kind):
            return SPECIMENS[node.get("format") or kind]


SAMPLE_TEXT: Schema = {"type": "string"}


def test_the_asyncapi_document_is_valid_and_names_only_what_exists() -> None:
    document = DOCUMENTS[ASYNCAPI]
    AsyncAPI.model_validate(document)
    for reference in _references(document):
        if reference.startswith("./"):
            assert reference.removeprefix("./") in SCHEMAS
        else:
            node: Any = document
            for step in reference.removeprefix("#/").split("/"):
                node = node[step]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            yield reference
        for value in node.values():
            yield from _references(value)
