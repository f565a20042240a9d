"""`Schema`: the entity types and the inputs of a room, as WELCOME describes them (protocol.md §4).

The server makes a schema from the author's classes. A client makes one from what the server sent, which may be
anything: invalid data raises `ProtocolError`. The client's own classes are used where they are declared alike.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, Final, cast

from gameserver.state.declare import NAME
from gameserver.state.entity import USES, Entity, EntityType
from gameserver.state.errors import DeclarationError
from gameserver.state.field_reader import read_array, read_fields, read_map, refuse
from gameserver.state.inputs import Inputs, InputsType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_ENTITY_TYPES: Final = 256
FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}")
FINGERPRINT_BYTES: Final = 8  # 64 bits: enough to distinguish all schemas of one project


class Schema:
    """Entity types by index and by name, the inputs, and a fingerprint of all of them.

    Args:
        entity_types: The classes, in the order of the wire.
        inputs: The class of the controls.

    Raises:
        DeclarationError: A type has a name that clients refuse, two have the same, or there are too many.
    """

    def __init__(self, entity_types: Iterable[type[Entity]], inputs: type[Inputs] = Inputs) -> None:
        self.entities: tuple[EntityType, ...] = tuple(cls.entity_type for cls in entity_types)
        self.inputs: InputsType = inputs.inputs_type
        for entity_type in self.entities:
            if not NAME.fullmatch(entity_type.name):
                msg = (
                    f"{entity_type.name}: an entity type of a room cannot have this name; take one of up to 64 of the "
                    "characters A-Z a-z 0-9 _, beginning with a letter"
                )
                raise DeclarationError(msg)
        self._index = {entity_type.name: index for index, entity_type in enumerate(self.entities)}
        if len(self._index) < len(self.entities):
            names = [entity_type.name for entity_type in self.entities]
            twice = next(name for name in names if names.count(name) > 1)
            msg = f"{twice}: a room has two entity types of this name; rename one"
            raise DeclarationError(msg)
        self.uses = {entity_type.use: i for i, entity_type in enumerate(self.entities) if entity_type.use is not None}
        """The indexes of the types that have a use, by the use."""
        if len(self.uses) < sum(entity_type.use is not None for entity_type in self.entities):
            raise DeclarationError("a room has one type of participants, and one for itself, at most")
        if len(self.entities) > MAX_ENTITY_TYPES:
            msg = f"a room has {len(self.entities)} entity types; at most {MAX_ENTITY_TYPES} fit"
            raise DeclarationError(msg)
        self.fingerprint: str = self._fingerprint()

    def index(self, cls: type[Entity]) -> int:
        """Return the number of an entity type on the wire; that of entities at rest is the number of their type.

        Raises:
            KeyError: The schema does not have this class; lists the types that it has.
        """
        index = self._index.get(cls.__name__)
        own = None if index is None else self.entities[index]
        if index is None or own is None or not (own.cls is cls or (own.rests and own.at_rest is cls)):
            msg = f"{cls.__name__} is not among the entity types of this room: {', '.join(self._index) or 'none'}"
            raise KeyError(msg)
        return index

    def named(self, name: str) -> int:
        """Return the number of the entity type of this name.

        Raises:
            KeyError: There is none.
        """
        return self._index[name]

    def to_wire(self) -> dict[str, Any]:
        """Return the map that WELCOME carries."""
        return {"fingerprint": self.fingerprint, **self._described()}

    def _described(self) -> dict[str, Any]:
        return {"entities": [entity_type.spec() for entity_type in self.entities], "inputs": self.inputs.spec()}

    def _fingerprint(self) -> str:
        text = json.dumps(self._described(), sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=FINGERPRINT_BYTES).hexdigest()

    @classmethod
    def from_wire(
        cls, wire: object, entities: Iterable[type[Entity]] = (), inputs: type[Inputs] | None = None
    ) -> Schema:
        """Return the schema that a server sent.

        Args:
            wire: The value of WELCOME's `schema`; it may be anything.
            entities: The client's own classes, used for the types of their names.
            inputs: The client's own class of controls, if it has one.

        Raises:
            ProtocolError: `wire` is no schema, or one of the client's own classes is declared differently.
        """
        schema = read_map(wire, "schema")
        own = {entity.__name__: entity for entity in entities}
        described = read_array(schema.get("entities"), "schema.entities", MAX_ENTITY_TYPES)
        fingerprint = schema.get("fingerprint")
        if not isinstance(fingerprint, str) or not FINGERPRINT.fullmatch(fingerprint):
            raise refuse("schema.fingerprint", "not 16 hex digits")
        try:
            classes = [_entity_class(item, f"schema.entities[{i}]", own) for i, item in enumerate(described)]
            made = cls(classes, _inputs_class(schema.get("inputs"), inputs))
        except DeclarationError as error:
            raise refuse("schema", str(error)) from None
        made.fingerprint = fingerprint  # the server's: a client does not compute it
        return made


def _entity_class(described: object, where: str, own: Mapping[str, type[Entity]]) -> type[Entity]:
    item = read_map(described, where)
    name = item.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise refuse(where, "bad name")
    use = item.get("use")
    use = use if use in USES else None  # another one is of a later server
    made = cast("type[Entity]", type(name, (Entity,), {**read_fields(item.get("fields"), where), "_use": use}))
    if name not in own:
        return made
    if own[name].entity_type.spec() != made.entity_type.spec():
        raise refuse(where, f"the server's {name} is declared differently from the class {name} given here")
    return own[name]


def _inputs_class(described: object, own: type[Inputs] | None) -> type[Inputs]:
    made = cast("type[Inputs]", type("Controls", (Inputs,), dict(read_fields(described, "schema.inputs"))))
    if own is None:
        return made
    if own.inputs_type.spec() != made.inputs_type.spec():
        raise refuse("schema.inputs", f"the server's inputs are declared differently from {own.__name__}")
    return own
