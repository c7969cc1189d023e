"""Write docs/plan.schema.json from the model of the file, or say with --check whether it is stale."""

import json
import sys
from pathlib import Path

from scaling.planning.saved import schema

PAGE = Path(__file__).resolve().parent.parent / "docs" / "plan.schema.json"


def main(arguments: list[str]) -> int:
    """0 where the file is as the model says, or is written; 1 where it is stale."""
    text = json.dumps(schema(), indent=2) + "\n"
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
        print("docs/plan.schema.json is not what the model says; `make docs` writes it again", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
