"""Sentences on money, energy, and when a study has paid for itself."""

from collections.abc import Iterator

from analysis.condition_columns import method_label
from analysis.envelope import JudgedCell
from analysis.methods import DatasetId
from analysis.money import (
    Clock,
    Retraining,
    Spent,
    cheapest,
    dollars,
    joules,
    retraining,
    spent_on,
)
from analysis.study import Study
from analysis.wording import percent, seconds_text


def dollars_text(amount: float) -> str:
    """$41.20; below a cent two digits that count."""
    return f"${amount:,.2f}" if amount >= 0.01 else f"${amount:.2g}"


def priced(study: Study, clock: Clock, seconds: float) -> str:
    """A duration with its price, where one was said: 3.1 h ($7.75)."""
    cost = dollars(study.pricing, clock, seconds)
    return seconds_text(seconds) + ("" if cost is None else f" ({dollars_text(cost)})")


def pays_text(one: Retraining) -> str:
    """After how many runs a study has paid, as a part of a sentence."""
    if one.saved_high_s is not None and one.saved_high_s <= 0:
        return "never pays by the clock: a run on the rows that stay is not quicker"
    if not one.is_shown or one.pays_most is None:
        why = "one seed shows" if one.saved_low_s is None else "the seeds show"
        return f"is not shown to pay: {why} no sure saving by the clock"
    many = "s" * (one.pays_from != 1)
    return f"pays after {one.pays_from:,}{_range(one)} retraining{many} on the rows that stay"


def _range(one: Retraining) -> str:
    """From the upper to the lower bound of what is saved, where these differ."""
    same = one.pays_least == one.pays_most
    return "" if same else f" ({one.pays_least:,} to {one.pays_most:,})"


def clock_text(clock: Clock) -> str:
    """Whose clock it is, as a part of a sentence."""
    if not clock.is_one_kind:
        return f"clocks of unlike devices, whose seconds are not one price: {'; '.join(map(_device, clock.devices))}"
    machines = f"{clock.hosts} machines" if clock.hosts > 1 else "one machine"
    return f"by the clock of {machines} ({_device(clock.devices[0])}), whatever else ran there"


def _device(device: str) -> str:
    """The accelerator's name, or the kind of processor."""
    words = device.split()
    if words[:1] == ["cuda"]:
        return " ".join(words[2:]) or "accelerator"
    return " ".join(words[:2]) or "device not recorded"


def price_text(study: Study, clock: Clock) -> str:
    """What a price is of; empty where none was said or none can be counted."""
    price = study.pricing.dollars_per_hour
    if price is None or not clock.is_one_kind:
        return ""
    if not clock.has_accelerator:
        return f"at {dollars_text(price)} an hour of the cores that one trial computes with"
    part = study.pricing.accelerators
    share = "" if part == 1 else f", of which a trial has {part:g}"
    return f"at {dollars_text(price)} an hour of one accelerator{share}"


def study_sentences(study: Study) -> Iterator[str]:
    """One text a data set: what the study took, the cheapest cut, and when it has paid."""
    for source, name in study.sources.items():
        spent = spent_on(study, source)
        if spent.clock.devices:
            yield f"{name}: {_study_text(study, source, spent)}"


def _study_text(study: Study, source: DatasetId, spent: Spent) -> str:
    price = price_text(study, spent.clock)
    told = [
        f"this study computed for {priced(study, spent.clock, spent.seconds)}, {clock_text(spent.clock)}"
        f"{f', {price}' if price else ''}."
    ]
    found = cheapest(study, source, spent)
    if found is None:
        told.append("No condition that trains afresh is within by its own interval.")
    else:
        told.append(_cheapest_text(study, spent.clock, *found))
    told.append(_energy_text(study, found[0] if found else None))
    return " ".join(told)


def _cheapest_text(study: Study, clock: Clock, row: JudgedCell, one: Retraining) -> str:
    c = row.cell.condition
    list_s = (
        "" if c.is_control else f"; making its list takes {priced(study, clock, one.list_s)} once"
    )
    return (
        f"By its mean time the cheapest cut that is within by its own interval removes {percent(c.rate)} by "
        f"{method_label(study, c)}: a run takes {priced(study, clock, one.pruned_s)}, on all rows "
        f"{priced(study, clock, one.full_s)}{list_s}; with it the study {pays_text(one)}. It was picked for "
        f"its price among {len(study.of(c.source))}, which its interval does not count."
    )


def _energy_text(study: Study, row: JudgedCell | None) -> str:
    pairs = row.cell.pairs if row else ()
    full, pruned = (joules(study.pricing, pairs, arm, "training") for arm in ("baseline", "pruned"))
    if full is None or pruned is None:
        return "Energy: not measured."
    return (
        f"Energy by the device's own counter: training takes {energy_text(pruned)}, on all rows "
        f"{energy_text(full)}."
    )


def energy_text(amount: float) -> str:
    """Joules as a person says them: 830 J, 12.3 kJ, 1.40 kWh."""
    if amount >= 3.6e5:
        return f"{amount / 3.6e6:.2f} kWh"
    return f"{amount / 1000:.1f} kJ" if amount >= 1000 else f"{amount:.0f} J"


def saved_price(study: Study, row: JudgedCell, seconds: float) -> str:
    """The price of seconds saved, in brackets; empty where none was said."""
    cost = dollars(study.pricing, spent_on(study, row.cell.condition.source).clock, seconds)
    return "" if cost is None else f" ({dollars_text(cost)})"


def study_pays(study: Study, row: JudgedCell) -> tuple[str, str]:
    """When the study itself has paid, and what it cost; nothing where no later run was tried."""
    spent = spent_on(study, row.cell.condition.source)
    one = retraining(row, spent)
    if one is None:
        return "", ""
    cost = dollars(study.pricing, spent.clock, one.sweep_s)
    told = "" if cost is None else f"it cost {dollars_text(cost)}"
    if not one.is_shown:
        return "is not shown to pay", told
    many = "s" * (one.pays_from != 1)
    return f"pays after {one.pays_from:,}{_range(one)} retraining{many}", told
