"""Orchestrion: a durable workflow engine for the Orquesta workflow language."""

__version__ = "0.1.0"
