#!/usr/bin/env bash
# transformers 5.23.0, tokenizers 0.23.3 (Python 3.11, Linux, CPU), seen 2026-11-28.
#
# AutoTokenizer.from_pretrained on a folder that holds a config.json and no tokenizer file. One would expect an error, and for
# llama there is one. For gpt2, gpt_neox (Pythia), opt, qwen2 and olmo a tokenizer comes back without a word: it has no
# vocabulary but special tokens, and every text becomes an empty list. For gemma every text becomes the same one token.
# Checkpoint folders of a Trainer often hold no tokenizer. A corpus that is encoded so has no tokens, or only unknown ones.
#
# What probes do about it: a base whose tokenizer gives two texts the same tokens is refused by name.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check "transformers==5.23.0" "tokenizers==0.23.3"
cd "$folder"
HF_HUB_OFFLINE=1 TRANSFORMERS_VERBOSITY=error "$folder/venv/bin/python" - <<'PY'
import json
from pathlib import Path

from transformers import AutoTokenizer

seen = {}
for kind in ("gpt2", "gpt_neox", "opt", "qwen2", "olmo", "gemma", "llama"):
    folder = Path(kind)
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": kind, "vocab_size": 50000}))
    try:
        made = AutoTokenizer.from_pretrained(str(folder))
        ids = [made(text, add_special_tokens=False)["input_ids"] for text in ("one text", "and quite another")]
        seen[kind] = "nothing" if ids == [[], []] else "the same" if ids[0] == ids[1] else "different"
    except ValueError:
        seen[kind] = "ValueError"
    print(f"{kind:9} {seen[kind]}")
expected = dict.fromkeys(("gpt2", "gpt_neox", "opt", "qwen2", "olmo"), "nothing") | {"gemma": "the same", "llama": "ValueError"}
assert seen == expected, "the behaviour has changed"
print("as described")
PY
