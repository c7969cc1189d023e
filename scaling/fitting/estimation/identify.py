"""What a table can identify of a law: which variables vary, which terms are left, which parameters need a weak pull."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from scaling.arrays import Array, Index, Mask
from scaling.fitting.engine.model import Model
from scaling.fitting.engine.problems import Pull
from scaling.laws.base import FunctionLaw, Law, Parameter, Variables
from scaling.laws.terms import Term, TermLaw
from scaling.nearness import distinct, distinct_counts
from scaling.notes import Note, note

LABELS = {
    "params": "model size",
    "tokens": "token count",
    "share": "mixture ratio",
    "progress": "ratio of CPT to base tokens",
    "k1": "domain",
    "k2": "domain",
}
# A standard error this many times the spread among published fits is no knowledge. Below it a resampled interval tells
# how little is known, and a pull would only bend a law that does not fit.
_WEAK = 20.0
_SINGULAR = 1e-11  # an eigenvalue of the unit-diagonal normal matrix below this is a direction the table does not see


@dataclass(frozen=True)
class Reduction:
    """The law that is left on a table. held: variable -> its only value. dropped: parameter -> why it is not in the
    fit. pulled: parameter -> why it is drawn to its typical value."""

    law: Law
    held: Mapping[str, float] = field(default_factory=dict)
    dropped: Mapping[str, Note] = field(default_factory=dict)
    pulled: Mapping[str, Note] = field(default_factory=dict)


COUNTS = ("params", "tokens", "progress")  # counts of things, which differ by rounding; the others are shares


def level_count(variable: str, values: Array, runs: Index) -> int:
    """How many different values a variable has in rows (n,) of `runs` (n,): counts by the rule of `scaling.nearness`."""
    return distinct_counts(values, runs) if variable in COUNTS else distinct(values)


def reduce_law(law: Law, x: Variables, runs: Index) -> Reduction:
    """Reduce a law to what the table x (dict of arrays (n,)) identifies, by counting the distinct values of its
    variables. runs (n,): whose checkpoints the rows are.

    A variable with one value is held: terms of that variable alone join the floor, its factors join the coefficients,
    and a term that lost a factor and now varies with the same variables as a whole one is dropped, since the two cannot
    be told apart by a table. Shape parameters beyond what the distinct values can tell are pulled.
    """
    counts = {v: level_count(v, x[v], runs) for v in law.variables}
    held = {v: float(np.median(x[v])) for v in law.variables if counts[v] == 1}
    if isinstance(law, FunctionLaw):
        return _reduced_function(law, held, counts)
    assert isinstance(law, TermLaw)
    dropped: dict[str, Note] = {}
    terms = _reduced_terms(law, held, dropped)
    gone = set(held) - _needed(law, terms, held)
    reduced = law.keep({t.coefficient for t in law.terms} - terms, gone)
    dropped = {name: why for name, why in dropped.items() if name not in reduced.names}
    return Reduction(reduced, held, dropped, _pulled(reduced, counts))


def _reduced_function(law: FunctionLaw, held: Mapping[str, float], levels: Mapping[str, int]) -> Reduction:
    """A pure function says itself which of its parameters do nothing where a variable has one value, and which a few
    values do not tell: of m values one goes to the coefficient and one to the floor."""
    absent = {name: v for v in held for name in law.absent.get(v, ())}
    kept = law.without(absent)
    pulled: dict[str, Note] = {}
    for variable, names in kept.shapes.items():
        if levels[variable] > 1:
            pulled |= _too_few(kept, variable, names, levels[variable], levels[variable] - 2, "the others")
    return Reduction(kept, held, {name: note("has_one", what=LABELS[v]) for name, v in absent.items()}, pulled)


def _needed(law: TermLaw, terms: Collection[str], held: Collection[str]) -> set[str]:
    """Held variables whose factor has no parameter of its own: the exponent is shared with a factor that stays, so
    the factor must stay for the coefficient to keep its meaning."""
    factors = [f for t in law.terms if t.coefficient in terms for f in t.factors]
    stay = {p for f in factors if not set(f.variables) & set(held) for p in f.parameters}
    return {v for f in factors for v in f.variables if v in held and set(f.parameters) <= stay}


def _reduced_terms(law: TermLaw, held: Mapping[str, float], dropped: dict[str, Note]) -> set[str]:
    """The coefficients of the terms that stay; fills `dropped`."""
    left = {t.coefficient: frozenset(t.variables) - set(held) for t in law.terms}
    whole = {left[t.coefficient] for t in law.terms if left[t.coefficient] == frozenset(t.variables)}
    stay: set[str] = set()
    for term in law.terms:
        mine = left[term.coefficient]
        lost = [v for v in term.variables if v in held]
        one = " and ".join(dict.fromkeys(f"one {LABELS[v]}" for v in lost))
        if not mine:
            _drop(dropped, (term.coefficient, *term.shape), note("in_floor", one=one, floor=law.floor))
        elif lost and mine in whole:
            rest = " and ".join(LABELS[v] for v in sorted(mine))
            why = note("like_another", one=one, rest=rest)
            _drop(dropped, (term.coefficient, *term.shape), why)
        else:
            stay.add(term.coefficient)
            for factor in term.factors:
                if set(factor.variables) <= set(held):
                    why = note("in_coefficient", one=one, coefficient=term.coefficient)
                    _drop(dropped, factor.parameters, why)
    return stay


def _drop(dropped: dict[str, Note], names: tuple[str, ...], why: Note) -> None:
    for name in names:
        dropped.setdefault(name, why)


def _pulled(law: TermLaw, levels: Mapping[str, int]) -> dict[str, Note]:
    """Shape parameters beyond what the distinct values of their variable can tell; shifts go before exponents.

    In a factor of a variable with m values, m numbers are left: one is taken by the coefficient, one by the floor,
    unless the variable has a term of its own beside this one, or the term a factor that can be zero (one that is not in
    log), which then tells the two apart.
    """
    pulled: dict[str, Note] = {}
    for term in law.terms:
        for factor in term.factors:
            variable = factor.variables[0]
            if levels[variable] == 1:
                continue
            others = any(variable in t.variables for t in law.terms if t is not term)
            vanishes = any(not f.in_log for f in term.factors if f is not factor)
            apart = law.floor is None or vanishes or (len(term.variables) > 1 and others)
            free = levels[variable] - (1 if apart else 2)
            order = sorted(factor.parameters, key=lambda n: law.parameter(n).kind == "shift")
            pulled |= _too_few(law, variable, order, levels[variable], free, ", ".join(_companions(law, term)))
    return pulled


def _too_few(law: Law, variable: str, names: Sequence[str], levels: int, free: int, beside: str) -> dict[str, Note]:
    """The names beyond the first `free`, each with the sentence that says so."""
    enough = levels + len(names) - max(free, 0)
    return {
        name: note(
            "too_few_values",
            levels=levels,
            what=LABELS[variable],
            name=name,
            beside=beside,
            typical=typical_text(law.parameter(name)),
            enough=enough,
        )
        for name in names[max(free, 0) :]
    }


def typical_text(parameter: Parameter) -> str:
    """What a parameter is pulled to, in words."""
    middle, spread = parameter.typical or (0.0, 0.0)
    if parameter.kind == "shift":
        return f"its typical value {middle:g} (within a factor of {np.exp(spread):.2g})"
    return f"its typical value {middle:g} ± {spread:g}"


def weak_parameters(model: Model, errors: Array, pulled: Mapping[str, str]) -> dict[str, Note]:
    """Shape parameters of whose value the table says next to nothing: errors (p,) are the internal standard errors."""
    found = {}
    for parameter, error in zip(model.law.parameters, errors, strict=True):
        if parameter.typical is None or parameter.name in pulled or error <= _WEAK * parameter.typical[1]:
            continue
        how_much = "nothing" if np.isinf(error) else f"little (standard error {error:.2g})"
        wider = " or ".join(f"{LABELS[v]}s" for v in shaped_by(model.law, [parameter.name]))
        typical = typical_text(parameter)
        found[parameter.name] = note(
            "says_little", how_much=how_much, name=parameter.name, typical=typical, wider=wider
        )
    return found


def shaped_by(law: Law, names: Collection[str]) -> tuple[str, ...]:
    """The variables whose values tell any of the parameters, each once; those of a coefficient are its whole term's."""
    if isinstance(law, FunctionLaw):
        own = {
            v: {*shapes, *(c for c, (unit, _) in law.units.items() if unit == v)} for v, shapes in law.shapes.items()
        }
        return tuple(v for v, parameters in own.items() if parameters & set(names)) or law.variables
    assert isinstance(law, TermLaw)
    terms = [t for t in law.terms if {t.coefficient, *t.shape} & set(names)]
    shaping = [f for t in terms for f in t.factors if set(f.parameters) & set(names)]
    found = dict.fromkeys(v for f in shaping or [f for t in terms for f in t.factors] for v in f.variables)
    return tuple(found) or law.variables


