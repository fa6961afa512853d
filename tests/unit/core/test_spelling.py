"""What may have been meant by a name that is not there."""

from orchestrion.core.spelling import did_you_mean, nearest


def test_the_name_that_is_spelled_most_alike_is_found_whatever_its_case() -> None:
    assert nearest("T1", ["t1", "build"]) == "t1"
    assert nearest("bulid", ["t1", "Build"]) == "Build"
    assert nearest("quite_different", ["t1", "build"]) is None
    assert did_you_mean("BUILD", ["build"], "deploy/") == ' Did you mean "deploy/build"?'
    assert did_you_mean("quite_different", ["build"]) == ""
