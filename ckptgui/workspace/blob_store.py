"""A bounded store of bytes on the disk, by owner, kind and number; what was used longest ago goes first.

It only ever saves time: a disk that is full or read-only, another program's lock, a damaged file or one of
another version are no error. What cannot be read is not there, what cannot be written is dropped, what is not
ours any more to understand is made anew. Several processes may use one store at once; none waits for another
longer than a moment.
"""

from __future__ import annotations

import hashlib
import sqlite3
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from ckptgui.workspace.logs import LOGGER

T = TypeVar("T")

PATIENCE = 0.4
"""Seconds that a statement waits for another program's lock; an operation has two that may have to."""

MAX_BLOB = 64 * 2**20
"""Bytes of one blob, and of anything else that the database may make us hold."""

_SCHEMA = (
    "CREATE TABLE owner (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, used INTEGER NOT NULL)",
    "CREATE TABLE blob (owner INTEGER NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL, "
    "data BLOB NOT NULL, PRIMARY KEY (owner, kind, number))",
)
_PAGE = 4096
_CHECK_BYTES = 16
_TEMPORARY = {
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_AUTH,
}  # fmt: skip
"""Failures that say nothing against what is in the file."""


class BlobStore:
    """Blobs in the SQLite database ``path``, which is made when something is first put; safe from any thread.

    ``limit`` bounds the file and ``share`` what one owner may have of it, in bytes. ``version`` is any number of
    31 bits: a database with another one is made anew. Nothing is held open between two calls.
    """

    def __init__(self, path: Path, version: int, limit: int, share: int) -> None:
        self._path = path
        self._version = version
        self._limit, self._share = limit, share
        self._said: set[str] = set()

    def get(self, owner: bytes, kind: str, first: int, count: int) -> dict[int, bytes]:
        """The blobs of ``count`` numbers from ``first`` on, as far as they are there."""

        def read(db: sqlite3.Connection) -> dict[int, bytes]:
            rows = db.execute(
                "SELECT number, data FROM blob WHERE owner = (SELECT id FROM owner WHERE name = ?)"
                " AND kind = ? AND number BETWEEN ? AND ?",
                (owner, kind, first, first + count - 1),
            )
            return {number: data for number, data in rows if isinstance(number, int) and isinstance(data, bytes)}

        found: dict[int, bytes] = self._attempt(read, {}, make=False)
        checked = {number: _opened(data, owner, kind, number) for number, data in found.items()}
        return {number: data for number, data in checked.items() if data is not None}

    def put(self, owner: bytes, kind: str, blobs: Mapping[int, bytes]) -> bool:
        """Keep blobs, in place of elder ones of the same numbers; whether they all are kept now.

        They go together or not at all: give few at a time, as others cannot write meanwhile.
        """
        sealed = {number: _sealed(data, owner, kind, number) for number, data in blobs.items()}
        size = sum(map(len, sealed.values()))
        if size > self._share or any(len(data) > MAX_BLOB for data in sealed.values()):
            return False

        def write(db: sqlite3.Connection) -> bool:
            db.execute("BEGIN IMMEDIATE")
            place = _owner(db, owner)
            _replace(db, place, kind, sealed)
            (has,) = db.execute("SELECT total(length(data)) FROM blob WHERE owner = ?", (place,)).fetchone()
            if has > self._share or not self._make_room(db, place):
                db.execute("ROLLBACK")
                return False
            db.execute("COMMIT")
            if _pages(db)[1]:
                db.executescript("PRAGMA incremental_vacuum")  # ``execute`` would free a single page
            return True

        return self._attempt(write, False, make=True)

    def touch(self, owner: bytes) -> None:
        """Say that an owner's blobs were used now."""

        def mark(db: sqlite3.Connection) -> None:
            db.execute("UPDATE owner SET used = ? WHERE name = ?", (time.time_ns(), owner))

        self._attempt(mark, None, make=False)

    def _make_room(self, db: sqlite3.Connection, place: int) -> bool:
        """Drop those used longest ago until the file fits; False where ``place`` alone is too much."""
        while _pages(db)[0] * _PAGE > self._limit:
            eldest = db.execute("SELECT id FROM owner WHERE id != ? ORDER BY used LIMIT 1", (place,)).fetchone()
            if eldest is None:
                return False
            db.execute("DELETE FROM blob WHERE owner = ?", eldest)
            db.execute("DELETE FROM owner WHERE id = ?", eldest)
        return True

    def _attempt(self, action: Callable[[sqlite3.Connection], T], otherwise: T, *, make: bool) -> T:
        """What ``action`` comes to, once more on a new database where the old one is of no use."""
        for _ in range(2):
            try:
                if not self._is_there(make):
                    return otherwise
                with closing(self._connected()) as db:
                    self._prepare(db)
                    return action(db)
            except sqlite3.Error as error:
                code = getattr(error, "sqlite_errorcode", None)
                if code is not None and code & 0xFF in _TEMPORARY:
                    self._say(f"cannot be used now: {error}")
                    return otherwise
                self._say(f"is made anew: {error}")
                if not self._removed():
                    return otherwise
            except (OSError, ValueError) as error:
                self._say(f"cannot be used: {error}")
                return otherwise
        return otherwise

    def _is_there(self, make: bool) -> bool:
        """Whether there is a file to open, or one may be made. Raises where it is no plain file."""
        try:
            status = self._path.lstat()
        except FileNotFoundError:
            if make:
                self._path.parent.mkdir(parents=True, exist_ok=True)
            return make
        if not stat.S_ISREG(status.st_mode):
            raise OSError("something else has its name")
        if status.st_size > 2 * self._limit:
            raise sqlite3.DatabaseError("it is far larger than it may be")
        return True

    def _connected(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=PATIENCE, isolation_level=None)
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BLOB + _PAGE)
        return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Make the tables of a new database; raise ``sqlite3.DatabaseError`` where they are not ours."""
        # A power cut may cost the kept results; what it leaves half written fails its check.
        db.execute("PRAGMA synchronous = OFF")
        db.execute("PRAGMA trusted_schema = OFF")
        if self._is_ours(db):
            return
        if db.execute("SELECT count(*) FROM sqlite_schema").fetchone() != (0,) and not self._is_ours(db):
            raise sqlite3.DatabaseError("it is of another version")
        db.execute(f"PRAGMA page_size = {_PAGE}")
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("BEGIN IMMEDIATE")
        if not self._is_ours(db):  # another process may have been faster
            for statement in _SCHEMA:
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {self._version}")
        db.execute("COMMIT")

    def _is_ours(self, db: sqlite3.Connection) -> bool:
        """Whether the database has our tables and nothing beside them, no view and no trigger."""
        if db.execute("PRAGMA user_version").fetchone() != (self._version,):
            return False
        found = db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchmany(len(_SCHEMA) + 1)
        return len(found) == len(_SCHEMA) and set(found) == {(statement,) for statement in _SCHEMA}

    def _removed(self) -> bool:
        try:
            for ending in ("-journal", "-wal", "-shm", ""):
                self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        except OSError as error:
            self._say(f"cannot be removed: {error}")
            return False
        return True

    def _say(self, what: str) -> None:
        """One line of the log for each thing that goes wrong."""
        if what not in self._said:
            self._said.add(what)
            LOGGER.info("The cache of results, %s, %s", self._path, what)


def _owner(db: sqlite3.Connection, name: bytes) -> int:
    now = time.time_ns()
    db.execute(
        "INSERT INTO owner (name, used) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET used = ?", (name, now, now)
    )
    place: int = db.execute("SELECT id FROM owner WHERE name = ?", (name,)).fetchone()[0]
    return place


def _replace(db: sqlite3.Connection, place: int, kind: str, sealed: Mapping[int, bytes]) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO blob (owner, kind, number, data) VALUES (?, ?, ?, ?)",
        [(place, kind, number, data) for number, data in sealed.items()],
    )


def _pages(db: sqlite3.Connection) -> tuple[int, int]:
    """How many pages are used, and how many are free."""
    (pages,), (free,) = (db.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "freelist_count"))
    return int(pages) - int(free), int(free)


def _sealed(data: bytes, owner: bytes, kind: str, number: int) -> bytes:
    """The bytes behind a check sum of them and of whose they are."""
    return _check(data, owner, kind, number) + data


def _opened(sealed: bytes, owner: bytes, kind: str, number: int) -> bytes | None:
    """The bytes, if they are the ones that were put there."""
    data = sealed[_CHECK_BYTES:]
    return data if sealed[:_CHECK_BYTES] == _check(data, owner, kind, number) else None


def _check(data: bytes, owner: bytes, kind: str, number: int) -> bytes:
    whole = hashlib.blake2b(f"{kind} {number} {len(data)} ".encode() + owner, digest_size=_CHECK_BYTES)
    whole.update(data)
    return whole.digest()
