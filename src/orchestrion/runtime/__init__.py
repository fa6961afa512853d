"""The runtime: it carries events to the core, its decisions to the store, and its commands to actions."""
