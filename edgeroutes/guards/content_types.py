"""The media type of a file by its first bytes, and whether a claimed type fits them.

The signatures are those of WHATWG mimesniff, with stricter rules for PNG and BMP, and with the packages inside ZIP. Text has no
signature: a claimed text must decode, and must not look like HTML, SVG or XML, which a browser would run as a page of the site.

Source: mimesniff.spec.whatwg.org §5 and §6 (2026-11-30); iana.org/assignments/media-types.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD_BYTES = 4096
"""How many of a file's first bytes `sniff` needs."""

_HTML, _XML, _SVG = "text/html", "text/xml", "image/svg+xml"
_ZIP = "application/zip"
_SCRIPTABLE = frozenset(
    {
        _HTML, _XML, _SVG, "application/xml", "application/xhtml+xml", "text/javascript", "application/javascript",
        "application/ecmascript", "application/x-javascript", "text/ecmascript", "text/xsl", "multipart/x-mixed-replace",
        "text/x-javascript", "text/jscript", "text/livescript", "application/x-ecmascript", "text/x-ecmascript",
    }
)  # fmt: skip

# Offset, bytes, type. The longer ones of the same beginning come first.
_SIGNATURES = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"%!PS-Adobe-", "application/postscript"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"\x00\x00\x01\x00", "image/x-icon"),
    (0, b"\x00\x00\x02\x00", "image/x-icon"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS\x00", "application/ogg"),
    (0, b"MThd\x00\x00\x00\x06", "audio/midi"),
    (0, b"fLaC", "audio/flac"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO", "font/otf"),
    (0, b"\x00\x01\x00\x00\x00", "font/ttf"),
    (257, b"ustar", "application/x-tar"),
)
_FORMS = {
    (b"RIFF", b"WEBP"): "image/webp",
    (b"RIFF", b"WAVE"): "audio/wav",
    (b"RIFF", b"AVI "): "video/x-msvideo",
    (b"FORM", b"AIFF"): "audio/aiff",
}
_BRANDS = {
    b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"heix": "image/heic", b"mif1": "image/heif",
    b"M4A ": "audio/mp4", b"qt  ": "video/quicktime",
}  # fmt: skip
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})

# The same type under another name, or a container whose content its signature does not show.
_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/vnd.microsoft.icon": "image/x-icon",
    "image/x-ms-bmp": "image/bmp",
    "audio/mp3": "audio/mpeg",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-flac": "audio/flac",
    "audio/x-aiff": "audio/aiff",
    "audio/x-m4a": "audio/mp4",
    "audio/ogg": "application/ogg",
    "video/ogg": "application/ogg",
    "audio/webm": "video/webm",
    "video/x-matroska": "video/webm",
    "video/avi": "video/x-msvideo",
    "application/x-gzip": "application/gzip",
    "application/x-zip-compressed": _ZIP,
    "application/x-pdf": "application/pdf",
    "application/x-rar-compressed": "application/vnd.rar",
}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_PACKAGES = {
    "word/": f"{_OFFICE}wordprocessingml.document",
    "xl/": f"{_OFFICE}spreadsheetml.sheet",
    "ppt/": f"{_OFFICE}presentationml.presentation",
}
_JAR = "application/java-archive"
_KNOWN = frozenset(
    {
        *(each for _, _, each in _SIGNATURES), *_FORMS.values(), *_BRANDS.values(), *_PACKAGES.values(),
        "image/png", "image/bmp", "video/mp4", _ZIP, _JAR, "application/epub+zip",
    }
)  # fmt: skip
_ODF = "application/vnd.oasis.opendocument."
# Types in themselves unknown that are made of these.
_CONTAINERS = frozenset({_ZIP, _JAR, "application/gzip"})
_TEXTS = frozenset(
    {
        "application/json", "application/yaml", "application/toml", "application/x-ndjson", "application/sql",
    }
)  # fmt: skip

_TAGS = "!DOCTYPE HTML|HTML|HEAD|SCRIPT|IFRAME|H1|DIV|FONT|TABLE|A|STYLE|TITLE|BODY|BR|B|P"
# The bytes that mimesniff calls binary data.
_BINARY = r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]"
_MEDIA_TYPE = r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"


def sniff(head: bytes) -> str | None:
    """The media type that a file's first bytes show; None for text and for everything unknown.

    Args:
        head: The first 4,096 bytes, or all of a shorter file.
    """
    found = _binary_type(head)
    return found if found is not None else _markup_type(_decode(head) or head.decode("latin-1"))


