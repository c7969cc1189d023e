"""The version, where everything can import it from below."""

VERSION = "0.1.0"
