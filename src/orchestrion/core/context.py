"""Contexts as immutable layers (spec 5.4, as `product.md` amends it).

A context is an ordered list of layers: the initial one, then what each satisfied transition on the way has
published. The lists of all entries form a tree of common prefixes, so a new context costs one node, whatever
its length, and nothing is ever copied. Names are looked up in a persistent map that each node shares with its
prefix.

Mappings merge deeply, later layers win, everything else replaces. Where branches meet, each layer counts
once, at its first place: a value published before the fork never overwrites one that was published after it.
"""

from collections.abc import Iterable, Mapping, Sequence

from immutables import Map

from orchestrion.core.values import Json


class Context:
    """One node: the layers of `prefix`, then the layer that `published` holds. Treated as immutable."""

    __slots__ = ("depth", "layer", "names", "prefix", "published")

    def __init__(self, prefix: "Context | None", layer: int, published: Mapping[str, Json]) -> None:
        self.prefix = prefix
        self.layer = layer
        self.published = published
        self.depth: int = prefix.depth + 1 if prefix is not None else 0
        self.names: Map[str, Json] = _overlay(prefix.names if prefix is not None else Map(), published)


def initial_context(values: Mapping[str, Json]) -> Context:
    """The context 0: the application's values, the inputs and the vars."""
    return Context(None, 0, values)


def joined(contexts: Sequence[Context]) -> Context:
    """The context where `contexts` meet, in order of arrival: later wins, each layer counts once.

    The cost is the number of layers since the contexts parted.
    """
    result = contexts[0]
    others = [context for context in contexts[1:] if context is not result]
    if not others:
        return result
    fork = result
    for context in others:
        fork = _common_prefix(fork, context)
    seen = {node.layer for node in _since(result, fork)}
    for context in others:
        for node in reversed(list(_since(context, fork))):
            if node.layer not in seen:
                seen.add(node.layer)
                result = Context(result, node.layer, node.published)
    return result


def merged(old: Json, new: Json) -> Json:
    """`new` published over `old`: mappings merge deeply into a new mapping, everything else replaces."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    result = dict(old)
    for key, value in new.items():
        result[key] = merged(result[key], value) if key in result else value
    return result


def _overlay(names: "Map[str, Json]", published: Mapping[str, Json]) -> "Map[str, Json]":
    for name, value in published.items():
        is_merged = isinstance(value, dict) and name in names
        names = names.set(name, merged(names[name], value) if is_merged else value)
    return names


def _common_prefix(a: Context, b: Context) -> Context:
    """The deepest node that lies on the way from the root to both."""
    while a is not b:
        if a.depth >= b.depth:
            assert a.prefix is not None  # two contexts of one execution share their root
            a = a.prefix
        else:
            assert b.prefix is not None
            b = b.prefix
    return a


def _since(context: Context, fork: Context) -> Iterable[Context]:
    """The nodes after `fork`, newest first."""
    node = context
    while node is not fork:
        yield node
        assert node.prefix is not None
        node = node.prefix
