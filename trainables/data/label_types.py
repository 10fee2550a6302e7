"""Labels of all files of a data set brought to one type, and to one list of names."""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from trainables.data.class_labels import Labels, as_classes
from trainables.data.columns import WHOLE, excerpt, refuse
from trainables.errors import DataError

# Of labels that are written as numbers, the share up to which words among them are slips.
_STRAYS = 0.001
_DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"


def alike(files: Sequence[Labels], *, unlabelled: str = "") -> list[Labels]:
    """The labels of all files of a data set as values of one type, numbers of one list of names.

    A CSV's labels are numbers where those of every CSV are and no other file has words; numbers that
    carry names are matched by them.

    Args:
        files: One a file, of all splits.
        unlabelled: What else can be done where rows are marked as unlabelled.

    Raises:
        DataError: If words stand beside numbers, or two files carry different names.
    """
    files = _named_alike(_settled(_of_one_case(files), unlabelled))
    numbers = [one for one in files if one.is_number]
    words = [one for one in files if not one.is_number]
    if not numbers or not words:
        return files
    for one in words:
        digits = pc.match_substring_regex(one.values, WHOLE)
        why = f"a word, where {numbers[0].origin.where} has whole numbers; write both alike"
        refuse(one.origin, one.values, pc.invert(digits), why)
    return [_as_numbers(one, unlabelled) for one in files]


def _of_one_case(files: Sequence[Labels]) -> list[Labels]:
    """Words for true and false in lower case, where a file has them as such and not as words."""
    first = next((one for one in files if one.is_bool), None)
    if first is None:
        return list(files)
    alike_cased = []
    for one in files:
        if not one.is_number and not one.is_bool:
            lower = pc.utf8_lower(one.values)
            odd = pc.invert(
                pc.is_in(lower, value_set=pa.array(["true", "false"], pa.large_string()))
            )
            why = f"neither true nor false, as labels are in {first.origin.where}; write both alike"
            refuse(one.origin, one.values, odd, why)
            alike_cased.append(replace(one, values=lower))
        else:
            alike_cased.append(one)
    return alike_cased


def _settled(files: Sequence[Labels], unlabelled: str) -> list[Labels]:
    """Files that do not tell numbers from text: all of them read as the one, or as the other."""
    written = [one for one in files if not one.is_typed and not one.is_number]
    has_words = any(one.is_typed and not one.is_number for one in files)
    if not written or has_words or _are_names(files, written):
        return list(files)
    every = pa.chunked_array([one.values for one in written])
    if pc.all(pc.match_substring_regex(every, WHOLE)).as_py():
        return [_as_numbers(one, unlabelled) for one in files]
    _check_strays(written, every)
    decimals = pc.all(pc.match_substring_regex(every, _DECIMAL)).as_py()
    if not (decimals and pc.any(pc.match_substring(every, ".")).as_py()):
        return list(files)
    settled = []
    for one in files:
        if one.is_typed or one.is_number:
            settled.append(one)
        else:
            # By their digits: as decimals two large numbers could become one.
            digits = pc.replace_substring_regex(one.values, r"\.0*$", "")
            why = "labels are classes, not measurements: cast them, or use --label-column"
            refuse(one.origin, one.values, pc.invert(pc.match_substring_regex(digits, WHOLE)), why)
            settled.append(_as_numbers(replace(one, values=digits), unlabelled))
    return settled


def _are_names(files: Sequence[Labels], written: Sequence[Labels]) -> bool:
    """Whether what is written in files without types are names that a file carries for its numbers."""
    named = next((one for one in files if one.names is not None and one.is_number), None)
    if named is None:
        return False
    known = pa.array(named.names, pa.large_string())
    return all(bool(pc.all(pc.is_in(one.values, value_set=known)).as_py()) for one in written)


def _check_strays(written: Sequence[Labels], every: pa.ChunkedArray) -> None:
    """Refuse words so rare among whole numbers that they are no class, but slips."""
    digits = pc.match_substring_regex(every, WHOLE)
    words = len(every) - (pc.sum(digits).as_py() or 0)
    for one in written if words <= _STRAYS * len(every) else ():
        stray = pc.invert(pc.match_substring_regex(one.values, WHOLE))
        why = "nearly all labels are whole numbers, and this is none: correct it"
        refuse(one.origin, one.values, stray, why)


def _as_numbers(one: Labels, unlabelled: str) -> Labels:
    if one.is_number:
        return one
    return replace(one, values=as_classes(one.origin, one.values.cast(pa.int64()), unlabelled))


def _named_alike(files: Sequence[Labels]) -> list[Labels]:
    """Numbers and words of files brought to the names that the first file with names carries."""
    first = next((one for one in files if one.names is not None and one.is_number), None)
    if first is None:
        return list(files)
    return [_named_as(one, first) for one in files]


def _named_as(one: Labels, first: Labels) -> Labels:
    """The labels of a file as numbers of the names that another one carries."""
    names = first.names or ()
    known = pa.array(names, pa.large_string())
    if not one.is_number:
        why = f"it is not one of the classes {excerpt(names)} of {first.origin.where}: correct it"
        refuse(one.origin, one.values, pc.invert(pc.is_in(one.values, value_set=known)), why)
        codes = pc.index_in(one.values, value_set=known)
        return replace(one, values=codes.cast(pa.int64()), names=names)
    if one.names is None or sorted(one.names) != sorted(names):
        own = (
            f"its classes {excerpt(one.names)}"
            if one.names
            else "its numbers, without class names,"
        )
        raise DataError(
            f"{one.origin.where}: {own} differ from {excerpt(names)} "
            f"in {first.origin.where}; write both with the same class names"
        )
    why = f"there are {len(names)} class names, so labels lie in [0, {len(names) - 1}]: correct it"
    refuse(one.origin, one.values, pc.greater_equal(one.values, len(names)), why)
    order = pa.array([names.index(name) for name in one.names], pa.int64())
    return replace(one, values=order.take(one.values), names=names)
