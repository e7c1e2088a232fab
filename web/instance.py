"""One server for each data folder: two would each believe that limits, queue and notice are its own."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.errors import ConfigurationError


@contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Hold a data folder for the block. Its lock ends with the process, however that ends, and takes no place on the disk.

    Raises:
        ConfigurationError: another process holds it, or there is no such folder and none can be made.
    """
    try:
        var.mkdir(parents=True, exist_ok=True)
        folder = os.open(var, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigurationError(f"データのフォルダーを使えません: {var}（{error.strerror}）") from error
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigurationError(
                f"このデータのフォルダーは、動いているサーバーが使っています: {var}\n"
                "止めてからもう一度実行するか、ASSISTANT_VAR で別のフォルダーを指定してください。"
            ) from None
        yield
    finally:
        os.close(folder)
