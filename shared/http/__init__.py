"""The edge of a service: routes that declare their access, strict bodies, problems, the app."""

from shared.http.access import Rate, Repeat, Who
from shared.http.app import Service, create_app, serve
from shared.http.body import Answer, Body, Day, Id, Line, Paragraph
from shared.http.call import Call
from shared.http.route import Router

__all__ = [
    "Answer",
    "Body",
    "Call",
    "Day",
    "Id",
    "Line",
    "Paragraph",
    "Rate",
    "Repeat",
    "Router",
    "Service",
    "Who",
    "create_app",
    "serve",
]
