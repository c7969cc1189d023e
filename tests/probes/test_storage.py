from pathlib import Path

import pytest

from probes.storage import digest, read_json, require_space, write_json
from scaling.errors import InputError
from scaling.storage import write_atomically


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
