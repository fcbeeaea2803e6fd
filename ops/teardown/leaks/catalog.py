"""Glue databases."""

from collections.abc import Iterator
from typing import Final

from ops.aws.account import Client
from ops.teardown.leaks.scope import Leftover, Scope, Sweeper, pages


def _databases(client: Client, scope: Scope) -> Iterator[Leftover]:
    glue = client("glue")
    for item in pages(glue, "get_databases", "DatabaseList"):
        name = item["Name"]
        arns = (arn for arn in scope.tagged if arn.endswith(f":database/{name}") and ":glue:" in arn)
        if claim := scope.by_name(name, usual="FruitsStorage") or next(map(scope.by_arn, arns), None):
            tables = sum(1 for _ in pages(glue, "get_tables", "TableList", DatabaseName=name))
            yield Leftover(
                kind="Glue database",
                id=name,
                claim=claim,
                monthly=0.0,  # an account's first million of tables and versions are free
                command=scope.aws(f"glue delete-database --name {name}"),
                detail=f"{tables} tables",
            )


SWEEPERS: Final = (Sweeper("Glue databases", _databases, ("glue",)),)
