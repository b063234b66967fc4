"""The OpenAPI document of billing: what each route is for, by example, and how it refuses."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator

from services.billing.app import ROUTERS

PROBLEM = "application/problem+json"
JSON = "application/json"


def described() -> dict[str, Any]:
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router.api)
    return app.openapi()


DOCUMENT = described()
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
SIGNED_BODIES = {
    "POST /webhooks/gateways/{gateway}",
    "POST /webhooks/gateway",
    "POST /webhooks/panel",
}
"""Whose bodies are others' and are read as bytes, for their signature."""


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def model_of(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema itself, or that of the elements of a list."""
    schema = resolved(schema)
    return model_of(schema["items"]) if schema.get("type") == "array" else schema


def bodies(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schemas of what is sent and of what is answered where it succeeds."""
    sent = operation.get("requestBody", {}).get("content", {})
    answers = [
        answer.get("content", {})
        for status, answer in operation["responses"].items()
        if status.startswith("2")
    ]
    for content in (sent, *answers):
        if content.get(JSON, {}).get("schema"):
            yield model_of(content[JSON]["schema"])


def with_nulls(example: Any, schema: dict[str, Any]) -> Any:
    """The example with the nulls that FastAPI leaves out of its document."""
    options = [resolved(each) for each in schema.get("anyOf", [schema])]
    kinds = {each.get("type"): each for each in options}
    if isinstance(example, dict) and "properties" in (shape := kinds.get("object", {})):
        assert example.keys() <= shape["properties"].keys()
        return {
            name: with_nulls(example.get(name), resolved(field))
            for name, field in shape["properties"].items()
            if name in example or "null" in _kinds(field)
        }
    if isinstance(example, list) and "items" in (shape := kinds.get("array", {})):
        return [with_nulls(each, resolved(shape["items"])) for each in example]
    return example


def _kinds(schema: dict[str, Any]) -> set[str | None]:
    return {resolved(each).get("type") for each in schema.get("anyOf", [schema])}


def refusals(operation: dict[str, Any]) -> dict[int, dict[str, Any]]:
    found = operation["responses"].items()
    return {int(status): answer for status, answer in found if status[0] in "45"}


def test_the_document_is_of_the_version_that_others_read() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert len(OPERATIONS) > 50


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_route_has_a_summary_and_says_what_it_does(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"] and operation["description"].strip()
    assert operation["tags"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_body_has_an_example_that_fits_it(name: str) -> None:
    for schema in bodies(OPERATIONS[name]):
        examples = schema.get("examples", [])
        assert examples, schema.get("title")
        whole = {**schema, "components": DOCUMENT["components"]}
        for example in examples:
            Draft202012Validator(whole).validate(with_nulls(example, schema))


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_route_names_its_refusals_each_with_a_problem_by_example(name: str) -> None:
    named = {status: each for status, each in refusals(OPERATIONS[name]).items() if status != 422}
    assert 429 in named
    if OPERATIONS[name].get("requestBody") and name not in SIGNED_BODIES:
        assert 422 in refusals(OPERATIONS[name])
    for status, refusal in named.items():
        problems = refusal["content"][PROBLEM]
        assert problems["examples"], refusal
        for code, example in problems["examples"].items():
            value = example["value"]
            assert (value["status"], value["code"]) == (status, code)
            Draft202012Validator(problems["schema"]).validate(value)


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_names_a_thing_can_say_that_there_is_none(name: str) -> None:
    """The id in the path of a route is one that may not exist, or be somebody else's."""
    if "_id}" in name and not name.startswith("GET /v1/products"):
        assert 404 in refusals(OPERATIONS[name])