def media_type(text: str) -> str:
    """The type of a Content-Type without its parameters, in lower case; empty where it is not valid."""
    found = text.partition(";")[0].strip(" \t").lower()
    return found if re.fullmatch(_MEDIA_TYPE, found) else ""


def is_listed(kind: str, types: Sequence[str]) -> bool:
    """Whether a type is one of these; `image/*` and `*/*` do not include types that browsers run.

    Args:
        kind: A media type in lower case.
        types: Media types, or `image/*`.
    """
    if kind in types:
        return True
    if kind in _SCRIPTABLE or kind.endswith("+xml"):
        return False
    return f"{kind.partition('/')[0]}/*" in types or "*/*" in types


def fits(kind: str, head: bytes) -> bool:
    """Whether a file of these first bytes may be stored as a type.

    Args:
        kind: A media type in lower case.
        head: The first 4,096 bytes, or all of a shorter file.
    """
    found = sniff(head)
    wanted = _ALIASES.get(kind, kind)
    if wanted in _SCRIPTABLE or wanted.endswith("+xml"):
        return _decode(head) is not None and _fits_markup(wanted, found)
    if wanted.startswith("text/") or wanted.endswith("+json") or wanted in _TEXTS:
        return found is None and _decode(head) is not None
    if wanted in _KNOWN or wanted.startswith(_ODF):
        return found == wanted or {found, wanted} == {"video/mp4", "audio/mp4"}
    return found not in (_HTML, _XML, _SVG) and (
        found is None or found in _CONTAINERS or wanted == "application/octet-stream"
    )


def _fits_markup(wanted: str, found: str | None) -> bool:
    if wanted == _SVG:
        return found == _SVG
    if wanted == _HTML:
        return found in (_HTML, None)
    if wanted.endswith("xml"):
        return found in (_XML, _SVG, _HTML, None)
    return found is None  # scripts


def _binary_type(head: bytes) -> str | None:
    if head[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png" if head[12:16] == b"IHDR" else None
    if head[:4] == b"PK\x03\x04":
        return _package_type(head)
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "video/mp4")
    if head[:2] == b"BM":
        header_bytes = int.from_bytes(head[14:18], "little")
        return "image/bmp" if head[6:10] == bytes(4) and header_bytes in _BMP_HEADERS else None
    if len(head) > 3 and head[0] == 0xFF and head[1] in (0xFB, 0xFA, 0xF3, 0xF2):
        return "audio/mpeg"
    found = next((kind for at, sign, kind in _SIGNATURES if head.startswith(sign, at)), None)
    return found or _FORMS.get((head[:4], head[8:12]))


def _package_type(head: bytes) -> str:
    """The type of a ZIP by the names of its first entries."""
    names = _entries(head)
    if names and names[0] == "mimetype":  # stored first and uncompressed, by EPUB OCF §4.3 and ODF 1.3 part 2 §3.3
        start = 38 + int.from_bytes(head[28:30], "little")
        content = re.match(rb"[a-z0-9./+-]*(?=PK)", head[start:])
        kind = content[0].decode() if content else ""
        return kind if kind == "application/epub+zip" or kind.startswith(_ODF) else _ZIP
    if names and names[0].startswith("META-INF/"):
        return _JAR
    if "[Content_Types].xml" in names or "_rels/.rels" in names:
        return next((kind for folder, kind in _PACKAGES.items() if any(n.startswith(folder) for n in names)), _ZIP)
    return _ZIP


def _entries(head: bytes) -> list[str]:
    names = []
    at = 0
    while at >= 0 and at + 30 <= len(head):
        size = int.from_bytes(head[at + 26 : at + 28], "little")
        names.append(head[at + 30 : at + 30 + size].decode("utf-8", "replace"))
        at = head.find(b"PK\x03\x04", at + 30)
    return names


def _markup_type(text: str) -> str | None:
    """HTML, SVG or XML, where a text begins with it after spaces."""
    start = text.lstrip("\ufeff\t\n\x0c\r ")
    prolog = r"(?:\s|<\?[^>]*>|<!--.*?-->|<!DOCTYPE\s[^>\[]*(?:\[[^\]]*\]\s*)?>)*"
    if re.match(rf"{prolog}<(?:[A-Za-z_][\w.-]*:)?svg[\s>/:]", start, re.IGNORECASE | re.DOTALL):
        return _SVG
    if re.match(rf"<(?:{_TAGS})[ \t\n\r\f>/]|<!--", start, re.IGNORECASE):
        return _HTML
    return _XML if start.startswith("<?xml") else None


def _decode(head: bytes) -> str | None:
    """A text's first characters; None for bytes that are not text."""
    import codecs

    encoding = "utf-16" if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head, len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return None
    return None if re.search(_BINARY, text) else text
