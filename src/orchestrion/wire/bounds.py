"""The bounds of a server: what a client may send, how long that may take, how often it may try."""

from typing import Final

MAX_BODY: Final = 16 * 1024 * 1024
"""The bytes of a request's body."""

MAX_UNKNOWN_BODY: Final = 64 * 1024
"""The bytes of the body of a request of which it is not known yet who sends it."""

BODY_SECONDS: Final = 60
"""The seconds in which it must have come."""

REQUEST_SECONDS: Final = 10
"""The seconds in which a connection must ask for something, and take some of the answer."""

MOST_CONNECTIONS: Final = 1_000
"""How many connections there are at the most; who comes then is answered 503."""

TRIES_OF_USER: Final = 5
"""How often somebody may try a user's password within TRIES_SECONDS."""

TRIES_OF_ADDRESS: Final = 20
"""How often passwords may be tried from one address within TRIES_SECONDS."""

TRIES_SECONDS: Final = 60
"""The seconds within which so many tries are allowed."""
