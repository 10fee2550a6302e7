import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from orchestrator import spotwatch
from orchestrator.spotwatch import notice, watch

ENDS = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture
def metadata():
    """An instance's metadata service, version 2: the notice comes with the third question."""

    class Service(BaseHTTPRequestHandler):
        asked = 0

        def answer(self, code, text=""):
            self.send_response(code)
            self.end_headers()
            self.wfile.write(text.encode())

        def do_PUT(self):
            has_lifetime = "X-aws-ec2-metadata-token-ttl-seconds" in self.headers
            self.answer(200 if has_lifetime else 400, "token")

        def do_GET(self):
            Service.asked += 1
            if self.headers["X-aws-ec2-metadata-token"] != "token":
                self.answer(401)
            elif self.path != "/latest/meta-data/spot/instance-action" or Service.asked < 3:
                self.answer(404)
            else:
                self.answer(200, '{"action": "terminate", "time": "2026-11-24T09:30:00Z"}')

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_notice_is_passed_on_once_it_comes(metadata, monkeypatch):
    monkeypatch.setattr(spotwatch, "_EVERY_S", 0.0)
    told = []
    watch(told.append, metadata)
    assert told == [ENDS]


def test_no_notice_yet_is_none(metadata):
    assert notice(metadata) is None


def test_a_service_that_is_away_is_asked_again_later():
    assert notice("http://127.0.0.1:9") is None
