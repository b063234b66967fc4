"""Every refusal as application/problem+json; the input is never echoed."""

from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from shared.errors import DomainError, TooMany, Unavailable, problem

RETRY_AFTER_S = {TooMany.status: 60, Unavailable.status: 2}

log = structlog.get_logger()


def answer_problems(app: FastAPI) -> None:
    """Install the handlers of refusals, of requests that do not fit a route, and of faults."""
    app.add_exception_handler(DomainError, _domain_error)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(ClientDisconnect, _nobody_listens)
    app.add_exception_handler(Exception, _fault)


def problem_response(request: Request, error: DomainError) -> JSONResponse:
    """The answer to a refused request."""
    body = problem(error, request_id=str(request.state.request_id))
    retry = error.facts.get("retry_after_s", RETRY_AFTER_S.get(error.status))
    headers = {"Retry-After": str(retry)} if retry else {}
    return _json(int(error.status), body, headers=headers)


async def _domain_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)
    return problem_response(request, error)


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = [
        {"field": ".".join(str(part) for part in flaw["loc"]), "code": flaw["type"]}
        for flaw in error.errors()
    ]
    body = {
        "type": "urn:faktura:problem:malformed_request",
        "title": "The request does not have the form that this address wants.",
        "status": 422,
        "code": "malformed_request",
        "request_id": str(request.state.request_id),
        "errors": fields,
    }
    return _json(422, body)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {404: "no_such_address", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    body = {
        "type": f"urn:faktura:problem:{code}",
        "title": error.detail if error.status_code < 500 else "Something went wrong.",
        "status": error.status_code,
        "code": code,
        "request_id": str(request.state.request_id),
    }
    return _json(error.status_code, body, headers=dict(error.headers or {}))


async def _nobody_listens(request: Request, error: Exception) -> Response:
    """The client went away before the request was whole: nothing was done, and it is no fault."""
    return Response(status_code=400)


async def _fault(request: Request, error: Exception) -> JSONResponse:
    log.error("fault", path=request.url.path, exc_info=error)
    body = {
        "type": "urn:faktura:problem:fault",
        "title": "Something went wrong on our side.",
        "status": 500,
        "code": "fault",
        "request_id": str(request.state.request_id),
    }
    return _json(500, body)


def _json(
    status: int, body: dict[str, Any], *, headers: dict[str, str] | None = None
) -> JSONResponse:
    return JSONResponse(body, status, headers, media_type="application/problem+json")
