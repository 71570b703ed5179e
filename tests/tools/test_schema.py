"""Tests of what is read off functions, and of how arguments reach them."""

from __future__ import annotations

import functools
import gc
import inspect
import math
import subprocess
import sys
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field
from pydantic_core import ValidationError

from callwright.errors import SchemaError
from callwright.tools.docstrings import DocstringWarning
from callwright.tools.schema import Arguments, FunctionDescription, describe, shape

if TYPE_CHECKING:
    from somewhere import Unseen

D = TypeVar("D")


class Context(Generic[D]):
    """Marked as the context of a run is."""

    __callwright_context__ = True


class Colour(Enum):
    RED = "red"


def weather(city: str, days: int = 1) -> str:
    """Tell the weather.

    Args:
        city: Where.
        days: How many.
    """
    return f"{city} {days}"


class Forecast:
    """Tells the weather."""

    def __init__(self, unit: str) -> None:
        """Begin.

        Args:
            unit: Of temperature.
        """
        self.unit = unit

    def tell(self, city: str, **more: int) -> str:
        """Tell the weather."""
        return f"{city} {self.unit} {more}"

    async def ask(self, city: str) -> str:
        return city

    @classmethod
    def of(cls, city: str) -> str:
        return f"{cls.__name__} {city}"

    @staticmethod
    def at(city: str) -> str:
        return city

    class Sky(Enum):
        BLUE = "blue"

    def paint(self, sky: Sky) -> Sky:
        return sky


class Teller:
    """Tells."""

    async def __call__(self, city: str) -> str:
        """Tell what is asked."""
        return city


@dataclass
class Point:
    x: int
    y: int = 0


def _twice(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> list[Any]:
        return [function(*args, **kwargs)] * 2

    return inner


@_twice
def decorated(city: str) -> str:
    """Tell twice."""
    return city


def _parameters(function: Callable[..., Any]) -> Mapping[str, Any]:
    return describe(function).parameters["properties"]


def _error(read: Callable[[], object]) -> list[tuple[str, tuple[int | str, ...]]]:
    with pytest.raises(ValidationError) as caught:
        read()
    return [(error["type"], error["loc"]) for error in caught.value.errors()]


def test_a_function_is_described_by_its_name_its_docstring_and_its_annotations() -> None:
    assert describe(weather) == FunctionDescription(
        name="weather",
        description="Tell the weather.",
        parameters={
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Where."},
                "days": {"type": "integer", "description": "How many.", "default": 1},
            },
            "required": ["city"],
            "additionalProperties": False,
        },
    )


def test_a_description_is_sent_with_strict_only_if_it_is_set() -> None:
    plain = FunctionDescription("now", "", {"type": "object", "properties": {}})
    strict = FunctionDescription("now", "Tell the time.", plain.parameters, strict=False)

    assert plain.wire() == {"type": "function", "function": {"name": "now", "parameters": plain.parameters}}
    assert strict.wire()["function"] == {
        "name": "now",
        "description": "Tell the time.",
        "parameters": plain.parameters,
        "strict": False,
    }


def test_name_and_description_can_be_given() -> None:
    described = describe(weather, name="sky", description="Look up.")

    assert (described.name, described.description) == ("sky", "Look up.")
    assert describe(weather, description="").description == ""


@pytest.mark.parametrize("name", ["", "with space", "größe", "x" * 65])
def test_a_name_that_services_refuse_is_refused(name: str) -> None:
    with pytest.raises(SchemaError, match="a tool's name is 1 to 64 of"):
        describe(weather, name=name)


def test_the_name_of_a_function_is_made_to_fit_the_wire() -> None:
    def größe() -> None: ...  # noqa: PLC2401 - that is what is tested

    assert describe(größe).name == "gr__e"
    assert describe(lambda: None).name == "_lambda_"


