"""Write docs/plan.schema.json from the model of the file, or say with --check whether it is stale."""

import json
import sys
from pathlib import Path

from pages import settle

from scaling.planning.saved import schema

PAGE = Path(__file__).resolve().parent.parent / "docs" / "plan.schema.json"


def main(arguments: list[str]) -> int:
    """0 where the file is as the model says, or is written; 1 where it is stale."""
    return settle(PAGE, json.dumps(schema(), indent=2) + "\n", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
