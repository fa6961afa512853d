"""The command `orchestrion`: parse, perform, and turn every error into one message and an exit code.

No traceback ever reaches a user, except with ORCHESTRION_DEBUG=1. `--help` imports neither core nor store.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from orchestrion.cli.grammar.parser import build_parser
from orchestrion.cli.hints import Again, again_of
from orchestrion.cli.streams import lost, write
from orchestrion.cli.visible import visible

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
_SHOWN = 100


def main(words: Sequence[str] | None = None) -> int:
    """Perform one command; returns its exit code."""
    _open_closed_streams()
    foreign = next((word for word in sys.argv[1:] if words is None and not _is_text(word)), None)
    if foreign is not None:
        shown = foreign.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        _complain(f'The argument "{shown}" is not UTF-8 text: give it in UTF-8.')
        return EXIT_USAGE
    parser = build_parser()
    if "_ARGCOMPLETE" in os.environ:
        from orchestrion.cli.completion import complete

        complete(parser)
    try:
        options = _parse(parser, words)
    except SystemExit as error:  # argparse has said what is wrong, or has shown its help
        return _ended(error.code if isinstance(error.code, int) else EXIT_USAGE)
    try:
        code = _perform(parser, options)
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the last place that can turn it into a sentence
        code = _show(error, again_of(options))
    return _ended(code)


def _is_text(word: str) -> bool:
    """Whether the bytes of a word are UTF-8; those that are not have become halves of surrogate pairs."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parse(parser: argparse.ArgumentParser, words: Sequence[str] | None) -> argparse.Namespace:
    """Parse; parameters of `run` may stand after options, which argparse alone does not allow."""
    options, rest = parser.parse_known_args(words)
    if rest:
        own = getattr(options, "parser", parser)
        if not hasattr(options, "parameters") or any(word.startswith("-") for word in rest):
            own.error(f"unrecognized arguments: {' '.join(rest)}")
        options.parameters += rest
    return options


def _perform(parser: argparse.ArgumentParser, options: argparse.Namespace) -> int:
    if options.version:
        from orchestrion import __version__

        write(sys.stdout, f"orchestrion {__version__}\n")
        return 0
    if not hasattr(options, "command"):
        getattr(options, "parser", parser).print_help(sys.stderr)
        return EXIT_USAGE
    from orchestrion.settings import current

    current().check()
    if options.is_local and (hasattr(options, "api_url") or current().url("api_url")):
        from orchestrion.cli.locations import server_of

        server_of(options)
    return options.command(options)


def _show(error: Exception, again: Again) -> int:
    """Say on stderr what went wrong; returns the exit code."""
    from orchestrion.errors import OrchestrionError

    if os.environ.get("ORCHESTRION_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    if isinstance(error, OrchestrionError):
        _complain(again.sentence(error.advice), *map(again.sentence, error.problems))
        return error.exit_code
    if type(error).__name__ == "DefinitionError":  # the language's own; importing it would load the language
        _complain(f"The workflow cannot be used: {error}")
        return EXIT_USAGE
    text = " ".join(f"{type(error).__name__}: {error}".split())
    _complain(
        f"Orchestrion has a bug ({text[:300]}). What was acknowledged is kept. Please report this "
        "sentence to its authors, with the command and what it shows when it is given again with "
        "ORCHESTRION_DEBUG=1."
    )
    return EXIT_FAILED


def _complain(text: str, *problems: str) -> None:
    lines = [f"orchestrion: {visible(text)}", *(f"  - {visible(problem)}" for problem in problems[:_SHOWN])]
    if len(problems) > _SHOWN:
        lines.append(f"  … and {len(problems) - _SHOWN} more")
    write(sys.stderr, "\n".join((*lines, "")))


def _open_closed_streams() -> None:
    """Python has no stream where the caller has closed it; what is written there is nobody's to read."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  # for the process


def _ended(code: int) -> int:
    """Flush what is left; gives the exit code, which tells of lost output, but not of a closed pipe."""
    failures = [*lost]
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            failures.append(error)
            null = os.open(os.devnull, os.O_WRONLY)  # the interpreter flushes again at its end
            os.dup2(null, stream.fileno())
            os.close(null)
    failure = next((one for one in failures if not isinstance(one, BrokenPipeError)), None)
    if failure is None:
        return code
    _complain(f"The output could not be written: {failure.strerror}.")
    return code or EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
