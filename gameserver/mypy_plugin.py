"""A plugin for mypy that knows the fields of entities and inputs: `plugins = ["gameserver.mypy_plugin"]`.

With it `self.spawn(Dot, xx=4)`, `self.teleport(dot, xx=4)`, `Keys(dxx=1)` and `Dot(x="left")` are errors where they are
written. Without it, and in other type checkers, the names and types of such arguments are checked when the rules run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mypy.nodes import ARG_NAMED_OPT, ARG_STAR2, TypeInfo, Var
from mypy.plugin import Plugin
from mypy.types import AnyType, CallableType, FunctionLike, Instance, Type, TypeOfAny, get_proper_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy.plugin import FunctionSigContext, MethodSigContext

_FIELD: Final = "gameserver.state.field.Field"
_DECLARED_IN: Final = ("gameserver.state.entity.Entity", "gameserver.state.inputs.Inputs")


class FieldsPlugin(Plugin):
    """Gives the calls that take values of fields by name the signatures that they have for one class."""

    def get_method_signature_hook(self, fullname: str) -> Callable[[MethodSigContext], FunctionLike] | None:
        """Return what makes the signature of `spawn` and `teleport`."""
        return _of_room_method if fullname.endswith((".spawn", ".teleport")) else None

    def get_function_signature_hook(self, fullname: str) -> Callable[[FunctionSigContext], FunctionLike] | None:
        """Return what makes the signature of a class of entities or inputs."""
        found = self.lookup_fully_qualified(fullname)
        if found is None or not isinstance(found.node, TypeInfo) or not any(map(found.node.has_base, _DECLARED_IN)):
            return None
        return _of_class


def plugin(version: str) -> type[Plugin]:
    """Return the plugin; mypy calls it."""
    return FieldsPlugin


def _of_room_method(context: MethodSigContext) -> FunctionLike:
    signature = context.default_signature
    room = get_proper_type(context.type)
    if not isinstance(room, Instance) or not room.type.has_base("gameserver.room.room.Room") or not context.args[0]:
        return signature
    given = get_proper_type(context.api.get_expression_type(context.args[0][0]))
    if isinstance(given, FunctionLike) and given.is_type_obj():  # `spawn(Dot, …)`
        return _with_fields(signature, given.type_object())
    if isinstance(given, Instance) and given.type.has_base(_DECLARED_IN[0]):  # `teleport(dot, …)`
        return _with_fields(signature, given.type)
    return signature


def _of_class(context: FunctionSigContext) -> FunctionLike:
    signature = context.default_signature
    made = get_proper_type(signature.ret_type)
    return _with_fields(signature, made.type) if isinstance(made, Instance) else signature


def _with_fields(signature: CallableType, declared: TypeInfo) -> CallableType:
    """Return a signature with the fields of a class in place of `**fields`."""
    if ARG_STAR2 not in signature.arg_kinds:
        return signature
    place = signature.arg_kinds.index(ARG_STAR2)
    fields = _fields_of(declared)
    kept = [i for i in range(len(signature.arg_kinds)) if i != place]
    return signature.copy_modified(
        arg_types=[*[signature.arg_types[i] for i in kept], *fields.values()],
        arg_kinds=[*[signature.arg_kinds[i] for i in kept], *[ARG_NAMED_OPT] * len(fields)],
        arg_names=[*[signature.arg_names[i] for i in kept], *fields],
    )


def _fields_of(declared: TypeInfo) -> dict[str, Type]:
    """Return the types of the values of a class's fields, by name."""
    from mypy.maptype import map_instance_to_supertype  # it cannot be the first module of mypy that is imported

    found: dict[str, Type] = {}
    for base in reversed(declared.mro):
        for name, symbol in base.names.items():
            node: Any = symbol.node
            kind = get_proper_type(node.type) if isinstance(node, Var) and node.type is not None else None
            if isinstance(kind, Instance) and kind.type.has_base(_FIELD):
                field = next(each for each in kind.type.mro if each.fullname == _FIELD)
                found[name] = map_instance_to_supertype(kind, field).args[0]
            elif isinstance(node, Var) and node.type is None:
                found[name] = AnyType(TypeOfAny.special_form)  # not inferred yet
    return found
