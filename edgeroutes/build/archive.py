"""A bundle as a zip: the same bytes for the same files, and its size."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING

from edgeroutes.build.sizes import bundle_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from edgeroutes.build.store import Store, Tree

_DATE = (1980, 1, 1, 0, 0, 0)
_MODE, _PROGRAM_MODE = 0o100644 << 16, 0o100755 << 16
_LEVEL = 6
# A zip file's own bytes for each entry, without the name, which stands there twice; and for the whole.
# Source: APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
_ENTRY_BYTES = 30 + 46
_END_BYTES = 22


def write_zip(trees: Iterable[Tree], to: Path) -> None:
    """Write a bundle's files to a zip, sorted, all dated 1980."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as file:
        for path, tree in sorted(bundle_files(trees).items()):
            entry = zipfile.ZipInfo(path, _DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            is_program = (tree.folder / path).stat().st_mode & 0o100
            entry.external_attr = _PROGRAM_MODE if is_program else _MODE
            entry.create_system = 3
            file.writestr(entry, (tree.folder / path).read_bytes())


def zipped_bytes(trees: Iterable[Tree], store: Store) -> int:
    """How big a bundle's zip is; what was measured once is kept in the store."""
    return _END_BYTES + sum(_tree_bytes(tree, store) for tree in trees)


def _tree_bytes(tree: Tree, store: Store) -> int:
    known = store.zipped_bytes.get(tree.name)
    if known is None:
        name = f"trees/{tree.name}.zipped"
        text = store.read_text(name)
        if not text:
            text = str(
                sum(_ENTRY_BYTES + 2 * len(path.encode()) + _deflated(tree.folder / path) for path in tree.sizes)
            )
            store.write_text(name, text)
        known = store.zipped_bytes[tree.name] = int(text)
    return known


def _deflated(file: Path) -> int:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return len(packer.compress(file.read_bytes())) + len(packer.flush())
