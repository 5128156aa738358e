"""Every command with its options, and what happens to an error. The work of a command is in the module of its name.

click, not typer: typer 0.27 loads pydantic for every command, half of the time until `edgeroutes dev` is ready (measured: 390 of 850 ms),
and binds users to a version of it. uvicorn depends on click anyway.
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
from edgeroutes.cli.output import escape, escape_lines, escaped_output, problem_document
from edgeroutes.errors import EdgeroutesError, ProblemsError

_RUN_PROJECT_CODE = (["dev"], ["invoke"])

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_root = click.option("--root", type=_FOLDER, default=".", help="The project's folder; by default this one.")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
_headers = click.option(
    "--header", "-H", "headers", multiple=True, metavar="'NAME: VALUE'", help="A header; repeat for more."
)
_strict = click.option("--strict", is_flag=True, help="Exit with 1 when there are warnings, for CI.")
_aws = click.option("--aws", is_flag=True, help="Use AWS with your credentials instead of local AWS.")

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
    help="The address to listen on. Any other than loopback lets other machines run the project's code.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    metavar="NUMBER",
    help="By default 3000, or the next free one; 0 takes any free port.",
)
@click.option("--no-cdn", is_flag=True, help="Do not emulate CloudFront in front of the routes.")
@click.option("--no-template", is_flag=True, help="Do not keep template.yaml current.")
@click.option("--persist", is_flag=True, hidden=True)
@_aws
@_as_json
def dev(
    *, root: Path, host: str, port: int | None, no_cdn: bool, no_template: bool, persist: bool, aws: bool, as_json: bool
) -> int:
    """Serve the routes and the resources of infra/ on this machine.

    Requests take the way they take on AWS: event, adapter and a CDN in front. Tables, buckets and queues are local.
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
    """List the routes and the project's problems.

    The router tries the routes in this order.
    """
    from edgeroutes.cli.routes import print_routes

    return print_routes(root.resolve(), as_json=as_json)


@app.command()
@click.argument("method")
@click.argument("path")
@_root
@_headers
@click.option(
    "--data", "-d", metavar="BODY|@FILE|-", help="The body, a file that contains it, or - for standard input."
)
@click.option("--event", "is_event", is_flag=True, help="Print the Lambda event instead of running the request.")
@click.option("--include", "-i", "with_head", is_flag=True, help="Print the status and headers, too.")
@_aws
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
    """Run one request, as Lambda would, and print the response body.

    It takes the event and the adapter of Lambda, and local AWS. The exit code is 1 for a status of 500 or above.
    """
    from edgeroutes.cli.invoke import print_event, print_response, read_request

    try:
        request = read_request(method, path, headers=headers, data=data)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if is_event:
        return print_event(request)
    return print_response(root.resolve(), request, with_head=with_head, as_json=as_json, aws=aws)


@app.command()
@_root
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when the file is not current.")
@_strict
@_as_json
def template(root: Path, check: bool, strict: bool, as_json: bool) -> int:
    """Write template.yaml, from which SAM creates the stack.

    One Lambda function per route, behind one API, behind CloudFront.
    """
    from edgeroutes.cli.template import print_template

    return print_template(root.resolve(), check=check, as_json=as_json, strict=strict)


@app.command()
@click.option("--tag", "tags", multiple=True, help="Invalidate responses with this tag; repeat for more.")
@click.option("--path", "paths", multiple=True, help="Invalidate this path, without base path; repeat for more.")
@click.option("--all", "everything", is_flag=True, help="Invalidate everything, as after a deploy.")
@click.option("--stack", help="The stack of the distribution; by default the project's name.")
@click.option("--distribution", metavar="ID", help="The distribution's ID, instead of a stack.")
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
    """Invalidate tags, paths or everything in the deployed CDN."""
    if bool(tags or paths) == everything:
        raise click.UsageError("Name what to invalidate: --tag and --path, or --all.")
    if stack and distribution:
        raise click.UsageError("Give --stack or --distribution, not both.")
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
@click.option("--method", "-X", default="GET", show_default=True, help="The request's method.")
@_headers
@_as_json
def explain(target: str, root: Path, method: str, headers: tuple[str, ...], as_json: bool) -> int:
    """Show a request's handler, and how its response is cached.

    It gives the reasons, and runs nothing.
    """
    from edgeroutes.cli.invoke import print_explanation, read_target

    try:
        request = read_target(method, target, headers)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return print_explanation(root.resolve(), request, as_json=as_json)


