"""Bad files of conversations, prompts and images: rows of the matrix from B100 on."""

from tests.bad_inputs.matrix import BadInput, rows_jsonl, sweep

CHAT = [
    {
        "id": f"i{k}",
        "messages": [{"role": "user", "content": f"{k}?"}, {"role": "assistant", "content": "x"}],
    }
    for k in range(20)
]
PROMPTED = [{"q": f"{k}?", "a": f"a{k}"} for k in range(20)]
BY_TURNS = ("--messages", "messages")
BY_PROMPT = ("--prompt-column", "q", "--response-column", "a")


def language(known, what, rows, *says, flags, ends=4):
    """A row with one file of conversations or prompts."""
    return BadInput(
        id=known,
        what=what,
        files={"x.jsonl": rows_jsonl(rows)},
        argv=sweep("--test-fraction", "0.2", *flags, data="x.jsonl"),
        says=says,
        exit=ends,
    )


def images(known, what, *says, names, ends=4):
    """A row with a folder of images."""
    return BadInput(
        id=known,
        what=what,
        files=dict.fromkeys(names, b"x"),
        argv=sweep(data="d"),
        says=says,
        exit=ends,
    )


def chat(**values):
    """Conversations, one of them another."""
    return [*CHAT[:7], CHAT[7] | values, *CHAT[8:]]


FOLDER = ("d/train/a/1.png", "d/train/b/1.png", "d/test/a/1.png", "d/test/b/1.png")
ROWS: list[BadInput] = [
    language("B100", "--messages beside --text-column", CHAT, "--text-column with --messages", "leave", flags=(*BY_TURNS, "--text-column", "id"), ends=2),
    language("B100", "--messages beside --prompt-column", CHAT, "--messages with --prompt-column", "one of them", flags=(*BY_TURNS, *BY_PROMPT), ends=2),
    language("B100", "--messages beside --label-column", CHAT, "--label-column with --messages", "leave", flags=(*BY_TURNS, "--label-column", "id"), ends=2),
    language("B101", "--prompt-column alone", PROMPTED, "--prompt-column without --response-column", flags=BY_PROMPT[:2], ends=2),
    language("B101", "--response-column alone", PROMPTED, "--response-column without --prompt-column", flags=BY_PROMPT[2:], ends=2),
    language("B101", "one column for both", PROMPTED, "both 'q'", "two columns", flags=("--prompt-column", "q", "--response-column", "q"), ends=2),
    language("B102", "conversations for a classifier", CHAT, "holds conversations", "linear", "--model causal_lm", flags=BY_TURNS, ends=2),
    language("B102", "prompts for a classifier", PROMPTED, "holds prompts with their responses", "--model causal_lm", flags=BY_PROMPT, ends=2),
    language("B103", "a turn of no role", chat(messages=[{"role": "tool", "content": "x"}]), "x.jsonl", "'messages'", "row 7 (id 'i7')", "turn 0 is of role 'tool'", "list of turns", flags=(*BY_TURNS, "--id-column", "id")),
    language("B103", "no turns", chat(messages="hello"), "x.jsonl", "'messages'", "row 7 'hello'", "list of turns", flags=BY_TURNS),
    language("B103", "no conversation", chat(messages=None), "x.jsonl", "'messages'", "row 7 None", "remove the row", flags=BY_TURNS),
    language("B104", "an empty response", [*PROMPTED, {"q": "x", "a": " "}], "x.jsonl", "'a'", "row 20 ' '", "fill or remove", flags=BY_PROMPT),
    images("B105", "images for a model of texts", "d holds images", "linear", names=FOLDER, ends=2),
    images("B105", "images in no class", "d/train", "'loose.png'", "in no folder of a class", names=(*FOLDER, "d/train/loose.png")),
    images("B105", "labels in a table of metadata", "d/train", "metadata.csv", "a folder a class", names=(*FOLDER, "d/train/metadata.csv")),
    images("B105", "a class of the test split alone", "'c'", "correct it", names=(*FOLDER, "d/test/c/1.png")),
]  # fmt: skip
