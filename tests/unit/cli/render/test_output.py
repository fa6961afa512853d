import io
import json
import re

import pytest

from orchestrion.cli.render.output import Output, columns, cut, duration, utc_time
from orchestrion.cli.visible import visible


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
