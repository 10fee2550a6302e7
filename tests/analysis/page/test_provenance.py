"""What a page says that a run was made of."""

from dataclasses import replace

import pytest

from analysis.page.provenance import provenance
from analysis.study import study


@pytest.mark.parametrize(("learner", "is_cut"), [("finetune", True), ("image", False)])
def test_only_texts_are_cut_at_a_length(paired, learner, is_cut):
    rows = [replace(row, spec=replace(row.spec, learner=learner)) for row in paired([0.1, 0.2])]
    told = dict(provenance(study(rows)))
    assert ("max_length" in told["Training"][0]) == ("Compute" in told) == is_cut
