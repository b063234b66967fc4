"""The edge: what goes wrong is answered as a problem with a stable code, and loses nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from joserfc.jwk import OKPKey

from shared.consumers.group import Consumers
from shared.errors import Conflict
from shared.heartbeat import HEARTBEATS
from shared.http import Body, Call, Id, Line, Rate, Repeat, Router, Who
from shared.http.app import READY_WITHIN_S, Service, check_declared_routes, create_app
from shared.http.rate import WINDOW_S, RateCounter
from shared.ids import new_id
from shared.settings import Settings
from shared.store import EventStore
from shared.tokens import Signer
from tests.conftest import OpenDatabase
from tests.shared.kernel import Counter, store_on

OPERATOR = OKPKey.generate_key("Ed25519")
router = Router()


class CounterIsFull(Conflict):
    """The counter counts to three and no further."""


class NewCounter(Body):
    owner: Line
    step: int = 0
    account_id: Id | None = None


@router.post("/counters", status_code=201, who=Who.CLIENT, errors=(CounterIsFull,))
async def post_counter(body: NewCounter, call: Call) -> dict[str, str]:
    account = call.caller.account_id
    assert account is not None
    counter = Counter(id=new_id(), account_id=account, brand="ponto", owner=body.owner)
    await call.tx.save(counter)
    call.etag(counter.version)
    return {"id": str(counter.id)}


@router.post("/counters/{counter_id}/count", who=Who.CLIENT)
async def count(counter_id: UUID, call: Call) -> dict[str, int]:
    counter = await call.tx.load(Counter, counter_id, expected_version=call.expected_version)
    call.own(counter.account_id, counter.brand)
    if counter.total == 3:
        raise CounterIsFull(total=3)
    counter.count(step=1)
    await asyncio.sleep(0)
    await call.tx.save(counter)
    return {"total": counter.total}


@router.get("/fault", who=Who.PUBLIC)
async def fault() -> None:
    raise ZeroDivisionError("secret words")


@router.get("/books", who=Who.STAFF, scope="books.read")
async def books() -> str:
    return "in order"


@router.post("/often", who=Who.PUBLIC, rate=Rate.AUTH, repeat=Repeat.READS)
async def often() -> None:
    return None


@router.post("/signed", who=Who.PUBLIC, rate=Rate.INTERNAL, repeat=Repeat.OWN)
async def signed(call: Call) -> str:
    """A webhook, as far as this test goes: its body is another system's."""
    return str((await call.request.json())["text"])


