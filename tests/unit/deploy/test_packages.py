"""What apt's output is told as."""

from deploy.local.packages import apt_reason


def test_a_full_disk_is_named() -> None:
    output = "Unpacking...\nE: You don't have enough free space in /var/cache/apt/archives/.\n"

    assert "disk is full" in apt_reason(
        output.replace("don't have enough free space", "have not enough free space")
    )


def test_the_last_error_line_is_the_reason() -> None:
    output = "Reading lists\nE: first\nE: Unable to locate package rabbitmq-server\nbye\n"

    assert apt_reason(output) == "E: Unable to locate package rabbitmq-server"


def test_silence_is_told_as_silence() -> None:
    assert apt_reason("\n") == "no output"