@app.command()
@_root
@_as_json
@_strict
def build(root: Path, as_json: bool, strict: bool) -> int:
    """Build all functions, and show their sizes. `sam build` does the same."""
    from edgeroutes.cli.build import print_build

    return print_build(root.resolve(), as_json=as_json, strict=strict)


@app.command(add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bundle(arguments: tuple[str, ...]) -> int:
    """Write one function's files to a folder.

    The Makefile runs this for `sam build`.
    """
    from edgeroutes.cli.build import run_bundle

    return run_bundle(arguments)


@app.command()
@click.argument("route")
@click.argument("name", metavar="PACKAGE|FILE")
@_root
@_as_json
def why(route: str, name: str, root: Path, as_json: bool) -> int:
    """Show why a function contains a package or a file.

    ROUTE is the route's path. The output is the chain of imports that leads there.
    """
    from edgeroutes.cli.build import print_why

    return print_why(root.resolve(), route, name, as_json=as_json)


@app.command()
@click.argument("name", required=False)
@_as_json
def init(name: str | None, as_json: bool) -> int:
    """Create a project in the folder NAME, or in this one.

    Files that exist stay as they are.
    """
    from edgeroutes.cli.init import print_init

    return print_init(name, as_json=as_json)


@app.command()
@click.argument("path")
@click.option(
    "--methods", default="GET", show_default=True, metavar="GET,POST,…", help="The methods that the route handles."
)
@_root
@_as_json
def new(path: str, methods: str, root: Path, as_json: bool) -> int:
    """Create a route, such as api/users/[id], and its test."""
    from edgeroutes.cli.new import print_new, read_methods

    try:
        names = read_methods(methods)
    except ValueError as error:
        raise click.UsageError(f"--methods: {error}") from error
    return print_new(root.resolve(), path, names, as_json=as_json)


@app.group(invoke_without_command=True)
@_root
@_as_json
@click.pass_context
def doctor(context: click.Context, root: Path, as_json: bool) -> int:
    """Check this machine and the project.

    Each finding says how to fix it. The exit code is 1 when `sam build` would not work.
    """
    if context.invoked_subcommand is not None:
        return DONE
    from edgeroutes.cli.doctor import print_findings

    return print_findings(root.resolve(), as_json=as_json)


@doctor.command()
@click.argument("url")
@click.option("--origin", "-o", required=True, help="The page's origin, such as https://app.example.com.")
@click.option("--method", "-X", default="GET", show_default=True, help="The request's method.")
@click.option("--header", "-H", "headers", multiple=True, metavar="NAME", help="A header that the page sets; repeat.")
@click.option("--credentials", is_flag=True, help="The page sends cookies along.")
@_root
@_as_json
def cors(
    *, url: str, origin: str, method: str, headers: tuple[str, ...], credentials: bool, root: Path, as_json: bool
) -> int:
    """Show whether a page of another origin can read a response, and why.

    URL is a path of this project, or an http or https URL of a server that runs. The exit code is 1 when the page cannot read it.
    """
    from edgeroutes.cli.doctor_cors import print_cors

    if not url.startswith(("/", "http://", "https://")):
        raise click.UsageError(f"{url!r} is not a path, which starts with '/', and not an http or https URL.")
    try:
        return print_cors(
            url,
            origin=origin,
            method=method,
            headers=headers,
            has_credentials=credentials,
            root=root.resolve(),
            as_json=as_json,
        )
    except ValueError as error:
        raise click.UsageError(str(error).replace("origins has", "--origin is")) from error


@app.command()
@click.argument("route", required=False)
@_root
@_as_json
def iam(route: str | None, root: Path, as_json: bool) -> int:
    """Compare the AWS calls of routes with their permissions.

    With ROUTE only that one. The exit code is 1 when a permission is missing.
    """
    from edgeroutes.cli.iam import print_iam

    return print_iam(root.resolve(), route, as_json=as_json)


@app.command()
@click.argument("mypy_options", nargs=-1, metavar="[-- MYPY OPTIONS]")
@_root
@_as_json
def typecheck(mypy_options: tuple[str, ...], root: Path, as_json: bool) -> int:
    """Check the types of the files in functions/ with mypy.

    Settings come from mypy's configuration; options after -- override it. The exit code is 1 when there is an error.
    """
    from edgeroutes.cli.typecheck import print_type_errors

    return print_type_errors(root.resolve(), mypy_options, as_json=as_json)


def run(arguments: list[str]) -> int:
    """Run a command line, print its errors, and return the exit code."""
    # The output of the project's own code passes as it is.
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
    except BrokenPipeError:  # the reader of the output has stopped, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:  # any other is a bug of edgeroutes
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
