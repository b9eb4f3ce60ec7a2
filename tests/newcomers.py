"""People taken on while a system runs, who have changed the password that is good once."""

from collections.abc import Sequence
from uuid import uuid4

from deploy.demo.people import Company, Person


def taken_on(company: Company, *, username: str, name: str, roles: Sequence[str]) -> Person:
    """Have the admin make an account; give its owner, signed in with a password of his own."""
    made = company.admin.post(
        "/accounts", {"username": username, "display_name": name, "roles": [*roles]}
    )
    nobody = Person(company.base_url, username, {})

    def signed_in(with_password: str) -> Person:
        opened = nobody.post("/session", {"username": username, "password": with_password})
        return Person(company.base_url, username, {"Authorization": f"Bearer {opened['token']}"})

    once, lasting = made["one_time_password"], uuid4().hex
    changed = signed_in(once).send(
        "PUT", "/session/password", body={"old_password": once, "new_password": lasting}
    )
    assert changed.status_code == 204, changed.text
    return signed_in(lasting)