class Client:
    """Speaks to the toy service as a client of one account."""

    def __init__(self, http: httpx.AsyncClient, signer: Signer, store: EventStore) -> None:
        self.http = http
        self.store = store
        self.app: Any = http._transport.app  # type: ignore[attr-defined]
        self.account = new_id()
        self._signer = signer

    def token(self, **changed: Any) -> str:
        claims = {"account_id": self.account, "scopes": ["client"], "brand": "ponto", **changed}
        return self._signer.issue("tickets", subject=str(new_id()), **claims)

    async def post(
        self, path: str, *, content: Any = b"", token: str | None = None, **headers: str
    ) -> httpx.Response:
        given = {
            "authorization": f"Bearer {token or self.token()}",
            "idempotency-key": str(new_id()),
            "content-type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return await self.http.post(path, content=content, headers=given)

    async def events(self) -> int:
        async with self.store.pool.acquire() as db:
            return int(await db.fetchval("select count(*) from events"))


@pytest.fixture
async def client(database: OpenDatabase) -> AsyncIterator[Client]:
    store = store_on((await database("kernel")).pool)
    settings = SimpleNamespace(
        service="tickets",
        peers={"accounts": ("http://accounts",)},
        operator_jwk=OPERATOR.as_dict(private=False),
        allowed_hosts=["testserver", "*.localhost"],
        ops_port=7999,
        instance="here/tickets",
    )
    accounts = Signer("accounts", OKPKey.generate_key("Ed25519").as_dict(private=True))
    app = create_app(
        Service(
            settings=_as_settings(settings),
            store=store,
            signer=accounts,
            consumers=Consumers([], store, None),  # type: ignore[arg-type]
            routers=[router],
        )
    )
    keys = [OKPKey.import_key(key) for key in accounts.jwks()["keys"]]
    app.state.verifier._kept["accounts"] = (float("inf"), keys)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        yield Client(http, accounts, store)


def _as_settings(plain: Any) -> Settings:
    settings: Settings = plain
    return settings


def code_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["faktura-request"]
    return answer.status_code, body["code"]


async def test_a_write_is_answered_with_its_version_and_position(client: Client) -> None:
    answer = await client.post("/counters", content=b'{"owner": "Ana"}')
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["faktura-position"].startswith("tickets/")


DEEP = b'{"owner":' + b"[" * 50 + b"]" * 50 + b"}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"owner": "Ana", "extra": 1}', (422, "malformed_request")),
        (b"{}", (422, "malformed_request")),
        (b'{"owner": 5}', (422, "malformed_request")),
        (b'{"owner": "Ana", "step": true}', (422, "malformed_request")),
        (b'{"owner": "Ana", "step": "1"}', (422, "malformed_request")),
        (b'{"owner": "Ana", "step": 1.5}', (422, "malformed_request")),
        (b'{"owner": "Ana", "account_id": "x"}', (422, "malformed_request")),
        (b'{"owner": ""}', (422, "malformed_request")),
        (b'{"owner": "a\\nb"}', (422, "malformed_request")),
        (b'{"owner": "' + b"x" * 201 + b'"}', (422, "malformed_request")),
        (b'{"owner": "a\\u0000b"}', (422, "malformed_json")),
        (b'{"owner": "\\ud800"}', (422, "malformed_json")),
        (b'{"owner": "\xff"}', (422, "malformed_json")),
        (b'{"owner": NaN}', (422, "malformed_json")),
        (b'{"step": Infinity}', (422, "malformed_json")),
        (b'{"owner": "a", "owner": "b"}', (422, "malformed_json")),
        (b'{"step": ' + b"9" * 5000 + b"}", (422, "malformed_json")),
        (b'{"step": 1e999}', (422, "malformed_request")),
        (DEEP, (422, "malformed_json")),
        (b"{", (422, "malformed_json")),
        (b"", (422, "malformed_request")),
        (b"\xef\xbb\xbf{}", (422, "malformed_json")),
        (b'"' + b"x" * 2_000_000 + b'"', (413, "body_too_large")),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_body_that_cannot_be_right_is_refused_and_records_nothing(
    client: Client, content: bytes, expected: tuple[int, str]
) -> None:
    answer = await client.post("/counters", content=content)
    assert code_of(answer) == expected
    assert b"xxxxxxxx" not in answer.content
    assert await client.events() == 0


async def test_a_body_that_is_not_json_is_refused(client: Client) -> None:
    answer = await client.post("/counters", content=b'{"owner":"a"}', content_type="text/plain")
    assert code_of(answer) == (422, "malformed_request")


async def test_a_repeated_request_is_answered_as_the_first_and_done_once(client: Client) -> None:
    token = client.token()
    answers = [
        await client.post(
            "/counters", content=b'{"owner":"Ana"}', token=token, idempotency_key="k1"
        )
        for _ in range(3)
    ]
    assert len({answer.content for answer in answers}) == 1
    assert [a.headers.get("idempotency-replayed") for a in answers] == [None, "true", "true"]
    assert {a.headers["faktura-position"] for a in answers} == {
        answers[0].headers["faktura-position"]
    }
    assert await client.events() == 1


async def test_parallel_repetitions_are_done_once(client: Client) -> None:
    token = client.token()
    answers = await asyncio.gather(
        *(
            client.post("/counters", content=b'{"owner":"A"}', token=token, idempotency_key="k")
            for _ in range(20)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert await client.events() == 1


async def test_a_key_with_another_request_or_without_one_is_refused(client: Client) -> None:
    token = client.token()
    await client.post("/counters", content=b'{"owner":"Ana"}', token=token, idempotency_key="k")
    again = await client.post(
        "/counters", content=b'{"owner":"B"}', token=token, idempotency_key="k"
    )
    assert code_of(again) == (422, "idempotency_key_reused")
    other = await client.post("/counters", content=b'{"owner":"B"}', idempotency_key="k")
    assert other.status_code == 201
    none = await client.post("/counters", content=b'{"owner":"C"}', idempotency_key="")
    assert code_of(none) == (422, "idempotency_key_missing")
    assert await client.events() == 2


async def test_who_may_not_is_told_so(client: Client) -> None:
    path, body = "/counters", b'{"owner":"Ana"}'
    assert code_of(await client.post(path, content=body, token="garbage")) == (
        401,
        "unauthenticated",
    )
    late = client.token(ttl_s=-60)
    assert code_of(await client.post(path, content=body, token=late)) == (401, "unauthenticated")
    staff = client.token(scopes=["staff"])
    assert code_of(await client.post(path, content=body, token=staff)) == (403, "forbidden")
    assert code_of(await client.http.get("/internal/status")) == (401, "unauthenticated")


async def test_a_route_may_want_a_scope_besides_who_calls(client: Client) -> None:
    async def ask(*scopes: str) -> httpx.Response:
        token = client.token(scopes=list(scopes))
        return await client.http.get("/books", headers={"authorization": f"Bearer {token}"})

    assert (await ask("staff", "books.read")).json() == "in order"
    refused = await ask("staff", "books.write")
    assert code_of(refused) == (403, "forbidden")
    assert refused.json()["facts"] == {"scope": "books.read"}
    assert code_of(await ask("client", "books.read")) == (403, "forbidden")


async def test_a_refusal_names_its_facts_and_a_foreign_thing_is_not_found(client: Client) -> None:
    made = await client.post("/counters", content=b'{"owner":"Ana"}')
    path = f"/counters/{made.json()['id']}/count"
    foreign = await client.post(path, token=client.token(account_id=new_id()))
    assert code_of(foreign) == (404, "not_found")
    assert code_of(await client.post(f"/counters/{new_id()}/count")) == (404, "not_found")
    assert code_of(await client.post("/counters/no-id/count")) == (422, "malformed_request")
    for _ in range(3):
        assert (await client.post(path)).status_code == 200
    full = await client.post(path)
    assert code_of(full) == (409, "counter_is_full")
    assert full.json()["facts"] == {"total": 3}


async def test_a_stale_version_is_refused(client: Client) -> None:
    made = await client.post("/counters", content=b'{"owner":"Ana"}')
    path = f"/counters/{made.json()['id']}/count"
    assert (await client.post(path, if_match=made.headers["etag"])).status_code == 200
    assert code_of(await client.post(path, if_match=made.headers["etag"])) == (412, "stale")
    assert code_of(await client.post(path, if_match="garbage")) == (422, "malformed_version")


async def test_writers_at_the_same_moment_are_all_served(client: Client) -> None:
    made = await client.post("/counters", content=b'{"owner":"Ana"}')
    path = f"/counters/{made.json()['id']}/count"
    answers = await asyncio.gather(*(client.post(path) for _ in range(3)))
    assert sorted(answer.json()["total"] for answer in answers) == [1, 2, 3]


async def test_a_fault_of_ours_says_nothing_of_its_cause(client: Client) -> None:
    answer = await client.http.get("/fault")
    assert code_of(answer) == (500, "fault")
    assert "secret" not in answer.text


async def test_unknown_addresses_and_methods_are_problems_too(client: Client) -> None:
    assert code_of(await client.http.get("/nothing")) == (404, "no_such_address")
    assert code_of(await client.http.delete("/fault")) == (405, "method_not_allowed")
    for path in ("/docs", "/openapi.json", "/redoc"):
        assert (await client.http.get(path)).status_code == 404


async def test_figures_are_shown_on_the_operators_port_only(client: Client) -> None:
    for port in ("", ":80", ":7100"):
        answer = await client.http.get(f"http://testserver{port}/metrics")
        assert code_of(answer) == (404, "not_found")
    answer = await client.http.get("http://testserver:7999/metrics")
    assert answer.status_code == 200
    assert "python_info" in answer.text


async def test_a_process_without_its_loops_lives_but_is_not_ready(client: Client) -> None:
    assert (await client.http.get("/health/live")).status_code == 200
    assert code_of(await client.http.get("/health/ready")) == (503, "unavailable")
    client.app.state.is_started = True
    ready = await client.http.get("/health/ready")
    assert ready.json() == {"status": "ready", "instance": "here/tickets"}
    HEARTBEATS._last["relay"] = time.monotonic() - READY_WITHIN_S - 1
    assert code_of(await client.http.get("/health/ready")) == (503, "unavailable")
    HEARTBEATS.forget("relay")
    assert (await client.http.get("/health/ready")).status_code == 200
    await client.store.pool.close()
    assert code_of(await client.http.get("/health/ready")) == (503, "unavailable")
    assert (await client.http.get("/health/live")).status_code == 200


async def test_a_foreign_host_name_is_refused(client: Client) -> None:
    for host in ("evil.com", "localhost.evil.com", "", "testserver.evil.com"):
        answer = await client.http.get("/health/live", headers={"host": host})
        assert code_of(answer) == (400, "unknown_host")
    answer = await client.http.get("/health/live", headers={"host": "ponto.localhost:7100"})
    assert answer.status_code == 200


async def test_headers_and_addresses_beyond_the_limits_are_refused(client: Client) -> None:
    many = {f"x-{n}": "y" for n in range(150)}
    assert code_of(await client.http.get("/fault", headers=many)) == (431, "headers_too_large")
    long = await client.http.get("/fault?" + "x" * 10_000)
    assert code_of(long) == (414, "url_too_long")


async def test_every_answer_carries_the_security_headers(client: Client) -> None:
    for path in ("/health/live", "/fault", "/nothing"):
        headers = (await client.http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"


def test_a_route_that_does_not_declare_its_access_is_found() -> None:
    declared = Router()
    declared.get("/declared", who=Who.PUBLIC)(fault)
    check_declared_routes(declared)
    declared.api.get("/undeclared")(fault)
    with pytest.raises(AssertionError, match="does not declare its access"):
        check_declared_routes(declared)
    with pytest.raises(TypeError, match="who"):
        declared.get("/nobody")(fault)


async def test_a59_too_many_calls_of_a_class_are_told_to_wait(client: Client) -> None:
    answers = [await client.http.post("/often") for _ in range(62)]
    assert [answer.status_code for answer in answers].count(200) == 60
    assert code_of(answers[-1]) == (429, "too_many")
    assert answers[-1].headers["retry-after"] == "60"


async def test_the_rate_of_one_caller_does_not_count_for_another() -> None:
    now = 1000.0 * WINDOW_S
    rate = RateCounter(lambda: now)
    assert [rate.hit("ana", per_minute=3) for _ in range(4)] == [True, True, True, False]
    assert rate.hit("bob", per_minute=3)
    now += WINDOW_S / 3  # two thirds of the minute still count
    assert not rate.hit("ana", per_minute=3)
    now += WINDOW_S  # a third of the way through the next: two thirds of three are two
    assert [rate.hit("ana", per_minute=3) for _ in range(2)] == [True, False]
    now += 2 * WINDOW_S
    assert [rate.hit("ana", per_minute=3) for _ in range(4)] == [True, True, True, False]


def test_callers_of_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.http.rate.CALLERS_KEPT", 10)
    now = 0.0
    rate = RateCounter(lambda: now)
    for minute in range(5):
        now = minute * WINDOW_S
        for caller in range(8):
            assert rate.hit(f"{minute}/{caller}", per_minute=1)
        assert len(rate._windows) <= 16


CARD = "4242 4242 4242 4242"


async def test_the_number_of_a_card_is_refused_in_any_field_and_not_repeated(
    client: Client,
) -> None:
    refused = [
        await client.post("/counters", content=body.encode())
        for body in (
            f'{{"owner": "{CARD}"}}',
            '{"owner": "Ana", "step": 4242424242424242}',
            f'{{"owner": "Ana", "extra": [{{"{CARD}": 1}}]}}',
            '{"owner": "a\\n4242424242424242\\nb"}',
            '{"owner": "\\u0034242424242424242"}',
        )
    ]
    refused += [
        await client.http.get(f"/books?q={CARD}"),
        await client.http.get("/books?q=4242%204242+4242-4242"),
        await client.http.get("/books/4242424242424242"),
    ]
    for answer in refused:
        assert code_of(answer) == (422, "card_number_refused")
        assert "4242" not in answer.text
    assert await client.events() == 0


async def test_what_another_system_has_signed_is_kept_as_it_came(client: Client) -> None:
    answer = await client.http.post("/signed", json={"text": CARD})
    assert (answer.status_code, answer.json()) == (200, CARD)
