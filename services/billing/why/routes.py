"""Why an account was charged or told something: the rule, its facts, and the chain of causes."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path
from pydantic import ConfigDict

from services.billing.contacts.contact import contact_of
from services.billing.state import check_reader
from services.billing.statements.history import history_of
from services.billing.why.causes import Chain, chain_of
from services.billing.why.questions import (
    Answered,
    Kind,
    Question,
    QuestionMalformed,
    answered,
    question_of,
)
from services.billing.why.telling import Link, Told, tell
from shared.database import PoolReads
from shared.errors import Forbidden, NotFound
from shared.http import Answer, Call, Router, Who

router = Router(tags=["why"])

AskedId = Annotated[str, Path(max_length=64, description="For a line: `<invoice id>.<place>`.")]

_EXAMPLE: dict[str, Any] = {
    "kind": "line",
    "id": "01939000-0000-7000-8000-000000000007.0",
    "language": "pt-BR",
    "happened": "Hospedagem Início – ana.example (21/12/2026 – 20/01/2027)",
    "sentence": "O próximo período do serviço começa em 21/12/2026; ele é faturado 14 dias antes.",
    "rule": "renewal.period_due",
    "policy_version": "ponto:7/start:3",
    "caused_by": "01939000-0000-7000-8000-000000000001",
    "facts": {"due_on": "21/12/2026", "days_before": "14"},
    "is_whole": True,
    "chain": [
        {
            "event_id": "01939000-0000-7000-8000-000000000008",
            "type": "InvoiceIssued",
            "occurred_at": "2026-12-07T03:00:05Z",
            "actor": "a rotina diária",
            "sentence": "A fatura PON-2026-000042 de R$ 29,90 foi emitida, "
            "com vencimento em 21/12/2026.",
        },
        {
            "event_id": "01939000-0000-7000-8000-000000000001",
            "type": "BusinessDayStarted",
            "occurred_at": "2026-12-07T03:00:00Z",
            "actor": "a rotina diária",
            "sentence": "O dia útil de 07/12/2026 começou.",
        },
    ],
}


class LinkOut(Answer):
    """One event of the chain of causes, in words; the newest is the first."""

    event_id: UUID
    type: str
    occurred_at: datetime
    actor: str
    sentence: str


class WhyAnswer(Answer):
    """`sentence` says why and `happened` what, in `language`: the account's, else English.

    `rule` and `policy_version` are empty for what is its own reason, such as an order. `facts` are
    what the rule looked at. The last of `chain` is where it began, if `is_whole`.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    kind: Kind
    id: str
    language: str
    happened: str
    sentence: str
    rule: str
    policy_version: str
    caused_by: UUID | None
    facts: dict[str, str]
    is_whole: bool
    chain: list[LinkOut]


@router.get(
    "/v1/why/{kind}/{id}",
    who=Who.USER,
    errors=(NotFound, Forbidden, QuestionMalformed),
)
async def get_why(kind: Kind, id: AskedId, call: Call) -> WhyAnswer:
    """Why this is so: for its account, and for its brand's staff with the permission to read."""
    question, db = question_of(kind, id), PoolReads(call.db)
    account_id, brand = await _whose(question, call, db)
    check_reader(call, account_id, brand=brand)
    history = await history_of(account_id, brand, pool=call.db)
    found = answered(question, history)
    chain = await chain_of(found.envelope, history, db)
    language = (await contact_of(account_id, db)).language
    told = tell(found, chain.causes, history=history, language=language)
    return _shown((kind, id), found, told=told, chain=chain)


async def _whose(question: Question, call: Call, db: PoolReads) -> tuple[UUID, str]:
    """Whose history has the answer: the client's own; for staff that of the thing's account."""
    caller = call.caller
    if caller.account_id is not None and caller.brand is not None:
        return caller.account_id, caller.brand
    for query in _WHOSE[question.kind]:
        row = await db.fetchrow(query, question.id)
        if row is not None and row["account_id"] is not None:
            return row["account_id"], row["brand"]
    raise NotFound()


_EVENT = ("select account_id, brand from log where id = $1",)
_INVOICE = ("select account_id, brand from invoice_list where invoice_id = $1",)
_WHOSE: dict[Kind, tuple[str, ...]] = {
    Kind.LINE: _INVOICE,
    Kind.FEE: _INVOICE,
    Kind.INVOICE: _INVOICE,
    Kind.SERVICE: ("select account_id, brand from service_list where service_id = $1",),
    Kind.CREDIT_NOTE: ("select account_id, brand from credit_note_list where credit_note_id = $1",),
    Kind.CREDIT: _EVENT,
    Kind.NOTICE: _EVENT,
    Kind.CHANGE: _EVENT,
    Kind.EVENT: _EVENT,
}


def _shown(asked: tuple[Kind, str], found: Answered, *, told: Told, chain: Chain) -> WhyAnswer:
    kind, id = asked
    why = found.why
    return WhyAnswer(
        kind=kind,
        id=id,
        language=told.language,
        happened=told.happened,
        sentence=told.sentence,
        rule=why.rule if why else "",
        policy_version=why.policy_version if why else "",
        caused_by=found.envelope.causation_id,
        facts=told.facts,
        is_whole=chain.is_whole,
        chain=[_link(each) for each in told.chain],
    )


def _link(link: Link) -> LinkOut:
    return LinkOut(
        event_id=link.envelope.id,
        type=link.envelope.type,
        occurred_at=link.envelope.occurred_at,
        actor=link.actor,
        sentence=link.sentence,
    )
