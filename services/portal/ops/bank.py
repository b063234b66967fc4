"""Bringing what banks write, return files of boletos and statements, and what came of each file."""

import asyncio
from dataclasses import replace
from urllib.parse import quote
from uuid import UUID

from starlette.responses import Response

from services.portal.browser.commands import Command, Outcome, arrive, send
from services.portal.browser.forms import Form, Upload
from services.portal.browser.pages import For, Pages
from services.portal.browser.visit import Visit
from services.portal.ops.bank_files import (
    RETURN_FILES,
    STATEMENTS,
    lines_of,
    return_file,
    return_files,
    statements,
)
from services.portal.ops.bank_words import (
    EMPTY,
    NO_FILE,
    OUTCOMES,
    where_damaged,
    why_refused,
)
from shared.errors import Invalid

pages = Pages(For.STAFF)
PAGE = "/ops/bank"
LARGEST_BYTES = 64 * 1024 * 1024
"""More than billing takes, so that it is billing's word, in the page's, what is too large."""
SHOWN = 20
LINES = 100


class NoUpload(Invalid):
    """There is no file, or nothing in it."""


@pages.get(PAGE)
async def get_bank(visit: Visit) -> Response:
    """The form that takes a file, and the latest files of both kinds."""
    return await _bank_page(visit, form=Form(values={"kind": "statement"}))


async def _bank_page(visit: Visit, *, form: Form) -> Response:
    files, imported = await asyncio.gather(
        return_files(visit, limit=SHOWN), statements(visit, limit=SHOWN)
    )
    return visit.show_live(
        "ops/bank.html",
        section="ops_bank",
        files=files,
        statements=imported,
        form=form,
        damaged=lambda problem: where_damaged(problem, visit.language),
    )


@pages.upload(PAGE)
async def bring_file(visit: Visit, form: Form) -> Response:
    """Hand the file to billing. The same file again changes nothing, and that is said."""
    if form.upload is None or not form.upload.content:
        return await _refused(visit, _without_file(visit, form))
    brought = await send(visit, _command(form, form.upload))
    if brought.refusal:
        return await _refused(visit, brought)
    done = "bank_file" if brought.answer["is_new"] else "bank_file_known"
    return await arrive(visit, brought, path=f"{PAGE}?done={done}")


def _command(form: Form, upload: Upload) -> Command:
    is_statement = form.text("kind") == "statement"
    path = STATEMENTS if is_statement else f"{RETURN_FILES}?name={quote(upload.name, safe='')}"
    return Command(form=form, peer="billing", path=path, content=upload.content)


def _without_file(visit: Visit, form: Form) -> Outcome:
    words = visit.language.gettext(NO_FILE if form.upload is None else EMPTY)
    return Outcome(form=form.refused(errors={"file": words}, alert=words), refusal=NoUpload())


async def _refused(visit: Visit, outcome: Outcome) -> Response:
    assert outcome.refusal is not None, "it was refused"
    words = why_refused(outcome.refusal, visit.language)
    form = replace(outcome.form, errors={"file": words}, alert=words) if words else outcome.form
    return await _bank_page(visit, form=form)


@pages.get(PAGE + "/return-files/{file_id:uuid}")
async def get_return_file(visit: Visit, file_id: UUID) -> Response:
    """One return file, line by line: all of them, or those that came out in one way."""
    outcome = visit.query("outcome") if visit.query("outcome") in OUTCOMES else ""
    after = int(visit.query("after")) if visit.query("after").isdecimal() else 0
    file, lines = await asyncio.gather(
        return_file(visit, file_id),
        lines_of(visit, file_id, outcome=outcome, after=min(after, 2**31 - 1), limit=LINES),
    )
    address = f"{PAGE}/return-files/{file_id}?outcome={outcome}"
    return visit.show_live(
        "ops/return_file.html",
        section="ops_bank",
        file=file,
        lines=lines,
        chosen=outcome,
        words=lambda name: visit.language.gettext(OUTCOMES.get(name, name)),
        damaged=where_damaged(file.problem or {}, visit.language),
        first_page=address if after else "",
        further=f"{address}&after={lines[-1].line}" if len(lines) == LINES else "",
    )
