"""The bounds of this version, read from the constants that hold them."""

from types import ModuleType
from typing import Final, NamedTuple

from orchestrion import accounts, keys
from orchestrion.actions import metadata_file, pack_files, rendering
from orchestrion.actions.runners import process_runner, processes, python, shell, waiter
from orchestrion.client.rehearsal import play
from orchestrion.core import values
from orchestrion.core.expressions import bounds
from orchestrion.core.language import definition, tree
from orchestrion.runtime import engine, output, peers, results, retention, service, unit, worker
from orchestrion.store import sqlite
from orchestrion.wire import bounds as served

_MICROSECONDS: Final = 1_000_000


class Limit(NamedTuple):
    """A bound: what it belongs to, the constant's name, its value, and what it limits."""

    part: str
    name: str
    value: int | float  # what reads it from JSON keeps integers exact
    text: str


_EXPRESSIONS: Final = {
    "MAX_STEPS": "work in one evaluation; a step is about a microsecond (a call of YAQL takes 40 and more)",
    "MAX_SIZE": "size of one value: a character counts 1, a number or an entry of a container 8",
    "MAX_BUILT": "size of everything that one evaluation builds",
    "MAX_ELEMENTS": "elements of one range or repetition",
    "MAX_INTEGER_BITS": "bits of an integer",
    "MAX_WIDTH": "width, precision or count in a format, a padding, a rounding",
    "MAX_EXPRESSION": "characters of one expression or template",
    "MAX_NESTING": "brackets, operators and blocks inside each other",
    "MAX_DEPTH": "containers inside each other in a result",
    "MAX_PATTERN": "characters of a regular expression or a JSONPath",
    "REGEX_SECONDS": "seconds for all matches of regular expressions in one evaluation",
}
_OTHERS: Final[tuple[tuple[str, ModuleType, str, str], ...]] = (
    ("value", values, "MAX_DEPTH", "lists and mappings inside each other"),
    ("value", values, "SMALLEST_INTEGER", "the smallest integer"),
    ("value", values, "LARGEST_INTEGER", "the largest integer"),
    ("file", metadata_file, "MAX_FILE_BYTES", "bytes of a file of text that is read"),
    ("definition", tree, "MAX_CHARACTERS", "characters of a definition"),
    ("definition", tree, "MAX_DEPTH", "mappings and lists inside each other in a definition"),
    ("definition", tree, "MAX_NODES", "nodes of a definition, an alias counted as all that it stands for"),
    ("definition", tree, "MAX_WEIGHT", "characters of all its texts and keys, counted the same way"),
    ("task", definition, "MAX_DELAY", "seconds of a delay or a timeout"),
    ("action", rendering, "MAX_TEMPLATE", "characters of a template in metadata"),
    ("action", shell, "MAX_ARGUMENT_BYTES", "bytes of a command with sudo"),
    ("action", process_runner, "MAX_OUTPUT_BYTES", "bytes of stdout and stderr of an action; more ends it"),
    ("action", python, "MAX_RESULT_BYTES", "bytes of the result of a Python action; more fails it"),
    (
        "action",
        results,
        "MAX_JSON_BYTES",
        "bytes of a result with all that belongs to it, as JSON; more fails it",
    ),
    ("action", processes, "GRACE_SECONDS", "seconds between SIGTERM and SIGKILL for an action that is ended"),
    ("action", waiter, "LINGER_SECONDS", "seconds in which the output of an action that was ended is read"),
    ("pack", pack_files, "MAX_FILES", "files, links and folders of a pack"),
    ("pack", pack_files, "MAX_BYTES", "bytes of the files of a pack"),
    ("engine", worker, "SLOTS", "actions at a time that a command runs (serve and worker: setting slots)"),
    ("engine", engine, "CLAIMS", "attempts that an engine claims in one commit"),
    ("engine", unit, "EMPTY_ENDS", "tasks without items that end in one commit"),
    ("engine", engine, "GROUP_SECONDS", "seconds in which reports are taken up for one commit"),
    ("engine", engine, "POLL_SECONDS", "seconds that an engine sleeps at the most"),
    ("output", output, "EVERY", "seconds for which the output of an action that runs is collected"),
    ("output", output, "MOST_AT_ONCE", "characters of it that are stored at a time; of more the newest"),
    ("output", output, "KEPT", "characters of it that are kept; of more the newest half"),
    ("retention", retention, "MOST_ROWS", "rows that one transaction of a purge deletes"),
    ("retention", retention, "EVERY", "seconds between two purges of a service"),
    ("lease", peers, "LEASE", "seconds after which a process that is silent counts as dead"),
    ("lease", peers, "BEAT", "seconds after which a process says that it lives"),
    ("lease", service, "SWEEP", "seconds between two searches for what the dead have left"),
    ("test", play, "MAX_EVENTS", "events in one test of a workflow, two for each action"),
    ("store", sqlite, "BUSY_SECONDS", "seconds that SQLite waits for a lock of another program"),
    ("key", keys, "LONGEST_SECONDS", "seconds of a key's time to live"),
    ("user", accounts, "SHORTEST_PASSWORD", "characters of a password at the least"),
    ("user", accounts, "LONGEST_PASSWORD", "characters of a password at the most"),
    ("user", accounts, "LONGEST_TOKEN_SECONDS", "seconds for which a token is good at the most"),
    ("server", served, "MAX_BODY", "bytes of the body of a request"),
    ("server", served, "MAX_UNKNOWN_BODY", "bytes of it before it is known who sends it"),
    ("server", served, "BODY_SECONDS", "seconds in which it must have come"),
    ("server", served, "REQUEST_SECONDS", "seconds in which a client must ask, and take some of the answer"),
    ("server", served, "MOST_CONNECTIONS", "connections"),
    ("server", served, "TRIES_OF_USER", "log-ins as one user within TRIES_SECONDS that may be wrong"),
    ("server", served, "TRIES_OF_ADDRESS", "log-ins from one address within TRIES_SECONDS that may be wrong"),
    ("server", served, "TRIES_SECONDS", "seconds after which a wrong log-in is forgotten"),
)
_IN_MICROSECONDS: Final = ("LEASE", "BEAT", "SWEEP", "EVERY")


def expression_limits() -> tuple[Limit, ...]:
    """The bounds of one evaluation of an expression."""
    return tuple(
        Limit("expression", name, getattr(bounds, name), text) for name, text in _EXPRESSIONS.items()
    )


def limits() -> tuple[Limit, ...]:
    """All bounds, those of expressions first."""
    return (*expression_limits(), *(_limit(*one) for one in _OTHERS))


def _limit(part: str, module: ModuleType, name: str, text: str) -> Limit:
    value = getattr(module, name)
    return Limit(part, name, value / _MICROSECONDS if name in _IN_MICROSECONDS else value, text)
