"""What somebody may have meant who wrote a name that is not there."""

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The name that is spelled most alike, whatever the case; None when all are too different."""
    from difflib import get_close_matches

    names: dict[str, str] = {}
    for name in known:
        names.setdefault(name.casefold(), name)
    near = get_close_matches(word.casefold(), names, n=1)
    return names[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str:
    """The same as a question, with a blank before it; empty when all are too different."""
    near = nearest(word, known)
    return "" if near is None else f' Did you mean "{prefix}{near}"?'
