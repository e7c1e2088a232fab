"""`python -m web.staff.bench`: how long a refused sign-in takes, by why it is refused. None must tell who has an account."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from web.staff.passwords import MAX_CHARS, hash_password, is_password
from web.storage.accounts import AccountStore
from web.storage.database import Database

ROUNDS = 100
# What differs by less than this share of the median is the same (reliability T33).
SAME = 0.2


def main(rounds: int = ROUNDS) -> int:
    """Print the times in turns of each kind; returns 1 where two kinds can be told apart by them."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "web.sqlite3")
        accounts = AccountStore(database)
        for name in ("active", "disabled"):
            accounts.add("bench", name, "viewer", hash_password("ながい合言葉です1234"))
        accounts.set_active("bench", "disabled", False)
        attempts = {
            "wrong password": ("active", "ちがう合言葉です1234"),
            "unknown name": ("nobody", "ちがう合言葉です1234"),
            "disabled account": ("disabled", "ながい合言葉です1234"),
            "over-long password": ("active", "x" * (MAX_CHARS * 16)),
        }
        times: dict[str, list[float]] = {kind: [] for kind in attempts}
        for _ in range(rounds):
            for kind, (name, password) in attempts.items():
                # Processor time: what else the machine does is no part of the difference.
                started = time.process_time()
                account = accounts.find(name)
                is_password(account.password_hash if account else None, password)
                times[kind].append((time.process_time() - started) * 1000)
        database.close()
    medians = {kind: statistics.median(values) for kind, values in times.items()}
    for kind, median in medians.items():
        print(f"{kind:20} median {median:6.1f} ms, p95 {statistics.quantiles(times[kind], n=20)[-1]:6.1f} ms")
    spread = max(medians.values()) / min(medians.values()) - 1
    print(f"largest difference of the medians: {spread:.1%} (goal: {SAME:.0%} at the most)")
    return int(spread > SAME)


if __name__ == "__main__":
    sys.exit(main())
