"""Puts the page of evidence into one file: .ci/evidence-page.py <module> <page>"""

import base64
import gzip
import hashlib
import sys
from pathlib import Path

# A page that is sent by e-mail.
MOST_BYTES = 1_000_000

SOURCES = Path(__file__).parent.parent / "shared/evidence-page"


def hashed(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def main(module, page):
    # The same module gives the same page.
    packed = gzip.compress(Path(module).read_bytes(), compresslevel=9, mtime=0)
    style = (SOURCES / "page.css").read_text(encoding="utf-8")
    script = (SOURCES / "page.js").read_text(encoding="utf-8")
    assert "</" not in script and "</" not in style, "it would end the element that holds it"
    parts = {
        "style-hash": hashed(style), "script-hash": hashed(script),
        "module": base64.b64encode(packed).decode(), "style": style, "script": script,
    }
    text = (SOURCES / "page.html").read_text(encoding="utf-8")
    for name, part in parts.items():
        assert text.count("{{" + name + "}}") == 1, name
        text = text.replace("{{" + name + "}}", part)
    size = len(text.encode())
    if size > MOST_BYTES:
        sys.exit(f"{page} has {size} bytes, and at most {MOST_BYTES} are allowed")
    Path(page).write_text(text, encoding="utf-8")
    print(f"{page}: {size} bytes")


main(*sys.argv[1:])
