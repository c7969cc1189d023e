"""How a corpus is made: fetching packages, splitting documents, writing files, the README table."""
