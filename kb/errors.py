"""Everything that can go wrong, and the way out of each.

KbError                     exit status
├── UsageError                  2   unknown key, id, option value
├── ItemsFailed                 1   some or all items failed, each named
├── LibraryError                3   the library cannot be used
│   ├── NoLibrary
│   ├── LibraryLocked
│   ├── NewerSchema
│   ├── DamagedCatalogue
│   ├── CatalogueUnwritable
│   ├── DamagedIndex
│   └── ModelMismatch
├── ModelError                  3   the embedding model is missing or not genuine
├── BundleError                 1   a bundle that is damaged, hostile or too new
└── DependencyMissing           3   an option needs a program or package
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class KbError(Exception):
    """A failure with its facts: what happened, to which item, and what to do.

    `code` is a stable key, `item` names the file, id or key (may be ""), `remedy`
    is the command or action that mends it, `exit_status` follows the command line's
    contract.
    """

    code = "error"
    exit_status = 1

    def __init__(self, message: str, *, item: str = "", remedy: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.item = item
        self.remedy = remedy
        if code:
            self.code = code

    def to_json(self) -> dict[str, str]:
        """The error as the command line prints it under `--json`."""
        return {
            "code": self.code,
            "message": self.message,
            "item": self.item,
            "remedy": self.remedy,
        }


class UsageError(KbError):
    """A key, id or option value that is not known."""

    code = "usage"
    exit_status = 2


class ItemsFailed(KbError):
    """Some items of a batch failed; the rest went through."""

    code = "items_failed"
    exit_status = 1


class LibraryError(KbError):
    """The library cannot be used as it is."""

    code = "library"
    exit_status = 3


class NoLibrary(LibraryError):
    """There is no library in the named directory."""

    code = "no_library"


class LibraryLocked(LibraryError):
    """Another process is writing."""

    code = "locked"


class NewerSchema(LibraryError):
    """The library was written by a newer Sixfold."""

    code = "newer_schema"


class DamagedCatalogue(LibraryError):
    """SQLite finds the catalogue damaged."""

    code = "damaged_catalogue"


class CatalogueUnwritable(LibraryError):
    """The catalogue is locked too long, or its folder is read-only or full."""

    code = "unwritable"


class ReadOnly(CatalogueUnwritable):
    """The library is open for reading only."""

    code = "read_only"


class DamagedIndex(LibraryError):
    """A derived index cannot be read."""

    code = "damaged_index"


class ModelMismatch(LibraryError):
    """The library's vectors come from another model than the settings name."""

    code = "model_mismatch"


class ModelError(KbError):
    """The embedding model is missing or is not the genuine one."""

    code = "model"
    exit_status = 3


class Cancelled(KbError):
    """Somebody asked for an end of it; nothing of it is kept."""

    code = "cancelled"


class BundleError(KbError):
    """A bundle that is damaged, hostile or too new."""

    code = "bundle"
    exit_status = 1


class DependencyMissing(KbError):
    """An option needs a program or package that is not installed."""

    code = "dependency"
    exit_status = 3


class IndexUnreachable(DamagedIndex):
    """The server that keeps a derived index does not answer."""

    code = "index_unreachable"


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """The error for an unknown name: it lists the known ones."""
    return UsageError(
        f"unknown {kind}: {name}",
        item=name,
        remedy=f"known: {', '.join(known)}",
        code=f"unknown_{kind.replace(' ', '_')}",
    )


def damaged_index(kind: str, path: Path, detail: str) -> DamagedIndex:
    """The error for a derived index that cannot be opened or searched."""
    return DamagedIndex(
        f"the {kind} index cannot be read: {(detail.splitlines() or ['no reason given'])[0]}",
        item=str(path),
        remedy="kb doctor --fix makes it anew from the catalogue; nothing is lost",
    )
