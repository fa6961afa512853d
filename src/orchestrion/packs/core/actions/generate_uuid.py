"""The action core.uuid."""

import uuid

from st2common.runners.base_action import Action


class GenerateUuidAction(Action):
    """Gives a new UUID."""

    def run(self, uuid_type: str) -> str:
        """Give the text of a UUID of this type."""
        return str(uuid.uuid1() if uuid_type == "uuid1" else uuid.uuid4())
