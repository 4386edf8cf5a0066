"""``riskmodel demo`` never touches what it did not make; tests/e2e runs it whole."""

from __future__ import annotations


def test_a_folder_of_anything_else_is_refused(cli, tmp_path, snapshot):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letters.txt").write_text("dear")
    before = snapshot(tmp_path)
    for out, told in (("mine", "was not made by the demo"), ("mine/letters.txt", "is a file; name a folder")):
        ended = cli("demo", "--out", tmp_path / out)
        assert (ended.code, told in ended.err) == (2, True), ended.err
    assert snapshot(tmp_path) == before


def test_a_wrong_size_leaves_an_earlier_demo(cli, tmp_path, snapshot):
    (tmp_path / "demo.txt").write_text("made by the demo")
    before = snapshot(tmp_path)
    ended = cli("demo", "--out", tmp_path, "--households", 0)
    assert (ended.code, "Invalid value for '--households'" in ended.err) == (2, True), ended.err
    assert snapshot(tmp_path) == before
