"""`query`: one thing about a project, on standard output and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping

import click

from functoria.cli.keyed import KeyedCommand, project_of
from functoria.cli.settings import common, settings_of
from functoria.error import UsageError
from functoria.query import STANDARD
from functoria.tool import Query, Tool


def _complete(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    return [name for name in queries_of(settings_of(context).tool) if name.startswith(begun)]


@click.command("query", cls=KeyedCommand)
@common
@click.argument("what", required=False, shell_complete=_complete)
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@click.pass_context
def command(context: click.Context, what: str | None, as_json: bool) -> None:
    """Print one thing about the project; without WHAT, what there is to ask.

    Nothing is written, and standard output carries nothing but the answer.
    """
    queries = queries_of(settings_of(context).tool)
    if what is None:
        answer: object = {name: query.doc for name, query in queries.items()}
    else:
        answer = _query(queries, what).answer(project_of(context))
    click.echo(as_text(answer, as_json=as_json), nl=False)


def queries_of(tool: Tool) -> Mapping[str, Query]:
    """`queries_of(tool)` is what can be asked, by name, sorted."""
    return dict(sorted({**STANDARD, **tool.queries}.items()))


def _query(queries: Mapping[str, Query], what: str) -> Query:
    if what in queries:
        return queries[what]
    from difflib import get_close_matches

    near = get_close_matches(what, queries, 1)
    raise UsageError(
        f"there is nothing to ask called `{what}`",
        "WHAT",
        f"did you mean `{near[0]}`?" if near else f"ask for one of {', '.join(queries)}",
    )


def as_text(answer: object, *, as_json: bool) -> str:
    """`as_text(answer, as_json=...)` is an answer as it is printed."""
    if as_json:
        return json.dumps(answer, indent=2, ensure_ascii=False) + "\n"
    match answer:
        case str():
            return answer if answer.endswith("\n") or not answer else answer + "\n"
        case list() | tuple() if all(not isinstance(item, list | dict) for item in answer):
            return "".join(f"{item}\n" for item in answer)
        case dict() if all(not isinstance(value, list | dict) for value in answer.values()):
            width = max((len(name) for name in answer), default=0)
            return "".join(f"{name:{width}}  {value}\n" for name, value in answer.items())
    return json.dumps(answer, indent=2, ensure_ascii=False) + "\n"
