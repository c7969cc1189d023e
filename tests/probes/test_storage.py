from pathlib import Path

import pytest

from probes.storage import digest, read_json, require_space, write_atomically, write_json
from scaling.errors import InputError


def test_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.json"
    write_json(path, {"loss": 0.1 + 0.2})
    assert read_json(path) == {"loss": 0.1 + 0.2}

    def fail(part: Path) -> None:
        part.write_text("half")
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        write_atomically(path, fail)
    assert read_json(path) == {"loss": 0.1 + 0.2}
    assert [file.name for file in path.parent.iterdir()] == ["a.json"]


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
    monkeypatch.setattr("probes.storage.shutil.disk_usage", lambda folder: type("Usage", (), {"free": 0}))

    def fail(part: Path) -> None:
        part.write_bytes(b"half")
        raise error

    with pytest.raises(InputError, match=r"a\.bin: no space is left on this disk"):
        write_atomically(tmp_path / "a.bin", fail)
    assert not list(tmp_path.iterdir())


def test_damaged_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(InputError, match=r"a\.json: damaged"):
        read_json(tmp_path / "a.json")


def test_space_is_asked_for_before_it_is_used(tmp_path: Path) -> None:
    require_space(tmp_path / "not" / "yet", 1)
    with pytest.raises(InputError, match="are needed on this disk"):
        require_space(tmp_path / "not" / "yet", 10**18)


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})
