// Clears the counter when nobody has touched it for some minutes, after a warning that one key puts off as often as wanted.

export class IdleClock {
  constructor(counter, { used, clear }) {
    this.allowed = Number(counter.dataset.idleMinutes) * 60_000;
    this.warning = Number(counter.dataset.warningSeconds) * 1000;
    this.dialog = counter.querySelector("dialog");
    this.left = this.dialog.querySelector(".left");
    this.text = counter.word("left");
    this.used = used;
    this.clear = clear;
    if (!this.allowed) return;
    this.touched = Date.now();
    for (const name of ["keydown", "pointerdown", "wheel", "input"]) {
      document.addEventListener(name, () => this.touch(), { passive: true });
    }
    this.dialog.querySelector(".extend").addEventListener("click", () => this.dialog.close());
    this.dialog.querySelector(".clear-now").addEventListener("click", () => this.clear());
    // Esc and the button alike.
    this.dialog.addEventListener("close", () => (this.touched = Date.now()));
    // By the clock, not by counting: a page in the background is woken seldom.
    setInterval(() => this.look(), 1000);
    document.addEventListener("visibilitychange", () => this.look());
  }

  touch() {
    if (!this.dialog.open) this.touched = Date.now();
  }

  look() {
    if (!this.used()) {
      this.touched = Date.now();
      return;
    }
    const over = Date.now() - this.touched - this.allowed;
    if (over < 0) return;
    if (!this.dialog.open) this.dialog.showModal();
    const seconds = Math.ceil((this.warning - over) / 1000);
    this.left.textContent = this.text.replace("#", Math.max(seconds, 0));
    if (seconds <= 0) this.clear();
  }
}
