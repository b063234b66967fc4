"""Stand-ins for the outside world: payment gateway, hosting panel, mail catcher.

Each is a server in its own process that speaks its own protocol; no service imports them.
"""
