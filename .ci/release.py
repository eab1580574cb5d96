"""Packs what `.ci/release` has built, so that the same binaries always give the same bytes.

    python3 .ci/release.py <source> <folder> arm64 x86_64    into zips in a new folder, with BUILD.txt and SHA256SUMS
    python3 .ci/release.py --declared arm64 <folder>         writes what such a zip has beside the functions

Archives are sorted and of one time, that of the commit (SOURCE_DATE_EPOCH).
"""

import hashlib
import io
import os
import pathlib
import re
import sys
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Of the template's processors: the triple, and the folder of `.ci/lambda-build`.
TRIPLES = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
FOLDERS = {"arm64": "arm64", "x86_64": "x86-64"}

# Where the template says of what a function is made.
CODE = re.compile(r"^(      CodeUri: functions/)([a-z-]+)$", re.MULTILINE)

LICENSES = ("LICENSE-APACHE", "LICENSE-MIT")
# The first moment that a zip can name, 1980-01-01 in UTC.
OLDEST = 315532800
# Whose modes an entry has.
UNIX = 3


def once(pattern, replacement, text):
    """The text with its one match replaced; another count means that what is read here has changed its form."""
    text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
    if count != 1:
        sys.exit(f"{pattern!r} was to be found once, not {count} times")
    return text


def declared(source, architecture):
    """The template and the Terraform module, for functions that are built, and for their processor alone."""
    names = ["template.yaml", "samconfig.toml", *(f"terraform/{each.name}" for each in source.glob("terraform/*.tf"))]
    files = {name: (source / name).read_text() for name in names}
    template = once(
        r"^    Default: arm64\n    AllowedValues: \[arm64, x86_64\]$",
        f"    Default: {architecture}\n    AllowedValues: [{architecture}]",
        files["template.yaml"],
    )
    files["template.yaml"] = CODE.sub(r"\1\2.zip", template)
    variables = once(r'^  default     = "arm64"$', f'  default     = "{architecture}"', files["terraform/variables.tf"])
    files["terraform/variables.tf"] = once(r'\["arm64", "x86_64"\]', f'["{architecture}"]', variables)
    return files


def archived(entries):
    """A zip of entries: bytes or text by name, executable where the name says so."""
    moment = max(int(os.environ["SOURCE_DATE_EPOCH"]), OLDEST)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name, data in sorted(entries.items()):
            entry = zipfile.ZipInfo(name, time.gmtime(moment)[:6])
            executable = pathlib.PurePath(name).name in ("bootstrap", "quittance")
            entry.create_system = UNIX
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            # A zip gets no smaller.
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".zip") else zipfile.ZIP_DEFLATED
            file.writestr(entry, data)
    return archive.getvalue()


class Release:
    """The files of a release, and the digests of the binaries in them."""

    def __init__(self, source):
        self.source = source
        self.licenses = {name: (source / name).read_bytes() for name in LICENSES}
        manifest = (source / "Cargo.toml").read_text()
        self.version = re.search(r'^version = "(.+)"$', manifest, re.MULTILINE)[1]
        self.is_whole = not os.environ.get("PARTS")
        self.files = {}
        self.binaries = []

    def binary(self, path):
        data = path.read_bytes()
        self.binaries.append((hashlib.sha256(data).hexdigest(), path.relative_to(self.source / "target")))
        return data

    def functions(self, architecture):
        """A zip for each function, as Lambda takes it."""
        built = sorted((self.source / "target/lambda" / FOLDERS[architecture]).glob("*/bootstrap"))
        return {path.parent.name: archived({"bootstrap": self.binary(path)}) for path in built}

    def put(self, name, entries):
        """An archive with one folder, named as the archive."""
        whole = f"quittance-{self.version}-{name}"
        self.files[f"{whole}.zip"] = archived({f"{whole}/{path}": data for path, data in (entries | self.licenses).items()})

    def pack(self, architecture):
        functions = self.functions(architecture)
        named = {name for _, name in CODE.findall((self.source / "template.yaml").read_text())}
        if set(functions) != named:
            if self.is_whole:
                sys.exit(f"built {sorted(functions)}, and the template has {sorted(named)}")
            # Some packages alone: nothing that could be deployed.
            self.files |= {f"{name}-{architecture}.zip": data for name, data in functions.items()}
            return
        built = {f"functions/{name}.zip": data for name, data in functions.items()}
        self.put(f"stack-{architecture}", built | declared(self.source, architecture))
        program = self.source / "target" / TRIPLES[architecture] / "release/quittance"
        self.put(f"linux-{architecture}", {"quittance": self.binary(program)})

    def bills(self, architectures):
        """What each binary is made of."""
        bills = {}
        for architecture in architectures:
            ending = f"_bin_{TRIPLES[architecture]}.cdx.json"
            for path in [*self.source.glob(f"functions/*/*{ending}"), *self.source.glob(f"cli/*{ending}")]:
                # A crate of the workspace is named by where it was built.
                bill = path.read_text().replace(f"file://{self.source}/", "file:///quittance/")
                bills[f"{architecture}/{path.name.removesuffix(ending)}.cdx.json"] = bill
        self.put("sbom", bills)

    def page(self):
        """The page that checks evidence offline."""
        if self.is_whole:
            self.binary(self.source / "target/wasm32-unknown-unknown/page/quittance_evidence_page.wasm")
            page = self.source / "target/evidence.html"
            self.files[f"quittance-{self.version}-evidence.html"] = page.read_bytes()

    def write(self, folder):
        tools = (self.source / "BUILD.txt").read_text()
        digests = "".join(f"{digest}  {path}\n" for digest, path in self.binaries)
        self.files["BUILD.txt"] = f"quittance {self.version}\n{tools}\n{digests}".encode()
        folder.mkdir()
        sums = ""
        for name, data in sorted(self.files.items()):
            (folder / name).write_bytes(data)
            sums += f"{hashlib.sha256(data).hexdigest()}  {name}\n"
        (folder / "SHA256SUMS").write_text(sums)


def main():
    match sys.argv[1:]:
        case ["--declared", architecture, folder]:
            for name, text in declared(ROOT, architecture).items():
                path = pathlib.Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        case [source, folder, *architectures] if architectures:
            release = Release(pathlib.Path(source))
            for architecture in architectures:
                release.pack(architecture)
            release.bills(architectures)
            release.page()
            release.write(pathlib.Path(folder))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
