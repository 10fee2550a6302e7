"""A Hugging Face hub on loopback, of as much as the hub's client asks for."""

import base64
import hashlib
import json
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit

from tests.hub_cards import faults_of

CHUNK = 2**16


@dataclass
class HubServer:
    """Data sets by owner/name; a context manager that serves them.

    Attributes:
        refs: Commits of each data set by branch or tag.
        commits: Files of each commit, by data set and commit.
        status: What each data set answers in place of its files, with the error's name for the
            client, such as (403, "GatedRepo").
        private: Data sets that only their owner may read.
        logins: By token, who bears it, the token's role, and whom that one may write as.
        broken: By a part of a path, what is answered in place of what was asked for: a status, or 0
            for nothing at all.
        ignored: Paths that a .gitignore of the hub's leaves out.
        objects: Large files that were sent, by their sha256.
        torn: Bytes after which every answer breaks off and the server is gone; 0 for never.
        asked: Method and path of every request, in order.
    """

    refs: dict[str, dict[str, str]] = field(default_factory=dict)
    commits: dict[tuple[str, str], dict[str, bytes]] = field(default_factory=dict)
    status: dict[str, tuple[int, str]] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    logins: dict[str, tuple[str, str, tuple[str, ...]]] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)
    objects: dict[str, bytes] = field(default_factory=dict)
    torn: int = 0
    asked: list[str] = field(default_factory=list)

    def commit(self, repo: str, files: Mapping[str, bytes], *, ref: str = "main") -> str:
        """Add a commit that holds these files and let a branch or tag be at it."""
        ids = sorted((path, hashlib.sha1(content).hexdigest()) for path, content in files.items())
        sha = hashlib.sha1(f"{repo} {ids} {len(self.commits)}".encode()).hexdigest()
        self.commits[repo, sha] = dict(files)
        self.refs.setdefault(repo, {})[ref] = sha
        return sha

    def held(self, repo: str, revision: str = "main") -> dict[str, bytes]:
        """The files of a commit but for the one that every repository is made with."""
        files = self.commits[repo, self.found(repo, revision)]
        return {path: content for path, content in files.items() if path != ".gitattributes"}

    def found(self, repo: str, revision: str) -> str:
        """The commit a revision is at; empty if there is none."""
        if sha := self.refs.get(repo, {}).get(revision):
            return sha
        long = [sha for of, sha in self.commits if of == repo and sha.startswith(revision)]
        return long[0] if len(revision) >= 7 and len(long) == 1 else ""

    def make(self, repo: str, *, private: bool) -> None:
        """Make an empty data set."""
        self.commit(repo, {".gitattributes": b"*.parquet filter=lfs"})
        if private:
            self.private.add(repo)

    def __enter__(self) -> "HubServer":
        self.closed = threading.Event()
        handler = type("Handler", (_Handler,), {"hub": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        # Half a second between looks, as is usual, is what every test would wait at its end.
        serve = self._server.serve_forever
        threading.Thread(target=serve, args=(0.01,), daemon=True).start()
        return self

    def close(self) -> None:
        """Stop to answer; whoever asks then is refused at once."""
        self.closed.set()
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
        if self._is_broken():
            return
        if path == "/api/whoami-v2":
            self._whoami()
            return
        parts = [unquote(part) for part in path.strip("/").split("/")]
        api = parts[0] == "api"
        parts = parts[2:] if api else parts[1:]
        repo, rest = "/".join(parts[:2]), parts[2:]
        if repo in self.hub.status:
            code, name = self.hub.status[repo]
            self._answer(code, b"", {"X-Error-Code": name, "X-Error-Message": name})
        elif repo not in self.hub.refs or self._is_hidden(repo, rest):
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
                files = self.hub.commits[repo, sha]
                large = self.hub.objects.keys()
                self._json(_listing(files, "/".join(rest[2:]), deep=deep, large=large))
            else:
                files = [{"rfilename": name} for name in self.hub.commits[repo, sha]]
                about = {"private": repo in self.hub.private, "siblings": files, "tags": []}
                self._json({"id": repo, "sha": sha, "downloads": 0, **about})

    do_HEAD = do_GET  # noqa: N815 - the name that the base class calls

    def do_POST(self) -> None:
        self._body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self._is_broken():
            return
        path = unquote(urlsplit(self.path).path)
        parts = path.strip("/").removeprefix("api/").split("/")
        if path == "/api/validate-yaml":
            faults = faults_of(json.loads(self._body)["content"])
            told = {"errors": [{"message": fault} for fault in faults], "warnings": []}
            self._json(told, 400 if faults else 200)
        elif path == "/api/repos/create":
            self._create(json.loads(self._body))
        elif path.endswith(".git/info/lfs/objects/batch"):
            self._batch(json.loads(self._body)["objects"])
        elif not self._writer_of("/".join(parts[1:3])):
            self._answer(403, b"", {"X-Error-Message": "Forbidden"})
        elif parts[3] == "preupload":
            self._json({"files": [self._mode(one) for one in json.loads(self._body)["files"]]})
        else:
            assert parts[3] == "commit", path
            self._commit("/".join(parts[1:3]), [json.loads(one) for one in self._body.splitlines()])

    def do_PUT(self) -> None:
        self._body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._is_broken():
            self.hub.objects[urlsplit(self.path).path.rpartition("/")[2]] = self._body
            self._answer(200, b"", {})

    def _is_broken(self) -> bool:
        """Note what is asked; answer otherwise where the test wants that."""
        self.hub.asked.append(f"{self.command} {urlsplit(self.path).path}")
        broken = [code for part, code in self.hub.broken.items() if part in self.path]
        if broken == [0]:
            self.hub.closed.wait()
            self.close_connection = True
        elif broken:
            self._answer(broken[0], b"", {"X-Error-Message": "broken"})
        return bool(broken)

    def _login(self) -> tuple[str, str, tuple[str, ...]]:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return self.hub.logins.get(token, ("", "", ()))

    def _writer_of(self, repo: str) -> bool:
        name, role, others = self._login()
        return role == "write" and repo.partition("/")[0] in (name, *others)

    def _is_hidden(self, repo: str, rest: Sequence[str]) -> bool:
        """Whether there is nothing to see for who asks; where a redirect leads is known to whom it was given."""
        is_hidden = repo in self.hub.private and not self._writer_of(repo)
        return is_hidden and rest[:1] != ["blobs"]

    def _whoami(self) -> None:
        name, role, others = self._login()
        if not name:
            self._answer(401, b"", {"X-Error-Message": "Invalid username or password."})
            return
        orgs = [{"name": one} for one in others]
        self._json({"name": name, "orgs": orgs, "auth": {"accessToken": {"role": role}}})

    def _create(self, asked: Mapping[str, str]) -> None:
        repo = f"{asked['organization'] or self._login()[0]}/{asked['name']}"
        url = f"{self.hub.endpoint}/datasets/{repo}"
        assert asked["type"] == "dataset"
        if not self._writer_of(repo):
            self._answer(403, b"", {"X-Error-Message": "Forbidden"})
        elif repo in self.hub.refs:
            self._json({"error": "You already created this dataset repo", "url": url}, 409)
        else:
            self.hub.make(repo, private=asked.get("visibility") == "private")
            self._json({"url": url})

    def _mode(self, file: Mapping[str, str]) -> dict[str, object]:
        mode = "lfs" if file["path"].endswith(".parquet") else "regular"
        ignored = file["path"] in self.hub.ignored
        return {"path": file["path"], "uploadMode": mode, "shouldIgnore": ignored}

    def _batch(self, objects: list[dict[str, object]]) -> None:
        sent = [
            {**one, "actions": {"upload": {"href": f"{self.hub.endpoint}/lfs/{one['oid']}"}}}
            for one in objects
        ]
        self._json({"transfer": "basic", "objects": sent})

    def _commit(self, repo: str, lines: list[dict[str, dict[str, str]]]) -> None:
        is_pr = "create_pr=1" in self.path
        files = dict(self.hub.commits[repo, self.hub.found(repo, "main")])
        for line in lines[1:]:
            value = line["value"]
            if line["key"] == "deletedFile":
                del files[value["path"]]
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            else:
                files[value["path"]] = self.hub.objects[value["oid"]]
        sha = self.hub.commit(repo, files, ref="refs/pr/1" if is_pr else "main")
        page = f"{self.hub.endpoint}/datasets/{repo}"
        told = {"pullRequestUrl": f"{page}/discussions/1"} if is_pr else {}
        self._json({"commitUrl": f"{page}/commit/{sha}", "commitOid": sha, **told})

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

    def _json(self, value: object, code: int = 200) -> None:
        value = value if isinstance(value, dict) else list(value)
        self._answer(code, json.dumps(value).encode(), {"Content-Type": "application/json"})

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


def _listing(
    files: Mapping[str, bytes], folder: str, *, deep: bool, large: Collection[str] = ()
) -> list[dict[str, object]]:
    """The entries of a folder, as the hub's tree lists them."""
    found: dict[str, dict[str, object]] = {}
    start = f"{folder}/" if folder else ""
    for path, content in files.items():
        below = path.removeprefix(start).split("/") if path.startswith(start) else []
        for k in range(1, len(below)):
            name = start + "/".join(below[:k])
            found[name] = {"type": "directory", "path": name, "oid": _oid(name.encode())}
        if below:
            about = {"type": "file", "path": path, "size": len(content), "oid": _blob(content)}
            if _oid(content) in large:
                about["lfs"] = {"oid": _oid(content), "size": len(content), "pointerSize": 130}
            found[path] = about
    level = start.count("/")
    return [entry for path, entry in found.items() if deep or path.count("/") == level]


def _oid(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _blob(content: bytes) -> str:
    """The name that git gives a file by its content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
