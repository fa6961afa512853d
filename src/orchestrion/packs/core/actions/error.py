"""The action core.error."""

from st2common.runners.base_action import Action


class ErrorAction(Action):
    """Fails, so that what follows a failure can be seen."""

    def run(self, message: str) -> tuple[bool, str]:
        """Give a result that is a failure."""
        return False, message
