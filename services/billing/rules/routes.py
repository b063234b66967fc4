"""The rules that are agreed with one account, for staff."""

from typing import Any
from uuid import UUID

from pydantic import ConfigDict

from services.billing.brands.currencies import CurrencyNotSold
from services.billing.contacts.contact import brand_of_account
from services.billing.rules.commands import ChangeAccountRules, change_account_rules
from services.billing.rules.policy import policy_for, terms_of
from services.billing.rules.rules import RuleInvalid, RuleUnknown
from services.billing.state import cause_of
from shared.contracts.permissions import BILLING_READ, BILLING_RULES
from shared.errors import NotFound, Stale
from shared.http import Answer, Body, Call, Router, Who

router = Router(tags=["rules"])


class AccountRulesBody(Body):
    """Rule name -> the account's own value; what is not named is as brand and product say."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"rules": {"suspension_days": 30, "late_fee": {"kind": "off"}}}]
        }
    )

    rules: dict[str, Any]


class AccountRulesOut(Answer):
    """`rules` are the account's own; `policy_version` names what holds for it now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"rules": {"suspension_days": 30}, "policy_version": "ponto:7/account:2"}]
        }
    )

    rules: dict[str, Any]
    policy_version: str


@router.get(
    "/v1/accounts/{account_id}/rules", who=Who.STAFF, scope=BILLING_READ, errors=(NotFound,)
)
async def get_account_rules(account_id: UUID, call: Call) -> AccountRulesOut:
    """What is agreed with the account."""
    async with call.store.transaction(cause_of(call)) as tx:
        brand = await brand_of_account(account_id, tx.read)
        call.own(None, brand)
        terms = await terms_of(tx, account_id)
        policy = await policy_for(tx, brand, account_id=account_id)
    call.etag(terms.version if terms else 0)
    return AccountRulesOut(rules=terms.rules if terms else {}, policy_version=policy.version)


@router.put(
    "/v1/accounts/{account_id}/rules",
    status_code=204,
    who=Who.STAFF,
    scope=BILLING_RULES,
    errors=(NotFound, Stale, RuleUnknown, RuleInvalid, CurrencyNotSold),
)
async def put_account_rules(account_id: UUID, body: AccountRulesBody, call: Call) -> None:
    """Agree rules with the account, in place of those before. With If-Match only as it was read."""
    brand = await brand_of_account(account_id, call.tx.read)
    call.own(None, brand)
    command = ChangeAccountRules(
        account_id=account_id,
        brand=brand,
        rules=body.rules,
        expected_version=call.expected_version,
    )
    call.etag((await change_account_rules(command, call.tx)).version)
