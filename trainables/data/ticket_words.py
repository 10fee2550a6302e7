"""The words of the support tickets: what a customer writes about, and how.

Things stand in groups by what can happen to them, so that every phrase of a group fits each of
its things: a driver fails to ring, a parcel does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

GREETINGS = (
    "", "Hello!", "Hi there!", "Good morning.", "Good evening.", "Dear support team.",
    "Hi, I hope you can help.", "To whom it may concern.",
)  # fmt: skip
CLOSINGS = (
    "", "Thank you.", "Best wishes.", "Please reply soon.", "Please ring me about this.",
    "I hope to hear from you.", "Many thanks for your help.", "I am waiting for your answer.",
)  # fmt: skip
# {p} is what was bought, {t} what the ticket is about, {n}, {y} and {d} are numbers.
OPENINGS = (
    "", "I bought a {p} from you.", "I am writing about my {p}.", "My order number is {n}.",
    "My {p} was a birthday present.", "I have bought from you since {y}.",
    "This is my second message.", "It is about order {n}, a {p}.",
)  # fmt: skip
# Said of any thing, so these alone do not tell where a ticket belongs.
GENERAL = (
    "there is a problem with the {t}", "I have a question about the {t}",
    "I am writing because of the {t}", "nobody could tell me anything about the {t}",
    "I would like to talk to someone about the {t}", "I have already told you about the {t}",
    "you still owe me an answer about the {t}", "this is a complaint about the {t}",
)  # fmt: skip
SECONDS = (
    "The same goes for the {t}.", "It is no different with the {t}.",
    "I could say the same of the {t}.",
)  # fmt: skip
# Of a thing of any queue: noise.
ASIDES = (
    "The {t} is another matter.", "This has nothing to do with the {t}.",
    "My question about the {t} has been answered.", "I will write about the {t} another time.",
    "Last year I wrote to you about the {t}, that is settled.",
    "Your colleague asked me about the {t}, that is done.",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Topic:
    """Things that the same can happen to.

    Attributes:
        things: The common ones first.
        phrases: What can be said of each of them, without a full stop.
        products: What may have been bought where such a thing is the matter; empty for anything.
    """

    things: tuple[str, ...]
    phrases: tuple[str, ...]
    products: tuple[str, ...] = ()


def _topic(things: str, phrases: str, products: str = "") -> Topic:
    return Topic(
        things=tuple(things.split("; ")),
        phrases=tuple(phrases.split("; ")),
        products=tuple(products.split("; ")) if products else (),
    )


APPLIANCES = "washing machine; vacuum cleaner; tumble dryer; dishwasher; fan heater; bread maker"
LUGGAGE = "rucksack; suitcase; handbag; travel bag; sleeping bag; tent"
FURNITURE = "wardrobe; sideboard; bookcase; bedside table; writing desk; chest of drawers"
BICYCLES = "city bike; mountain bike; folding bike; cargo bike; racing bike; tandem"
GADGETS = "tablet; radio; phone; laptop; baby monitor; smart watch"
CLOTHES = "raincoat; winter jacket; wool jumper; cotton shirt; linen dress; waistcoat"

QUEUES: Mapping[str, tuple[Topic, ...]] = {
    "Delivery": (
        _topic(
            "parcel; package; shipment; box; consignment; crate; carton; bundle",
            "the {t} never turned up; the {t} went to the wrong town; "
            "nobody rang although I waited all day for the {t}; "
            "the {t} has been on its way for {d} days; I found the {t} outside in the rain",
        ),
        _topic(
            "driver; courier; postman; carrier; messenger; van driver; postwoman; rider",
            "the {t} never rang the bell; the {t} could not find my house; "
            "the {t} drove off before I reached the door; "
            "the {t} left everything with a stranger; the {t} told me to wait another {d} days",
        ),
        _topic(
            "depot; parcel shop; locker; post office; warehouse; pickup point; sorting centre; "
            "customs office",
            "the {t} was closed when I came; the {t} had nothing for me; "
            "nothing has left the {t} for {d} days; I do not want to travel to the {t}; "
            "everything is still held at the {t}",
        ),
        _topic(
            "street name; postcode; house number; flat number; door code; floor; town; "
            "staircase number",
            "the wrong {t} is on the address label; the {t} cannot be read on the address label; "
            "the {t} is missing from the address label; please correct the {t} before you ship; "
            "your driver was given the wrong {t}",
        ),
    ),
    "Billing": (
        _topic(
            "invoice; receipt; bill; statement; quote; credit note; payment reminder; "
            "tax certificate",
            "the {t} has not reached me; the {t} shows the wrong company; "
            "I need a copy of the {t} for my books; the {t} does not add up; "
            "the {t} lists things I never ordered",
        ),
        _topic(
            "service fee; surcharge; instalment; deposit; late fee; sales tax; monthly rate; "
            "handling fee",
            "I was charged twice for the {t}; the {t} is {d} euros too high; "
            "nobody told me about the {t} beforehand; the {t} is not what we agreed on; "
            "the {t} was taken {d} days too early",
        ),
        _topic(
            "discount; voucher; coupon; gift card; rebate; promo code; loyalty bonus; "
            "student offer",
            "the {t} was not taken into account; the {t} was turned down at the checkout; "
            "I forgot to use the {t}; the {t} ran out after {d} days; "
            "the {t} is worth less than you promised",
        ),
        _topic(
            "bank transfer; direct debit; card payment; standing order; cheque; money order; "
            "part payment; mobile payment",
            "the {t} went through twice; the {t} is {d} days old and you still cannot find it; "
            "the {t} was booked to another customer; please confirm the {t}; "
            "the {t} is still shown as open",
        ),
    ),
    "Account": (
        _topic(
            "password; username; login; passcode; security question; recovery code; passkey; "
            "secret answer",
            "the {t} is refused every time; I have forgotten the {t}; please reset the {t}; "
            "the {t} worked until {d} days ago; somebody has changed the {t}",
        ),
        _topic(
            "email address; phone number; surname; first name; date of birth; nickname; picture; "
            "language",
            "please change the {t} in my profile; I cannot edit the {t}; "
            "my profile shows the wrong {t}; the {t} jumps back when I save it; "
            "I do not want strangers to see the {t}",
        ),
        _topic(
            "newsletter; text alert; weekly digest; push message; survey; marketing mail; "
            "reminder mail; birthday greeting",
            "please stop the {t}; I have unsubscribed and still get the {t}; "
            "I never agreed to the {t}; the {t} has come {d} times this month; "
            "I would like to receive the {t} again",
        ),
        _topic(
            "app; dashboard; settings page; order history; wish list; home screen; search box; "
            "chat window",
            "the {t} does not load; the {t} stays empty; the {t} freezes after {d} seconds; "
            "the {t} looks wrong on a small screen; I can no longer open the {t}",
        ),
    ),
    "Repair": (
        _topic(
            "motor; plug; switch; power cable; thermostat; fuse; control knob; timer",
            "the {t} gets far too hot; the {t} stopped working after {d} weeks; "
            "the {t} smells of burning; the {t} works only now and then; "
            "an electrician says the {t} is faulty",
            APPLIANCES,
        ),
        _topic(
            "zip; strap; buckle; seam; clasp; pocket; button; lining",
            "the {t} came apart after {d} weeks; the {t} needs mending; "
            "the {t} gave way on my first trip; a tailor could not mend the {t}; "
            "the {t} does not hold any more",
            LUGGAGE,
        ),
        _topic(
            "hinge; drawer; shelf; bracket; door panel; crossbar; runner; back panel",
            "the {t} is loose; the {t} cracked after {d} weeks; the {t} wobbles and creaks; "
            "the {t} is bent; I need a spare for the {t}",
            FURNITURE,
        ),
        _topic(
            "brake; pedal; chain; saddle; gear lever; front wheel; kickstand; mudguard",
            "the {t} rattles and squeaks; the {t} came off while I was riding; "
            "the {t} had to be tightened {d} times; the {t} has gone rusty; "
            "no workshop near me can mend the {t}",
            BICYCLES,
        ),
        _topic(
            "battery; display; charger; loudspeaker; microphone; volume key; sensor; charging port",
            "the {t} died after {d} weeks; the {t} has a fault; the {t} cuts out all the time; "
            "the {t} failed again after an update; your workshop was to replace the {t}",
            GADGETS,
        ),
    ),
    "Returns": (
        _topic(
            "size; cut; collar; waist; sleeve length; hem; neckline; shoulder width",
            "I am sending it back because of the {t}; the {t} is not as in the size chart; "
            "the {t} does not suit me at all; the {t} turned out all wrong; "
            "I tried it on and the {t} is not for me",
            CLOTHES,
        ),
        _topic(
            "colour; material; pattern; shade; finish; shape; texture; style",
            "the {t} is not like in the picture; I had expected another {t}; "
            "I do not like the {t} and want my money back; "
            "I would swap it for one with a nicer {t}; the {t} does not go with my other things",
        ),
        _topic(
            "refund; exchange; replacement; withdrawal; swap; reimbursement; cancellation; "
            "trade-in",
            "the {t} has taken {d} days so far; you have not confirmed the {t}; "
            "I changed my mind and ask for the {t}; the {t} was refused without a reason; "
            "I do not understand the steps of the {t}",
        ),
        _topic(
            "return label; original box; return form; inner wrapping; hang tag; sticker; "
            "drop-off slip; sealing tape",
            "I cannot send it back without the {t}; I threw the {t} away {d} days ago; "
            "I have lost the {t}; please send me a new {t} for the way back; "
            "you will not take it back without the {t}",
        ),
    ),
}
FORM_QUEUE = "Fraud"
FORM_TITLE = "Web form."
SHOPS = (
    "Kingfisher Travel", "Cobalt Tickets", "Paper Lantern", "Stonebridge Games", "Dapple Toys",
    "Harbourlight Hotel", "Mistral Apps", "Wren and Rowan", "Quarry Sports", "Sable Music",
    "Fennel Kitchen", "Hollow Oak Books", "Gannet Outdoor", "Tern Ferries", "Thistle Shoes",
    "Sundial Media", "Plum Parlour", "Basalt Gym", "Willow Airways", "Tallow Street Cars",
)  # fmt: skip
REMARKS = (
    "I did not pay for this.", "I have never heard of this shop.", "My card was in my purse.",
    "I was at work that day.", "I have never been to that place.", "Someone has copied my card.",
)  # fmt: skip
