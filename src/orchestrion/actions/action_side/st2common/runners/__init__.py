"""`st2common.runners.base_action` is what actions derive from."""
