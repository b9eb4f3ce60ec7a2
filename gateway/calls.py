"""One request after it was read: who asks what, and of whom it may be asked further."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chassis.principal import Principal
from gateway import figures, masking
from gateway.files import Files
from gateway.services import Services
from gateway.settings import Limits

if TYPE_CHECKING:
    from chassis.database import Store
    from gateway.auth import Caller
    from gateway.reading import SentFile


@dataclass(frozen=True, kw_only=True)
class Call:
    """What an operation's own code gets."""

    caller: "Caller"
    store: "Store"
    services: Services
    files: Files
    limits: Limits
    deadline: float
    path: Mapping[str, str] = field(default_factory=dict)
    #: As it was sent: what is passed on is read, and checked, where it is done.
    body: Mapping[str, Any] = field(default_factory=dict)
    #: The body as its schema reads it, for what is done here: text is stripped, and fits.
    loaded: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None
    expected_version: int | None = None
    #: The file of an operation that takes one; not yet read.
    file: "SentFile | None" = None
    address: str = ""
    user_agent: str = ""
    #: Why masked phones and addresses are to be shown, where that was asked and is allowed.
    unmask: str | None = None

    @property
    def principal(self) -> Principal:
        return self.caller.principal

    @property
    def version(self) -> int:
        """Give the version that If-Match named; the operation must be declared `versioned`."""
        if self.expected_version is None:
            raise LookupError("the operation is not declared versioned")
        return self.expected_version

    def request(self) -> dict[str, Any]:
        """Give all that was sent as the one object a service's command reads."""
        whole = {**self.query, **self.body, **self.path}
        if self.expected_version is not None:
            whole["expected_version"] = self.expected_version
        return whole

    def seen(self, answer: Any, *, shipments: bool = False) -> Any:
        """Give an answer as the caller may see it: figures withheld, phones and addresses masked.

        To look behind a mask opens no figures.
        """
        seen = figures.open_to(self.principal, answer)
        if self.unmask is not None:
            return seen
        return masking.masked(seen, self.principal, shipments=shipments)

    def ask(self, rpc: str, body: Mapping[str, Any]) -> Any:
        """Give what "<service>.<method>" answers."""
        return self.services.ask(rpc, body, self.principal, deadline=self.deadline, key=self.key)

    def ask_all(self, questions: Mapping[str, tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
        """Ask several at once; a name whose question was refused gets the refusal."""
        answers = self.services.ask_all(
            list(questions.values()), self.principal, deadline=self.deadline, key=self.key
        )
        return dict(zip(questions, answers, strict=True))
