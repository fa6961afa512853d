"""What travels: executions, actions and the like as JSON, in StackStorm's shapes and in our own. Pure."""
