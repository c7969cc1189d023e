"""For all tests: no model hub is asked, not even by a test that was collected first."""

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # read once, where anything first imports the hub's client