def test_a_function_without_parameters_takes_an_empty_object() -> None:
    def now() -> float: ...

    assert describe(now).parameters == {"type": "object", "properties": {}, "additionalProperties": False}
    assert shape(now).arguments.read("{}") == {}
    assert _error(lambda: shape(now).arguments.read('{"x": 1}')) == [("extra_forbidden", ("x",))]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        pytest.param(Forecast("C").tell, ("tell", "Tell the weather.", ["city"], False), id="method"),
        pytest.param(Forecast("C").ask, ("ask", "", ["city"], True), id="async method"),
        pytest.param(Forecast.of, ("of", "", ["city"], False), id="class method"),
        pytest.param(Forecast.at, ("at", "", ["city"], False), id="static method"),
        pytest.param(Forecast, ("Forecast", "Tells the weather.", ["unit"], False), id="class"),
        pytest.param(Point, ("Point", "", ["x", "y"], False), id="dataclass"),
        pytest.param(Teller(), ("Teller", "Tell what is asked.", ["city"], True), id="object"),
        pytest.param(decorated, ("decorated", "Tell twice.", ["city"], False), id="decorated"),
        pytest.param(
            functools.partial(weather, days=2), ("weather", "Tell the weather.", ["city"], False), id="partial"
        ),
        pytest.param(
            functools.partial(weather, "Rome"), ("weather", "Tell the weather.", ["days"], False), id="partial2"
        ),
    ],
)
def test_whatever_can_be_called_is_described(function: Callable[..., Any], expected: object) -> None:
    """Expected are name, description, the names of the parameters, and whether it is async."""
    described = describe(function)

    names = list(_parameters(function))
    assert (described.name, described.description, names, shape(function).is_async) == expected


def test_the_docstring_of_init_describes_the_parameters_of_its_class() -> None:
    assert _parameters(Forecast) == {"unit": {"type": "string", "description": "Of temperature."}}


def test_what_a_partial_binds_is_neither_shown_nor_taken() -> None:
    def search(query: str, key: str = "", **more: str) -> str:
        return f"{query} {key} {more}"

    bound = functools.partial(functools.partial(search, key="secret"), lang="en")
    arguments = shape(bound).arguments

    assert list(_parameters(bound)) == ["query"]
    assert arguments.call(bound, arguments.read('{"query": "a", "x": "b"}')) == "a secret {'lang': 'en', 'x': 'b'}"
    assert _error(lambda: arguments.read('{"query": "a", "key": "b"}')) == [("extra_forbidden", ("key",))]
    assert _error(lambda: arguments.read('{"query": "a", "lang": "b"}')) == [("extra_forbidden", ("lang",))]
    placed = shape(functools.partial(search, "a")).arguments
    assert _error(lambda: placed.read('{"query": "b"}')) == [("extra_forbidden", ("query",))]


def test_no_name_of_a_parameter_is_special() -> None:
    def tool(  # noqa: PLR0917
        self: int, cls: int, func: int, function: int, ctx: int, args: int, kwargs: int, name: int, json: int,
        copy: int, model_config: int, return_: int, values: int, context: int, __pydantic_config__: int, keys: int,
    ) -> tuple[int, ...]:  # fmt: skip
        return (
            self, cls, func, function, ctx, args, kwargs, name, json,
            copy, model_config, return_, values, context, __pydantic_config__, keys,
        )  # fmt: skip

    def slow(self: Annotated[int, Field(ge=0)], cls: int, model_config: int, __pydantic_config__: int) -> list[int]:
        return [self, cls, model_config, __pydantic_config__]

    for function in (tool, slow):
        names = list(_parameters(function))
        arguments = shape(function).arguments
        values = arguments.read_object({name: index for index, name in enumerate(names)})
        assert names == list(inspect.signature(function).parameters)
        assert list(arguments.call(function, values)) == list(range(len(names)))


def _first(ctx: Context[int], x: int) -> object:
    return ctx, x


def _last(x: int, *, ctx: Context[int]) -> object:
    return ctx, x


def _optional(x: int, ctx: Context[int] | None = None) -> object:
    return ctx, x


def _annotated(x: int, ctx: Annotated[Context[int], "hidden"]) -> object:
    return ctx, x


def _bare(x: int, ctx: Context, /) -> object:
    return ctx, x


def _unseen(ctx: Context[Unseen], x: int) -> object:
    return ctx, x


def _unseen_optional(x: int, ctx: Context[Unseen] | None = None) -> object:
    return ctx, x


def _around(*x: int, ctx: Context[int]) -> object:
    return ctx, x[0]


def _between(y: int, ctx: Context[int], *x: int) -> object:
    return ctx, x[0] if x else y


@pytest.mark.parametrize(
    "function", [_first, _last, _optional, _annotated, _bare, _unseen, _unseen_optional, _between, _around]
)
def test_the_context_is_hidden_and_handed_over(function: Callable[..., Any]) -> None:
    read = shape(function)
    value: Any = [7] if "*x" in str(inspect.signature(function)) else 7
    given_ = {"x": value, "y": 1} if function is _between else {"x": value}

    result = read.arguments.call(function, read.arguments.read_object(given_), "the context")

    assert read.context_parameter == "ctx"
    assert "ctx" not in _parameters(function)
    assert result == ("the context", 7)
    assert _error(lambda: read.arguments.read_object({**given_, "ctx": 1})) == [("extra_forbidden", ("ctx",))]


