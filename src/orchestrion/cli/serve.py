"""`orchestrion serve` and `orchestrion worker`: work for a whole store until told to stop."""

import argparse
import logging
import signal
from types import FrameType

from orchestrion.cli.locations import location_of, user_name
from orchestrion.cli.logs import set_up_logs
from orchestrion.server.serving import Listening, LocalService
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
        listening=Listening() if options.kind == "serve" else None,
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        service.stop()
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, signal.SIG_DFL)  # the second one leaves at once

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    service.begin()
    _log.info("Working for %s. Ctrl-C or SIGTERM lets what runs end, then leaves.", location.database)
    service.run()
    _log.info("Drained; nothing runs here any more.")
    return 0
