"""What is planted, whichever texts it is planted in: the truth about rows is true of them."""

import numpy as np
import pytest

from trainables.data.instructions import instructions
from trainables.data.synthetic import synthetic
from trainables.data.tickets import tickets


@pytest.fixture(
    scope="module", params=[(synthetic, 0.05), (tickets, 0.08)], ids=["synthetic", "tickets"]
)
def planted(request):
    """A made data set, and the share of its labels that are made wrong."""
    make, wrong = request.param
    return make(), wrong


@pytest.mark.parametrize("make", [synthetic, tickets, instructions])
def test_groups_join_each_copy_with_its_source(make):
    truth = make().truth
    group, source = truth["group"], truth["duplicate_of"]
    copies = source >= 0
    assert (group[copies] == group[source[copies]]).all()
    assert len(np.unique(group)) == (~copies).sum()


def test_wrong_labels_are_exactly_those_said_to_be_wrong(planted):
    made, share = planted
    wrong = made.train.labels != made.truth["true_label"]
    assert (wrong == made.truth["is_wrong"]).all()
    assert wrong.mean() == pytest.approx(share)
