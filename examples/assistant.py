"""An assistant over a database: what one query gives, the next one needs. Run `python examples/assistant.py`."""

from __future__ import annotations

from world import open_world

from callwright import Agent

WORLD = open_world()


def find_country(name: str) -> dict[str, str]:
    """Find the id of a country by its name, or by the name of its capital."""
    found = WORLD.execute("SELECT id, name FROM countries WHERE ? IN (name, capital)", [name]).fetchone()
    return dict(zip(("id", "name"), found, strict=True)) if found else {}


def list_neighbours(country_id: str) -> list[str]:
    """List the neighbours of a country, in alphabetical order."""
    query = "SELECT name FROM borders JOIN countries ON id = neighbour_id WHERE country_id = ? ORDER BY name"
    return [name for (name,) in WORLD.execute(query, [country_id])]


def get_currency(country_id: str) -> str:
    """Tell the currency of a country."""
    query = "SELECT money.name FROM countries JOIN currencies AS money ON money.id = currency_id WHERE countries.id = ?"
    return str(WORLD.execute(query, [country_id]).fetchone()[0])


assistant = Agent("openai/gpt-4o-mini", tools=[find_country, list_neighbours, get_currency])
for question in (
    "Which neighbours does Mongolia have?",
    "Which currency do people use in Bhutan?",
    "What are the neighbours of the country whose capital is Ouagadougou?",
):
    result = assistant.run_sync(question)
    made = [call for request in result.requests if request.completion for call in request.completion.tool_calls]
    print(question, *(f"  {call.name} {call.arguments}" for call in made), f"  {result.output}", sep="\n")
