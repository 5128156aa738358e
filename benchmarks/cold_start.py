"""The effect of bytecode on a cold start: bundles of the example application in AWS's runtime emulator, as shipped and as sources.

Run from the repository's root, after `make sam`::

    .venv/bin/python benchmarks/cold_start.py [--rounds 21]

The emulator starts a function's Python at the first invocation. The time is that invocation, measured from outside, until its response.
`as shipped` is the bundle of `sam build`. `sources` is the same without bytecode, also for edgeroutes' own modules: Python compiles
them at each cold start, because /var/task is read-only. `bare` is a handler without imports. Every round measures all of them,
under unmodified awslambdaric (with its bytecode) and an interpreter of the functions' version.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from edgeroutes.build.bytecode import packed_modules  # noqa: E402
from edgeroutes.build.installer import UvInstaller  # noqa: E402
from edgeroutes.build.target import Target  # noqa: E402
from edgeroutes.build.wheels import install_distributions  # noqa: E402
from edgeroutes.cli.build import write_bundle  # noqa: E402
from edgeroutes.dev.gateway import HttpRequest, rest_event  # noqa: E402
from edgeroutes.pipeline import plan_project  # noqa: E402
from tests.system.emulator import Emulator, find_emulator  # noqa: E402

ASKED = {
    "hello": ("HelloFunction", "/hello"),
    "posts, validated": ("ApiPostsFunction", "/api/posts?page=1&limit=2"),
    "a mounted app": ("LegacyPathFunction", "/legacy"),
}
BARE = "def handler(event, context):\n    return {'statusCode': 200, 'body': ''}\n"


def write_bundles(folder: Path) -> dict[str, dict[str, Path]]:
    """The folder of a function, by path and variant."""
    bare = folder / "bare"
    bare.mkdir()
    (bare / "edgeroutes_function.py").write_text(BARE)
    bundles = {"bare": {"bare": bare}}
    for name, (logical_id, _) in ASKED.items():
        shipped, sources = folder / f"{logical_id}-shipped", folder / f"{logical_id}-sources"
        write_bundle(REPOSITORY, logical_id, shipped)
        write_sources(shipped, sources)
        bundles[name] = {"as shipped": shipped, "sources": sources}
    return bundles


def write_sources(shipped: Path, to: Path) -> None:
    """The bundle without bytecode. The sources of edgeroutes, which ships as bytecode only, come from this repository."""
    shutil.copytree(shipped, to, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "modules.bin"))
    shutil.copyfile(REPOSITORY / "edgeroutes/__init__.py", to / "edgeroutes/__init__.py")
    for name in packed_modules(shipped):
        module = Path(*name.split("."))
        source = (
            module.with_suffix(".py") if (REPOSITORY / module.with_suffix(".py")).is_file() else module / "__init__.py"
        )
        if (REPOSITORY / source).is_file():
            (to / source).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / source, to / source)


def install_runtime(folder: Path, python: Path, target: Target) -> Path:
    """awslambdaric for that interpreter, with its bytecode, as Lambda's image has it."""
    runtime = folder / "runtime"
    names = [f"awslambdaric=={version('awslambdaric')}"]
    install_distributions(names, REPOSITORY, UvInstaller(), target, runtime)
    subprocess.run([python, "-m", "compileall", "-q", runtime], check=True)
    return runtime


def cold_start_ms(bundle: Path, path: str, python: Path, runtime: Path, emulator: Path) -> float:
    """Milliseconds of one first invocation."""
    url, _, query = path.partition("?")
    event = rest_event(HttpRequest(method="GET", path=url, query=query, headers=[("Host", "localhost")]))
    with tempfile.NamedTemporaryFile() as log:
        sandbox = Emulator(
            emulator,
            bundle,
            Path(log.name),
            handler="edgeroutes_function.handler",
            python=[str(python), "-S"],
            path=[runtime],
        )
        try:
            start = time.perf_counter()
            response = sandbox.invoke(event)
            took = time.perf_counter() - start
        finally:
            sandbox.stop()
    if response.get("statusCode") != 200:
        sys.exit(f"{bundle.name} did not respond 200: {response}")
    return took * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds
    target = Target.of(plan_project(REPOSITORY).config)
    python, emulator = UvInstaller().find_python(target.python), find_emulator()
    if python is None or emulator is None:
        missing = f"Python {target.python}" if python is None else "the runtime emulator (make sam)"
        print(f"cold starts are not measured: {missing} is not here")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        bundles, runtime = write_bundles(folder), install_runtime(folder, python, target)
        times: dict[tuple[str, str], list[float]] = {}
        for _ in range(rounds):
            for name, variants in bundles.items():
                for variant, bundle in variants.items():
                    took = cold_start_ms(bundle, ASKED.get(name, ("", "/"))[1], python, runtime, emulator)
                    times.setdefault((name, variant), []).append(took)
    print(f"cold starts in the emulator, Python {target.python}, medians of {rounds}")
    bare = median(times["bare", "bare"])
    print(f"  {'bare':18} {bare:6.1f} ms")
    for name in ASKED:
        shipped, sources = median(times[name, "as shipped"]), median(times[name, "sources"])
        print(
            f"  {name:18} {shipped:6.1f} ms as shipped ({shipped / bare:.2f}x bare)"
            f" {sources:6.1f} ms as sources ({sources / shipped:.2f}x as shipped)"
        )


if __name__ == "__main__":
    main()