def test_the_model_cannot_give_the_context_or_self_by_a_name_of_its_own() -> None:
    class Shop:
        def sell(self, ctx: Context[int], **more: int) -> object:
            return ctx, more

    arguments = shape(Shop().sell).arguments

    assert _error(lambda: arguments.read('{"ctx": 1}')) == [("extra_forbidden", ("ctx",))]
    assert _error(lambda: arguments.read('{"self": 1}')) == [("extra_forbidden", ("self",))]
    assert arguments.call(Shop().sell, arguments.read('{"x": "1"}'), "context") == ("context", {"x": 1})


def test_two_contexts_are_one_too_many() -> None:
    def tool(one: Context[int], two: Context[int]) -> None: ...

    with pytest.raises(SchemaError, match="tool 'tool': one parameter takes the context; got one and two"):
        describe(tool)


def test_parameters_without_an_annotation_are_refused_at_once() -> None:
    def tool(city, days: int) -> None: ...

    with pytest.raises(SchemaError, match="tool 'tool': parameter 'city' has no annotation; annotate it, or bind"):
        shape(tool)


def test_names_are_resolved_when_they_are_needed() -> None:
    namespace: dict[str, Any] = {"__name__": "somewhere"}
    exec("from __future__ import annotations\ndef tool(x: list[Later]) -> None: ...", namespace)
    read = shape(namespace["tool"])

    with pytest.raises(SchemaError, match=r"annotation 'list\[Later\]' of parameter 'x' cannot be resolved \(name 'La"):
        _ = read.arguments
    namespace["Later"] = int

    assert read.arguments.parameters["properties"] == {"x": {"type": "array", "items": {"type": "integer"}}}


def test_names_may_stand_in_the_class_of_a_method_or_in_an_enclosing_function() -> None:
    class Local(Enum):
        ONE = 1

    def tool(x: Local) -> Local:
        return Local(x)

    assert _parameters(tool) == {"x": {"type": "integer", "enum": [1]}}
    assert _parameters(Forecast("C").paint) == {"sky": {"type": "string", "enum": ["blue"]}}


def test_a_type_without_a_schema_is_refused_by_its_parameter() -> None:
    def tool(x: int, then: Callable[[], None]) -> None: ...

    with pytest.raises(
        SchemaError, match=r"tool 'tool': the annotation .*Callable.* of parameter 'then' has no JSON S"
    ):
        describe(tool)


@pytest.mark.parametrize("thing", [3, None, max])
def test_what_has_no_signature_is_refused(thing: Any) -> None:
    with pytest.raises(SchemaError):
        describe(thing)


UNSERIALISABLE = object()


@pytest.mark.parametrize(
    ("default", "shown"),
    [
        pytest.param(None, {"default": None}, id="None"),
        pytest.param("a", {"default": "a"}, id="text"),
        pytest.param("\ud800", {"default": "\ufffd"}, id="lone surrogate"),
        pytest.param(1.5, {"default": 1.5}, id="float"),
        pytest.param(math.nan, {}, id="NaN"),
        pytest.param([1, {"a": (2,)}], {"default": [1, {"a": [2]}]}, id="nested"),
        pytest.param({"b", "a"}, {"default": ["a", "b"]}, id="set"),
        pytest.param(Colour.RED, {"default": "red"}, id="enum"),
        pytest.param(Point(1), {"default": {"x": 1, "y": 0}}, id="dataclass"),
        pytest.param(UNSERIALISABLE, {}, id="object"),
        pytest.param(b"\xff", {}, id="bytes"),
    ],
)
def test_a_default_is_shown_if_it_has_a_json_form(default: object, shown: dict[str, Any]) -> None:
    def tool(x: Any = default) -> object:
        return x

    arguments = shape(tool).arguments

    assert arguments.parameters == {"type": "object", "properties": {"x": shown}, "additionalProperties": False}
    assert arguments.call(tool, arguments.read("{}")) is default


