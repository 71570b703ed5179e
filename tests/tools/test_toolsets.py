"""New toolsets out of old ones."""

from __future__ import annotations

import doctest
from typing import Any

import anyio
import pytest

from callwright import Agent, ParameterError, RunContext, SchemaError, Tool, ToolError
from callwright.testing.scripted import ScriptedModel, calls
from callwright.tools import tool as tool_module
from callwright.tools import toolsets as module
from callwright.tools.toolset import FixedToolset, gathered
from callwright.tools.toolsets import combined, filtered, prefixed, renamed, toolset, with_options, wrapped
from callwright.tools.wrapping import Invocation

pytestmark = pytest.mark.anyio

SEARCH = {"type": "openrouter:web_search"}
LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def read(path: str) -> str:
    """Read a file."""
    return f"text of {path}"


async def delete(path: str) -> str:
    """Delete a file."""
    return f"{path} is gone"


class Files:
    """Other tools at each step."""

    async def tools(self, ctx: RunContext[Any]) -> list[Any]:
        return [read] if ctx.step == 1 else [read, delete]


def at(step: int = 1, deps: Any = None) -> RunContext[Any]:
    return RunContext(deps, step=step)


async def names(tools: Any, ctx: RunContext[Any] | None = None) -> list[str]:
    found = await gathered([tools], ctx or at())
    return [one.name if isinstance(one, Tool) else str(one["type"]) for one in found]


async def test_tools_are_combined() -> None:
    assert await names(combined(read, [delete, SEARCH])) == ["read", "delete", "openrouter:web_search"]
    assert await names(combined([delete], Files())) == ["delete", "read"]
    assert await names(combined()) == []


async def test_names_are_prefixed() -> None:
    both = prefixed([read, LOOK, SEARCH], "fs_")

    found: Any = await gathered([both], at())
    assert [found[0].name, found[1]["function"]["name"], found[2]] == ["fs_read", "fs_look", SEARCH]
    assert LOOK["function"]["name"] == "look"  # type: ignore[index]
    assert found[0]("a") == "text of a"


async def test_names_of_each_step_are_prefixed() -> None:
    one = prefixed(Files(), "fs_")

    assert await names(one, at(1)) == ["fs_read"]
    assert await names(one, at(2)) == ["fs_read", "fs_delete"]


async def test_names_are_replaced() -> None:
    assert await names(renamed([read, delete], {"read": "open"})) == ["open", "delete"]
    assert await names(renamed([read, delete], str.title)) == ["Read", "Delete"]
    assert await names(renamed(Files(), {"delete": "remove"}), at(2)) == ["read", "remove"]


def test_a_name_that_no_tool_has_is_not_replaced_in_silence() -> None:
    with pytest.raises(SchemaError, match="there is no tool named raed; the tools are: delete, read"):
        renamed([read, delete], {"raed": "open"})


@pytest.mark.parametrize("tools", [[read], [LOOK]], ids=["tool", "entry"])
def test_a_name_that_services_do_not_take_is_refused(tools: Any) -> None:
    with pytest.raises(SchemaError, match="a tool's name is 1 to 64"):
        prefixed(tools, "a b ")


async def test_tools_are_kept_by_the_step() -> None:
    def keep(ctx: RunContext[Any], one: Tool[..., Any]) -> bool:
        return one.name != "delete" or ctx.deps == "admin"

    one = filtered([read, delete], keep)

    assert await names(one, at(deps="guest")) == ["read"]
    assert await names(one, at(deps="admin")) == ["read", "delete"]


async def test_who_keeps_may_have_to_wait() -> None:
    async def keep(ctx: RunContext[Any], one: Tool[..., Any]) -> bool:
        await anyio.lowlevel.checkpoint()
        return one.effect == "read"

    assert await names(filtered([Files(), Tool(delete, name="seen", read_only=True)], keep), at(2)) == ["seen"]


@pytest.mark.parametrize(
    "make",
    [
        lambda tools: filtered(tools, lambda ctx, one: True),
        lambda tools: wrapped(tools, shouting),
        lambda tools: with_options(tools, needs_approval=True),
    ],
    ids=["filtered", "wrapped", "with_options"],
)
async def test_what_the_service_runs_itself_cannot_be_held_here(make: Any) -> None:
    @toolset
    async def searching(ctx: RunContext[Any]) -> list[Any]:
        return [SEARCH]

    with pytest.raises(SchemaError, match="'openrouter:web_search' is not run here"):
        make([read, SEARCH])
    with pytest.raises(SchemaError, match="'openrouter:web_search' is not run here"):
        await names(make(searching))


async def shouting(ctx: RunContext[Any], call: Invocation) -> object:
    return str(await call.proceed()).upper()


