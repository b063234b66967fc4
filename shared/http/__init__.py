"""What a service's routes are made of. The application around them is in shared.http.app."""

from shared.http.access import Rate, Repeat, Who
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
    "Who",
]