def test_a_default_of_none_admits_null() -> None:
    def tool(x: int = None, y: list[str] = None) -> object:  # noqa: RUF013
        return x, y

    arguments = shape(tool).arguments

    assert arguments.call(tool, arguments.read('{"x": null}')) == (None, None)
    assert _parameters(tool)["x"] == {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None}


def test_a_field_as_default_is_meant_as_in_a_model() -> None:
    def tool(x: int = Field(3, ge=1, description="How many"), y: str = Field(..., description="What")) -> object:
        return x, y

    arguments = shape(tool).arguments

    assert arguments.call(tool, arguments.read('{"y": "a"}')) == (3, "a")
    assert arguments.parameters["required"] == ["y"]
    assert _parameters(tool) == {
        "x": {"type": "integer", "minimum": 1, "default": 3, "description": "How many"},
        "y": {"type": "string", "description": "What"},
    }


def test_an_alias_is_the_name_on_the_wire() -> None:
    def tool(from_: Annotated[str, Field(alias="from")], to: str) -> object:
        """Go.

        Args:
            from_: Whence.
            to: Whither.
        """
        return from_, to

    arguments = shape(tool).arguments

    assert _parameters(tool)["from"] == {"type": "string", "description": "Whence."}
    assert arguments.call(tool, arguments.read('{"from": "a", "to": "b"}')) == ("a", "b")
    assert arguments.read_object(arguments.dump({"from_": "a", "to": "b"})) == {"from_": "a", "to": "b"}


def test_texts_in_annotations_win_over_the_docstring() -> None:
    def tool(a: Annotated[str, "annotated"], b: Annotated[int, Field(description="field")], c: str) -> None:
        """Do.

        Args:
            a: documented
            b: documented
            c: documented
        """

    texts = {name: found["description"] for name, found in _parameters(tool).items()}

    assert texts == {"a": "annotated", "b": "field", "c": "documented"}


def test_names_that_are_documented_but_no_parameters_are_warned_of() -> None:
    def tool(city: str) -> None:
        """Do.

        Args:
            town: Where.
        """

    with pytest.warns(DocstringWarning, match="'tool': .* it documents town; the parameters are: city") as caught:
        describe(tool)

    assert caught[0].filename == __file__


def test_names_that_are_taken_in_other_ways_may_be_documented() -> None:
    def tool(ctx: Context[int], x: int, **more: int) -> None:
        """Do.

        Args:
            self: Nothing.
            ctx: The context.
            x: One.
            y: One more.
            **more: All others.
        """

    assert describe(tool).parameters["additionalProperties"] == {"type": "integer", "description": "All others."}


def test_values_are_read_in_lax_mode_and_absent_ones_stay_absent() -> None:
    assert shape(weather).arguments.read(b'{"city": "Rome"}') == {"city": "Rome"}
    assert shape(weather).arguments.read('{"city": "Rome", "days": "3"}') == {"city": "Rome", "days": 3}


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("", [("json_invalid", ())]),
        ("{", [("json_invalid", ())]),
        ('{"city": "\\ud800"', [("json_invalid", ())]),
        ("[]", [("dict_type", ())]),
        ("null", [("dict_type", ())]),
        ("{}", [("missing", ("city",))]),
        ('{"city": 1, "days": "x"}', [("string_type", ("city",)), ("int_parsing", ("days",))]),
        ('{"city": "a", "town": "b"}', [("extra_forbidden", ("town",))]),
    ],
)
def test_what_does_not_fit_is_told_by_place(text: str, errors: object) -> None:
    assert _error(lambda: shape(weather).arguments.read(text)) == errors


@pytest.mark.parametrize("text", ['{"city": "\\ud800"}', '{"city": "\ud800"}'], ids=["escape", "character"])
def test_a_lone_surrogate_is_replaced(text: str) -> None:
    assert shape(weather).arguments.read(text) == {"city": "\ufffd"}


