"""Files are whole or absent, whatever goes wrong while they are written."""

from pathlib import Path

import pytest

from scaling.errors import InputError
from scaling.storage import remove_parts, write_atomically, write_text


def test_a_folder_replaces_a_folder(tmp_path: Path) -> None:
    def write(text: str) -> None:
        def fill(part: Path) -> None:
            part.mkdir()
            (part / text).write_text(text)

        write_atomically(tmp_path / "model", fill)

    write("one")
    write("two")
    assert [file.name for file in (tmp_path / "model").iterdir()] == ["two"]


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        Exception("No space left on device (os error 28)"),  # tokenizers, safetensors
        OSError("2619264 requested and 817088 written"),  # numpy
    ],
)
def test_a_full_disk_is_one_sentence_however_it_is_told(
    tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scaling.storage.shutil.disk_usage", lambda folder: type("Usage", (), {"free": 0}))

    def fail(part: Path) -> None:
        part.write_bytes(b"half")
        raise error

    with pytest.raises(InputError, match=r"a\.bin: no space is left on this disk"):
        write_atomically(tmp_path / "a.bin", fail)
    assert not list(tmp_path.iterdir())


def test_a_file_never_takes_the_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "a.txt").write_text("mine")
    with pytest.raises(InputError, match=r"kept: cannot be written \(Is a directory\)"):
        write_text(tmp_path / "kept", "other")
    assert (tmp_path / "kept" / "a.txt").read_text() == "mine"
    assert [file.name for file in tmp_path.iterdir()] == ["kept"]


def test_text_is_not_written_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.txt: cannot be written \(No such file or directory\)"):
        write_text(tmp_path / "none" / "a.txt", "text")
    assert not list(tmp_path.iterdir())


def test_what_a_kill_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (".a.csv.12.part", ".b.csv.12.part", "a.csv"):
        (tmp_path / name).write_text("")
    remove_parts(tmp_path / "a.csv")
    assert sorted(file.name for file in tmp_path.iterdir()) == [".b.csv.12.part", "a.csv"]
    remove_parts(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]
