"""The commands and their options, and what becomes of an error. Roof; each command's work is in a module of its own.

click, not typer: since 0.27 typer loads pydantic for every command, which is half of the time until `edgeroutes dev` is ready (measured:
390 of 850 ms), and would bind users to a version of it. uvicorn brings click along.
"""

from __future__ import annotations

import difflib
import json
import os
import sys
import traceback
from contextlib import nullcontext
from pathlib import Path

import click

from edgeroutes._version import __version__
from edgeroutes.cli import DONE, INTERRUPTED, OUR_BUG, REFUSED, is_of_extra
from edgeroutes.cli.build_commands import register as register_build
from edgeroutes.cli.documents import problem_document
from edgeroutes.cli.escaping import escape, escape_lines, escaped_output
from edgeroutes.cli.project_commands import register as register_project
from edgeroutes.errors import EdgeroutesError, ProblemsError

_RUN_PROJECT_CODE = (["dev"], ["invoke"])

_root = click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=".",
    help="The project's folder; by default this one.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")


# Commands that users of other tools type.
_OTHER_TOOLS = {
    "delete": "sam delete",
    "deploy": "sam build && sam deploy",
    "destroy": "sam delete",
    "logs": "sam logs --tail",
    "package": "sam package",
    "publish": "sam build && sam deploy",
    "remove": "sam delete",
    "run": "edgeroutes dev",
    "serve": "edgeroutes dev",
    "start": "edgeroutes dev",
    "sync": "sam sync",
    "tail": "sam logs --tail",
    "test": "pytest",
    "validate": "edgeroutes template --check",
}


class _Commands(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command; for an unknown one an error that names the right one."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and self.get_command(ctx, name) is None:
            near = difflib.get_close_matches(name, self.list_commands(ctx), n=1)
            if name in _OTHER_TOOLS:
                hint = f" Run '{_OTHER_TOOLS[name]}'."
            else:
                hint = f" Did you mean '{near[0]}'?" if near else ""
            ctx.fail(f"'{name}' is not a command of edgeroutes.{hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="'sam build', 'sam deploy' and 'sam logs' are commands of the AWS SAM CLI.",
)
@click.version_option(__version__, prog_name="edgeroutes", message="%(prog)s %(version)s")
def app() -> None:
    """Next.js route handlers for Python, on your own AWS account."""


@app.command()
@_root
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="What to listen on. Any other than loopback lets other machines run the project's code.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    metavar="NUMBER",
    help="By default 3000, or the next that is free; 0 takes any that is free.",
)
@click.option("--no-cdn", is_flag=True, help="Leave the CDN out that stands in front as CloudFront does.")
@click.option("--no-template", is_flag=True, help="Leave template.yaml as it is, instead of keeping it current.")
@click.option("--persist", is_flag=True, hidden=True, help="Was removed; says so.")
@click.option("--aws", is_flag=True, help="Make no resources here: boto3 asks AWS, with your credentials.")
@_as_json
def dev(
    *, root: Path, host: str, port: int | None, no_cdn: bool, no_template: bool, persist: bool, aws: bool, as_json: bool
) -> int:
    """Serve the routes and what infra/ has, on this machine.

    As AWS would: through the event, the adapter, a CDN in front, and tables, buckets and queues in moto.
    """
    if persist:
        raise click.UsageError(
            "--persist was removed: the resources of infra/ start with their seeds. Put data that each run needs into"
            " infra/seed/, or leave edgeroutes dev running: data survives every save."
        )
    from edgeroutes.cli.dev import serve

    return serve(
        root.resolve(),
        host=host,
        port=port,
        with_cdn=not no_cdn,
        aws=aws,
        writes_template=not no_template,
        as_json=as_json,
    )


@app.command()
@_root
@_as_json
def routes(root: Path, as_json: bool) -> int:
    """List the routes, and what is wrong with the project.

    They stand in the order in which they are tried.
    """
    from edgeroutes.cli.routes import print_routes

    return print_routes(root.resolve(), as_json=as_json)


