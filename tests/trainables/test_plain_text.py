"""What is shown or kept of text from outside: nothing that a reader obeys, no secret, no home folder."""

import pytest

from trainables.plain_text import forwarded, printable, quoted, redacted, shown

# What a terminal, a browser, a spreadsheet or a reader's eye would take for something else.
OBEYED = ["\x1b[31mred", "\x1b]0;title\x07", "a\u202eb", "a\u2066b", "a\u200bb", "\ufeffa", "\x9b2J", "a\rb", "\x7f", "\U000e0041"]  # fmt: skip


@pytest.mark.parametrize("text", OBEYED, ids=ascii)
def test_what_is_obeyed_or_not_seen_is_spelled_out(text):
    told = printable(text)
    assert told.isprintable() and told != text


WORDS = [
    "Größe – “β”",
    "e\u0301te\u0301",
    "مرحبا بكم",
    "می\u200cخواهم",
    "क्\u200dष",
    "物流",
    "👩\u200d🔧 ❤\ufe0f",
]


@pytest.mark.parametrize("text", WORDS)
def test_words_of_every_language_are_told_and_quoted_as_they_are_written(text):
    assert (printable(text), quoted(text)) == (text, f"'{text}'")


@pytest.mark.parametrize("text", ["pay\u200cpal", "a\u200d", "\\u200c\u202e"])
def test_what_hides_in_a_word_is_spelled_out_in_quotes_too(text):
    assert quoted(text).isprintable() and quoted(text) == repr(text)


def test_what_can_be_seen_stays_as_it_is():
    text = "naïve 中文 – a\u00a0b\n\tc"
    assert printable(text) == text
    assert printable(text, lines=False) == "naïve 中文 – a\u00a0b\\n\\tc"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("s3://KEY:SECRETS@bucket/p?region=eu", "s3://***@bucket/p?region=eu"),
        ("s3://KEY:SEC/RET@bucket/p", "s3://***@bucket/p"),
        ("s3://b/p?access_key=SECRET&scheme=http", "s3://b/p?access_key=***&scheme=http"),
        ("https://u:SECRET@host/x#token=SECRET", "https://***@host/x#token=***"),
        ("https://host/x?X-Amz-Signature=SECRET", "https://host/x?X-Amz-Signature=***"),
        ("run --api-key SECRET --token=SECRET", "run --api-key *** --token=***"),
        ("PASSWORD=SECRET", "PASSWORD=***"),
        ("{'password': 'SECRET of two words'}", "{'password': '***'}"),
        ("Authorization: Bearer SECRET", "Authorization: Bearer ***"),
        ("hf_SECRETSECRETSECRET", "***"),
    ],
)
def test_a_secret_is_hidden_and_the_rest_stays(text, kept):
    assert redacted(text) == kept


def test_a_word_of_megabytes_is_looked_through_once():
    # From each of its letters to its end this would take hours.
    assert redacted("x" * 10**6) == "x" * 10**6
    assert "s3cret" not in redacted("x" * 10**5 + "https://me:s3cret@host/x")


@pytest.mark.parametrize(
    "text",
    [
        "hf://datasets/owner/name@0123abc/train.csv", "http://host:80/a@b", "result_key=0123",
        "max_tokens: 512", "pad_token=[PAD]", "the token is wrong", "tokens_share 0.9",
        "s3://bucket/prefix?endpoint_override=localhost:9000&scheme=http",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(text):
    assert redacted(text) == text


@pytest.mark.parametrize(
    "name", ["HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "MY_API_KEY", "SOME_CREDENTIAL", "GITHUB_PAT"]
)  # fmt: skip
def test_the_value_of_a_variable_named_as_secret_is_hidden_however_it_is_written(name, monkeypatch):
    monkeypatch.setenv(name, 'ca"nary/1')
    assert shown('said ca"nary/1, ca%22nary%2F1, ca\\"nary/1') == "said ***, ***, ***"


@pytest.mark.parametrize(
    ("name", "value"),
    [("TOKENIZERS_PARALLELISM", "disabled-here"), ("MAX_TOKENS", "128000"), ("A_KEY", "system")],
)
def test_the_value_of_a_setting_is_shown(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    assert redacted(f"it is {value}") == f"it is {value}"


def test_of_a_full_path_the_last_name_alone_is_sent_on():
    text = "sweep --dataset /home/me/x.csv --model linear:/home/me/m ~/a/b s3://c/d/e a/b /x"
    assert forwarded(text) == "sweep --dataset …/x.csv --model linear:…/m …/b s3://c/d/e a/b /x"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("denied: /home/jane", "denied: ~"),
        ("/Users/jane/x.csv", "…/x.csv"),
        ("file:///home/jane/x.csv", "…/x.csv"),
        ("~jane/x.csv", "~/x.csv"),
        (r"C:\Users\jane\x.csv", "…/x.csv"),
        (r"\\server\jane\x.csv", "…/x.csv"),
    ],
)
def test_a_home_folder_is_named_in_no_way(text, told):
    assert forwarded(text) == told
