"""The commands `build`, `bundle` and `why` with their options. Roof; the work is in `build.py`."""

from __future__ import annotations

from pathlib import Path

import click

_root = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="The project's folder; by default this one.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")


def register(app: click.Group) -> None:
    """Give the program these commands."""
    for command in (build, bundle, why):
        app.add_command(command)


@click.command()
@_root
@_as_json
@click.option("--strict", is_flag=True, help="Exit with 1 when there are warnings, for CI.")
def build(root: Path, as_json: bool, strict: bool) -> int:
    """Build all functions, and show what they weigh. `sam build` does the same by itself."""
    from edgeroutes.cli.build import print_build

    return print_build(root.resolve(), as_json=as_json, strict=strict)


@click.command()
@click.argument("logical_id")
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), required=True, help="An empty folder to fill.")
@click.option("--root", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The project's folder.")
@_as_json
def bundle(logical_id: str, to: Path, root: Path | None, as_json: bool) -> int:
    """Put one function's files into a folder.

    This is what the Makefile calls for `sam build`.
    """
    from edgeroutes.cli.build import find_root, write_bundle

    to = to.absolute()
    return write_bundle((root or find_root(to)).resolve(), logical_id, to, as_json=as_json)


@click.command()
@click.argument("route")
@click.argument("name", metavar="PACKAGE|FILE")
@_root
@_as_json
def why(route: str, name: str, root: Path, as_json: bool) -> int:
    """Tell what brings a package or a file into a function.

    ROUTE is its path. The files that import it are named, one after the other.
    """
    from edgeroutes.cli.build import print_why

    return print_why(root.resolve(), route, name, as_json=as_json)
