"""The key in the URI of a storage: a variable of the process, and in no text."""

import os

import pytest

from orchestrator.store.object_storage import credentials_aside

URIS = {
    "s3://KEY:SEC%2FRET@bucket/p?region=eu": "s3://bucket/p?region=eu",
    "s3://bucket/p?access_key=KEY&secret_key=SEC/RET": "s3://bucket/p",
    "s3://KEY:SEC%2FRET@b?endpoint_override=h:9&scheme=http": "s3://b?endpoint_override=h:9&scheme=http",
}


@pytest.mark.parametrize(("uri", "kept"), URIS.items())
def test_a_key_becomes_a_variable_and_leaves_the_uri(uri, kept, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "before")
    assert credentials_aside(uri) == kept == credentials_aside(kept)
    assert os.environ["AWS_ACCESS_KEY_ID"] == "KEY"
    assert os.environ["AWS_SECRET_ACCESS_KEY"] == "SEC/RET"


@pytest.mark.parametrize("uri", ["gs://anonymous@bucket/p", "s3://bucket/p", "file:///tmp/x"])
def test_a_uri_without_a_key_stays(uri):
    assert credentials_aside(uri) == uri
