"""A field text: what a class says of one of its fields, in its docstring or underneath the field."""

from __future__ import annotations

import ast
import inspect
import linecache
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from inspect import cleandoc
from typing import NamedTuple, cast
from weakref import WeakKeyDictionary

from typing_extensions import get_original_bases, is_typeddict

from callwright.tools.docstrings import read_docstring

__all__ = ["ClassTexts", "class_texts"]


class ClassTexts(NamedTuple):
    """What a class says of itself and of its fields."""

    description: str | None
    """Its docstring without the sections about fields; None if it has no docstring of its own."""
    fields: Mapping[str, str]
    """Name of a field -> what is said of it, bases included."""


_KEPT: WeakKeyDictionary[type, ClassTexts] = WeakKeyDictionary()
_NOT_OURS = ("builtins", "typing", "typing_extensions", "pydantic.", "pydantic_", "abc", "enum")


def class_texts(kind: type) -> ClassTexts:
    """Return what a class says of itself and of its fields; never raises.

    Text underneath a field, as of an attribute docstring, goes before the docstring's sections (`Attributes`, `Args`,
    `:ivar x:`), and a class before its bases. The source is read once for each class.

    Args:
        kind: A dataclass, a pydantic model, a typed dict, a named tuple.
    """
    found = _KEPT.get(kind)
    if found is None:
        texts: dict[str, str] = {}
        for base in reversed(list(_lineage(kind))):
            texts |= _own_texts(base)
        _add_infos(kind, texts)
        said = _own_docstring(kind)
        found = _KEPT[kind] = ClassTexts(None if said is None else read_docstring(said).description, texts)
    return found


def _add_infos(kind: type, texts: dict[str, str]) -> None:
    """Add what `Field(description=...)` says, and say the same of a field under the name that it has on the wire."""
    infos: object = getattr(kind, "__pydantic_fields__", {})
    for name, info in cast("Mapping[str, object]", infos).items() if isinstance(infos, dict) else ():
        text = getattr(info, "description", None) or texts.get(name)
        alias = getattr(info, "validation_alias", None)
        if isinstance(text, str):
            texts[name] = text
            if isinstance(alias, str):
                texts.setdefault(alias, text)


def _lineage(kind: type) -> Iterator[type]:
    """Yield the class and its bases, the nearest first; a typed dict knows its bases by another name."""
    if is_typeddict(kind):
        yield kind
        for base in get_original_bases(kind):
            if is_typeddict(base):
                yield from _lineage(base)
        return
    for base in kind.__mro__:
        if not base.__module__.startswith(_NOT_OURS):
            yield base


def _own_docstring(kind: type) -> str | None:
    text = kind.__dict__.get("__doc__")
    # What dataclasses and named tuples say unasked repeats the signature.
    is_made_up = isinstance(text, str) and text.startswith(f"{kind.__name__}(")
    return text if isinstance(text, str) and not is_made_up else None


def _own_texts(kind: type) -> dict[str, str]:
    said = _own_docstring(kind)
    texts: dict[str, str] = {}
    if said is not None:
        read = read_docstring(said)
        texts = {**read.parameters, **read.attributes}
    texts |= _attribute_docstrings(kind)
    if is_dataclass(kind):  # `field(doc=...)` of Python 3.14
        documented = {field.name: getattr(field, "doc", None) for field in fields(kind)}
        texts |= {name: text for name, text in documented.items() if isinstance(text, str)}
    return texts


def _attribute_docstrings(kind: type) -> dict[str, str]:
    """Return the strings that stand underneath the fields of a class in its source; none if there is no source."""
    try:
        own = inspect.get_annotations(kind).keys()
        found = [(names, texts) for names, texts in _candidates(kind) if names <= own]
    except Exception:  # noqa: BLE001 - whatever stands there instead of the source of a class
        return {}
    # Of several classes of one name in a file, the last one with most of these fields is the likeliest. (A typed dict
    # has the annotations of its bases, too.)
    most = max((len(names) for names, _ in found), default=0)
    return next((texts for names, texts in reversed(found) if len(names) == most), dict[str, str]())


def _candidates(kind: type) -> Iterator[tuple[frozenset[str], dict[str, str]]]:
    """Yield the fields, and the texts underneath them, of each class in the file that has the name of this one."""
    module = sys.modules[kind.__module__]
    lines = linecache.getlines(module.__file__ or "", vars(module))
    head = re.compile(rf"[ \t]*class[ \t]+{re.escape(kind.__name__)}\b")
    for index, line in enumerate(lines):
        if head.match(line):
            yield _fields(inspect.getblock(lines[index:]))


def _fields(block: list[str]) -> tuple[frozenset[str], dict[str, str]]:
    """Return the annotated names of a class, given its source, and the strings underneath them."""
    is_indented = block[0][:1].isspace()
    tree = ast.parse("".join(["if True:\n", *block] if is_indented else block))
    statement = cast("ast.If", tree.body[0]).body[0] if is_indented else tree.body[0]
    names: set[str] = set()
    texts: dict[str, str] = {}
    field: str | None = None
    for item in cast("ast.ClassDef", statement).body:
        match item:
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
                field = name
            case ast.Expr(value=ast.Constant(value=str() as text)) if field is not None:
                if text.strip():
                    texts[field] = cleandoc(text)
                field = None
            case _:
                field = None
    return frozenset(names), texts
