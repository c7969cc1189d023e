"""Files that another process removes or replaces while they are looked at."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from probes import config, results, state, storage
from probes.corpus import pack, tokenizer_for
from probes.corpus.sides import decided
from scaling.errors import InputError

TENSORS = {"model.x": torch.arange(6.0).view(2, 3), "exp_avg.x": torch.zeros(2, 3, dtype=torch.bfloat16)}


def write(folder: Path, rows: int = 1) -> Path:
    path = folder / "state.safetensors"
    kept = {"rows": [{"tokens": i} for i in range(rows)], "step": 3}
    save_file(TENSORS, path, metadata={key: json.dumps(value) for key, value in kept.items()})
    return path


def finish(folder: Path) -> None:
    rows = [{"tokens": 0}, {"tokens": 512}]
    (folder / "result.json").write_text(json.dumps({"status": "finished", "rows": rows, "lost": ["b"]}))
    (folder / "state.safetensors").unlink()


def after(call: Callable[..., Any], act: Callable[[], None]) -> Callable[..., Any]:
    """The call, and the first time what another process does right behind it."""
    left = [act]

    def called(*given: Any, **named: Any) -> Any:
        found = call(*given, **named)
        if left:
            left.pop()()
        return found

    return called


def test_a_state_is_what_was_written(tmp_path: Path) -> None:
    path = write(tmp_path)
    found = state.read(path)
    assert found is not None
    assert found[0] == state.notes(path) == {"rows": [{"tokens": 0}], "step": 3}
    assert found[1].keys() == TENSORS.keys()
    assert all(torch.equal(found[1][name], own) and found[1][name].dtype == own.dtype for name, own in TENSORS.items())
    assert state.read(tmp_path / "none") is state.notes(tmp_path / "none") is None


def test_a_damaged_state_is_one_sentence(tmp_path: Path) -> None:
    whole = write(tmp_path).read_bytes()
    for content in (b"", whole[:5], whole[:40], whole[:-1], whole + b"0", b"\xff" * 64, b"\2\0\0\0\0\0\0\0[]"):
        (tmp_path / "state.safetensors").write_bytes(content)
        for look in (state.notes, state.read):
            with pytest.raises(InputError, match=r"state\.safetensors: damaged; delete it and start again"):
                look(tmp_path / "state.safetensors")


@pytest.mark.parametrize("where", ["pathlib.Path.open", "json.loads", "pathlib.Path.exists"])
def test_rows_of_a_job_that_ends_while_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    write(tmp_path)
    job: Any = SimpleNamespace(folder=str(tmp_path))
    owner: Any = {"Path": Path, "json": json}[where.split(".")[-2]]
    name = where.rpartition(".")[2]
    monkeypatch.setattr(owner, name, after(getattr(owner, name), lambda: finish(tmp_path)))
    assert results.logged_rows(job) in ([{"tokens": 0}], [{"tokens": 0}, {"tokens": 512}])
    monkeypatch.undo()
    if (tmp_path / "state.safetensors").exists():
        finish(tmp_path)
    assert results.logged_rows(job)[-1] == {"tokens": 512}


def test_a_job_that_ends_between_the_two_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    job: Any = SimpleNamespace(folder=str(tmp_path))
    monkeypatch.setattr(results, "_result", after(results._result, lambda: finish(tmp_path)))
    assert results.logged_rows(job) == [{"tokens": 0}, {"tokens": 512}]


@pytest.mark.parametrize("ask", [results.status, results.lost_branches, results.logged_rows])
def test_a_result_that_vanishes_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Any], Any]
) -> None:
    path = tmp_path / "result.json"
    path.write_text('{"status": "finished", "rows": [{"tokens": 0}], "lost": ["b"]}')
    job: Any = SimpleNamespace(folder=str(tmp_path))
    assert ask(job)
    monkeypatch.setattr(Path, "exists", after(Path.exists, lambda: path.unlink(missing_ok=True)))
    assert ask(job)
    path.unlink(missing_ok=True)
    assert not ask(job)
    assert storage.read_json_if_there(path) is None


@pytest.mark.parametrize(
    "content", ["null", "[]", "{}", '{"status": "finished"}', '{"status": 1, "rows": []}', '{"rows": [1]}']
)
@pytest.mark.parametrize("ask", [results.status, results.lost_branches, results.logged_rows])
def test_a_result_of_another_shape_is_one_sentence(tmp_path: Path, content: str, ask: Callable[[Any], Any]) -> None:
    (tmp_path / "result.json").write_text(content)
    with pytest.raises(InputError, match=r"result\.json: damaged; delete it and start again"):
        ask(SimpleNamespace(folder=str(tmp_path)))


def test_what_is_kept_of_a_corpus_and_vanishes_is_made_again(tmp_path: Path) -> None:
    rows = [json.dumps({"text": f"document {i} says {'word ' * (i % 7 + 5)}{i}"}) for i in range(80)]
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    corpus = config.Corpus(name="x", train=["a.jsonl"], held_out_fraction=0.3, near_duplicates=False)
    cache = tmp_path / "cache"
    tokenizer = tokenizer_for(corpus, 300, tmp_path, cache)
    before = pack(corpus, tmp_path, tokenizer, 0, 16, cache)
    for gone in sorted(cache.iterdir()):
        gone.unlink()
        again = tokenizer_for(corpus, 300, tmp_path, cache)
        assert again.to_str() == tokenizer.to_str()
        assert pack(corpus, tmp_path, again, 0, 16, cache).hash == before.hash
        decided(corpus, tmp_path, cache)
        assert gone.exists()
    for kept in cache.glob("*.npy"):
        whole = kept.read_bytes()
        kept.write_bytes(b"no array")
        with pytest.raises(InputError, match=r"\.npy: damaged; delete it and start again"):
            pack(corpus, tmp_path, tokenizer, 0, 16, cache)
        kept.write_bytes(whole)
    next(cache.glob("[0-9a-f]*.json")).write_text("{}")
    with pytest.raises(InputError, match=r"\.json: damaged; delete it and start again"):
        tokenizer_for(corpus, 300, tmp_path, cache)


def test_without_locks_of_unix_a_run_is_one_sentence(make_sweep: Callable[..., Path], tmp_path: Path) -> None:
    make_sweep()
    program = (
        "import sys; sys.modules['fcntl'] = None\n"
        "from probes.cli import main\n"
        "sys.argv = ['probes', 'run', 'sweep.yaml', '--out', 'runs.csv']\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (2, "")
    (said,) = done.stderr.splitlines()
    assert said.startswith("probes: runs.csv.work: this system has no file locks of Unix")
    assert not (tmp_path / "runs.csv.work").exists()
