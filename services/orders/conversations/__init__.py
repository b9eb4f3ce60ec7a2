"""What orders talks over with other services before it moves; each kind declared in one place."""

from services.orders.conversations.asking import (
    CLOSE,
    CONFIRM_BY_GRADE,
    REOPEN,
    SEND_CONFIRMATION,
    VERIFY_SIGN_BACK,
)
from services.orders.conversations.credit import OVERRIDE_CREDIT, RETRY_CREDIT
from services.orders.conversations.stopping import CANCEL, HOLD, RESUME
from services.orders.conversations.submit import CREATE, SUBMIT
from services.orders.conversations.works import ISSUE_INSTRUCTION

ALL = (
    CREATE,
    SUBMIT,
    RETRY_CREDIT,
    OVERRIDE_CREDIT,
    SEND_CONFIRMATION,
    VERIFY_SIGN_BACK,
    CONFIRM_BY_GRADE,
    ISSUE_INSTRUCTION,
    HOLD,
    RESUME,
    CANCEL,
    CLOSE,
    REOPEN,
)