@app.command()
@click.argument("method")
@click.argument("path")
@_root
@click.option("--header", "-H", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header; repeat for more.")
@click.option("--data", "-d", metavar="BODY|@FILE|-", help="The body, a file that holds it, or - for standard input.")
@click.option("--event", "is_event", is_flag=True, help="Print the event that Lambda would get, and run nothing.")
@click.option("--include", "-i", "with_head", is_flag=True, help="Print status and headers, too.")
@click.option("--aws", is_flag=True, help="Make no resources here: boto3 calls AWS, with your credentials.")
@_as_json
def invoke(
    *,
    method: str,
    path: str,
    root: Path,
    headers: tuple[str, ...],
    data: str | None,
    is_event: bool,
    with_head: bool,
    aws: bool,
    as_json: bool,
) -> int:
    """Run one request, as Lambda would, and print its body.

    It goes through the event and the adapter that Lambda uses, and finds the local AWS of edgeroutes dev. The exit code is 1 for a
    status from 500 on.
    """
    from edgeroutes.cli.invoke import print_answer, print_event, read_request

    try:
        request = read_request(method, path, headers=headers, data=data)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if is_event:
        return print_event(request)
    return print_answer(root.resolve(), request, with_head=with_head, as_json=as_json, aws=aws)


@app.command()
@_root
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when the file is not current.")
@click.option("--strict", is_flag=True, help="Exit with 1 when there are warnings, for CI.")
@_as_json
def template(root: Path, check: bool, strict: bool, as_json: bool) -> int:
    """Write template.yaml, of which SAM makes the stack.

    One Lambda function to a route, behind one API, behind CloudFront.
    """
    from edgeroutes.cli.template import print_template

    return print_template(root.resolve(), check=check, as_json=as_json, strict=strict)


@app.command()
@click.option("--tag", "tags", multiple=True, help="Forget what has this tag; repeat for more.")
@click.option("--path", "paths", multiple=True, help="Forget this path, without base path; repeat for more.")
@click.option("--all", "everything", is_flag=True, help="Forget everything, as after a deploy.")
@click.option("--stack", help="The stack that has the distribution; by default it is called as the project is.")
@click.option("--distribution", metavar="ID", help="The distribution itself.")
@_root
@_as_json
def revalidate(
    *,
    tags: tuple[str, ...],
    paths: tuple[str, ...],
    everything: bool,
    stack: str | None,
    distribution: str | None,
    root: Path,
    as_json: bool,
) -> int:
    """Have the deployed CDN forget tags, paths or everything."""
    if bool(tags or paths) == everything:
        raise click.UsageError("Say what to forget: --tag and --path, or --all.")
    if stack and distribution:
        raise click.UsageError("Name the stack or the distribution, not both.")
    from edgeroutes.cli.revalidate import print_revalidation

    return print_revalidation(
        root.resolve(),
        tags=tags,
        paths=paths,
        everything=everything,
        stack=stack,
        distribution=distribution,
        as_json=as_json,
    )


@app.command()
@click.argument("target", metavar="PATH|URL")
@_root
@click.option("--method", "-X", default="GET", show_default=True, help="Of the request.")
@click.option("--header", "-H", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header; repeat for more.")
@_as_json
def explain(target: str, root: Path, method: str, headers: tuple[str, ...], as_json: bool) -> int:
    """Say who answers a request, and how long it is cached.

    And why. Nothing is run.
    """
    from edgeroutes.cli.explain import print_explanation, read_target

    try:
        request = read_target(method, target, headers)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return print_explanation(root.resolve(), request, as_json=as_json)


register_build(app)
register_project(app)


def run(arguments: list[str]) -> int:
    """The exit code of a command line; what was wrong with it is printed."""
    # The output of the project's own code is its author's, and passes as it is.
    with nullcontext() if arguments[:1] in _RUN_PROJECT_CODE else escaped_output():
        return _run(arguments)


def _run(arguments: list[str]) -> int:
    try:
        code = app.main(arguments, prog_name="edgeroutes", standalone_mode=False)
    except EdgeroutesError as error:
        _print_problems(error, as_json="--json" in arguments)
        return REFUSED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:  # whatever it is, it is ours
        if isinstance(error, ModuleNotFoundError) and is_of_extra(error):
            raise
        print(escape(traceback.format_exc()), file=sys.stderr)
        print(f"\nThis is a bug of edgeroutes {__version__}. Please report it, with the lines above.", file=sys.stderr)
        return OUR_BUG
    return code if isinstance(code, int) else DONE


def _print_problems(error: EdgeroutesError, *, as_json: bool) -> None:
    problems = error.problems if isinstance(error, ProblemsError) else (error,)
    for problem in problems:
        print(escape_lines(str(problem)), file=sys.stderr)
    if as_json:
        print(json.dumps({"problems": [problem_document(problem) for problem in problems]}))
