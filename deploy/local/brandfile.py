"""Brand files: YAML read with the line of every value, checked as a whole before anything is sent.

Amounts are integer minor units. Texts are keyed by language tag and given in every language of the
brand.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from deploy.local.brandbankchecks import wrong_banks
from deploy.local.brandchecks import Where, contradictions
from deploy.local.brandmodel import BrandFile
from deploy.local.state import CannotRun

LARGEST_BYTES = 256 * 1024


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong with a file, at a line counted from 1."""

    file: Path
    line: int
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.reason}"


class FlawedFile(CannotRun):
    """The file cannot be used; each flaw stands on a line of its own."""

    def __init__(self, flaws: list[Flaw]) -> None:
        self.flaws = flaws
        super().__init__("\n".join(str(flaw) for flaw in flaws))


def read_brand_file(path: Path) -> BrandFile:
    """The file's content. Raises `FlawedFile` with its flaws, `CannotRun` if it is unreadable."""
    content, lines = _read_yaml(path)

    def flaw(where: Where, reason: str) -> Flaw:
        return Flaw(path, _line_of(where, lines), field_name(where), reason)

    try:
        file = BrandFile.model_validate(content)
    except ValidationError as error:
        found = [flaw(tuple(each["loc"]), _reason(each["msg"])) for each in error.errors()]
        raise FlawedFile(found) from None
    wrong = [*contradictions(file), *wrong_banks(file.brand)]
    if wrong:
        raise FlawedFile([flaw(where, reason) for where, reason in wrong])
    return file


def _reason(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _line_of(where: Where, lines: Mapping[Where, int]) -> int:
    """The line of the value, or of the nearest thing around it that the file has."""
    while where not in lines:
        where = where[:-1]
    return lines[where]


def field_name(where: Where) -> str:
    """How a reader finds the value.

    >>> field_name(("products", 0, "prices", 1, "cycle"))
    'products[0].prices[1].cycle'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where)
    return text.removeprefix(".") or "file"


def _read_yaml(path: Path) -> tuple[Any, dict[Where, int]]:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise CannotRun(f"{path} is larger than {LARGEST_BYTES // 1024} KiB.")
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise CannotRun(f"{path} cannot be read: {error}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FlawedFile([Flaw(path, line, "file", f"no YAML: {error.problem}")]) from None
    except yaml.YAMLError as error:
        raise FlawedFile([Flaw(path, 1, "file", f"no YAML: {error}")]) from None
    if node is None:
        raise FlawedFile([Flaw(path, 1, "file", "is empty")])
    reader = _Reader(path)
    return reader.value(node, ()), reader.lines


class _Reader:
    """Turns a YAML tree into plain values and notes the line of each."""

    def __init__(self, path: Path) -> None:
        self.lines: dict[Where, int] = {}
        self._path = path
        self._loader = yaml.SafeLoader("")
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, where: Where) -> Any:
        line = node.start_mark.line + 1
        self.lines[where] = line
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, where)
        if id(node) in self._seen:
            # An alias of an alias can stand for a file of any size.
            raise FlawedFile([Flaw(self._path, line, field_name(where), "aliases are not used")])
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*where, place)) for place, item in enumerate(node.value)]
        assert isinstance(node, yaml.MappingNode)
        return dict(self._pairs(node, where))

    def _pairs(self, node: yaml.MappingNode, where: Where) -> Iterator[tuple[str, Any]]:
        known: set[str] = set()
        for key_node, value_node in node.value:
            key = str(key_node.value)
            at = (*where, key)
            if key in known:
                line = key_node.start_mark.line + 1
                raise FlawedFile([Flaw(self._path, line, field_name(at), "stands there twice")])
            known.add(key)
            yield key, self.value(value_node, at)

    def _scalar(self, node: yaml.ScalarNode, where: Where) -> Any:
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            line = node.start_mark.line + 1
            raise FlawedFile([Flaw(self._path, line, field_name(where), str(error))]) from None
