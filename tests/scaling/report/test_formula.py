"""Every law can be written as JavaScript, from its own text."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from scaling.laws import get_law, law_names
from scaling.report.formula import javascript

AT = {"params": 3e8, "tokens": 2e9, "share": 0.3, "progress": 0.25, "k1": 6.5, "k2": 1.4}


@pytest.mark.skipif(shutil.which("node") is None, reason="no node here; the page's own tests run the laws in a browser")
@pytest.mark.parametrize("name", law_names())
def test_the_written_law_gives_the_laws_value(name: str) -> None:
    law = get_law(name)
    theta = np.array([0.11 + 0.07 * j for j in range(len(law.names))])
    x = {"N": AT["params"], "D": AT["tokens"], "r": AT["share"], "D0": 8e9, "k1": AT["k1"], "k2": AT["k2"]}
    call = f"console.log(({javascript(law)})({json.dumps(theta.tolist())}, {json.dumps(x)}))"
    printed = subprocess.run(["node", "-e", call], capture_output=True, text=True, check=True).stdout
    value = law.value(theta, {key: np.array([v]) for key, v in AT.items()})[0]
    assert float(printed) == pytest.approx(value, rel=1e-9)
