import io
import json
import re
from time import process_time
from typing import Any, Final

import pytest

from orchestrion.cli.render.histories import history_document, show_history
from orchestrion.cli.render.output import Output, columns, compact, cut, duration, utc_time
from orchestrion.cli.visible import visible
from orchestrion.client.views import Json, Request


def plain(text: str, style: str | None) -> str:
    return f"<{style}>{text}</>" if style else text


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert columns([["a", "b"], ["long", "c"]], None, "", plain) == ["a     b", "long  c"]


def test_styles_take_no_room_and_nothing_trails() -> None:
    rows = [[("a", "red"), "b", ""], ["c", "", ""]]
    assert columns(rows, None, "  ", plain) == ["  <red>a</>  b", "  c"]


def test_the_widest_column_is_cut_to_the_width() -> None:
    lines = columns([["short", "x" * 50]], 30, "", plain)
    assert lines == [f"short  {'x' * 22}…"]
    assert len(lines[0]) == 30


def test_no_rows() -> None:
    assert columns([], 80, "", plain) == []


@pytest.mark.parametrize(
    "text, cells, expected", [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 5, "日本…")]
)
def test_cut_counts_cells(text: str, cells: int, expected: str) -> None:
    assert cut(text, cells) == expected


def test_control_characters_are_written_out() -> None:
    assert visible("a\x1b[31mb\x9b1m\x7f\tc\r\n") == r"a\x1b[31mb\x9b1m\x7f c\r\n"
    assert visible("\u202eabc\u2028\udcff 日本語") == r"\u202eabc\u2028\udcff 日本語"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_only_styles_are_control_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    output = Output(stream)
    evil = "\x1b[31m\x1b]0;x\x07"
    output.line(evil, "bold")
    output.cells(evil, (evil, "dim"))
    output.facts([("name", evil)])
    output.table([[evil, ("b", "red")]])
    assert re.sub(r"\x1b\[(0|1|2|31)m|\n", "", stream.getvalue()).isprintable()
    assert stream.getvalue().count("\x1b[31m") == 1


def test_json_is_exact_and_steers_nothing() -> None:
    stream = io.StringIO()
    value = {"a": "\x1b\x9b\x7f\udcff\u202e日本"}
    Output(stream).json(value)
    assert json.loads(stream.getvalue()) == value
    assert stream.getvalue().replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "microseconds, expected",
    [(0, "0.0 s"), (59_940_000, "59.9 s"), (61_000_000, "1 min 01 s"), (3_660_000_000, "1 h 01 min")],
)
def test_durations(microseconds: int, expected: str) -> None:
    assert duration(5, 5 + microseconds) == expected


def test_nothing_has_no_duration_and_no_time() -> None:
    assert duration(None, 1) is duration(1, None) is utc_time(None) is None


def test_times_for_programs_are_utc_with_microseconds() -> None:
    assert utc_time(1_700_000_000_000_001) == "2023-11-14T22:13:20.000001Z"


def test_a_stream_of_another_encoding_gets_what_it_can_hold() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    output = Output(stream)
    output.line(f"{output.mark('succeeded')} ä")
    stream.seek(0)
    assert stream.read() == "+ ?\n"


def test_a_closed_pipe_stops_the_output_and_nothing_else() -> None:
    class Closed(io.StringIO):
        def write(self, _text: str) -> int:
            raise BrokenPipeError

    output = Output(Closed())
    output.line("one")
    output.line("two")


_MANY = 8 * 1024 * 1024


_SHOWN: Final[list[tuple[Any, str]]] = [
    ("\0" * 10 * _MANY, r"\x00\x00…"),
    (["a", {"b": 1}], '["a", {"…'),
    (["a"], '["a"]'),
    ({"b": [None, 1.5]}, '{"b": [n…'),
    ([[], {}, 1], "[[], {},…"),
    ([["a"] * _MANY], '[["a", "…'),
    ({"ab": "c"}, '{"ab": "…'),
    ("e\u0301" * 9, "e\u0301" * 9),
    ("e" + "\u0301" * 40, "e" + "\u0301" * 35 + "…"),
    ("a" * 9, "a" * 9),
    ("a" * 10, "a" * 8 + "…"),
]


@pytest.mark.parametrize("value, expected", _SHOWN)
def test_a_value_on_one_line_costs_as_much_as_is_shown(value: Json, expected: str) -> None:
    began = process_time()
    assert compact(value, 9) == expected
    assert process_time() - began < 0.5


def test_what_was_asked_and_why_is_an_excerpt_in_a_table() -> None:
    stream = io.StringIO()
    why = "x" * 5_000
    given: Json = {"parameters": "\0" * _MANY}
    request = Request(0, (), "1", None, "re-run", "root", why, None, given, "accepted", None)
    show_history(Output(stream), [request])
    assert len(stream.getvalue()) < 2_500
    document = history_document("1", [request])["history"][0]
    assert (document["reason"], document["details"]) == (why, given)


ID = "06618eac99a7c8e0f43b834c"


@pytest.mark.parametrize("width", [80, 60, 50, 40, 30, 24, 20, 5, 1])
def test_a_table_fits_and_its_ids_are_cut_last(width: int) -> None:
    rows = [["ID", "ACTION", "STATUS", "STARTED"], [ID, "examples.hello", "succeeded", "12-01 08:54+00:00"]]
    lines = columns(rows, width, "", plain, ids=0)
    assert max(map(len, lines)) <= width
    assert lines[1].startswith(ID[: min(24, width - 1)])


def test_other_columns_give_way_alike_and_the_last_one_goes_where_it_would_tell_nothing() -> None:
    rows = [[ID, "examples.hello", "succeeded", "12-01 08:54+00:00"]]
    assert columns(rows, 60, "", plain, ids=0) == [f"{ID}  examples.…  succeeded  12-01 08:5…"]
    assert columns(rows, 46, "", plain, ids=0) == [f"{ID}  exam…  succ…  12-01…"]
    assert columns(rows, 40, "", plain, ids=0) == [f"{ID}  examp…  succe…"]
    assert columns(rows, 20, "", plain, ids=0) == [f"{ID[:19]}…"]
