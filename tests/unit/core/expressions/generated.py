"""Random expressions of both languages, and values for them to meet."""

from hypothesis import strategies as st

from orchestrion.core.values import Json

NAMES = ["a", "b", "n", "k", "items", "get", "größe", "in_", "true_", "nope", "_x"]

scalars: st.SearchStrategy[Json] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5),
    st.sampled_from([0, 1, 2**31, 2**62, 2**63, -(2**64), 10**30]),
    st.sampled_from([0.0, -0.0, 0.5, 1.0, 2.5, -1.5, 1e300, 1e-9]),
    st.sampled_from(["", "a", "b", "k", "5", "succeeded", "é", "<% ctx(a) %>", "{{ 1 }}", "x y"]),
)
values: st.SearchStrategy[Json] = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*NAMES, "x y", ""]), inner, max_size=3)
    ),
    max_leaves=6,
)
variables = st.dictionaries(st.sampled_from(NAMES), values, min_size=3, max_size=8)

names = st.sampled_from(NAMES)
statuses = st.sampled_from(["succeeded", "failed", "timeout", "running", None])


def _paths(quoted: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    owner = st.one_of(
        names.map("ctx().{}".format),
        names.map("ctx().{}".format),
        quoted.map("ctx({})".format),
        quoted.map("item({})".format),
        quoted.map("task_status({})".format),
        quoted.map("ctx()[{}]".format),
        st.sampled_from(["result()", "item()", "succeeded()", "failed()", "completed()", "ctx()"]),
    )
    step = st.one_of(names.map(".{}".format), st.sampled_from(["[0]", "[1]", "['k']", "[-1]", ".a"]))
    return st.builds(
        "{}{}{}".format, owner, st.one_of(st.just(""), step), st.one_of(st.just(""), st.just(""), step)
    )


def _expressions(
    atoms: st.SearchStrategy[str], binary: list[str], unary: list[str]
) -> st.SearchStrategy[str]:
    blank = st.sampled_from([" ", " ", "  ", ""])

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("{}{}{}{}{}".format, inner, blank, st.sampled_from(binary), blank, inner),
            st.builds("{} {} {}".format, inner, st.sampled_from(binary), inner),
            st.builds("{} {} {}".format, inner, st.sampled_from(["and", "or", "in"]), inner),
            st.builds("{}{}".format, st.sampled_from(unary), inner),
            inner.map("({})".format),
            inner.map("( {} )".format),
            st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        )

    return st.recursive(atoms, grow, max_leaves=5)


_literals = st.sampled_from(
    [
        "0",
        "1",
        "2",
        "3",
        "10",
        "1.5",
        "0.0",
        "'a'",
        '"a"',
        "''",
        "'5'",
        "true",
        "false",
        "007",
        "1.",
        "5a",
        "'é'",
    ]
)
yaql = _expressions(
    st.one_of(
        _paths(
            st.one_of(names, names.map("'{}'".format), names.map('"{}"'.format), names.map("`{}`".format))
        ),
        _literals,
        st.sampled_from(
            ["null", "succeeded", "foo", "$", "`b`", "True", "not", "'\\x41'", "{a=>1}", "len(a)"]
        ),
    ),
    ["+", "-", "*", "/", "mod", "=", "!=", "<", "<=", ">", ">=", "=~", "->"],
    ["-", "+", "not ", "- ", "not", "--"],
)
jinja = _expressions(
    st.one_of(
        _paths(
            st.one_of(names.map("'{}'".format), names.map("'{}'".format), names.map('"{}"'.format), names)
        ),
        _literals,
        st.sampled_from(
            ["none", "None", "True", "False", "foo", "(1, 2)", "'a' 'b'", "'\\x41'", "{'a': 1}", "()"]
        ),
    ),
    ["+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", "<=", ">", ">=", "not in", "**", "is", "|"],
    ["-", "+", "not ", "- ", "not", "--"],
)
