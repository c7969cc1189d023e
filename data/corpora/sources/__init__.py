"""What can be built: every corpus and its sources, one module a family.

A new source is a `Source` in a module here and an entry below.
"""

from __future__ import annotations

from building.model import Corpus

from sources.bible import BIBLE
from sources.code import DJANGO, NETWORKX, STANDARD_LIBRARY, SYMPY
from sources.dictionaries import FOLDOC, GCIDE
from sources.factbook import FACTBOOK
from sources.formal import METAMATH
from sources.law import LICENCES
from sources.manpages import FRENCH_PAGES, GERMAN_PAGES
from sources.manuals import ANARCHISM, ENGLISH, FRENCH, GERMAN, KERNEL, POSTGRESQL
from sources.music import MUSIC
from sources.poets import POETS
from sources.science import DISEASES, MOLECULES, SYMPTOMS
from sources.wordnet import WORDNET

# A held-out file below this size gives losses too noisy to compare.
_HELDOUT_BYTES = 150_000

_SMALL = (WORDNET, FACTBOOK, POETS, BIBLE, STANDARD_LIBRARY)
SMALL = {source.name: Corpus(source.name, (source,), _HELDOUT_BYTES) for source in _SMALL}

_LARGE = (
    Corpus("general", (GCIDE, FOLDOC, ANARCHISM, *ENGLISH, KERNEL, POSTGRESQL, WORDNET, FACTBOOK, POETS, BIBLE)),
    Corpus("python", (STANDARD_LIBRARY, SYMPY, DJANGO, NETWORKX)),
    Corpus("metamath", (METAMATH,)),
    Corpus("licences", (LICENCES,)),
    Corpus("chemistry", (MOLECULES,)),
    Corpus("music", (MUSIC,)),
    Corpus("medical", (SYMPTOMS, DISEASES)),
    Corpus("german", (*GERMAN, GERMAN_PAGES)),
    Corpus("french", (*FRENCH, FRENCH_PAGES)),
)
LARGE = {corpus.name: corpus for corpus in _LARGE}
