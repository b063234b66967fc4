"""The windows of the house: read models, the client area, the JSON API and the operations pages."""
