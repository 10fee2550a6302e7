"""The flags of a sweep that say how its data are read."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from orchestrator.cli.trained_options import Real, Texts, TrainedOptions, Whole, Yes

if TYPE_CHECKING:
    from trainables.data.columns import Columns


class DataOptions(TrainedOptions):
    """How the data are read; None and empty mean: as the grid says."""

    data_dir: Path | None = Field(
        default=None,
        description="Folder in which known names are looked for, as NAME/train.parquet and NAME/test.parquet. "
        "Default: the variable PRUNE_ENVELOPE_DATA, else the Hugging Face hub.",
    )
    name: Texts = Field(
        default=None,
        description="What a data set is called in tables and on the page. Repeat the flag for several, in the order "
        "of --dataset. Default: the name of its file.",
    )
    text_column: Texts = Field(
        default=None,
        description="Column with the text to learn from. Repeat the flag to join several. Default: text, or the one "
        "column that could be meant.",
    )
    messages: str = Field(
        default="",
        description="Column of conversations, each a list of turns with role and content, for a language model: what the "
        "assistant says is learned. Default: messages, or the one column of such lists.",
    )
    prompt_column: str = Field(
        default="",
        description="Column with what a response answers, for a language model. Default: prompt, or one of its usual names.",
    )
    response_column: str = Field(
        default="",
        description="Column with the response, which alone is learned. Default: response, or one of its usual names.",
    )
    label_column: str = Field(
        default="",
        description="Column with the class, or with the number to predict. Default: label, or the one column that "
        "could be meant.",
    )
    id_column: str = Field(
        default="",
        description="Column with a name of your own for each row. Default: rows are known by their number.",
    )
    embedding_column: str = Field(
        default="",
        description="Embeddings that you have made: a column of lists of numbers, or a .npy file beside the table "
        "({split}.npy for one a split). --model linear trains on them; other models have their rows scored by them.",
    )
    delimiter: str = Field(
        default="",
        description="What separates the values of a CSV: a letter, or tab. Default: found in its first lines.",
    )
    quotes: Yes | None = Field(
        default=None,
        description="Whether a quote in a CSV opens a value that may hold delimiters and line ends. Default: --quotes, "
        "and a quoted value that looks like swallowed lines is refused.",
    )
    test: str = Field(
        default="",
        description="What to test on: a second file, or the name of a split. Default: the split called test.",
    )
    test_fraction: Real = Field(
        default=0.0,
        description="Hold this share of a single file out to test on, of each class alike. Default: 0, none.",
        ge=0,
        lt=1,
    )
    validation_fraction: Real | None = Field(
        default=None,
        description="Hold this share of the training rows out, for signals that need rows to aim at and for trainers "
        "that ask for them. Default: 0, none; of --grid signals 0.1.",
        ge=0,
        lt=1,
    )
    limit: Whole = Field(
        default=0,
        description="Train on this many rows only; the report says so. Default: 0, all rows.",
        ge=0,
    )
    limit_test: Whole = Field(
        default=0,
        description="Test on this many rows only; the report says so. Default: 0, all rows.",
        ge=0,
    )
    imbalance: Real = Field(
        default=1.0,
        ge=1,
        description="Stress test: make the training classes uneven, the first so many times as large as the last. "
        "Test rows stay as they are. Default: 1, no change.",
    )
    flip_labels: Real = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Stress test: give this share of each class's training rows a wrong label. Default: 0, none.",
    )
    inject_copies: Real = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Stress test: add copies of this share of the training rows, half of the texts with one word "
        "changed. The report tells which of them each signal found. Default: 0, none.",
    )

    def columns(self) -> "Columns":
        """Which columns hold what; what is empty is guessed.

        Raises:
            UsageError: If flags name columns of two kinds, or half a pair.
        """
        from trainables.data.columns import Columns
        from trainables.errors import UsageError

        inputs = {
            "--messages": self.messages,
            "--prompt-column": self.prompt_column,
            "--response-column": self.response_column,
        }
        given = [flag for flag, column in inputs.items() if column]
        if self.messages and given[1:]:
            raise UsageError(
                f"--messages with {given[1]}: a conversation holds both; give one of them"
            )
        if given and not self.messages and not given[1:]:
            other = "--response-column" if self.prompt_column else "--prompt-column"
            raise UsageError(f"{given[0]} without {other}: name the column of both")
        others = {"--text-column": self.text_column, "--label-column": self.label_column}
        if given and (beside := [flag for flag, column in others.items() if column]):
            raise UsageError(
                f"{beside[0]} with {given[0]}: a language model reads {' and '.join(given)} alone; leave {beside[0]} "
                "out"
            )
        if self.prompt_column and self.prompt_column == self.response_column:
            raise UsageError(
                f"--prompt-column and --response-column are both {self.prompt_column!r}; name two columns"
            )
        return Columns(
            text=tuple(self.text_column or ()),
            label=self.label_column,
            id=self.id_column,
            embedding=self.embedding_column,
            messages=self.messages,
            prompt=self.prompt_column,
            response=self.response_column,
        )
