"""The action core.pause."""

import time

from st2common.runners.base_action import Action


class PauseAction(Action):
    """Sleeps."""

    def run(self, max_pause: int) -> None:
        """Sleep for so many seconds."""
        time.sleep(max_pause)
