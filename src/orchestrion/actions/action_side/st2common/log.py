"""`from st2common import log as logging`: StackStorm's loggers are those of the standard library."""

from logging import getLogger

__all__ = ["getLogger"]
