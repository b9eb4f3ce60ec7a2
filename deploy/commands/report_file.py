"""`--json FILE`: where a command writes its findings once all is done."""

import os
from pathlib import Path
from typing import Any

import click


class ReportFile(click.Path):
    """A file that can be written: seen before minutes of work, whose findings would be lost."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.exists() and not os.access(path.parent, os.W_OK):
            self.fail(f"{path.parent} is no folder to write to.", param, ctx)
        return path
