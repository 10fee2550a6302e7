"""Pictures and conversations among the removed rows of a page."""

import re
from dataclasses import replace

import pytest

from analysis.dropped_samples import Dropped, DroppedSample
from analysis.metrics import METRICS
from analysis.page.dropped_rows import dropped_panel, summary_text, training_data_text
from analysis.page.render import render
from analysis.study import study
from trainables.errors import DamagedError

RED = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElF"
    "TkSuQmCC"
)


def pictured(dropped, **changes):
    """The made lists, their rows images."""
    samples = {
        row: replace(one, text="", kind="image", picture=RED, **changes)
        for row, one in dropped.samples["d" * 64].items()
    }
    return replace(dropped, samples={"d" * 64: samples})


def section(seen):
    page = render(seen)
    return page[
        page.index('<section id="examples">') : page.index(
            "</section>", page.index('<section id="examples">')
        )
    ]


def test_images_are_shown_as_pictures_that_say_what_they_are(small_run, dropped):
    shown = section(study(small_run, dropped=pictured(dropped)))
    assert f'<img src="{RED}" alt="Picture of positive, id id3" width="96">' in shown


def test_nothing_speaks_of_texts_or_near_copies_of_images(small_run, dropped):
    seen = study(small_run, dropped=pictured(dropped))
    told = re.sub(r"near copies of images are not looked for|<[^>]+>", "", section(seen))
    assert not re.search(r"\btexts?\b|near cop|[Ww]ords", told)
    assert "near" not in summary_text(dropped.lists[2], is_classed=True, is_pictures=True)


def test_a_hostile_id_stays_in_the_name_of_a_picture(small_run, dropped):
    shown = section(study(small_run, dropped=pictured(dropped, id='"><script>alert(1)</script>')))
    assert "<script>" not in shown and "id &#34;&gt;&lt;script&gt;" in shown


def test_an_image_that_cannot_be_shown_says_why(small_run, dropped):
    torn = pictured(dropped)
    samples = {
        row: replace(one, picture="", text="It cannot be read as a picture.")
        for row, one in torn.samples["d" * 64].items()
    }
    seen = study(small_run, dropped=replace(torn, samples={"d" * 64: samples}))
    shown = section(seen)
    assert (
        "<img" not in shown
        and '<p class="words"><span>It cannot be read as a picture.</span>' in shown
    )
    assert training_data_text(seen) == "This page holds names and numbers, no training image."


def test_pictures_are_left_out_on_request(small_run, dropped):
    seen = study(small_run, dropped=pictured(dropped).without_texts())
    assert "<img" not in section(seen) and "Their pictures were left out on request." in section(
        seen
    )


def test_a_page_says_that_it_shows_training_images(small_run, dropped):
    seen = study(small_run, dropped=pictured(dropped))
    assert training_data_text(seen) == "This page shows training images."


def test_a_page_loads_nothing_but_pictures_that_it_holds(small_run, dropped):
    page = render(study(small_run, dropped=pictured(dropped)))
    assert "img-src data: blob:;" in page and "default-src 'none'" in page


@pytest.mark.parametrize(
    "picture", ["http://x.y/z.png", "data:image/svg+xml;base64,AAAA", RED + '" onload="x']
)
def test_a_picture_that_is_anything_else_is_refused(picture):
    with pytest.raises(DamagedError, match="no PNG and no JPEG"):
        DroppedSample(row=1, id="7", kind="image", picture=picture)


def test_pictures_come_back_as_they_were_written(dropped):
    told = pictured(dropped)
    assert Dropped.from_json(told.to_json()) == told


def test_the_turns_of_a_conversation_stand_on_lines_of_their_own(small_run, dropped):
    texts = {
        3: "user: hi\nassistant: yes sure",
        4: "user: hi\nassistant: no",
        7: "user: hi\nassistant: yes",
    }
    samples = {
        row: replace(one, kind="messages", label="", text=texts[row])
        for row, one in dropped.samples["d" * 64].items()
    }
    rows = [replace(row, class_names=()) for row in small_run]
    seen = study(rows, dropped=replace(dropped, samples={"d" * 64: samples}))
    seen = replace(seen, by=replace(seen.by, metric=METRICS["token_loss"]))
    (gone, stays) = (dropped_panel(seen).pairs[0].gone, dropped_panel(seen).pairs[0].stays)
    assert gone.words == [("user: hi \n assistant: yes", True), ("sure", False)]
    assert stays.words == [("user: hi \n assistant: yes", True)]
    assert "class" not in dropped_panel(seen).summary + gone.told + stays.told
