import io

import pytest

from orchestrion.cli.render.output import Output, clean, columns, cut, duration, utc_time


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


def test_control_characters_become_blanks() -> None:
    assert clean("a\x1b[31mb\x9b1m\x7f\tc") == "a [31mb 1m  c"


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
