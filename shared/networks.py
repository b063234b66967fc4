"""Networks of IP addresses: what is counted together, because one household or office shares it.

The portal stands in front of the services: how it passes a visitor's address on stands here, too.
"""

from ipaddress import IPv6Address, ip_address, ip_network

ADDRESS_HEADER = "Faktura-Client-Address"
"""Whose request a service passes on."""
VOUCHER_HEADER = "Faktura-Client-Voucher"
"""A token of the service that passes it on, where the call itself bears the user's."""
IPV4_PREFIX = 24
IPV6_PREFIX = 56


def network_of(address: str) -> str:
    """The /24 (IPv6: /56) of an IP address: what one household or office shares.

    `ValueError` for a text that is no address.

    >>> network_of("203.0.113.77"), network_of("2001:db8:1:2ff::1")
    ('203.0.113.0/24', '2001:db8:1:200::/56')
    """
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip
    prefix = IPV4_PREFIX if ip.version == 4 else IPV6_PREFIX
    return str(ip_network((ip, prefix), strict=False))
