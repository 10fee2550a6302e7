"""A Hugging Face hub on loopback, of as much as the hub's client asks for."""

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit

CHUNK = 2**16


@dataclass
class HubServer:
    """Data sets by owner/name; a context manager that serves them.

    Attributes:
        refs: Commits of each data set by branch or tag.
        commits: Files of each commit, by data set and commit.
        status: What each data set answers in place of its files, with the error's name for the
            client, such as (403, "GatedRepo").
        torn: Bytes after which every answer breaks off and the server is gone; 0 for never.
        asked: Method and path of every request, in order.
    """

    refs: dict[str, dict[str, str]] = field(default_factory=dict)
    commits: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)
    status: dict[str, tuple[int, str]] = field(default_factory=dict)
    torn: int = 0
    asked: list[str] = field(default_factory=list)

    def commit(self, repo: str, files: Mapping[str, bytes], *, ref: str = "main") -> str:
        """Add a commit that holds these files and let a branch or tag be at it."""
        ids = sorted((path, hashlib.sha1(content).hexdigest()) for path, content in files.items())
        sha = hashlib.sha1(f"{repo} {ids} {len(self.commits)}".encode()).hexdigest()
        self.commits[repo, sha] = dict(files)
        self.refs.setdefault(repo, {})[ref] = sha
        return sha

    def found(self, repo: str, revision: str) -> str:
        """The commit a revision is at; empty if there is none."""
        if sha := self.refs.get(repo, {}).get(revision):
            return sha
        long = [sha for of, sha in self.commits if of == repo and sha.startswith(revision)]
        return long[0] if len(revision) >= 7 and len(long) == 1 else ""

    def __enter__(self) -> "HubServer":
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def close(self) -> None:
        """Stop to answer; whoever asks then is refused at once."""
        self._server.shutdown()
        self._server.server_close()

    def __exit__(self, *_: object) -> None:
        self.close()


class _Handler(BaseHTTPRequestHandler):
    hub: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing: the test says what matters."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.hub.asked.append(f"{self.command} {path}")
        parts = [unquote(part) for part in path.strip("/").split("/")]
        api = parts[0] == "api"
        parts = parts[2:] if api else parts[1:]
        repo, rest = "/".join(parts[:2]), parts[2:]
        if repo in self.hub.status:
            code, name = self.hub.status[repo]
            self._answer(code, b"", {"X-Error-Code": name, "X-Error-Message": name})
        elif repo not in self.hub.refs:
            self._answer(404, b"", {"X-Error-Code": "RepoNotFound"})
        elif rest[:1] == ["blobs"]:
            self._file(repo, rest[1], "/".join(rest[2:]))
        else:
            sha = self.hub.found(repo, (rest[1:] or ["main"])[0])
            if not sha:
                self._answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
            elif not api:
                self._resolve(repo, sha, "/".join(rest[2:]))
            elif rest[:1] == ["tree"]:
                deep = "recursive=true" in urlsplit(self.path).query.lower()
                self._json(_listing(self.hub.commits[repo, sha], "/".join(rest[2:]), deep=deep))
            else:
                self._json({"id": repo, "sha": sha, "private": False, "tags": [], "downloads": 0})

    do_HEAD = do_GET  # noqa: N815 - the name that the base class calls

    def _resolve(self, repo: str, sha: str, name: str) -> None:
        """Where a file is, by a redirect as for the hub's large files."""
        content = self.hub.commits[repo, sha].get(name)
        about = {"X-Repo-Commit": sha}
        if content is None:
            self._answer(404, b"", about | {"X-Error-Code": "EntryNotFound"})
            return
        about |= {"ETag": f'"{_oid(content)}"', "X-Linked-Size": str(len(content))}
        about |= {"X-Linked-Etag": f'"{_oid(content)}"'}
        # Another host, as large files are elsewhere: the client follows no redirect to such a one
        # before it has read the headers above.
        where = (
            f"http://localhost:{self.server.server_port}/datasets/{repo}/blobs/{sha}/{quote(name)}"
        )
        self._answer(302, b"", about | {"Location": where})

    def _file(self, repo: str, sha: str, name: str) -> None:
        content = self.hub.commits[repo, sha][name]
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        self._answer(206 if start else 200, content[start:], {"ETag": f'"{_oid(content)}"'})

    def _json(self, value: object) -> None:
        value = value if isinstance(value, dict) else list(value)
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, code: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(code)
        for name, value in (dict(headers) | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.hub.torn and len(body) > self.hub.torn:
            self.wfile.write(body[: self.hub.torn])
            self.wfile.flush()
            self.close_connection = True
            threading.Thread(target=self.hub.close, daemon=True).start()
            return
        for begin in range(0, len(body), CHUNK):
            self.wfile.write(body[begin : begin + CHUNK])


def _listing(files: Mapping[str, bytes], folder: str, *, deep: bool) -> list[dict[str, object]]:
    """The entries of a folder, as the hub's tree lists them."""
    found: dict[str, dict[str, object]] = {}
    start = f"{folder}/" if folder else ""
    for path, content in files.items():
        below = path.removeprefix(start).split("/") if path.startswith(start) else []
        for k in range(1, len(below)):
            name = start + "/".join(below[:k])
            found[name] = {"type": "directory", "path": name, "oid": _oid(name.encode())}
        if below:
            about = {"type": "file", "path": path, "size": len(content), "oid": _oid(content)}
            found[path] = about
    level = start.count("/")
    return [entry for path, entry in found.items() if deep or path.count("/") == level]


def _oid(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
