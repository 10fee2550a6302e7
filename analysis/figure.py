"""One figure of a run as a file for a paper: `prune-envelope figure RUN --what pareto --format pdf`."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from analysis.completion import completes
from analysis.judging_flags import gathered, judging_flags
from analysis.pictures import Size, as_pdf, as_png, figure_svg, offline_browser
from analysis.plain_commands import PlainCommand
from trainables.errors import UsageError, explained
from trainables.plain_text import printable, shown
from trainables.streams import CommandLine
from trainables.suggestions import did_you_mean
from trainables.whole_file import whole_file
from trainables.written_numbers import whole_number

if TYPE_CHECKING:
    from analysis.study import Study

app = CommandLine()
EPILOG = """Examples:
  prune-envelope figure runs/a
  prune-envelope figure runs/a --what board --out board.svg
  prune-envelope figure runs/a --what signals --format pdf

Exit codes: 0 done, 2 usage, 4 run or browser not there or not valid. python -m analysis.figure takes the same flags."""
_LIST = "list"
_BOARD = "board"


def _pixels(text: str) -> int:
    try:
        found = whole_number(text)
    except ValueError:
        found = 0
    if not 100 <= found <= 10_000:
        told = ascii(text[:80])
        raise typer.BadParameter(f"{told} is no size; give a whole number from 100 to 10,000")
    return found


_SIZE: dict[str, Any] = {
    side: Annotated[
        int | None,
        typer.Option(
            parser=_pixels,
            metavar="PX",
            help=f"{told} in px.",
            show_default="the figure's own",
        ),
    ]
    for side, told in (("width", "Width"), ("height", "Height"))
}


class PictureFormat(StrEnum):
    """How a picture is written."""

    SVG = "svg"
    PDF = "pdf"
    PNG = "png"


class Picture(NamedTuple):
    """A figure's variant, not drawn yet.

    Attributes:
        what: The figure's name.
        key: Names the variant.
        label: What the page calls it.
        drawn: Plotly's figure; None of the board, which is an SVG.
        svg: The board's SVG; empty of the others.
    """

    what: str
    key: str
    label: str
    drawn: dict[str, Any] | None = None
    svg: str = ""


@app.command(
    cls=PlainCommand,
    epilog=EPILOG,
)
@judging_flags
@gathered(_SIZE, "size")
def figure(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN", autocompletion=completes("run"), help="Folder of a run."),
    ],
    what: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Which figure, such as pareto; list tells all there are."
        ),
    ] = _LIST,
    variant: Annotated[
        str | None,
        typer.Option(
            metavar="KEY",
            help="Which of its variants, as list tells them.",
            show_default="the page's first",
        ),
    ] = None,
    form: Annotated[
        PictureFormat | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="How it is written: svg, pdf or png.",
            show_default="as --out ends, else svg",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="File to write.", show_default="RUN-NAME.svg, in this folder"
        ),
    ] = None,
    *,
    size: dict[str, Any],
    flags: dict[str, Any],
) -> None:
    """Write a figure of the page as an SVG, PDF or PNG file: the same numbers, on white."""
    from analysis.criteria import Asked
    from analysis.study import read_runs

    with explained():
        study = read_runs(runs, Asked.of(**flags))
        if what == _LIST:
            typer.echo(shown("\n".join(_listed(study))))
            return
        chosen = pictures_of(study, what, variant)
        places = [*_places(study.name, chosen, form, out, is_named=variant is not None)]
        for path, written in zip(places, _written(chosen, places, size), strict=True):
            with whole_file(path) as draft:
                draft.write_bytes(written)
            typer.echo(shown(str(path)))


def pictures_of(study: "Study", what: str, variant: str | None) -> list[Picture]:
    """The variant of a figure that is asked for; of the board without one all data sets.

    Raises:
        UsageError: If there is no such figure, or no such variant of it.
    """
    from analysis.page.figures import FIGURES

    names = [_BOARD, *FIGURES]
    if what not in names:
        raise UsageError(
            f"--what {printable(what)}: the figures are {', '.join(names)}.{did_you_mean(what, names)}"
        )
    found = [*_variants(study, what)]
    if not found:
        raise UsageError(f"--what {what}: this run has nothing to show in it")
    if variant is None:
        return found if what == _BOARD else found[:1]
    chosen = [one for one in found if variant in (one.key, one.label)]
    if not chosen:
        keys = [one.key for one in found]
        raise UsageError(
            f"--variant {printable(variant)}: {what} has no such variant; --what list tells all "
            f"{len(keys)}.{did_you_mean(variant, keys)}"
        )
    return chosen[:1]


def _variants(study: "Study", what: str) -> Iterator[Picture]:
    from analysis.page.figures import FIGURES

    if what == _BOARD:
        from analysis.page.board_svg import board_svg

        for source, label in study.sources.items():
            yield Picture(what, label, label, svg=board_svg(study, source))
        return
    for data in FIGURES[what].data(study):
        yield Picture(what, data.key, data.label, FIGURES[what].draw(data))


def _listed(study: "Study") -> Iterator[str]:
    """Every figure and its variants, as --what and --variant take them."""
    from analysis.page.figures import FIGURES

    yield f"{_BOARD}  method by rate, one file a data set"
    for label in study.sources.values():
        yield f"  --variant {_quoted(label)}"
    for what, one in FIGURES.items():
        variants = one.data(study)
        yield what if variants else f"{what}  nothing to show in this run"
        for data in variants:
            yield f"  --variant {_quoted(data.key)}"


def _quoted(key: str) -> str:
    """A key as a shell takes it."""
    import shlex

    return shlex.quote(printable(key, lines=False))


def _places(
    name: str,
    chosen: Sequence[Picture],
    form: PictureFormat | None,
    out: Path | None,
    *,
    is_named: bool,
) -> Iterator[Path]:
    """Where each picture is written."""
    if out is None:
        for one in chosen:
            parts = (name, one.what, *([one.key] if is_named or len(chosen) > 1 else []))
            yield Path(f"{'-'.join(map(_as_name, parts))}.{form or PictureFormat.SVG}")
        return
    if len(chosen) > 1:
        sets = ", ".join(_quoted(one.key) for one in chosen)
        raise UsageError(
            f"--out {out} is one file, and the board has one a data set: name one by --variant ({sets})"
        )
    ending = out.suffix.removeprefix(".").lower()
    if out.is_dir() or ending not in [*PictureFormat] or (form or ending) != ending:
        example = (
            out.with_suffix(f".{form or PictureFormat.SVG}")
            if not out.is_dir()
            else out / "figure.svg"
        )
        raise UsageError(
            f"--out {out}: name a file that ends as what is written, such as {example}"
        )
    if not out.parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {out.parent}; make it first")
    yield out


def _as_name(text: str) -> str:
    """A text as a part of a file's name."""
    return re.sub(r"[^\w.]+", "_", text).strip("_.")[:60] or "run"


