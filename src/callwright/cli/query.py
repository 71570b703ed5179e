"""The command `query`: its arguments and options; what it does is loaded when it is called."""

from __future__ import annotations

from typing import Annotated

import typer

from callwright.cli.exits import reporting

__all__ = ["query"]


def query(
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What to ask; - reads a pipe. Or: id FILE.")],
    file: Annotated[str | None, typer.Argument(metavar="[FILE]", help="With id: a configuration as JSON.")] = None,
    *,
    choices: Annotated[
        str | None, typer.Option("--choices", metavar="A,B,C", help="What to vote on; or a JSON list.")
    ] = None,
    jury: Annotated[
        str,
        typer.Option(
            "--jury", metavar="MEMBERS", help="Such as 'a/b x3, c/d:logprobs@2'; 'a/b x3 -> c/d' writes first."
        ),
    ] = "openai/gpt-4o-mini x3",
    seed: Annotated[int | None, typer.Option("--seed", help="Draws the ballots; sent to the models, too.")] = None,
    stop: Annotated[
        str | None, typer.Option("--stop", metavar="RULE", help="none, exact, beta:0.95 or confidence:0.9.")
    ] = None,
    replicates: Annotated[int, typer.Option("--replicates", min=1, help="Ballots for each voter.")] = 1,
    max_cost: Annotated[float | None, typer.Option("--max-cost", metavar="USD", min=0, help="To spend.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="Another server of the chat-completions API. Default: OpenRouter.")
    ] = None,
    api_key_env: Annotated[
        str | None, typer.Option("--api-key-env", metavar="VARIABLE", help="Holds the key of --base-url.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Ask the rule-based stand-in; no network.")] = False,
) -> None:
    """Have several models answer or choose, and tell how many agree; or print the id of a configuration."""
    with reporting():
        from callwright.cli.service import Address  # noqa: PLC0415 - see the module's docstring
        from callwright.cli.voting import QuerySettings, print_id, vote  # noqa: PLC0415

        if question == "id" and file is not None:
            print_id(file, is_json=as_json)
            return
        address = Address(base_url=base_url, api_key_env=api_key_env, is_offline=offline)
        settings = QuerySettings(
            question, file, choices, jury, seed, stop, replicates, max_cost, address, is_json=as_json
        )
        vote(settings)
