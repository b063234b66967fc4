"""One service as staff sees it, and lifting its suspension."""

from uuid import UUID

from starlette.responses import Response

from services.portal.browser.commands import Command, arrive, send
from services.portal.browser.forms import Form
from services.portal.browser.pages import For, Pages
from services.portal.browser.visit import Visit
from services.portal.held_services.views import HeldService, service_by_id
from services.portal.history.timeline import story_of_service
from services.portal.history.words import tell_all
from services.portal.home.views import account_of

pages = Pages(For.STAFF)


@pages.get("/ops/services/{service_id:uuid}")
async def get_service(visit: Visit, service_id: UUID) -> Response:
    """How it stands and why, and the form that lets a suspended one run again."""
    return await _service_page(visit, service_id, form=Form())


async def _service_page(visit: Visit, service_id: UUID, *, form: Form) -> Response:
    service: HeldService = visit.of_brand(await service_by_id(visit.db, service_id))
    return visit.show_live(
        "ops/service.html",
        section="ops",
        service=service,
        account=await account_of(visit.db, service.account_id),
        form=form,
        timeline=tell_all(await story_of_service(visit.db, service_id), visit.language),
    )


@pages.post("/ops/services/{service_id:uuid}/lift")
async def lift_suspension(visit: Visit, form: Form, service_id: UUID) -> Response:
    """Let it run again: until the day `until` if one is chosen, else as long as the rules say."""
    visit.of_brand(await service_by_id(visit.db, service_id))
    body = {"until": form.text("until") or None}
    path = f"/v1/staff/services/{service_id}/suspension/end"
    lifted = await send(visit, Command(form=form, peer="billing", path=path, body=body))
    if lifted.refusal:
        return await _service_page(visit, service_id, form=lifted.form)
    return await arrive(visit, lifted, path=f"/ops/services/{service_id}?done=lift_asked")
