"""The commands `init`, `new`, `doctor`, `iam` and `typecheck` with their options; the work of each is in a module of its own.

`doctor` is a group that works without a subcommand: a module that has one adds it, `doctor.add_command(...)`.
"""

from __future__ import annotations

from pathlib import Path

import click

from edgeroutes.cli.doctor_commands import register as register_doctor

_root = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="The project's folder; by default this one.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")


def register(app: click.Group) -> None:
    """Give the program these commands."""
    register_doctor(doctor)
    for command in (init, new, doctor, iam, typecheck):
        app.add_command(command)


@click.command()
@click.argument("name", required=False)
@_as_json
def init(name: str | None, as_json: bool) -> int:
    """Make a project in the folder NAME, or in this one.

    What is there already stays as it is.
    """
    from edgeroutes.cli.init import print_init

    return print_init(name, as_json=as_json)


@click.command()
@click.argument("path")
@click.option("--methods", default="GET", show_default=True, metavar="GET,POST,…", help="What it shall answer.")
@_root
@_as_json
def new(path: str, methods: str, root: Path, as_json: bool) -> int:
    """Make a route, such as api/users/[id], and its test."""
    from edgeroutes.cli.new import print_new, read_methods

    try:
        names = read_methods(methods)
    except ValueError as error:
        raise click.UsageError(f"--methods: {error}") from error
    return print_new(root.resolve(), path, names, as_json=as_json)


@click.group(invoke_without_command=True)
@_root
@_as_json
@click.pass_context
def doctor(context: click.Context, root: Path, as_json: bool) -> int:
    """Say what this machine and the project lack.

    And what to do about it. The exit code is 1 when `sam build` would not work.
    """
    if context.invoked_subcommand is not None:
        return 0
    from edgeroutes.cli.doctor import print_findings

    return print_findings(root.resolve(), as_json=as_json)


@click.command()
@click.argument("route", required=False)
@_root
@_as_json
def iam(route: str | None, root: Path, as_json: bool) -> int:
    """Compare what routes ask of AWS with what they may.

    With ROUTE that one alone. The exit code is 1 when something is missing.
    """
    from edgeroutes.cli.iam import print_iam

    return print_iam(root.resolve(), route, as_json=as_json)


@click.command()
@click.argument("mypy_options", nargs=-1, metavar="[-- MYPY OPTIONS]")
@_root
@_as_json
def typecheck(mypy_options: tuple[str, ...], root: Path, as_json: bool) -> int:
    """Check the types of the files in functions/ with mypy.

    Settings come from mypy's configuration; options after -- win over it. The exit code is 1 when there is an error.
    """
    from edgeroutes.cli.typecheck import print_type_errors

    return print_type_errors(root.resolve(), mypy_options, as_json=as_json)
