"""The application: the commands, their arguments and options; what they do is loaded when they are called."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from callwright.cli.exits import reporting
from callwright.cli.query import query
from callwright.cli.runs import runs

__all__ = ["app"]

app = typer.Typer(
    name="callwright",
    help="Agents and tool calling on the OpenRouter chat-completions API.",
    no_args_is_help=True,
    # A traceback with local variables would show keys and prompts.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(is_asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if is_asked:
        typer.echo(f"callwright {version('callwright')}")
        raise typer.Exit


@app.callback()
def _callwright(
    *,
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


_Model = Annotated[str, typer.Option("--model", metavar="SLUG", help="The model to ask.")]
_BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="Another server of the chat-completions API. Default: OpenRouter.")
]
_KeyVariable = Annotated[
    str | None, typer.Option("--api-key-env", metavar="VARIABLE", help="Holds the key of --base-url.")
]
_Offline = Annotated[bool, typer.Option("--offline", help="Ask the rule-based stand-in; no network.")]
_Rows = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="Lines of JSON; those that are there are not done again."),
]
_Inputs = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FILE]...", help="Texts, images, PDFs, sounds. Default: a text through a pipe."),
]


@app.command("demo")
def _demo(
    *,
    live: Annotated[bool, typer.Option("--live", help="Ask openrouter.ai; needs OPENROUTER_API_KEY.")] = False,
    model: _Model = "openai/gpt-4o-mini",
) -> None:
    """Show an assistant with tools, an extraction and a forced call, offline."""
    with reporting():
        from callwright.cli.demo import demo  # noqa: PLC0415 - see the module's docstring

        demo(slug=model, is_live=live)


@app.command("chat")
def _chat(
    model: Annotated[str | None, typer.Argument(help="Such as openai/gpt-4o-mini. Default: the account's.")] = None,
    *,
    tools: Annotated[
        list[str] | None,
        typer.Option("--tools", metavar="PLACE", help="module:function, or file.py[:function]. Repeatable."),
    ] = None,
    system: Annotated[str | None, typer.Option("--system", help="The instructions of the conversation.")] = None,
    base_url: _BaseUrl = None,
    api_key_env: _KeyVariable = None,
    offline: _Offline = False,
) -> None:
    """Talk with a model that may call your functions; reads one question from a pipe."""
    with reporting():
        from callwright.cli.chat import ChatSettings, chat  # noqa: PLC0415 - see the module's docstring
        from callwright.cli.service import Address  # noqa: PLC0415

        address = Address(base_url, api_key_env, is_offline=offline)
        chat(ChatSettings(model, tuple(tools or ()), system, address))


@app.command("extract")
def _extract(
    place: Annotated[
        str, typer.Argument(metavar="TYPE", help="module:Type or file.py:Type; or a file.json with a JSON Schema.")
    ],
    inputs: _Inputs = None,
    *,
    output: _Rows = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="SLUG", help="The model to ask. Default: the account's.")
    ] = None,
    mode: Annotated[
        str, typer.Option("--mode", metavar="MODE", help="auto, tool, json_schema, json_object or prompt.")
    ] = "auto",
    several: Annotated[bool, typer.Option("--list", help="Each file may hold several of the type.")] = False,
    system: Annotated[str | None, typer.Option("--system", help="Instructions for the model.")] = None,
    concurrency: Annotated[int, typer.Option("--concurrency", min=1, help="Files at the same time.")] = 16,
    budget: Annotated[
        float | None, typer.Option("--budget", metavar="DOLLARS", min=0, help="Stop when so much is spent.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option("--store", metavar="FILE", help="Keep the runs there; what was paid for is read.")
    ] = None,
    base_url: _BaseUrl = None,
    api_key_env: _KeyVariable = None,
    offline: _Offline = False,
) -> None:
    """Extract a value from each of many files, as lines of JSON; goes on where it was stopped."""
    with reporting():
        from callwright.cli.extract import ExtractSettings, extract  # noqa: PLC0415 - see the module's docstring
        from callwright.cli.service import Address  # noqa: PLC0415

        settings = ExtractSettings(
            place=place,
            inputs=tuple(inputs or ()),
            output=output,
            slug=model,
            mode=mode,
            system=system,
            concurrency=concurrency,
            budget=budget,
            store=store,
            is_list=several,
            address=Address(base_url, api_key_env, is_offline=offline),
        )
        extract(settings)


@app.command("schema")
def _schema(
    places: Annotated[list[str], typer.Argument(metavar="PLACE", help="module:function, or file.py[:function].")],
    *,
    compact: Annotated[bool, typer.Option("--compact", help="In one line.")] = False,
    entries: Annotated[bool, typer.Option("--entries", help="As a request's `tools` hold them.")] = False,
    lint: Annotated[
        bool, typer.Option("--lint", help="Tell what could be better instead; 1 if something is wrong.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="With --lint: warnings fail, too.")] = False,
    dialect: Annotated[
        list[str] | None,
        typer.Option(
            "--dialect", metavar="NAME", help="With --lint: the service to think of. Repeatable. Default: all."
        ),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option("--check", metavar="FILE", help="Compare with a lock; 1 if a change breaks something."),
    ] = None,
    lock: Annotated[
        Path | None, typer.Option("--lock", metavar="FILE", help="Write the lock that --check reads.")
    ] = None,
) -> None:
    """Print what a model is told of functions, as JSON; or check it."""
    with reporting():
        from callwright.cli.review import Review  # noqa: PLC0415 - see the module's docstring
        from callwright.cli.schema import print_schemas, review_schemas  # noqa: PLC0415

        wanted = Review(lint=lint, is_strict=strict, dialects=tuple(dialect or ()), check=check, lock=lock)
        if wanted or strict or dialect:
            review_schemas(places, wanted, is_printing=compact or entries)
        else:
            print_schemas(places, is_compact=compact, as_entries=entries)


@app.command("simulate")
def _simulate(
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8484,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    scenarios: Annotated[
        Path | None, typer.Option("--scenarios", metavar="FILE", help="Scripts for scripted/NAME, as JSON.")
    ] = None,
    fault: Annotated[
        str, typer.Option("--fault", metavar="NAME[=VALUE][*TIMES]", help="What every request meets, such as 429*1.")
    ] = "",
) -> None:
    """Serve the offline OpenRouter, for programs in any language."""
    with reporting():
        from callwright.cli.simulate import simulate  # noqa: PLC0415 - see the module's docstring

        simulate(host=host, port=port, scenarios=scenarios, fault=fault)


app.command("query")(query)
app.add_typer(runs, name="runs")
