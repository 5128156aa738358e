"""The subcommands of `doctor` with their options. Roof; each one's work is in a module of its own."""

from __future__ import annotations

from pathlib import Path

import click


def register(doctor: click.Group) -> None:
    """Add them to the group."""
    doctor.add_command(cors)


@click.command()
@click.argument("url")
@click.option("--origin", "-o", required=True, help="Of the page, such as https://app.example.com.")
@click.option("--method", "-X", default="GET", show_default=True, help="What the page sends.")
@click.option("--header", "-H", "headers", multiple=True, metavar="'NAME: VALUE'", help="That the page sets; repeat.")
@click.option("--credentials", is_flag=True, help="The page sends cookies along.")
@click.option("--root", type=click.Path(exists=True, file_okay=False, path_type=Path), default=".")
@click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
def cors(
    *, url: str, origin: str, method: str, headers: tuple[str, ...], credentials: bool, root: Path, as_json: bool
) -> int:
    """Say what a browser does with a page of another origin, and why.

    URL is a path, for the project as it is here, or starts with http:// or https://, for what is there.
    """
    from edgeroutes.cli.doctor_cors import print_cors

    if not url.startswith(("/", "http://", "https://")):
        raise click.UsageError(f"{url!r} is neither a path, which starts with '/', nor an http or https URL")
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
