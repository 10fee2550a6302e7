from trainables.suggestions import did_you_mean


def test_the_nearest_name_is_suggested():
    assert did_you_mean("redudancy", ["random", "redundancy"]) == " Did you mean 'redundancy'?"


def test_nothing_is_suggested_where_no_name_is_near():
    assert did_you_mean("xyz", {"random": 1}) == ""
