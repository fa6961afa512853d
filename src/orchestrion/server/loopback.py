"""Which addresses only the own machine can reach."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether a host, by its name or address, is this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
