"""Formats that are told by their first bytes and are no text, with what to do about each."""

from probes.corpus.opening import compression

UNPACK = "unpack it and name the files in it"
EXTRACT = "extract its text first"
CONVERT = "convert it to parquet or JSONL"
STRAY = 1e-3  # of the bytes of a text may be zero by mistake
MAGIC = {
    b"PK\x03\x04": f"it looks like a ZIP archive or an office document; {UNPACK}",
    b"7z\xbc\xaf'\x1c": f"it looks like a 7z archive; {UNPACK}",
    b"Rar!\x1a\x07": f"it looks like a RAR archive; {UNPACK}",
    b"%PDF-": f"it looks like a PDF; {EXTRACT}",
    b"\xd0\xcf\x11\xe0": f"it looks like an office document; {EXTRACT}",
    b"ARROW1": "it looks like an Arrow file; save it as parquet or as an Arrow stream named .arrow",
    b"\xff\xff\xff\xff": "it looks like an Arrow stream; name it .arrow",
    b"\x89HDF": f"it looks like HDF5; {CONVERT}",
    b"\x93NUMPY": "it looks like a NumPy array; name text, which is tokenised here",
    b"SQLite format 3\x00": f"it looks like an SQLite database; {CONVERT}",
    b"Obj\x01": f"it looks like Avro; {CONVERT}",
    b"ORC": f"it looks like ORC; {CONVERT}",
    b"\xff\xfe": "it looks like UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)",
    b"\xfe\xff": "it looks like UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)",
    b"WARC/1.": f"it looks like a web archive (WARC); {EXTRACT}",
    b"<mediawiki": f"it looks like a MediaWiki dump; {EXTRACT}",
    b"version https://git-lfs": "it is a Git LFS pointer; fetch the file that it stands for (git lfs pull)",
}


def named(start: bytes) -> str:
    """What a file of these first bytes looks like and what to do; empty for what may be text."""
    if compression(start):
        return "it is compressed twice; unpack it once"
    if start[257:262] == b"ustar":
        return f"it looks like a tar archive; {UNPACK}"
    known = next((what for magic, what in MAGIC.items() if start.startswith(magic) and _sure(magic, start)), "")
    return known or ("it looks like binary data; convert it to text" if start.count(0) > STRAY * len(start) else "")


def _sure(magic: bytes, start: bytes) -> bool:
    """Letters alone may begin a sentence; then a byte that is in no text must follow."""
    return not magic.isalnum() or b"\0" in start
