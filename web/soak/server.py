"""A server of its own, in a data folder of its own, for as long as a part of the soak takes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from assistant.settings import Settings
from web.bench import free_port, wait_until_ready

STOP_TIMEOUT_S = 30.0
# A document that differs between the two indices that are exchanged, and what is asked about it.
DRILL = "soak"
DRILL_QUESTION = "総合防災訓練の日はいつですか"
DAYS = ("九月一日", "十一月二十三日")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `var` is its data folder."""

    process: subprocess.Popen[bytes]
    port: int
    var: Path

    def memory_mb(self) -> float:
        """What the process holds in memory now, as Linux counts it."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) * 1024 / 1e6

    def open_files(self) -> int:
        """How many files and connections it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def threads(self) -> int:
        """How many threads it has."""
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def lives(self) -> bool:
        """Whether it is still the process that was started."""
        return self.process.poll() is None

    def stop(self) -> float:
        """Have it stop; returns how many seconds it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=STOP_TIMEOUT_S)
        return time.monotonic() - started

    def kill(self) -> None:
        """End it in the middle of what it does."""
        self.process.kill()
        self.process.wait()


def start(var: Path, *, ready: bool = True, staff: bool = False) -> Server:
    """Start a server over a data folder; wait until it answers questions or, where that is not asked for, anything.

    With `staff`, it has the pages for them, and accounts.
    """
    port = free_port()
    command = [sys.executable, "-m", "web", "--port", str(port)]
    environment = {**_environment(var), **({"ASSISTANT_STAFF": "accounts"} if staff else {})}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    server = Server(process, port, var)
    try:
        wait_until_ready(port, "/readyz" if ready else "/livez")
    except BaseException:
        server.kill()
        raise
    return server


def furnish(var: Path, settings: Settings) -> None:
    """Make a data folder with the model, the documents and two generations of an index, which differ in one document."""
    (var / "models").symlink_to((settings.var / "models").resolve())
    shutil.copytree(settings.documents, var / "documents")
    for day in DAYS:
        text = f"# 総合防災訓練\n\n総合防災訓練の日は{day}です。\n"
        (var / "documents" / f"{DRILL}.md").write_text(text, encoding="utf-8")
        subprocess.run(
            [sys.executable, "-m", "index", "build"], env=_environment(var), check=True, stderr=subprocess.DEVNULL
        )


def _environment(var: Path) -> dict[str, str]:
    documents = var / "documents"
    given = {"ASSISTANT_VAR": str(var), **({"ASSISTANT_DOCUMENTS": str(documents)} if documents.is_dir() else {})}
    return {**os.environ, **given}
