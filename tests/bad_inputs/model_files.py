"""Bad folders of models: rows of the matrix."""

from tests.bad_inputs.matrix import BadInput, good_rows, rows_csv, sweep
from tests.model_folders import save_model


def _data(folder):
    (folder / "x.csv").write_text(rows_csv(good_rows()))


def _with_pickle(folder):
    _data(folder)
    save_model(folder / "m", "bert")
    (folder / "m" / "model.safetensors").rename(folder / "m" / "pytorch_model.bin")


def _without_tokenizer(folder):
    _data(folder)
    save_model(folder / "m", "bert", tokenizer=False)


ARGV = [*sweep("--test-fraction", "0.2", data="x.csv"), "--model", "m"]
ROWS: list[BadInput] = [
    BadInput(id="B68", what="weights that can run code", make=_with_pickle, argv=ARGV, exit=6, says=("m", "safetensors")),
    BadInput(id="B69", what="no tokenizer", make=_without_tokenizer, argv=ARGV, exit=4, says=("m", "no tokenizer")),
]  # fmt: skip