@pytest.mark.parametrize("annotation", [float, Annotated[float, Field(le=9)]], ids=["leaf", "pydantic"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", '"nan"'])
def test_a_number_is_finite(annotation: Any, value: str) -> None:
    def tool(x: Any) -> None: ...

    tool.__annotations__["x"] = annotation

    assert _error(lambda: shape(tool).arguments.read(f'{{"x": {value}}}')) == [("finite_number", ("x",))]


def test_dumped_values_are_clean_json() -> None:
    dumped = shape(weather).arguments.dump({"a": "\ud800", "b": {"\ud800": math.nan}, "c": Colour.RED, "d": (1,)})

    assert dumped == {"a": "\ufffd", "b": {"\ufffd": None}, "c": "red", "d": [1]}


PLACES = st.sampled_from(["positional", "any", "keyword"])


def _source(places: list[tuple[str, bool]], *, rest: bool, others: bool) -> str:
    """Return the definition of a function whose parameters stand at the given places, some with defaults."""
    order = ["positional", "any", "keyword"]
    parts: dict[str, list[str]] = {place: [] for place in order}
    defaulted = False
    for index, (place, has_default) in enumerate(sorted(places, key=lambda item: order.index(item[0]))):
        # Once there is a default, those behind it need one too, as far as the star.
        defaulted = has_default or (defaulted and place != "keyword")
        parts[place].append(f"p{index}: int" + (f" = {-index}" if defaulted else ""))
    written = [*parts["positional"], *(["/"] if parts["positional"] else []), *parts["any"]]
    if rest or parts["keyword"]:
        written.append("*rest: int" if rest else "*")
    written += [*parts["keyword"], *(["**others: int"] if others else [])]
    return f"def tool({', '.join(written)}): return locals()"


@given(
    places=st.lists(st.tuples(PLACES, st.booleans()), max_size=6),
    rest=st.booleans(),
    others=st.booleans(),
    data=st.data(),
)
@settings(deadline=None)
def test_every_value_reaches_its_parameter(
    *, places: list[tuple[str, bool]], rest: bool, others: bool, data: st.DataObject
) -> None:
    namespace: dict[str, Any] = {}
    exec(_source(places, rest=rest, others=others), namespace)
    tool = namespace["tool"]
    known = inspect.signature(tool).parameters
    may_be_absent = [name for name, parameter in known.items() if parameter.default is not inspect.Parameter.empty]
    absent = data.draw(st.sets(st.sampled_from(may_be_absent))) if may_be_absent else set[str]()
    values: dict[str, Any] = {name: 10 + i for i, name in enumerate(known) if name[0] == "p" and name not in absent}
    values |= {"rest": data.draw(st.lists(st.integers(), max_size=2))} if rest else {}
    values |= data.draw(st.dictionaries(st.sampled_from(["x", "y", "others"]), st.integers())) if others else {}

    arguments = shape(tool).arguments
    result = arguments.call(tool, arguments.read_object(values))

    expected: dict[str, Any] = {name: known[name].default for name in absent} | values
    if rest:
        expected["rest"] = tuple(values["rest"])
    if others:
        expected["others"] = {name: expected.pop(name) for name in ("x", "y", "others") if name in values}
    assert result == expected


def test_a_missing_value_is_the_calls_own_error() -> None:
    def tool(x: int, /, y: int) -> None: ...

    with pytest.raises(TypeError, match="missing"):
        shape(tool).arguments.call(tool, {"y": 1})


def test_shapes_of_top_level_functions_and_methods_are_kept() -> None:
    assert shape(weather) is shape(weather)
    assert shape(Forecast("C").tell) is shape(Forecast("F").tell)
    assert shape(Forecast("C").tell).arguments.parameters is describe(Forecast("F").tell).parameters


def test_no_function_is_kept_alive_by_its_shape() -> None:
    namespace: dict[str, Any] = {"__name__": "somewhere", "Annotated": Annotated, "Field": Field}
    exec("def one(x: int): ...\ndef two(x: Annotated[int, Field(ge=1)]): ...", namespace)
    functions = [namespace.pop("one"), namespace.pop("two"), lambda x=1: x]
    functions[-1].__annotations__["x"] = int
    values = [shape(function).arguments.read('{"x": 1}') for function in functions]
    alive = [weakref.ref(function) for function in functions]

    functions.clear()
    gc.collect()

    assert values == [{"x": 1}] * 3
    assert [reference() for reference in alive] == [None] * 3


def test_pydantic_and_docstring_parser_are_loaded_only_when_needed() -> None:
    program = """
import sys
from callwright.tools.schema import shape

def tool(city: str, days: int = 1, kinds: list[str] | None = None):
    '''Tell.

    Args:
        city: Where.
    '''

shape(tool).arguments.read('{"city": "Rome"}')
print([name for name in ("pydantic", "docstring_parser") if name in sys.modules])
"""

    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert printed == "[]\n"


def test_arguments_stand_without_a_function() -> None:
    read = shape(weather).arguments

    assert isinstance(read, Arguments)
    assert read.call(lambda **values: values, {"city": "Rome"}) == {"city": "Rome"}
