"""`orchestrion serve` and `orchestrion worker`: work for a whole store until told to stop."""

import argparse
import logging
import signal
from pathlib import Path
from types import FrameType

from orchestrion.cli.locations import location_of, user_name
from orchestrion.cli.logs import set_up_logs
from orchestrion.cli.render.output import Output, local_time
from orchestrion.server.serving import Listening, LocalService, NewToken
from orchestrion.settings import current

_log = logging.getLogger(__name__)


def serve(options: argparse.Namespace) -> int:
    """Work for the store; returns when it has drained after SIGTERM or Ctrl-C."""
    settings = current()
    set_up_logs(
        options.log_level or settings.word("log_level"), options.log_format or settings.word("log_format")
    )
    location = location_of(options)
    service = LocalService(
        location.database,
        location.packs,
        user_name(),
        kind=options.kind,
        slots=options.slots or settings.count("slots"),
        grace_seconds=options.grace or settings.count("grace"),
        keep_days=options.keep or settings.count("keep"),
        listening=_listening(options) if options.kind == "serve" else None,
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        service.stop()
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, signal.SIG_DFL)  # the second one leaves at once

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    service.begin()
    admin = service.add_first_admin()
    if admin is not None:
        _show_once(admin, service.addresses["api"])
    for name, address in service.addresses.items():
        _log.info("The %s is at %s", name, address)
    _log.info("Working for %s. Ctrl-C or SIGTERM lets what runs end, then leaves.", location.database)
    service.run()
    _log.info("Drained; nothing runs here any more.")
    return 0


def _listening(options: argparse.Namespace) -> Listening:
    listening = Listening(
        options.host,
        options.port,
        options.authentication,
        None if options.tls_cert is None else Path(options.tls_cert),
        None if options.tls_key is None else Path(options.tls_key),
    )
    if listening.is_readable:
        _log.warning(
            "Passwords and tokens can be read on the network: give --tls-cert, or put a server that encrypts "
            "before this one and let this one listen on 127.0.0.1."
        )
    return listening


def _show_once(token: NewToken, address: str) -> None:
    """Say how the server is used. Not logged: logs are kept, and many read them."""
    Output().text(
        f"There is a new user {token.account}. Its token is shown only here, and good until "
        f"{local_time(token.expires_at)}:\n\n"
        f"  export ST2_AUTH_TOKEN={token.text}\n"
        f'  curl -H "X-Auth-Token: $ST2_AUTH_TOKEN" {address}/v1/user\n'
        f"  orchestrion login --api-url {address} --token $ST2_AUTH_TOKEN\n\n"
        f"Another one: orchestrion user token {token.account}. "
        "More users: orchestrion user add NAME --role operator\n"
    )
