"""What pages of Markdown link to, and whether it is there. For .ci/citations and .ci/french."""

import posixpath
import re
import subprocess
from pathlib import Path

LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)#?([^)\s]*)\)")
ANCHOR = re.compile(r'<a id="([^"]+)"></a>')


def files():
    """The names of all files that git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, check=True).stdout.split("\0")
    return {name for name in listed if Path(name).is_file()}


def folders(names):
    return {str(parent) for name in names for parent in Path(name).parents}


def is_page(name):
    """Whether a file's links are looked at: `llms.txt` is a page for programs."""
    return name.endswith(".md") or name == "llms.txt"


def headings(page):
    return re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)


def slug(title):
    """The anchor that a heading gets by itself."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def anchors(page):
    return {slug(title) for title in headings(page)} | set(ANCHOR.findall(page))


def links(name, page):
    """Each link within the repository: as it is written, the file that it means, and the anchor or nothing."""
    for target, anchor in LINK.findall(page):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target)) if target else name
        yield f"{target}#{anchor}", path, anchor


def broken(name, page, pages, places):
    """Links of a page that lead nowhere, with all pages by name and the names of all files and folders."""
    for written, path, anchor in links(name, page):
        if path not in places or anchor and anchor not in anchors(pages.get(path, "")):
            yield f"links to {written}"
