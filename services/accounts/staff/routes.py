"""What the operator's command line says about a brand's staff."""

from functools import partial
from uuid import UUID

from services.accounts.brands.lookups import find_brand
from services.accounts.callers import require_issuer
from services.accounts.request_fields import BrandSlug, Email, Secret
from services.accounts.staff.commands import AppointStaff, appoint_staff
from services.accounts.staff.roles import ADMIN, Role
from services.accounts.state import state_of
from services.accounts.transactions import in_transaction
from services.accounts.users.credentials import credential_by_email
from services.accounts.users.new_hash import hash_of_new_password
from services.accounts.users.password import normal_password
from shared.database import acquire
from shared.errors import Forbidden
from shared.http import Answer, Body, Call, Line, Repeat, Router, Who
from shared.ids import new_id
from shared.tokens import OPERATOR

router = Router(tags=["staff"])

LANGUAGE_OF_AN_UNKNOWN_BRAND = "en"


class StaffBody(Body):
    """A member of staff as the operator wants it: in a role, an administrator without one."""

    brand: BrandSlug
    email: Email
    name: Line
    password: Secret
    role: Role = ADMIN


class StaffOut(Answer):
    """The user that the member of staff signs in as."""

    user_id: UUID


@router.put("/internal/staff", who=Who.INTERNAL, repeat=Repeat.OWN, errors=(Forbidden,))
async def put_staff(body: StaffBody, call: Call) -> StaffOut:
    """The address belongs to a member of staff with this password. A repeat changes nothing."""
    require_issuer(call, OPERATOR)
    command = await _command(body, call)
    user = await in_transaction(call, partial(appoint_staff, command))
    return StaffOut(user_id=user.id)


async def _command(body: StaffBody, call: Call) -> AppointStaff:
    async with acquire(call.db) as db:
        brand = await find_brand(db, body.brand)
    return AppointStaff(
        user_id=new_id(),
        brand=body.brand,
        email=body.email,
        name=body.name,
        role=body.role,
        language=brand.default_language if brand else LANGUAGE_OF_AN_UNKNOWN_BRAND,
        password_hash=await _hash_if_new(call, body),
    )


async def _hash_if_new(call: Call, body: StaffBody) -> str | None:
    async with acquire(call.db) as db:
        known = await credential_by_email(db, brand=body.brand, email=body.email)
    password, hashing = normal_password(body.password), state_of(call).hashing
    if known and await hashing.verify(known.password_hash, password):
        return None
    return await hash_of_new_password(call, password, brand=body.brand, email=body.email)
