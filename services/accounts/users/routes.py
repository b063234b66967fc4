"""Registration, the confirmation of an address, and passwords: forgotten or changed.

Asking answers the same whether the address is known or not; what its owner has to know is mailed.
"""

from functools import partial
from typing import Annotated, Literal

from fastapi import Header

from services.accounts.brands.lookups import BrandUnknown, LanguageNotOffered, brand_named
from services.accounts.callers import current_user, require_issuer
from services.accounts.request_fields import BrandSlug, ContactBody, Email, Secret
from services.accounts.sessions.attempts import TooManyAttempts, count, sign_ins_of
from services.accounts.state import state_of
from services.accounts.transactions import in_transaction
from services.accounts.users.commands import (
    ChangePassword,
    ConfirmEmail,
    RegisterClient,
    RequestPasswordReset,
    ResetPassword,
    change_password,
    confirm_email,
    register_client,
    reset_password,
)
from services.accounts.users.credentials import credential_of
from services.accounts.users.hashing import TooManySignIns
from services.accounts.users.limits import count_asking, count_opening
from services.accounts.users.links import LinkInvalid, LinkKind, holder_of_link, mint_link
from services.accounts.users.new_hash import hash_of_new_password
from services.accounts.users.password import (
    PasswordGuessable,
    PasswordHasControlCharacter,
    PasswordTooLong,
    PasswordTooShort,
    normal_password,
)
from services.accounts.users.reset_queue import enqueue_reset
from shared.database import acquire
from shared.errors import Invalid, NotFound
from shared.http import Answer, Body, Call, Id, Line, Rate, Repeat, Router, Who
from shared.ids import new_id

router = Router(tags=["users"])

BAD_PASSWORD = (
    PasswordTooShort,
    PasswordTooLong,
    PasswordHasControlCharacter,
    PasswordGuessable,
    TooManySignIns,
)
NOTIFICATIONS = "notifications"


class CurrentPasswordWrong(Invalid):
    """The present password is not right."""


class Accepted(Answer):
    """What has to follow is on its way; it says nothing of whether the address was known."""

    accepted: Literal[True] = True


class Done(Answer):
    """It is so from now on."""

    done: Literal[True] = True


class RegistrationBody(ContactBody):
    """All of it is required."""

    brand: BrandSlug
    email: Email
    password: Secret


@router.post(
    "/v1/registrations",
    status_code=202,
    who=Who.PUBLIC,
    rate=Rate.AUTH,
    repeat=Repeat.OWN,
    errors=(BrandUnknown, LanguageNotOffered, TooManyAttempts, *BAD_PASSWORD),
)
async def post_registration(body: RegistrationBody, call: Call) -> Accepted:
    """Open an account. Repeating it makes no second one: the address's owner is told."""
    await count_asking(call, "registration", brand=body.brand, email=body.email)
    async with acquire(call.db) as db:
        brand = await brand_named(db, body.brand)
    brand.check_language(body.language)
    hashed = await hash_of_new_password(call, body.password, brand=brand.slug, email=body.email)
    contact = body.contact(email=body.email)
    ids = {"user_id": new_id(), "account_id": new_id()}
    command = RegisterClient(**ids, brand=brand.slug, contact=contact, password_hash=hashed)
    await in_transaction(call, partial(register_client, command))
    return Accepted()


class TokenBody(Body):
    """The token of a link that was mailed."""

    token: Line


@router.post(
    "/v1/email-confirmations",
    who=Who.PUBLIC,
    rate=Rate.AUTH,
    repeat=Repeat.OWN,
    errors=(LinkInvalid, TooManyAttempts),
)
async def post_email_confirmation(body: TokenBody, call: Call) -> Done:
    """The address is confirmed and the account has its number. The link works once."""
    await count_opening(call, "confirmation")
    await in_transaction(call, partial(confirm_email, ConfirmEmail(token=body.token)))
    return Done()


class ForgottenBody(Body):
    """Whose password is forgotten."""

    brand: BrandSlug
    email: Email


@router.post(
    "/v1/password-resets",
    status_code=202,
    who=Who.PUBLIC,
    rate=Rate.AUTH,
    repeat=Repeat.OWN,
    errors=(TooManyAttempts,),
)
async def post_password_reset(body: ForgottenBody, call: Call) -> Accepted:
    """Mail a link to the address, if it is known. The newest link is the only good one."""
    await count_asking(call, "reset", brand=body.brand, email=body.email)
    command = RequestPasswordReset(brand=body.brand, email=body.email)
    async with acquire(call.db) as db:
        await enqueue_reset(db, command, correlation_id=call.request.state.request_id)
    state_of(call).reset_asked.call()
    return Accepted()


class ResetBody(Body):
    """The token of the link and the password to be."""

    token: Line
    password: Secret


@router.post(
    "/v1/password-resets/confirm",
    who=Who.PUBLIC,
    rate=Rate.AUTH,
    repeat=Repeat.OWN,
    errors=(LinkInvalid, TooManyAttempts, *BAD_PASSWORD),
)
async def post_password_reset_confirmation(body: ResetBody, call: Call) -> Done:
    """Set the password; every session ends, nobody is signed in. The link works once."""
    await count_opening(call, "reset_confirmation")
    async with acquire(call.db) as db:
        kind = LinkKind.PASSWORD_RESET
        user_id = await holder_of_link(db, body.token, kind=kind, now=call.now)
        user = await credential_of(db, user_id)
    hashed = await hash_of_new_password(call, body.password, brand=user.brand, email=user.email)
    command = ResetPassword(token=body.token, password_hash=hashed)
    await in_transaction(call, partial(reset_password, command))
    return Done()


class PasswordBody(Body):
    """The present password proves that it is the user who changes it."""

    current_password: Secret
    new_password: Secret


@router.post(
    "/v1/me/password",
    who=Who.USER,
    rate=Rate.AUTH,
    repeat=Repeat.OWN,
    errors=(CurrentPasswordWrong, TooManyAttempts, *BAD_PASSWORD),
)
async def post_password(
    body: PasswordBody,
    call: Call,
    session: Annotated[str | None, Header(alias="Faktura-Session", max_length=200)] = None,
) -> Done:
    """Change the password; the user's sessions end, save the one in the header."""
    user = await current_user(call)
    await count(call.db, sign_ins_of(user.brand, user.email), now=call.now)
    current, hashing = normal_password(body.current_password), state_of(call).hashing
    if not await hashing.verify(user.password_hash, current):
        raise CurrentPasswordWrong()
    new = body.new_password
    hashed = await hash_of_new_password(call, new, brand=user.brand, email=user.email)
    command = ChangePassword(user_id=user.user_id, password_hash=hashed, kept_session=session)
    await in_transaction(call, partial(change_password, command))
    return Done()


class LinkBody(Body):
    """Which link, for whom."""

    kind: Literal["email_confirmation", "password_reset"]
    user_id: Id


class LinkOut(Answer):
    """The token for the mail; it is not kept."""

    token: str


@router.post("/internal/links", who=Who.INTERNAL, repeat=Repeat.NATURAL, errors=(NotFound,))
async def post_link(body: LinkBody, call: Call) -> LinkOut:
    """A fresh one-time link for a mail; the user's one before it is void."""
    require_issuer(call, NOTIFICATIONS)
    user = await credential_of(call.tx.read, body.user_id)
    kind = LinkKind(body.kind)
    token = await mint_link(await call.tx.begin(), user.user_id, kind=kind, now=call.tx.now)
    return LinkOut(token=token)
