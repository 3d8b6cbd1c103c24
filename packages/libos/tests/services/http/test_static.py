"""Files over HTTP: what a browser, a cache and a download manager rely on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libos.services.http.static import StaticFiles
from libos.storage.directory import DirectoryStore

BIG = bytes(range(256)) * 1024  # four chunks


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "docs" / "empty").mkdir(parents=True)
    (root / "index.html").write_text("<h1>home</h1>")
    (root / "docs" / "index.html").write_text("<h1>docs</h1>")
    (root / "big.bin").write_bytes(BIG)
    (root / "nothing.txt").write_bytes(b"")
    (root / "with space é.css").write_text("body {}")
    (root / "missing.html").write_text("<h1>lost?</h1>")
    (tmp_path / "secret").write_text("secret")
    (root / "leak").symlink_to(tmp_path / "secret")
    return root


@pytest.fixture
def files(root: Path, serve: Any) -> Any:
    with serve(StaticFiles(DirectoryStore(root), cache_control="max-age=60")) as server:
        yield server


def test_a_file(files: Any) -> None:
    response, body = files.get("/index.html")
    assert (response.status, body) == (200, b"<h1>home</h1>")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-length"] == "13"
    assert response.headers["cache-control"] == "max-age=60"
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", b"<h1>home</h1>"),
        ("/docs/", b"<h1>docs</h1>"),
        ("/big.bin", BIG),
        ("/nothing.txt", b""),
        ("/with%20space%20%C3%A9.css", b"body {}"),
        ("/index.html?v=2", b"<h1>home</h1>"),
    ],
)
def test_paths_of_files(files: Any, path: str, expected: bytes) -> None:
    response, body = files.get(path)
    assert response.status == 200
    assert body == expected


@pytest.mark.parametrize(
    "path",
    [
        "/none",
        "/index.html/",
        "/index.html/x",
        "/docs/empty",
        "/docs/empty/",
        "/leak",
        "/../secret",
        "/%2e%2e/secret",
        "/docs/..%2f..%2fsecret",
        "//index.html",
        "/docs//index.html",
        "/./index.html",
        "/index.html%00",
        "/..%5csecret",
        "//example.org/docs",
        "/%ff",
        "/" + "a" * 4000,
        "/" + "a/" * 2000,
    ],
)
def test_paths_of_nothing(files: Any, path: str) -> None:
    response, body = files.get(path)
    assert (response.status, body) == (404, b"404 Not Found\n")


def test_a_dictionary_is_redirected_to_its_slash(files: Any) -> None:
    response, _ = files.get("/docs?a=b")
    assert (response.status, response.headers["location"]) == (301, "/docs/?a=b")


def test_head_says_what_get_would(files: Any) -> None:
    for path in ("/big.bin", "/none", "/docs"):
        head, nothing = files.get(path, "HEAD")
        get, _ = files.get(path)
        assert nothing == b""
        assert head.status == get.status
        ours = [header for header in head.getheaders() if header[0] != "date"]
        assert ours == [header for header in get.getheaders() if header[0] != "date"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods(files: Any, method: str) -> None:
    response, _ = files.get("/index.html", method)
    assert (response.status, response.headers["allow"]) == (405, "GET, HEAD")


def test_a_cache_asks_whether_its_copy_is_still_good(files: Any, root: Path) -> None:
    response, _ = files.get("/index.html")
    etag = response.headers["etag"]
    for tags in (etag, f'"x", W/{etag}', "*"):
        response, body = files.get("/index.html", if_none_match=tags)
        assert (response.status, body, response.headers["etag"]) == (304, b"", etag)
        assert response.headers["cache-control"] == "max-age=60"
    assert files.get("/index.html", if_none_match='"x"')[0].status == 200
    (root / "index.html").write_text("<h1>HOME</h1>")
    response, body = files.get("/index.html", if_none_match=etag)
    assert (response.status, body) == (200, b"<h1>HOME</h1>")
    assert response.headers["etag"] != etag


def test_a_part_of_a_file(files: Any) -> None:
    response, body = files.get("/big.bin", range="bytes=1000-199999")
    assert response.status == 206
    assert response.headers["content-range"] == f"bytes 1000-199999/{len(BIG)}"
    assert body == BIG[1000:200000]
    etag = response.headers["etag"]
    assert files.get("/big.bin", range="bytes=-5")[1] == BIG[-5:]
    assert files.get("/big.bin", range="bytes=0-1", if_range=etag)[0].status == 206
    assert files.get("/big.bin", range="bytes=0-1", if_range='"old"')[0].status == 200
    assert files.get("/big.bin", range="bytes=0-1,5-6")[0].status == 200
    assert files.get("/big.bin", "HEAD", range="bytes=0-1")[0].status == 200


def test_a_part_that_is_not_there(files: Any) -> None:
    response, _ = files.get("/big.bin", range=f"bytes={len(BIG)}-")
    assert response.status == 416
    assert response.headers["content-range"] == f"bytes */{len(BIG)}"


def test_a_page_for_what_is_not_found(root: Path, serve: Any) -> None:
    with serve(StaticFiles(DirectoryStore(root), not_found="missing.html")) as server:
        response, body = server.get("/none")
        assert (response.status, body) == (404, b"<h1>lost?</h1>")
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        assert server.get("/none", "HEAD")[1] == b""


def test_below_a_root_path(root: Path, serve: Any) -> None:
    with serve(StaticFiles(DirectoryStore(root)), root_path="/static") as server:
        assert server.get("/static/")[1] == b"<h1>home</h1>"
        assert server.get("/static/docs")[0].headers["location"] == "/static/docs/"


def test_no_path_leads_out(files: Any) -> None:
    pieces = st.sampled_from(["..", ".", "/", "//", "%2f", "%2e", "\\", "%5c", "leak", "secret"])

    @settings(
        max_examples=150,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(pieces, max_size=8).map("".join))
    def law(path: str) -> None:
        response, body = files.get("/" + path)
        assert body in {b"404 Not Found\n", b"<h1>home</h1>"}
        assert response.status in {200, 404}

    law()
