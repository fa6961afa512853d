"""Workflow files are read from wherever text can be read."""

import os
from pathlib import Path

import pytest

from orchestrion.actions import metadata_file
from orchestrion.actions.metadata_file import read_text
from orchestrion.client.workflows import inspect_workflow
from orchestrion.errors import NotFound, UsageError

TEXT = b"version: 1.0\r\ntasks:\r\n  t: {action: core.noop}\r\n"


def test_a_pipe_is_inspected_as_a_file_is() -> None:
    reading, writing = os.pipe()
    os.write(writing, TEXT)
    os.close(writing)
    try:
        report = inspect_workflow(f"/dev/fd/{reading}", ())
    finally:
        os.close(reading)
    assert (report.problems, report.warnings) == ((), ())


def test_what_is_empty_is_no_workflow_and_what_has_no_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert inspect_workflow("/dev/null", ()).problems
    monkeypatch.setattr(metadata_file, "MAX_FILE_BYTES", 2**20)
    with pytest.raises(UsageError, match=r"/dev/zero: The file is larger than 1 MiB"):
        inspect_workflow("/dev/zero", ())


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="This is a folder, no file"):
        inspect_workflow(str(tmp_path), ())


def test_the_lines_of_a_text_end_alike_and_a_mark_at_its_beginning_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert read_text(tmp_path / "a") == "one\ntwo\nthree\n"
    (tmp_path / "a").write_bytes(b"one\xff")
    with pytest.raises(UsageError, match=r"not UTF-8 text \(byte 3\)"):
        read_text(tmp_path / "a")
