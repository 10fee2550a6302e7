"""An object store that machines without a common disk share: S3, GCS, or any folder by URI."""

import time
from collections.abc import Callable
from functools import cached_property, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from orchestrator.store.atomic import make_folder
from trainables.errors import EnvelopeError, UnavailableError, UsageError
from trainables.whole_file import whole_file

# What another machine finished is seen this much later at most, by one listing for all keys.
_LISTING_S = 3.0

P = ParamSpec("P")
T = TypeVar("T")


def _answering(
    method: Callable[Concatenate["Remote", P], T],
) -> Callable[Concatenate["Remote", P], T]:
    """Name the storage in errors of its own: Arrow's do not, and have no number."""

    @wraps(method)
    def named(self: "Remote", /, *args: P.args, **options: P.kwargs) -> T:
        try:
            return method(self, *args, **options)
        except OSError as error:
            if error.errno is not None or isinstance(error, EnvelopeError):
                raise
            raise UnavailableError(
                f"{self.uri} does not do what was asked: {error}; look at its name, at this "
                "machine's role or credentials for it, and at the network"
            ) from error

    return named


class Remote:
    """Whole files by name under a URI, as Arrow's file systems give them.

    An upload is seen when it is complete and not before. Credentials are the machine's own: an
    instance role, the usual files or variables. `?endpoint_override=HOST:PORT&scheme=http` and
    `AWS_ENDPOINT_URL` lead to S3-compatible stores.

    Args:
        uri: Such as s3://bucket/prefix or gs://bucket/prefix.

    Raises:
        ValueError: If no file system of that kind is known.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._listed: dict[str, tuple[float, set[str]]] = {}
        _ = self._place

    def __getstate__(self) -> dict[str, Any]:
        """Another process connects by itself."""
        return {"uri": self.uri, "_listed": {}}

    @cached_property
    def _place(self) -> tuple[Any, str]:
        from pyarrow import ArrowInvalid
        from pyarrow.fs import FileSystem

        try:
            files, root = FileSystem.from_uri(self.uri)
        except ArrowInvalid as error:
            raise UsageError(
                f"--storage {self.uri!r}: {error}; write s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, or "
                "the path of a folder that all machines mount"
            ) from error
        return files, root.rstrip("/")

    def _path(self, name: str) -> str:
        return f"{self._place[1]}/{name}"

    @_answering
    def exists(self, name: str) -> bool:
        """Whether a file is there now."""
        return bool(self._place[0].get_file_info(self._path(name)).is_file)

    @_answering
    def names(self, folder: str) -> set[str]:
        """Names of all files under a folder, as they stood a few seconds ago at most."""
        from pyarrow.fs import FileSelector

        asked, found = self._listed.get(folder, (float("-inf"), set()))
        if time.monotonic() - asked > _LISTING_S:
            files, root = self._place
            below = FileSelector(self._path(folder), recursive=True, allow_not_found=True)
            seen = files.get_file_info(below)
            found = {info.path.removeprefix(f"{root}/") for info in seen if info.is_file}
            self._listed[folder] = (time.monotonic(), found)
        return found

    def refresh(self) -> None:
        """Forget what was listed: something has just been finished."""
        self._listed = {}

    @_answering
    def fetch(self, name: str, path: Path) -> bool:
        """Copy a file here, whole or not at all; whether it was there."""
        make_folder(path.parent)
        try:
            with (
                self._place[0].open_input_stream(self._path(name)) as far,
                whole_file(path) as draft,
                draft.open("wb") as near,
            ):
                while block := far.read(2**22):
                    near.write(block)
        except FileNotFoundError:
            return False
        return True

    @_answering
    def send(self, path: Path, name: str) -> None:
        """Copy a file there."""
        files, _ = self._place
        if files.type_name == "local":  # elsewhere a name may hold slashes and needs no folder
            files.create_dir(self._path(name).rpartition("/")[0], recursive=True)
        with path.open("rb") as near, files.open_output_stream(self._path(name)) as far:
            while block := near.read(2**22):
                far.write(block)

    @_answering
    def remove(self, folder: str) -> None:
        """Remove all files under a folder."""
        from pyarrow.fs import FileType

        files, _ = self._place
        if files.get_file_info(self._path(folder)).type == FileType.Directory:
            files.delete_dir(self._path(folder))

    @_answering
    def remove_file(self, name: str) -> None:
        """Remove a file that is there."""
        self._place[0].delete_file(self._path(name))
