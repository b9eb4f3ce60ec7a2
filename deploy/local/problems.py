"""What can go wrong on the machine, told in one sentence that says what to do."""


class Problem(Exception):
    """A fault of the surroundings that a person can mend.

    The message is one sentence; the command line prints it without a traceback.
    """
