import json

import numpy as np
import pytest

from scaling.errors import InputError
from scaling.fitting import fit, load_fit
from scaling.runs import validate

WHERE = {"params": 8e9, "tokens": 20e9, "ratio": 0.3}


@pytest.fixture(scope="module")
def made(world):
    return fit(validate(world(noise=1e-3, checkpoints=4), "runs.csv"), draws=20, threads=1)


def test_a_fit_survives_the_file_to_the_bit(made, tmp_path):
    path = tmp_path / "fit.json"
    made.save(path)
    again = load_fit(path)
    for corpus, one in made.corpora.items():
        other = again.corpora[corpus]
        np.testing.assert_array_equal(other.theta, one.theta)
        np.testing.assert_array_equal(other.draws, one.draws)
        for name in (
            "parameters",
            "dropped",
            "held",
            "ranges",
            "rows",
            "runs",
            "huber",
            "r2",
            "mape",
            "residual_sd",
            "level",
            "status",
            "warnings",
            "ratios",
        ):
            assert getattr(other, name) == getattr(one, name), name
    assert again.predict(**WHERE) == made.predict(**WHERE)
    assert again.provenance == made.provenance
    assert again.base == made.base
    assert (again.law, again.burn_in, again.level, again.warnings) == (
        made.law,
        made.burn_in,
        made.level,
        made.warnings,
    )
    assert again.summary() == made.summary()
    assert list(tmp_path.iterdir()) == [path]


def test_nan_is_null(world, tmp_path):
    made = fit(validate(world().drop(columns="general_loss"), "runs.csv"), draws=0, threads=1)
    made.save(tmp_path / "fit.json")
    assert "NaN" not in (tmp_path / "fit.json").read_text()
    again = load_fit(tmp_path / "fit.json")
    assert again.general is None
    assert np.isnan(again.domain.parameters["E"].low)
    assert again.domain.draws.shape == (0, 9)


def test_the_contract_of_fit_json(made):
    told = made.to_json_dict()
    json.dumps(told, allow_nan=False)
    assert told["law"] == "dcpt"
    for corpus in ("general", "domain"):
        assert {"parameters", "rows", "runs", "huber", "r2", "mape", "status", "warnings"} <= set(told[corpus])
        assert set(told[corpus]["parameters"]["alpha"]) == {"value", "low", "high"}


@pytest.mark.parametrize(
    "text", ["", "{", "[1, 2]", '{"hello": 1}', "\x00\x01", '{"format": "scaling-fit"}', "[" * 100_000]
)
def test_a_foreign_file_is_refused_by_name(text, tmp_path):
    path = tmp_path / "foreign.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"foreign\.json"):
        load_fit(path)


def test_binary_missing_and_folder(tmp_path):
    path = tmp_path / "pickle.json"
    path.write_bytes(b"\x80\x04\x95\xff\xfe")
    for bad in (path, tmp_path / "nothing.json", tmp_path):
        with pytest.raises(InputError, match=bad.name):
            load_fit(bad)


def test_a_truncated_file_is_refused(made, tmp_path):
    path = tmp_path / "fit.json"
    made.save(path)
    whole = path.read_text()
    for cut in (10, len(whole) // 2, len(whole) - 3):
        path.write_text(whole[:cut])
        with pytest.raises(InputError, match=r"fit\.json.*cut short"):
            load_fit(path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c.update(version=99), "version 99"),
        (lambda c: c.update(extra=1), "extra"),
        (lambda c: c.pop("burn_in"), "burn_in"),
        (lambda c: c["general"].update(law="dcpd"), "no law"),
        (lambda c: c["general"]["theta"].pop(), "parameters are not those"),
        (lambda c: c["domain"]["draws"][3].append(1.0), "parameters are not those"),
        (lambda c: c["domain"].update(rows="many"), "domain.rows"),
        (lambda c: c["general"].update(level=5), "general.level"),
        (lambda c: c.update(level=0), "level"),
        (lambda c: c["general"].update(residual_sd=-1), "general.residual_sd"),
        (lambda c: c["general"].update(ranges={}), "general.ranges.params"),
        (lambda c: c["general"]["ranges"].update(tokens=[1e9, 0]), "general.ranges.tokens"),
    ],
)
def test_a_file_that_was_changed_is_refused(made, tmp_path, change, says):
    path = tmp_path / "fit.json"
    made.save(path)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=says):
        load_fit(path)


def test_a_failed_write_leaves_the_old_file(made, tmp_path, monkeypatch):
    path = tmp_path / "fit.json"
    path.write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="no space is left on this disk"):
        made.save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    with pytest.raises(InputError, match="cannot be written"):
        made.save(tmp_path / "nowhere" / "fit.json")


def test_notes_of_an_older_file_are_read_without_codes(made, tmp_path):
    path = tmp_path / "fit.json"
    made.save(path)
    content = json.loads(path.read_text())
    assert all(set(one) == {"code", "text"} for one in content["general"]["warnings"])
    for part in (content, content["general"], content["domain"]):
        part["warnings"] = [one["text"] for one in part["warnings"]]
    path.write_text(json.dumps(content))
    again = load_fit(path)
    assert again.general.warnings == made.general.warnings
    assert {one.code for one in again.general.warnings} == {"other"}


def test_what_a_fit_has_looked_up_is_not_saved(forgetting_fit, tmp_path):
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    forgetting_fit.save(before)
    forgetting_fit.general.values(3e7, 1e8, np.array([0.1, 0.5]))
    assert forgetting_fit.general.base_tokens.varies
    forgetting_fit.save(after)
    assert after.read_text() == before.read_text()
    load_fit(after)
