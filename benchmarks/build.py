"""The time of `sam build` with edgeroutes and with SAM's own Python builders on the same routes, and the size of a hello route.

Run from the repository's root, with the SAM CLI on the PATH or in .tools::

    .venv/bin/python benchmarks/build.py [--routes 100] [--peer-routes 9] [--rounds 3] [--many 400]

A third of the routes needs Starlette and Mangum, a third pydantic, a third Powertools; every route has a file of its own and shares one
with the others. One run measures all variants. python-pip and python-uv install the dependencies again for each function, so
they run with `--peer-routes` routes; the table shows the time per route, and the estimate for all routes (≈).

cold: empty store, warm uv cache; again: nothing changed; one file: one route edited; floor: SAM itself, with a make rule that links
existing bundles, or does nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

RULE = "ROOT := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))\nbuild-%:\n\t"
LINK = "@sh $(ROOT).edgeroutes/store/link.sh $* $(ARTIFACTS_DIR) 2>/dev/null || "
BUNDLE = f"{sys.executable} {REPOSITORY}/benchmarks/build.py bundle $(ROOT) $* $(ARTIFACTS_DIR)"
LINK_ONLY = (
    '@cd $(ROOT).edgeroutes/store && while read -r tree; do set -- "$$@" trees/$$tree/.; done < functions/$* '
    '&& cp -Rlp "$$@" $(ARTIFACTS_DIR)'
)
SETS = (
    (
        "starlette==1.*\nmangum",
        "from starlette.datastructures import Headers\nimport mangum\nKNOWN = [Headers, mangum.Mangum]\n",
    ),
    ("pydantic==2.*", "from pydantic import BaseModel\nclass Item(BaseModel):\n    name: str\nKNOWN = [Item]\n"),
    ("aws-lambda-powertools==3.*", "from aws_lambda_powertools import Logger\nKNOWN = [Logger()]\n"),
)


def write_project(root: Path, routes: int) -> None:
    """A project of edgeroutes with so many routes, its Makefile and its template."""
    (root / "lib").mkdir(parents=True)
    (root / "lib" / "shared.py").write_text("def greet(name):\n    return {'hello': name}\n")
    (root / "pyproject.toml").write_text('[tool.edgeroutes]\nname = "bench"\n')
    (root / "Makefile").write_text(f"{RULE}{LINK}{BUNDLE}\n")
    resources = {}
    for index in range(routes):
        folder = root / "functions" / f"r{index}"
        folder.mkdir(parents=True)
        body = f"from lib.shared import greet\n{SETS[index % 3][1]}\ndef GET():\n    return greet('r{index}')\n"
        (folder / "route.py").write_text(body)
        resources[f"R{index}Function"] = function(f"functions/r{index}/", "makefile", "edgeroutes_function.handler")
    resources["FallbackFunction"] = function("functions/", "makefile", "edgeroutes_function.handler")
    write_template(root, resources)


def write_peer(root: Path, routes: int, method: str) -> None:
    """The same routes as plain functions that SAM's builder `method` knows; an empty one is its default, pip."""
    resources = {}
    for index in range(routes):
        folder = root / f"r{index}"
        folder.mkdir(parents=True)
        (folder / "app.py").write_text(f"{SETS[index % 3][1]}\ndef handler(event, context):\n    return {{}}\n")
        (folder / "requirements.txt").write_text(f"{SETS[index % 3][0]}\n")
        resources[f"R{index}Function"] = function(f"r{index}/", method, "app.handler")
    write_template(root, resources)


def function(code: str, method: str, handler: str) -> dict[str, object]:
    """One function of a template."""
    properties = {"CodeUri": code, "Handler": handler, "Runtime": "python3.13", "Architectures": ["x86_64"]}
    metadata = {"Metadata": {"BuildMethod": method, **({"ContextPath": "."} if method == "makefile" else {})}}
    return {"Type": "AWS::Serverless::Function", "Properties": properties, **(metadata if method else {})}


def write_template(root: Path, resources: dict[str, object]) -> None:
    """A template with these resources; JSON is YAML."""
    document = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": resources,
    }
    (root / "template.yaml").write_text(json.dumps(document, indent=1))


