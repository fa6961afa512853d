"""The runners: how an action of each runner type is performed."""
