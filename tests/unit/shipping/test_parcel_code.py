"""Codes on parcel labels: a misread one is noticed."""

from hypothesis import given
from hypothesis import strategies as st

from services.shipping.domain.parcel_code import check_digit, is_well_formed, parcel_code


def test_the_check_digit_is_gs1s() -> None:
    # The SSCC example of the GS1 General Specifications' calculation, section 7.9.
    assert check_digit("37610425002123456") == "9"


def test_a_code_names_shipment_and_parcel() -> None:
    assert parcel_code("S261122-000017", 3) == "S261122000017003" + check_digit("261122000017003")


@given(st.integers(0, 999_999), st.integers(1, 999), st.data())
def test_one_wrong_digit_is_always_noticed(serial: int, position: int, data: st.DataObject) -> None:
    code = parcel_code(f"S261122-{serial:06}", position)
    place = data.draw(st.integers(1, len(code) - 1))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != code[place]]))
    assert is_well_formed(code)
    assert not is_well_formed(code[:place] + wrong + code[place + 1 :])