def _companions(law: TermLaw, term: Term) -> tuple[str, ...]:
    return (*((law.floor,) if law.floor else ()), term.coefficient)


def make_pull(model: Model, pulled: Mapping[str, str], scale: float) -> Pull | None:
    """A pull of the named parameters to their typical values; scale: the objective's value of one unit of
    chi-squared."""
    if not pulled:
        return None
    centre, precision = np.zeros(len(model.lower)), np.zeros(len(model.lower))
    for j, parameter in enumerate(model.law.parameters):
        if parameter.name in pulled and parameter.typical is not None:
            middle, sd = parameter.typical
            centre[j] = np.log(middle) if parameter.kind == "shift" else middle
            precision[j] = scale / sd**2
    return Pull(centre, precision)


def free_mask(model: Model, q: Array) -> Mask:
    """True for the parameters (p,) that are not at a bound; a positive coefficient so small that its term is gone is at
    it."""
    low, high = _at(q, model.lower, 1.0), _at(q, model.upper, -1.0)
    return ~(low | high)


def _at(q: Array, bound: Array, inwards: float) -> Mask:
    finite = np.where(np.isfinite(bound), bound, 0.0)
    return np.isfinite(bound) & (inwards * (q - finite) <= 1e-6 * np.maximum(np.abs(finite), 1e-3))


def unseen_directions(matrix: Array, free: Mask, names: tuple[str, ...]) -> tuple[float, list[tuple[str, ...]]]:
    """Condition number of the scaled Jacobian, and for each direction that the table does not see the parameters in it.

    matrix (p, p): the normal matrix J'WJ at the optimum. Its columns are scaled to unit length, so its eigenvalues are
    the squared singular values of the scaled Jacobian.
    """
    index = np.flatnonzero(free & (np.diag(matrix) > 0))
    if not len(index):
        return 1.0, []
    scale = 1.0 / np.sqrt(np.diag(matrix)[index])
    unit = matrix[np.ix_(index, index)] * np.outer(scale, scale)
    values, vectors = np.linalg.eigh(unit)
    unseen = [
        tuple(names[index[j]] for j in np.flatnonzero(np.abs(vectors[:, k]) > 0.1))
        for k in np.flatnonzero(values < _SINGULAR)
    ]
    return float(np.sqrt(values[-1] / max(values[0], 1e-32))), unseen
