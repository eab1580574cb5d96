"""What Lambda needs of a bootstrap: made for the processor, and no newer C library than the runtime has.

    python3 .ci/bootstrap.py arm64 target/lambda/arm64/dispatch ...

Reads the ELF file itself, so that neither binutils nor the other processor is needed. Prints sizes; the exit
status says whether all is well.
"""

import io
import pathlib
import struct
import sys
import zipfile

# e_machine by what `cargo lambda build` calls the architecture.
MACHINES = {"arm64": 183, "x86-64": 62}
# provided.al2023 has this glibc.
NEWEST_GLIBC = (2, 34)
# All that may be asked of the runtime: its C library. A crate that links another would fail at the start.
LIBRARIES = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2", "librt.so.1"}
LOADERS = {"arm64": "ld-linux-aarch64.so.1", "x86-64": "ld-linux-x86-64.so.2"}
# Lambda takes this much zipped without a detour.
MOST_ZIPPED = 50 * 1024 * 1024

SHT_DYNAMIC, SHT_GNU_VERNEED = 6, 0x6FFFFFFE
DT_NEEDED = 1


class Elf:
    """A 64-bit little-endian ELF file, as far as it is looked at here."""

    def __init__(self, data):
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("not a 64-bit little-endian ELF file")
        self.data = data
        (self.machine,) = struct.unpack_from("<H", data, 18)
        (offset,) = struct.unpack_from("<Q", data, 40)
        size, count = struct.unpack_from("<HH", data, 58)
        # Type, offset, size, link and info of each section.
        self.sections = []
        for at in range(offset, offset + size * count, size):
            _, kind, _, _, start, length, link, info = struct.unpack_from("<IIQQQQII", data, at)
            self.sections.append((kind, start, length, link, info))

    def text(self, link, at):
        start = self.sections[link][1] + at
        return self.data[start : self.data.index(b"\0", start)].decode()

    def libraries(self):
        """Shared libraries that are loaded at the start."""
        return {
            self.text(link, value)
            for kind, start, length, link, _ in self.sections
            if kind == SHT_DYNAMIC
            for tag, value in struct.iter_unpack("<QQ", self.data[start : start + length])
            if tag == DT_NEEDED
        }

    def versions(self):
        """Versions of symbols that the libraries must have."""
        for kind, start, _, link, count in self.sections:
            if kind != SHT_GNU_VERNEED:
                continue
            for _ in range(count):
                _, names, _, first, after = struct.unpack_from("<HHIII", self.data, start)
                at = start + first
                for _ in range(names):
                    _, _, _, name, following = struct.unpack_from("<IHHII", self.data, at)
                    yield self.text(link, name)
                    at += following
                start += after


def release(number):
    """2.34 as something to compare; what is private to one build of the library is newer than all."""
    return tuple(map(int, number.split("."))) if number != "PRIVATE" else (sys.maxsize,)


def wrong(elf, architecture, zipped):
    """Everything that would keep Lambda from running it."""
    if elf.machine != MACHINES[architecture]:
        yield f"made for machine {elf.machine}, not {MACHINES[architecture]}"
    for version in sorted(elf.versions()):
        name, _, number = version.partition("_")
        if name == "GLIBC" and release(number) > NEWEST_GLIBC:
            yield f"needs {version}"
    for library in sorted(elf.libraries() - LIBRARIES - {LOADERS[architecture]}):
        yield f"needs {library}"
    if zipped > MOST_ZIPPED:
        yield f"{zipped:,} bytes zipped are too many"


def zipped_size(data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bootstrap", data)
    return len(file.getvalue())


def newest(elf):
    numbers = [v.partition("_")[2] for v in elf.versions() if v.startswith("GLIBC_")]
    return max(numbers, key=release, default="-")


def main():
    architecture, *folders = sys.argv[1:]
    if architecture not in MACHINES or not folders:
        sys.exit(__doc__)
    bad = False
    print(f"{'function':<20}{'bytes':>12}{'zipped':>12}  glibc")
    for folder in map(pathlib.Path, folders):
        data = (folder / "bootstrap").read_bytes()
        elf, zipped = Elf(data), zipped_size(data)
        print(f"{folder.name:<20}{len(data):>12,}{zipped:>12,}  {newest(elf)}")
        for reason in wrong(elf, architecture, zipped):
            bad = True
            print(f"    WRONG: {reason}")
    sys.exit(bad)


if __name__ == "__main__":
    main()
