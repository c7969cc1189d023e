"""A law's formula as JavaScript, read off the plain text that the law writes of itself: no formula is written twice."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from scaling.laws import Law

# What the formulas call their variables; D0 is what progress = D/D0 is a part of.
VARIABLES = ("N", "D", "r", "D0", "k1", "k2")
_OPERATORS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_FUNCTIONS = frozenset(["log", "exp"])


def javascript(law: Law) -> str:
    """The law's value as a function `(t, x) => ...` of its parameters t, in declared order, and an object x of VARIABLES."""
    places = {name: f"t[{j}]" for j, name in enumerate(law.names)}
    assert not set(places) & set(VARIABLES), law.name
    names = {**places, **{name: f"x.{name}" for name in VARIABLES}}
    right = law.text().split("=", 1)[1].strip()
    return f"(t, x) => {_written(ast.parse(right.replace('^', '**'), mode='eval').body, names)}"


def _written(node: ast.expr, names: Mapping[str, str]) -> str:
    match node:
        case ast.Name(id=name):
            return names[name]
        case ast.Constant(value=int() | float() as number):
            return repr(number)
        case ast.UnaryOp(op=ast.USub(), operand=inside):
            return f"(-{_written(inside, names)})"
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return f"Math.pow({_written(left, names)}, {_written(right, names)})"
        case ast.BinOp(left=left, op=operator, right=right):
            return f"({_written(left, names)} {_OPERATORS[type(operator)]} {_written(right, names)})"
        case ast.Call(func=ast.Name(id=function), args=[inside]) if function in _FUNCTIONS:
            return f"Math.{function}({_written(inside, names)})"
    raise AssertionError(ast.dump(node))  # a law whose text is no plain arithmetic
