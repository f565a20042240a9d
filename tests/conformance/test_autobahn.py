"""How the outcomes of Autobahn's cases are summed up."""

from tests.conformance.autobahn import judge

AS_BARE = {f"1.{n}": ("OK", "OK") for n in range(239)} | {f"6.{n}": ("NON-STRICT", "OK") for n in range(5)}


def test_as_good_as_the_bare_library_is_good_enough() -> None:
    line, wrong = judge({**AS_BARE, "7.1.6": ("INFORMATIONAL", "INFORMATIONAL")})
    assert line == "239 OK, 5 non-strict, 1 informational, 0 failed"
    assert wrong == []


def test_a_case_that_failed_is_named_whichever_half_of_it_did() -> None:
    assert judge({**AS_BARE, "2.1": ("FAILED", "OK")})[1] == ["case 2.1: FAILED and OK"]
    assert judge({**AS_BARE, "2.1": ("OK", "UNCLEAN")})[1] == ["case 2.1: OK and UNCLEAN"]


def test_stricter_cases_than_the_bare_library_has_must_stay_strict() -> None:
    worse = {**AS_BARE, "1.0": ("NON-STRICT", "OK")}
    assert judge(worse)[1] == ["worse than the bare library: 239 OK, 5 non-strict"]


def test_cases_that_were_not_run_are_no_success() -> None:
    assert judge({})[1]
