"""The words of the made instructions: names and things, an invented language, and how one asks."""

from collections.abc import Mapping

NAMES = (
    "Ana", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Hugo", "Irene", "Jonas", "Karla", "Leo",
)  # fmt: skip
TOWNS = (
    "Velm", "Brona", "Tarsk", "Odry", "Kesh", "Lunda", "Mirow", "Pellin", "Sarn", "Quell", "Hadra",
    "Istol", "Jovan", "Nembo", "Ruvik", "Tolle",
)  # fmt: skip
# What is true of a town: a fixed table, the same in every data set.
_MAKES = "glass cheese rope paper shoes bells honey salt"
_RIVERS = "Asp Bent Cole Dorn Erse Fenn Gail"
_COLOURS = "red blue green white black yellow"
FACTS: Mapping[str, tuple[str, ...]] = {
    kind: tuple(values[(step * row + row // 7) % len(values)] for row in range(len(TOWNS)))
    for kind, values, step in (
        ("product", _MAKES.split(), 3),
        ("river", _RIVERS.split(), 5),
        ("flag", _COLOURS.split(), 1),
    )
}
# Of each kind of fact: how it is asked of three towns, and how one of them is answered.
FACT_ASKS: Mapping[str, tuple[str, ...]] = {
    "product": (
        "What do {a}, {b} and {c} make?", "Name what is made in {a}, {b} and {c}.",
        "For {a}, {b} and {c}, tell me the product.", "{a}, {b}, {c}: what does each town make?",
    ),
    "river": (
        "On which rivers are {a}, {b} and {c}?", "Name the rivers of {a}, {b} and {c}.",
        "For {a}, {b} and {c}, tell me the river.", "{a}, {b}, {c}: which river runs through each town?",
    ),
    "flag": (
        "Which colours are the flags of {a}, {b} and {c}?", "Name the flag colours of {a}, {b} and {c}.",
        "For {a}, {b} and {c}, tell me the colour of the flag.", "{a}, {b}, {c}: what colour is each flag?",
    ),
}  # fmt: skip
FACT_ANSWERS: Mapping[str, str] = {
    "product": "{town} makes {value}",
    "river": "{town} is on the {value}",
    "flag": "{town} has a {value} flag",
}

# The common ones first.
NOUNS = (
    "lamp", "stone", "bird", "tree", "house", "horse", "door", "cup", "child", "boat", "bread", "cloud",
)  # fmt: skip
ADJECTIVES = ("old", "small", "green", "quiet", "warm", "heavy")
VERBS = ("sees", "follows", "finds", "hides", "carries", "likes")
_TAVI = (
    "rami keto lusi tando vero buni selka pim dalo orva tessu nima "
    "mor tik sul fen lar dup shena toli brek amo sundi vela"
)
# The invented language, word by word in the order of the words above.
TAVI: Mapping[str, str] = dict(
    zip(
        (*NOUNS, *ADJECTIVES, *VERBS),
        _TAVI.split(),
        strict=True,
    )
)
THINGS = (
    "pens", "plates", "apples", "nails", "candles", "chairs", "books", "cups", "bells", "ropes",
)  # fmt: skip
SHADES = ("red", "blue", "green", "white", "black", "yellow")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip

TRANSLATION_ASKS = (
    "Translate into Tavi: the {a} {b} {c} the {d} {e}.", "How do you say the {a} {b} {c} the {d} {e} in Tavi?",
    "Put this into Tavi: the {a} {b} {c} the {d} {e}.", "In Tavi, please: the {a} {b} {c} the {d} {e}.",
)  # fmt: skip
ORDER_ASKS = (
    "{name} orders {n} {shade} {things}, sent to {town}. Who wants what, and where?",
    "Fill in the form: {n} {shade} {things} for {name} in {town}.",
    "Read this order: send {n} {shade} {things} to {town}, says {name}. Fill in the form.",
    "From {town}, {name} asks for {n} {shade} {things}. Write down the order.",
)
SUM_ASKS = (
    "{name} has {a} {things} and gets {b} more. How many are there now?",
    "How many {things} has {name}, with {a} of them and then {b} more?",
    "{name} buys {a} {things} and later {b}. What is the total?",
    "There are {a} {things}; {name} adds {b}. Count them.",
)
AGE_ASKS = (
    "{name} is {a} and {other} is {b}. Who is older?", "Who is older, {name} with {a} years or {other} with {b}?",
    "{name}: {a} years. {other}: {b} years. Name the older one.",
    "Tell me who was born first: {name} is {a}, {other} is {b}.",
)  # fmt: skip
BACKWARDS_ASKS = (
    "Say these words backwards: {words}.", "Turn the order around: {words}.",
    "From last to first: {words}.", "Write {words} in the opposite order.",
)  # fmt: skip
DATE_ASKS = (
    "{name} was born on {d} {month} {y}. Write the date in numbers.",
    "Give the birthday of {name}, {d} {month} {y}, in numbers.",
    "In numbers, what is {d} {month} {y}, when {name} was born?",
    "Note for {name}: {month} {d}, {y}. Write it in numbers.",
)

# With one of these the answer is given alone; without one, in a sentence.
SYSTEMS = ("Give the answer alone.", "Answer without a sentence.", "Be brief.")
OPENINGS = ("", "", "Hello!", "Hi.", "A question.", "Please help me.")
CLOSINGS = ("", "", "", "Thanks.", "Thank you!")
# Before the second question of a conversation.
NEXT = ("And now this.", "Good. One more.", "Right. The next one.")
