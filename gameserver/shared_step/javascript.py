"""JavaScript's reserved words, and the helper functions for operations in which the languages differ.

A helper's name begins with `$`, which no Python name does, so it never collides with an author's. Each does the same as
CPython, step by step, and throws where Python raises.
"""

from __future__ import annotations

RESERVED_WORDS = frozenset(
    {
        "arguments",
        "await",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
        "do",
        "else",
        "enum",
        "eval",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "function",
        "if",
        "implements",
        "import",
        "in",
        "instanceof",
        "interface",
        "let",
        "new",
        "null",
        "package",
        "private",
        "protected",
        "public",
        "return",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "var",
        "void",
        "while",
        "with",
        "yield",
        "Infinity",
        "Math",
        "NaN",
        "Number",
        "RangeError",
        "undefined",
        "__proto__",
    }
)

HELPERS: dict[str, str] = {
    "$div": """\
/** `a / b`; like Python's, it does not divide by zero. */
function $div(a, b) {
  if (b == 0) throw new RangeError("division by zero");
  return a / b;
}
""",
    "$floordiv": """\
/** `a // b`: the largest whole number not above the quotient. */
function $floordiv(a, b) {
  if (b == 0) throw new RangeError("division by zero");
  const remainder = a % b;
  let quotient = (a - remainder) / b;
  if (remainder !== 0 && b < 0 !== remainder < 0) quotient -= 1;
  const whole = Math.floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}
""",
    "$mod": """\
/** `a % b` with the sign of `b`, as in Python. */
function $mod(a, b) {
  if (b == 0) throw new RangeError("division by zero");
  const remainder = a % b;
  return remainder !== 0 && b < 0 !== remainder < 0 ? remainder + b : remainder;
}
""",
    "$floor": """\
/** `floor(x)` of a finite number. */
function $floor(x) {
  if (!Number.isFinite(Number(x))) throw new RangeError("floor of a number that is not finite");
  return Math.floor(x);
}
""",
    "$ceil": """\
/** `ceil(x)` of a finite number. */
function $ceil(x) {
  if (!Number.isFinite(Number(x))) throw new RangeError("ceil of a number that is not finite");
  return Math.ceil(x);
}
""",
    "$int": """\
/** `int(x)` of a finite number: towards zero. */
function $int(x) {
  if (!Number.isFinite(Number(x))) throw new RangeError("int of a number that is not finite");
  return Math.trunc(x);
}
""",
    "$sqrt": """\
/** `sqrt(x)` of a number that is not negative. */
function $sqrt(x) {
  if (x < 0) throw new RangeError("sqrt of a negative number");
  return Math.sqrt(x);
}
""",
    "$min": """\
/** `min(a, b)`: the first, unless the second is smaller. */
function $min(a, b) {
  return b < a ? b : a;
}
""",
    "$max": """\
/** `max(a, b)`: the first, unless the second is larger. */
function $max(a, b) {
  return b > a ? b : a;
}
""",
}
