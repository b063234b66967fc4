"""A row as asyncpg gives it."""

from collections.abc import Iterable, Iterator
from typing import Any

Values = dict[str, Any]


class Row:
    """Like `asyncpg.Record`: by name, by place, in the order of the columns."""

    __slots__ = ("_values",)

    def __init__(self, values: Values) -> None:
        self._values = values

    def __getitem__(self, which: str | int) -> Any:
        if isinstance(which, str):
            return self._values[which]
        return list(self._values.values())[which]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values.values())

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Row {self._values}>"

    def keys(self) -> Iterable[str]:
        return self._values.keys()

    def values(self) -> Iterable[Any]:
        return self._values.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        return self._values.items()

    def get(self, name: str, default: Any = None) -> Any:
        return self._values.get(name, default)
