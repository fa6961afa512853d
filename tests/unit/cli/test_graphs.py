from orchestrion.cli.graphs import as_dot, as_mermaid, as_text
from orchestrion.core.graph import build_graph
from orchestrion.core.language import load_definition

GRAPH = build_graph(
    load_definition("""
version: 1.0
tasks:
  a:
    action: core.noop
    next:
      - when: <% ctx("x") > 1 %>
        do: [b, c]
      - when: <% failed() %>
        do: fail
  b:
    action: core.noop
    next: [{do: c}]
  c:
    join: all
    action: core.noop
""")
)


def test_text() -> None:
    assert list(as_text(GRAPH)) == [
        "a  (first, core.noop)",
        '  -> b  when ctx("x") > 1',
        '  -> c  when ctx("x") > 1',
        "  -> fail  when failed()",
        "b  (core.noop)",
        "  -> c",
        "c  (core.noop, join: all)",
    ]


def test_mermaid_quotes_what_it_would_read() -> None:
    lines = list(as_mermaid(GRAPH))
    assert lines[0] == "flowchart TD"
    assert '  n0 -->|"ctx(#quot;x#quot;) #gt; 1"| n1' in lines
    assert any(line.endswith('{{"c (core.noop, join: all)"}}') for line in lines)


def test_dot_quotes_what_it_would_read() -> None:
    lines = list(as_dot(GRAPH))
    assert (lines[0], lines[-1]) == ("digraph workflow {", "}")
    assert '  "a" -> "b" [label="ctx(\\"x\\") > 1"];' in lines