async def within(ctx: RunContext[Any], call: Invocation) -> object:
    if ".." in str(call.arguments["path"]):
        raise ToolError("stay inside")
    return await call.proceed({"path": f"/project/{call.arguments['path']}"})


@toolset
async def unlocking(ctx: RunContext[Any]) -> list[Any]:
    return [read] if len(ctx.messages) == 1 else [read, delete]


@pytest.mark.parametrize("tools", [[read, delete], unlocking], ids=["fixed", "toolset"])
async def test_calls_are_wrapped_of_plain_and_async_functions(tools: Any) -> None:
    model = ScriptedModel(
        calls("read", path="a"),
        calls("read", path="b") + calls("delete", path="c") + calls("delete", path="../d"),
        "ok",
    )

    await Agent(model, tools=[wrapped(wrapped(combined(tools), within), shouting)]).run("?")

    told = [message.text for message in model.requests[2].messages if message.role == "tool"]
    assert told == ["TEXT OF /PROJECT/A", "TEXT OF /PROJECT/B", "/PROJECT/C IS GONE", "stay inside"]


async def test_options_are_set_for_all_tools() -> None:
    asks = with_options([read, Tool(delete, timeout=3, retries=2)], needs_approval=True, timeout=None)

    found: Any = await gathered([asks], at())
    assert [one.needs_approval for one in found] == [True, True]
    assert [one.timeout for one in found] == [None, None]
    assert [one.retries for one in found] == [0, 2]


@pytest.mark.parametrize("options", [{"name": "x"}, {"description": "x"}, {"parameters": {}}, {"tiemout": 3}])
def test_what_only_one_tool_can_have_is_no_option_of_all(options: Any) -> None:
    with pytest.raises(ParameterError, match="with_options: expected some of"):
        with_options([read], **options)


async def test_compositions_nest() -> None:
    one = prefixed(
        filtered(
            wrapped(with_options(renamed([Files(), Tool(delete, name="drop")], {"read": "open"}), timeout=9), within),
            lambda ctx, one: one.name != "drop" or ctx.step > 1,
        ),
        "fs_",
    )

    assert await names(one, at(1)) == ["fs_open"]
    assert await names(one, at(2)) == ["fs_drop", "fs_open", "fs_delete"]
    found: Any = await gathered([one], at(2))
    assert [tool.timeout for tool in found] == [9, 9, 9]


async def test_what_is_always_the_same_is_made_once() -> None:
    one = prefixed(wrapped(with_options(combined([read], FixedToolset([delete])), read_only=True), within), "fs_")

    assert isinstance(one, FixedToolset)
    assert await gathered([one], at(1)) == await gathered([one], at(2))


async def test_of_a_mixture_what_is_always_the_same_is_made_once() -> None:
    one = prefixed([read, Files()], "fs_")

    (first, *_), (again, *_) = await gathered([one], at(1)), await gathered([one], at(2))

    assert first is again


async def test_a_function_can_be_a_toolset() -> None:
    @toolset
    async def files(ctx: RunContext[str]) -> list[Any]:
        return [read, LOOK] if ctx.deps == "guest" else [Files(), SEARCH]

    @toolset
    def plain(ctx: RunContext[Any]) -> tuple[Any, ...]:
        return (delete,)

    assert await names(files, at(deps="guest")) == ["read", "function"]
    assert await names(combined(files, plain), at(2)) == ["read", "delete", "openrouter:web_search", "delete"]
    assert "files" in repr(files)


async def test_a_function_that_gives_no_tools_is_told() -> None:
    @toolset
    async def nothing(ctx: RunContext[Any]) -> Any:
        return None

    with pytest.raises(SchemaError, match=r"toolset toolset\(.*nothing\): expected a list of tools; got None"):
        await names(nothing)


@pytest.mark.parametrize("tools", ["read", 3, None])
def test_what_is_no_toolset_is_refused(tools: Any) -> None:
    with pytest.raises(SchemaError, match="expected a toolset, or a list of tools"):
        combined(tools)
    with pytest.raises(ParameterError, match="expected a function of the context"):
        toolset(tools)


async def test_a_renamed_tool_is_called_under_its_new_name_only() -> None:
    model = ScriptedModel(calls("fs_read", path="a") + calls("read", path="b"), "ok")

    await Agent(model, tools=[prefixed([read], "fs_")]).run("?")

    told = [message.text for message in model.requests[1].messages if message.role == "tool"]
    assert told == ["text of a", "There is no tool named 'read'. The tools are: fs_read."]


@pytest.mark.parametrize("documented", [module, tool_module], ids=["toolsets", "tool"])
def test_the_examples_in_docstrings_hold(documented: Any) -> None:
    assert doctest.testmod(documented).failed == 0