def _written(
    chosen: Sequence[Picture], places: Sequence[Path], size: dict[str, Any]
) -> Iterator[bytes]:
    """The bytes of each picture; a browser is started where one is needed."""
    if any(one.svg for one in chosen) and any(size.values()):
        raise UsageError("--width, --height: the board has the size of its cells; leave them out")
    if all(
        one.svg and path.suffix.lower() == ".svg" for one, path in zip(chosen, places, strict=True)
    ):
        yield from (one.svg.encode() for one in chosen)
        return
    # In a thread of its own: the caller's may run an event loop, as a notebook does, beside which no browser starts.
    with ThreadPoolExecutor(1) as alone:
        yield from alone.submit(_by_browser, chosen, places, size).result()


def _by_browser(
    chosen: Sequence[Picture], places: Sequence[Path], size: dict[str, Any]
) -> list[bytes]:
    makers = {".pdf": as_pdf, ".png": as_png}
    found = []
    with offline_browser() as browser:
        for one, path in zip(chosen, places, strict=True):
            svg = one.svg or figure_svg(browser, one.drawn or {}, _size(one, size))
            make = makers.get(path.suffix.lower())
            found.append(make(browser, svg) if make else svg.encode())
    return found


def _size(one: Picture, asked: dict[str, Any]) -> Size:
    """The size asked for, or the largest that the page gives the figure."""
    layout = (one.drawn or {})["layout"]
    return Size(asked["width"] or layout["meta"]["maxw"], asked["height"] or layout["height"])


if __name__ == "__main__":
    app()
