"""Customers: their file, their grade, and how they are found (C1, C2, C8)."""

from collections.abc import Callable
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text

from chassis.errors import GendanError
from chassis.principal import Principal
from chassis.reasons import WhyMissing
from deploy.local.databases import migrations_of
from services.customers.domain.errors import SealCodeTaken
from tests.integration.customers.story import (
    CLERK,
    DIRECTOR,
    FINANCE,
    OTHER_SALES,
    SALES,
    Office,
)


def test_models_and_migrations_say_the_same(
    database_factory: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENDAN_DATABASE_URL", database_factory("customers"))
    configuration = Config()
    configuration.set_main_option("script_location", str(migrations_of("customers")))

    command.check(configuration)


def test_a_new_customer_is_grade_c_with_a_code_and_an_account(office: Office) -> None:
    made = office.do(
        CLERK,
        "create_customer",
        name="晨光印刷",
        phone="(0755) 8320-1234 转 8",
        contacts=[{"name": "王小姐", "phone": "13800138000", "may_sign": True}],
        addresses=[{"address": "深圳市南山区科技路1号", "is_default": True}],
        seals=[{"code": "公章-1"}],
    )

    assert (made["customer_code"], made["grade"], made["version"]) == ("C000001", "C", 1)
    assert made["phone"] == "(0755) 8320-1234 转 8"
    assert office.announced() == ["customer_changed"]
    account = office.ask(FINANCE, "get_credit_account", customer_code="C000001")
    assert (account["credit_limit"], account["exposure"]) == ("0.00", "0.00")


def test_a_customer_without_a_code_gets_the_next_that_the_old_books_have_not(
    office: Office,
) -> None:
    for code in ("C000001", "C000002"):
        office.do(CLERK, "create_customer", name="旧账", customer_code=code)

    made = office.do(CLERK, "create_customer", name="晨光印刷")

    assert made["customer_code"] == "C000003"


def test_a_code_in_use_is_refused(office: Office) -> None:
    office.do(CLERK, "create_customer", name="甲", customer_code="KH-1")
    before = office.everything()

    with pytest.raises(GendanError) as refusal:
        office.do(CLERK, "create_customer", name="乙", customer_code="KH-1")

    assert refusal.value.code == "customer_code_taken"
    assert office.everything() == before


@pytest.mark.parametrize("phone", ["030-0074321", "(5) 555-4729", "?", "+49 30 0074321 / 22", ""])
def test_no_phone_of_a_real_book_is_refused(office: Office, phone: str) -> None:
    assert office.do(CLERK, "create_customer", name="Alfreds", phone=phone)["phone"] == phone


def test_a_grade_is_changed_by_finance_or_the_director_in_writing(office: Office) -> None:
    made = office.do(CLERK, "create_customer", name="甲", customer_code="KH-1")
    asked = {"customer_code": "KH-1", "grade": "A"}
    before = office.everything()

    for who, body, code in (
        (CLERK, {"reason": "other", "note": "评定"}, "role_needed"),
        (FINANCE, {"note": "评定"}, "why_missing"),
        (FINANCE, {"reason": "other"}, "note_missing"),
        (FINANCE, {"reason": "other", "note": "x", "expected_version": 9}, "stale_version"),
    ):
        with pytest.raises(GendanError) as refusal:
            office.do(who, "change_grade", **asked, **body)
        assert refusal.value.code == code
    assert office.everything() == before

    changed = office.do(
        DIRECTOR, "change_grade", **asked, reason="other", note="评定", expected_version=1
    )

    assert (changed["grade"], changed["version"]) == ("A", made["version"] + 1)
    assert [(one["old"], one["new"], one["note"]) for one in changed["grade_changes"]] == [
        (None, "C", None),
        ("C", "A", "评定"),
    ]
    with pytest.raises(GendanError) as refusal:
        office.do(DIRECTOR, "change_grade", **asked, reason="other", note="再评")
    assert refusal.value.code == "same_grade"


def test_every_change_of_a_file_is_logged_with_its_why(office: Office) -> None:
    """X1."""
    office.do(CLERK, "create_customer", name="甲", customer_code="KH-1")

    office.do(
        CLERK,
        "change_customer",
        customer_code="KH-1",
        changes={"region": "华南", "name": "甲"},
        reason="correction",
        note="来电更正",
    )

    entry = office.ask(CLERK, "list_changes", entity_type="customer", entity_id="KH-1")["items"][0]
    assert (entry["action"], entry["changes"]) == ("change_customer", {"region": ["", "华南"]})
    assert (entry["person_name"], entry["reason"], entry["note"]) == (
        "陈开单",
        "correction",
        "来电更正",
    )


def test_the_log_says_whose_right_to_sign_changed_who_was_removed_and_why(office: Office) -> None:
    """X1, O21."""
    made = office.do(
        CLERK,
        "create_customer",
        name="甲",
        customer_code="KH-1",
        contacts=[{"name": "王总", "may_sign": True}],
    )
    (boss,) = made["contacts"]
    why = {"customer_code": "KH-1", "reason": "customer_request", "note": "来函"}
    made = office.do(CLERK, "add_contact", contact={"name": "小李", "title": "采购"}, **why)
    (clerk,) = (one for one in made["contacts"] if one["name"] == "小李")
    office.do(CLERK, "change_contact", contact_id=clerk["id"], changes={"may_sign": True}, **why)
    office.do(CLERK, "remove_contact", contact_id=boss["id"], **why)

    log = office.ask(CLERK, "list_changes", entity_type="customer", entity_id="KH-1")["items"]

    assert [(one["action"], one["changes"]) for one in log] == [
        ("remove_contact", {"contact": [boss, None]}),
        ("change_contact", {f"contact.{clerk['id']}.may_sign": [False, True]}),
        ("add_contact", {"contact": [None, clerk]}),
        ("create_customer", {"name": [None, "甲"], "contacts": [None, [boss]]}),
    ]
    assert {(one["reason"], one["note"]) for one in log[:3]} == {("customer_request", "来函")}


@pytest.mark.parametrize(
    ("verb", "part"),
    [
        ("add_contact", {"contact": {"name": "小李", "may_sign": True}}),
        ("add_seal", {"seal": {"code": "S-9", "description": "新章"}}),
    ],
)
def test_what_binds_a_customer_from_now_on_says_why(
    office: Office, verb: str, part: dict[str, Any]
) -> None:
    """X1: an order is confirmed by it."""
    office.do(CLERK, "create_customer", name="甲", customer_code="KH-1")
    before = office.everything()

    with pytest.raises(WhyMissing):
        office.do(CLERK, verb, customer_code="KH-1", **part)

    assert office.everything() == before
    office.do(CLERK, verb, customer_code="KH-1", reason="customer_request", **part)
    newest = office.ask(CLERK, "list_changes", entity_type="customer", entity_id="KH-1")["items"][0]
    assert (newest["action"], newest["reason"]) == (verb, "customer_request")


def test_a_history_is_read_page_by_page_from_its_newest_entry_to_its_first(office: Office) -> None:
    office.do(CLERK, "create_customer", name="甲", customer_code="KH-1")
    for region in ("华南", "华北", "华东"):
        office.do(
            CLERK,
            "change_customer",
            customer_code="KH-1",
            changes={"region": region},
            reason="correction",
        )
    asked = {"entity_type": "customer", "entity_id": "KH-1", "limit": 2}

    newest = office.ask(CLERK, "list_changes", **asked)
    rest = office.ask(CLERK, "list_changes", **asked, after=newest["next"])

    assert [entry["changes"] for entry in newest["items"]] == [
        {"region": ["华北", "华东"]},
        {"region": ["华南", "华北"]},
    ]
    assert rest["items"][0]["changes"] == {"region": ["", "华南"]}
    assert (rest["items"][1]["action"], rest["next"]) == ("create_customer", None)
    with pytest.raises(GendanError) as refusal:
        office.ask(CLERK, "list_changes", **asked, after="KH-1")
    assert refusal.value.code == "invalid_fields"


def test_only_an_authorised_signatory_or_a_seal_on_file_binds_the_customer(
    office: Office,
) -> None:
    """O21."""
    made = office.do(
        CLERK,
        "create_customer",
        name="甲",
        customer_code="KH-1",
        contacts=[{"name": "王总", "may_sign": True}, {"name": "小李"}],
        seals=[{"code": "合同章"}],
    )

    def authorised(**how: Any) -> bool:
        asked = office.ask(CLERK, "check_signatory", customer_id=made["id"], **how)
        return bool(asked["authorised"])

    assert authorised(signatory_name="王总") is True
    assert authorised(seal_code="合同章") is True
    assert authorised(signatory_name="小李") is False
    assert authorised(signatory_name=None, seal_code=None) is False


def test_of_a_new_customers_default_addresses_the_last_is_it(office: Office) -> None:
    made = office.do(
        CLERK,
        "create_customer",
        name="甲",
        addresses=[
            {"address": "一号库", "is_default": True},
            {"address": "二号库", "is_default": True},
            {"address": "三号库"},
        ],
    )

    assert {one["address"]: one["is_default"] for one in made["addresses"]} == {
        "一号库": False,
        "二号库": True,
        "三号库": False,
    }


def test_contacts_and_addresses_are_added_changed_and_removed(office: Office) -> None:
    office.do(CLERK, "create_customer", name="甲", customer_code="KH-1")
    office.do(
        CLERK,
        "add_address",
        customer_code="KH-1",
        address={"address": "一号库", "is_default": True},
    )
    made = office.do(
        CLERK,
        "add_address",
        customer_code="KH-1",
        address={"address": "二号库", "is_default": True},
    )
    assert {one["address"]: one["is_default"] for one in made["addresses"]} == {
        "一号库": False,
        "二号库": True,
    }
    made = office.do(CLERK, "add_contact", customer_code="KH-1", contact={"name": "小李"})
    contact_id = made["contacts"][0]["id"]

    made = office.do(
        CLERK,
        "change_contact",
        customer_code="KH-1",
        contact_id=contact_id,
        changes={"may_sign": True},
        reason="customer_request",
        expected_version=made["version"],
    )
    assert made["contacts"][0]["may_sign"] is True

    made = office.do(
        CLERK,
        "remove_contact",
        customer_code="KH-1",
        contact_id=contact_id,
        reason="customer_request",
    )
    assert made["contacts"] == []


@pytest.mark.parametrize(
    ("wish", "codes"),
    [
        ({"text": "光"}, ["KH-1", "KH-3"]),
        ({"text": "晨光"}, ["KH-1"]),
        ({"text": "光晨"}, []),
        ({"text": "kh-2"}, ["KH-2"]),
        ({"text": "138-0013-8000"}, ["KH-1"]),
        ({"text": "8000"}, ["KH-1"]),
        ({"text": "王"}, ["KH-2"]),
        ({"text": "晨光 138"}, ["KH-1"]),
        ({"region": "华南"}, ["KH-1", "KH-2"]),
        ({"grade": "C", "text": "印刷"}, ["KH-1"]),
        ({"text": "%"}, ["KH-1", "KH-2", "KH-3"]),
    ],
)
def test_customers_are_found_by_any_part_of_name_code_or_phone(
    office: Office, wish: dict[str, Any], codes: list[str]
) -> None:
    """G2."""
    for code, name, phone, region, contacts in (
        ("KH-1", "晨光印刷", "138 0013 8000", "华南", []),
        ("KH-2", "东方家具", "020-11112222", "华南", [{"name": "王小姐"}]),
        ("KH-3", "阳光鞋业", "", "华北", []),
    ):
        office.do(
            CLERK,
            "create_customer",
            customer_code=code,
            name=name,
            phone=phone,
            region=region,
            contacts=contacts,
        )

    found = office.ask(CLERK, "search_customers", **wish)["items"]

    assert [one["customer_code"] for one in found] == codes


def test_to_whom_phones_are_masked_finds_a_customer_by_the_whole_number_alone(
    office: Office,
) -> None:
    """X4: else any part of it could be asked for, and so the whole be known."""
    contact = {"name": "王小姐", "phone": "0571-88886666"}
    customer: dict[str, Any] = {
        "name": "晨光2印刷",
        "phone": "138 0013 8000",
        "contacts": [contact],
    }
    office.do(CLERK, "create_customer", customer_code="KH-1", **customer)

    def found(who: Principal, typed: str) -> int:
        return len(office.ask(who, "search_customers", text=typed)["items"])

    for typed in ("8000", "1380013800", "印刷 138", "88886666"):
        assert (found(FINANCE, typed), found(CLERK, typed)) == (0, 1)
    for typed in ("13800138000", "+86 138-0013-8000", "057188886666", "KH1", "晨光2", "王"):
        assert (found(FINANCE, typed), found(CLERK, typed)) == (1, 1)


def test_pages_of_a_search_follow_each_other_without_gap_or_repeat(office: Office) -> None:
    for n in range(1, 6):
        office.do(CLERK, "create_customer", customer_code=f"KH-{n}", name="晨光")

    seen, after = [], None
    while True:
        page = office.ask(CLERK, "search_customers", text="晨光", limit=2, after=after)
        seen += [one["customer_code"] for one in page["items"]]
        if (after := page["next"]) is None:
            break

    assert seen == ["KH-1", "KH-2", "KH-3", "KH-4", "KH-5"]


def test_sales_sees_and_changes_its_own_customers_only(office: Office) -> None:
    office.do(SALES, "create_customer", customer_code="KH-1", name="甲")

    assert office.ask(SALES, "get_customer", customer_code="KH-1")["salesperson_id"] == "p-sales"
    assert office.ask(OTHER_SALES, "search_customers")["items"] == []
    with pytest.raises(GendanError) as refusal:
        office.do(
            OTHER_SALES,
            "change_customer",
            customer_code="KH-1",
            changes={"name": "乙"},
            reason="other",
        )
    assert refusal.value.code == "customer_not_found"


def test_a_search_for_two_characters_reads_the_index_in_a_large_book(office: Office) -> None:
    office.do(CLERK, "create_customer", customer_code="KH-1", name="晨光印刷")
    with office.store.work() as work:
        work.session.execute(
            text(
                "insert into customer (id, version, sequence, code, name, short_name, kind, grade,"
                " region, phone, tax_number, notes, active, created_at, changed_at, search_text,"
                " grams) select gen_random_uuid(), 1, 0, 'X-' || n, '乙' || n, '', 'company', 'C',"
                " '', '', '', '', true, now(), now(), '乙' || n, array['乙', chr(20000 + n % 500)]"
                " from generate_series(1, 20000) n"
            )
        )
    with office.store.work() as work:
        work.session.execute(text("analyze customer"))

    plan = "\n".join(
        row[0]
        for row in office.rows(
            "explain select * from customer"
            " where grams @> array['晨光']::varchar[] order by code limit 51"
        )
    )

    assert "ix_customer_grams" in plan
    found = office.ask(CLERK, "search_customers", text="晨光")["items"]
    assert [one["customer_code"] for one in found] == ["KH-1"]


def test_the_grades_numbers_are_settings_that_count_at_once(office: Office) -> None:
    customer_id = office.customer("B")

    office.do(
        DIRECTOR,
        "change_setting",
        key="grade_b_deposit_percent",
        value="40",
        reason="price",
    )

    terms = office.ask(CLERK, "get_terms", customer_id=customer_id)
    assert terms == {
        "grade": "B",
        "terms": "deposit_and_balance",
        "instruction_before_sign_back": False,
        "deposit_percent": "40.000",
        "balance_before_dispatch": True,
        "credit_limit": "100000.00",
        "credit_stop_days": 15,
        "payment_days": 0,
        "settlement_method": "bank_transfer",
        "delivery_terms": "",
        "contract_number": None,
    }


def test_a_seals_code_names_one_seal_of_its_customer(office: Office) -> None:
    """O21: by it a sign-back says which seal is on the paper."""
    seals = [{"code": "S-1"}, {"code": "S-2"}]
    office.do(CLERK, "create_customer", name="甲", customer_code="KH-1", seals=seals)
    second = office.ask(CLERK, "get_customer", customer_code="KH-1")["seals"][1]["id"]
    before = office.everything()

    for verb, part in (
        ("add_seal", {"seal": {"code": "S-1"}}),
        ("change_seal", {"seal_id": second, "changes": {"code": "S-1"}}),
    ):
        with pytest.raises(SealCodeTaken):
            office.do(CLERK, verb, customer_code="KH-1", reason="correction", **part)
    with pytest.raises(SealCodeTaken):
        office.do(
            CLERK, "create_customer", name="乙", customer_code="KH-2", seals=[seals[0], seals[0]]
        )

    assert office.everything() == before
