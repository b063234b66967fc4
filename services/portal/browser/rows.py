"""Rows of the views as typed values: columns by name, jsonb columns decoded."""

from typing import Any, TypeVar, get_origin

import asyncpg
import msgspec

Row = TypeVar("Row", bound=msgspec.Struct)


def read_row(cls: type[Row], record: asyncpg.Record) -> Row:
    """`record` as a `cls`, which names the columns that it wants; jsonb text is decoded."""
    fields = {
        field.name: _decoded(field.type, record[field.name])
        for field in msgspec.structs.fields(cls)
    }
    return msgspec.convert(fields, cls)


def as_json(value: object) -> str:
    """The text of a jsonb column."""
    return msgspec.json.encode(value).decode()


def _decoded(wanted: Any, value: Any) -> Any:
    is_json = isinstance(value, str) and get_origin(wanted) in (dict, list)
    return msgspec.json.decode(value) if is_json else value