def sam_build(root: Path, *options: str) -> float:
    """How long `sam build` takes there, seconds."""
    program = shutil.which("sam") or str(REPOSITORY / ".tools/bin/sam")
    # SAM's pip builder wants a Python of the functions' version on the PATH.
    pyenv = ":".join(str(path) for path in sorted((Path.home() / ".pyenv/versions").glob("3.13.*/bin")))
    path = f"{pyenv}:{os.environ['PATH']}:{REPOSITORY / '.tools/uv/bin'}"
    return run([program, "build", *options], root, {"SAM_CLI_TELEMETRY": "0", "PATH": path})


def run(command: list[str], root: Path, variables: dict[str, str]) -> float:
    """How long a command takes in a project, seconds.

    root may write to files that others may only read, and therefore gets copies of the bundles instead of links: without that right, it
    is measured as everybody else.
    """
    if os.access("/etc/shadow", os.W_OK) and (setpriv := shutil.which("setpriv")):
        command = [setpriv, "--bounding-set=-dac_override", "--inh-caps=-dac_override", *command]
    environment = {**os.environ, **variables}
    start = time.perf_counter()
    ran = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    took = time.perf_counter() - start
    if ran.returncode:
        sys.exit(f"{' '.join(command)} failed in {root}:\n{ran.stderr[-3000:]}")
    return took


def measure_many(folder: Path, routes: int) -> dict[str, float]:
    """Seconds of `edgeroutes build` with so many routes: with an empty store, with nothing changed, and after one route is edited."""
    write_project(folder, routes)
    command = [str(REPOSITORY / ".venv/bin/edgeroutes"), "build"]
    times = {"empty": run(command, folder, {}), "unchanged": run(command, folder, {})}
    route = folder / "functions" / "r1" / "route.py"
    route.write_text(f"{route.read_text()}# edited\n")
    return {**times, "one route": run(command, folder, {})}


def measure_ours(root: Path, rounds: int) -> dict[str, float]:
    """Seconds for each situation, the median of the rounds."""
    times: dict[str, list[float]] = {}
    route = root / "functions" / "r1" / "route.py"
    makefile = (root / "Makefile").read_text()
    sam_build(root)  # warms uv's cache
    for number in range(rounds):
        shutil.rmtree(root / ".edgeroutes")
        times.setdefault("cold", []).append(sam_build(root))
        times.setdefault("again", []).append(sam_build(root))
        route.write_text(f"{route.read_text()}# {number}\n")
        times.setdefault("one file", []).append(sam_build(root))
        times.setdefault("parallel, cached", []).append(sam_build(root, "--parallel", "--cached"))
        for name, rule in (("floor, links only", LINK_ONLY), ("floor, nothing", "@true")):
            (root / "Makefile").write_text(f"{RULE}{rule}\n")
            times.setdefault(name, []).append(sam_build(root))
        (root / "Makefile").write_text(makefile)
    return {name: median(each) for name, each in times.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--routes", type=int, default=100)
    parser.add_argument("--peer-routes", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--many", type=int, default=400, help="routes of the project for `edgeroutes build` alone")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder, "ours")
        write_project(ours, arguments.routes)
        print(f"sam build, {arguments.routes} routes with edgeroutes")
        for name, seconds in measure_ours(ours, arguments.rounds).items():
            print(f"  {name:18} {seconds:7.2f} s")
        for title, method, options in (("python-pip", "", ()), ("python-uv", "python-uv", ("--beta-features",))):
            if not arguments.peer_routes:
                break
            peer = Path(folder, title)
            write_peer(peer, arguments.peer_routes, method)
            sam_build(peer, *options)
            seconds = sam_build(peer, *options)
            whole = seconds / arguments.peer_routes * arguments.routes
            print(
                f"  {title:18} {seconds:7.2f} s for {arguments.peer_routes} routes ≈ {whole:.0f} s for {arguments.routes}"
            )
        print(f"edgeroutes build, {arguments.many} routes")
        for name, seconds in measure_many(Path(folder, "many"), arguments.many).items():
            print(f"  {name:18} {seconds:7.2f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["bundle"]:
        from edgeroutes.cli.build import write_bundle

        write_bundle(Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
    else:
        main()
