"""Snapshots: the state of a long stream, so that loading it replays only what came after.

A snapshot may be lost or ignored at any time: the events are the truth. It is believed only by the
code that made it (`form_of`); after a change of the aggregate's module the stream is replayed once
more and a new one kept. Its text is encrypted as a whole where an event of the stream was.
"""

import dataclasses
import enum
import hashlib
import inspect
import sys
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import ModuleType
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from eventsourcing.domain import Aggregate

from shared.database import Connection
from shared.personal import decrypt, encrypt

NO_FORM = ""
"""Loads a stream without its snapshot."""
THRESHOLD = 50
"""So many events replayed by one load make it keep a snapshot. By `bench/snapshots.py` a replay of
50 takes three to four times as long as a snapshot, one of 10 a third longer; keeping one costs a
commit, which the next loads earn back."""

_TAG = "~"
_SCALARS: tuple[type[Any], ...] = (UUID, Decimal)
_DATES: dict[str, Any] = {"datetime": datetime.fromisoformat, "date": date.fromisoformat}
_GROUPS: dict[str, Any] = {"tuple": tuple, "set": set, "frozenset": frozenset}
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError)
_CIPHER = "~1."

LOAD = """
select state, version, null as topic, account_id, null as data from snapshot
where stream_id = $1 and form = $2
union all
select null, version, topic, account_id, data::text from events
where stream_id = $1 and version > coalesce(
    (select version from snapshot where stream_id = $1 and form = $2), 0)
order by version
"""
"""Snapshot and tail of a stream, in one statement: only the first row can be a snapshot."""

KEEP = """
insert into snapshot as s (stream_id, form, version, account_id, state)
values ($1, $2, $3, $4, $5)
on conflict (stream_id) do update
set form = excluded.form, version = excluded.version, account_id = excluded.account_id,
    state = excluded.state
where s.version < excluded.version or s.form <> excluded.form
"""

AnyAggregate = TypeVar("AnyAggregate", bound=Aggregate)


@cache
def form_of(cls: type[Any]) -> str:
    """Which code a snapshot of the class is good for: its topic, and a hash of its module's text.

    Nobody has to remember a version: a rule that changes makes the snapshots of before void, also
    one that the aggregate's module has from another of its own project.
    """
    sources = "".join(inspect.getsource(module) for module in _modules_of(cls.__module__))
    return f"{cls.TOPIC}/{hashlib.sha256(sources.encode()).hexdigest()[:16]}"


@cache
def _modules_of(name: str) -> list[ModuleType]:
    """An aggregate's module, and those of its package that its values and sums come from."""
    package = name.partition(".")[0] + "."
    found: dict[str, ModuleType] = {}
    left = [name]
    while left:
        name = left.pop()
        if name not in found:
            found[name] = sys.modules[name]
            known = (getattr(each, "__module__", "") for each in vars(found[name]).values())
            left += [each for each in known if isinstance(each, str) and each.startswith(package)]
    return [found[name] for name in sorted(found)]


@cache
def _values_of(module: str) -> dict[str, type[Any]]:
    """The classes that a snapshot of the module's aggregate may name; a name means one class."""
    values: dict[str, type[Any]] = {}
    for each in _modules_of(module):
        for name, value in vars(each).items():
            if isinstance(value, type):
                assert values.setdefault(name, value) is value, f"two classes are called {name}"
    return values


def is_secret(state: str) -> bool:
    """Whether the text of a snapshot needs the key of its account."""
    return state.startswith(_CIPHER)


def taken(aggregate: Aggregate, *, key: bytes | None) -> str:
    """The text of a snapshot of the aggregate as it is, under `key` if there is one.

    `TypeError` for a state that holds something else than plain values, enums and dataclasses.
    """
    state = {name: value for name, value in vars(aggregate).items() if name != "_pending_events"}
    text = msgspec.json.encode(_packed(state)).decode()
    return encrypt(text, key) if key else text


def restored(cls: type[AnyAggregate], state: str, *, key: bytes | None) -> AnyAggregate | None:
    """The aggregate of a snapshot's text; None where it cannot be read (any more)."""
    if is_secret(state):
        if key is None:
            return None
        state = decrypt(state, key)
    try:
        fields = _unpacked(msgspec.json.decode(state), _values_of(cls.__module__))
    except _UNREADABLE:
        return None
    aggregate = object.__new__(cls)
    aggregate.__dict__.update(fields, _pending_events=[])
    return aggregate


async def keep(db: Connection, aggregate: Aggregate, *, key: bytes | None) -> None:
    """Keep a snapshot of the aggregate as loaded; an older one of the stream gives way."""
    form, account_id = form_of(type(aggregate)), aggregate.account_id  # type: ignore[attr-defined]
    state = taken(aggregate, key=key)
    await db.execute(KEEP, aggregate.id, form, aggregate.version, account_id, state)


def _packed(value: Any) -> Any:
    """As JSON values; what JSON does not know is {"~": its kind, "v": its content}."""
    kind = type(value)
    if value is None or kind in (str, int, bool):
        return value
    if kind is list:
        return [_packed(each) for each in value]
    if kind.__name__ in _GROUPS and kind in _GROUPS.values():
        return {_TAG: kind.__name__, "v": [_packed(each) for each in value]}
    if kind is dict:
        pairs = [[_packed(key), _packed(each)] for key, each in value.items()]
        return {_TAG: "dict", "v": pairs}
    for scalar in _SCALARS:
        if isinstance(value, scalar):  # an id read from the database is of the driver's subclass
            return {_TAG: scalar.__name__, "v": str(value)}
    if kind in (date, datetime):
        return {_TAG: kind.__name__, "v": value.isoformat()}
    if isinstance(value, enum.Enum):
        return {_TAG: kind.__name__, "v": _packed(value.value)}
    if dataclasses.is_dataclass(value):
        fields = {f.name: _packed(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {_TAG: kind.__name__, "v": fields}
    raise TypeError(f"a snapshot cannot hold {kind}")


def _unpacked(value: Any, names: dict[str, type[Any]]) -> Any:
    """The value again. Classes are those that the aggregate is made of, no others."""
    if isinstance(value, list):
        return [_unpacked(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    kind, content = value[_TAG], value["v"]
    if kind == "dict":
        return {_unpacked(key, names): _unpacked(each, names) for key, each in content}
    if kind in _GROUPS:
        return _GROUPS[kind](_unpacked(each, names) for each in content)
    if kind in _DATES:
        return _DATES[kind](content)
    for scalar in _SCALARS:
        if kind == scalar.__name__:
            return scalar(content)
    cls: Any = names[kind]
    if issubclass(cls, enum.Enum):
        return cls(_unpacked(content, names))
    assert isinstance(cls, type) and dataclasses.is_dataclass(cls), f"{kind} is no value"
    return cls(**{name: _unpacked(each, names) for name, each in content.items()})
