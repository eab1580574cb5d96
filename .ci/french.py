"""Holds the French pages against the English ones. See .ci/french."""

import itertools
import re
import sys
from pathlib import Path

from pages import ANCHOR, broken, files, folders, is_page, links, slug

FRENCH = "docs/fr/"
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
CODE = re.compile(r"`+([^`]+)`+")
# 1,000.50 and 1 000,50 are one figure.
FIGURE = re.compile(r"\d+(?:[.,\u00a0\u202f]\d+)*")
# French puts a space that does not break before these, inside quotes, in figures and before their units.
BREAKS = re.compile(r"\S [:;?!»%€]|« |\d \d{3}\b")


def english_of(french):
    """The page that a French page translates."""
    name = french.removeprefix(FRENCH)
    return name if name == "README.md" else f"docs/{name}"


def blocks(page):
    """Blocks of code, without the comments that are for the reader."""
    for _, language, body in BLOCK.findall(page):
        if language in ("console", "sh"):
            body = re.sub(r"(?:^|\s+)# .*$", "", body, flags=re.MULTILINE)
        yield language, body


def kept(text):
    """Words in code type, and figures: what a translation leaves as it is."""
    words = re.sub(r"\]\([^)]*\)", "]", CODE.sub("", ANCHOR.sub("", text)))
    code = {re.sub(r"\s+", " ", each) for each in CODE.findall(text)}
    return code, {re.sub(r"\D", "", each) for each in FIGURE.findall(words)}


def sections(name, page):
    """Each heading with what stands below it, blocks of code aside: level, anchors, and what is compared."""
    text = BLOCK.sub("", page)
    found = list(HEADING.finditer(text))
    for heading, following in zip(found, found[1:] + [None]):
        body = text[heading.end() : following.start() if following else len(text)]
        above = re.search(r"((?:<a id=\"[^\"]+\"></a>\n)*)\Z", text[: heading.start()])[1]
        code, figures = kept(heading[2] + body)
        yield len(heading[1]), heading[2], {slug(heading[2]), *ANCHOR.findall(above)}, {
            "rows": [kept(row) for row in re.findall(r"^ *\|.*$", body, re.MULTILINE)],
            "links": {(english_of(path) if path.startswith(FRENCH) else path, to) for _, path, to in links(name, body)},
            "code": code,
            "figures": figures,
        }


def listed(some):
    return ", ".join(sorted("#".join(each) if isinstance(each, tuple) else each for each in some)) or "nothing"


def difference(english, french):
    if isinstance(english, list):
        if len(english) != len(french):
            return f"{len(english)} in English, {len(french)} in French"
        row, ours, theirs = next(
            (at, set.union(*ours), set.union(*theirs))
            for at, (theirs, ours) in enumerate(zip(english, french), 1)
            if ours != theirs
        )
        return f"row {row}: {difference(theirs, ours)}"
    return f"only English has {listed(english - french)}; only French has {listed(french - english)}"


def complaints(french_name, french, english, pages, places):
    """What differs between a French page and its English one."""
    english_name = english_of(french_name)
    ours, theirs = list(sections(french_name, french)), list(sections(english_name, english))
    if [each[0] for each in ours] != [each[0] for each in theirs]:
        apart = next((i for i, (a, b) in enumerate(zip(ours, theirs)) if a[0] != b[0]), min(len(ours), len(theirs)))
        at = [each[apart][1] if apart < len(each) else "its end" for each in (theirs, ours)]
        yield f"the headings part at: {at[0]} / {at[1]}"
        return
    for (level, title, named, here), (_, original, _, there) in zip(ours, theirs):
        if level > 1 and slug(original) not in named:
            yield f'{title}: needs <a id="{slug(original)}"></a> above it'
        for kind in here:
            if here[kind] != there[kind]:
                yield f"{title} ({original}): {kind}: {difference(there[kind], here[kind])}"
    for ours, theirs in itertools.zip_longest(blocks(french), blocks(english), fillvalue=("", "no block\n")):
        if ours != theirs:
            yield f"blocks of code differ: {theirs[1]!r} in English, {ours[1]!r} in French"
    for name, page, other in ((french_name, french, english_name), (english_name, english, french_name)):
        top = page.split("\n## ")[0]
        if other not in {path for _, path, _ in links(name, top)}:
            yield f"{name} does not link to {other} at its top"
        yield from (f"{name} {each}" for each in broken(name, page, pages | {name: page}, places))
    for found in BREAKS.finditer(CODE.sub("``", BLOCK.sub("", french))):
        yield f"an ordinary space that may break: {found[0]!r}"


# What is changed in the English page, and what in the French, by the self-test: pattern and replacement.
CHANGES = [
    ("English", r"(```console\n\$ \w+)", r"\1 more"),
    ("English", r"(\n```\n)", r"\1\n```text\nnew\n```\n"),
    ("English", r"\n## ", "\n## New\n\n## "),
    ("English", r"\n## ", "\n### "),
    ("English", r"(\n\|---.*\n)", r"\1| new | row |\n"),
    ("English", r"(\n\|---.*\n\|.*?)\|\n", r"\1 10 |\n"),
    ("English", r"\n\n([A-Z])", r"\n\n`NewParameter`. \1"),
    ("English", r"\n\n([A-Z])", r"\n\nIn 987654 seconds. \1"),
    ("English", r"\n\n([A-Z])", r"\n\n[x](nowhere). \1"),
    ("English", r"\n\n\[Français\]\([^)]*\)", ""),
    ("French", r"\n\n\[English\]\([^)]*\)", ""),
    ("French", r"<a id=\"[^\"]+\"></a>\n", ""),
    ("French", r"(\]\([^)#]*)\)", r"\1#nowhere)"),
    ("French", "\u00a0:", " :"),
]


def selftest(pairs, pages, places):
    """How many of the changes nobody noticed."""
    unnoticed = 0
    for whose, pattern, replacement in CHANGES:
        tried = 0
        for name, french, english in pairs:
            before = set(complaints(name, french, english, pages, places))
            texts = {"French": french, "English": english}
            changed = re.sub(pattern, replacement, texts[whose], count=1)
            if changed == texts[whose]:
                continue
            tried += 1
            texts[whose] = changed
            if not set(complaints(name, texts["French"], texts["English"], pages, places)) - before:
                unnoticed += 1
                print(f"{name}: nobody noticed that in the {whose} page {pattern!r} became {replacement!r}")
        if not tried:
            unnoticed += 1
            print(f"no {whose} page has {pattern!r}")
    print(f"{len(CHANGES)} kinds of change, {unnoticed} unnoticed")
    return unnoticed


def main(arguments):
    known = files()
    places = known | folders(known)
    pages = {name: Path(name).read_text() for name in known if is_page(name)}
    names = sorted(name for name in pages if name.startswith(FRENCH))
    pairs = [(name, pages[name], pages.get(english_of(name), "")) for name in names]
    if arguments == ["--selftest"]:
        return selftest(pairs, pages, places) > 0
    wrong = [f"{name}: {why}" for name, *texts in pairs for why in complaints(name, *texts, pages, places)]
    print(*wrong, f"{len(pairs)} pages in French, {len(wrong)} differences", sep="\n")
    return bool(wrong) or not pairs


sys.exit(main(sys.argv[1:]))
