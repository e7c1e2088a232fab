// The counter without page loads: results when typing stops, the answer on Enter, everything by keyboard, and nothing left
// of a visitor when the next one comes. Without this file the forms post and the server answers with whole pages. All words
// stand in the page.
import { copyFrom } from "./clipboard.js";
import { elementOf } from "./fragment.js";
import { IdleClock } from "./idle-clock.js";

const PAUSE_MS = 250;
const VISIT = "counter-visit";
const HANDOUT = "counter-handout";
const PLAN = "counter-plan";
const ROOM_BESIDE = matchMedia("(min-width: 64rem)");

class PlanCounter extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form.look-up");
    this.field = this.form.querySelector("#query");
    this.error = this.form.querySelector(".error");
    this.status = this.querySelector(".status");
    this.handout = this.querySelector("#handout");
    this.windows = new Map();
    this.visit = sessionStorage.getItem(VISIT);
    this.showCopyButtons(this);

    this.field.addEventListener("input", (event) => {
      if (!event.isComposing) this.soon();
    });
    this.field.addEventListener("compositionend", () => this.soon());
    this.form.addEventListener("change", (event) => {
      if (event.target !== this.field) this.search({ answer: Boolean(this.querySelector(".answer-part:not([hidden])")) });
    });
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.search({ answer: true });
    });
    this.addEventListener("submit", (event) => {
      if (!event.target.matches(".suggestions")) return;
      event.preventDefault();
      this.field.value = event.submitter.value;
      this.search({ answer: true });
      this.field.focus();
    });
    this.querySelector(".next").addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.next();
    });
    this.addEventListener("click", (event) => this.clicked(event));
    document.addEventListener("keydown", (event) => {
      this.pressed(event);
      this.shortcut(event);
    });
    this.handout.addEventListener("submit", () => this.windows.set(HANDOUT, open("", HANDOUT)));
    ROOM_BESIDE.addEventListener("change", () => this.panel && this.put(this.panel));
    // A browser may keep a page whole and show it again on its back button, whatever its headers say.
    addEventListener("pageshow", (event) => {
      if (event.persisted && sessionStorage.getItem(VISIT) !== this.visit) location.replace(location.pathname);
    });

    this.idle = new IdleClock(this, { used: () => this.used, clear: () => this.next() });
    if (sessionStorage.getItem(`${VISIT}-told`) === this.visit && this.visit) {
      sessionStorage.removeItem(`${VISIT}-told`);
      this.say(this.word("next_done"));
    }
    this.field.focus();
    // Someone may have begun to type before this file was there.
    if (this.field.value && !this.querySelector("[data-item], .none") && !this.error.textContent) this.soon();
  }

  // Whether there is anything of a visitor on the screen or in a window that was opened from it.
  get used() {
    return Boolean(this.field.value || this.querySelector("[data-item]") || this.windows.size);
  }

  word(name) {
    return this.template("words").querySelector(`[data-word=${name}]`).textContent;
  }

  template(name) {
    return this.querySelector(`template[data-name=${name}]`).content;
  }

  soon() {
    clearTimeout(this.pause);
    this.running?.abort();
    // An answer must not stand below another question.
    this.querySelector(".answer-place").replaceChildren();
    if (this.field.value.trim()) this.pause = setTimeout(() => this.search({ answer: false }), PAUSE_MS);
    else this.empty();
  }

  async search({ answer }) {
    clearTimeout(this.pause);
    this.running?.abort();
    if (!answer && !this.field.value.trim()) return;
    const running = (this.running = new AbortController());
    if (answer) this.say(this.word("working"));
    const fields = new URLSearchParams(new FormData(this.form));
    fields.set("do", answer ? "ask" : "find");
    try {
      const response = await fetch(this.form.action, {
        method: "POST",
        headers: { Accept: "application/json" },
        body: fields,
        signal: running.signal,
      });
      const body = await response.json();
      if (running !== this.running) return;
      if (response.ok) this.show(body, answer);
      else this.fail(body.error.message);
    } catch (error) {
      if (error.name !== "AbortError" && running === this.running) this.fail(this.word("failed"));
    }
  }

  show({ answer, results, terms, announce }, asked) {
    this.fail("");
    this.close({ focus: false });
    for (const [place, markup] of [["answer", answer], ["results", results], ["terms", terms]]) {
      const part = elementOf(markup);
      this.showCopyButtons(part);
      this.querySelector(`.${place}-place`).replaceChildren(part);
    }
    this.say(announce);
    if (asked) this.querySelector("#answer-title")?.scrollIntoView({ block: "nearest" });
  }

  showCopyButtons(part) {
    for (const button of part.querySelectorAll(".copy")) button.hidden = false;
  }

  empty() {
    this.fail("");
    this.say("");
    this.close({ focus: false });
    for (const place of ["answer", "terms"]) this.querySelector(`.${place}-place`).replaceChildren();
    this.querySelector(".results-place").replaceChildren(this.template("empty").cloneNode(true));
  }

  say(text) {
    this.status.textContent = text;
  }

  fail(text) {
    this.error.textContent = text;
    if (text) {
      this.field.setAttribute("aria-invalid", "true");
      this.say("");
    } else this.field.removeAttribute("aria-invalid");
  }

  clicked(event) {
    const link = event.target.closest(".open");
    if (link && event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) {
      event.preventDefault();
      this.openPassage(link);
    }
    const full = event.target.closest(".panel .full");
    if (full) {
      // In a window of its own, which the next visitor's coming closes.
      event.preventDefault();
      this.windows.set(PLAN, open(full.href, PLAN));
    }
    if (event.target.closest(".panel .close")) this.close();
    const copy = event.target.closest(".copy");
    if (copy) this.copy(copy.closest(".tools"));
  }

  async copy(tools) {
    const copied = await copyFrom(tools.querySelector(".copy-text"));
    this.say(this.word(copied ? "copied" : "copy_failed"));
  }

  async openPassage(link) {
    if (link === this.opened) return this.close();
    this.close({ focus: false });
    this.opened = link;
    link.setAttribute("aria-expanded", "true");
    this.put(this.template("panel").firstElementChild.cloneNode(true));
    try {
      const response = await fetch(link.dataset.fragment);
      if (!response.ok) throw new Error(String(response.status));
      const panel = elementOf(await response.text());
      if (link !== this.opened) return;
      this.put(panel);
      panel.querySelector("#panel-title").focus({ preventScroll: true });
      panel.scrollIntoView({ block: "nearest" });
    } catch {
      if (link !== this.opened) return;
      this.close();
      this.fail(this.word("failed"));
    }
  }

  put(panel) {
    const focused = panel.contains(document.activeElement) ? document.activeElement : undefined;
    this.panel?.remove();
    this.panel = panel;
    if (ROOM_BESIDE.matches) this.querySelector(".panel-place").append(panel);
    else this.opened.closest("li, dd").append(panel);
    focused?.focus({ preventScroll: true });
  }

  close({ focus = true } = {}) {
    const link = this.opened;
    link?.removeAttribute("aria-expanded");
    this.panel?.remove();
    this.opened = this.panel = undefined;
    if (focus && link?.isConnected) link.focus();
  }

  pressed(event) {
    if (event.isComposing || event.keyCode === 229 || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape" && !this.querySelector("dialog").open) {
      if (this.panel) this.close();
      else if (document.activeElement !== this.field) this.field.focus();
      else return;
      event.preventDefault();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.move(step)) event.preventDefault();
  }

  // From the box to the first item, and from item to item; above the first is the box. Elsewhere arrows do what they do.
  move(step) {
    const links = this.items().map((item) => item.querySelector(".open"));
    const here = document.activeElement;
    if (here === this.field) return step > 0 && links.length > 0 && focusOn(links[0]);
    const at = links.indexOf(here.closest("[data-item]")?.querySelector(".open"));
    if (at < 0 || here.closest("textarea, .panel")) return false;
    return focusOn(links[at + step] ?? (step < 0 ? this.field : here));
  }

  // What arrows step through: the answer if it has a passage, then the results.
  items() {
    return [...this.querySelectorAll("[data-item]")].filter((item) => item.querySelector(".open"));
  }

  // The item that the keyboard is on, else the first.
  current() {
    return document.activeElement.closest?.("[data-item]") ?? this.opened?.closest("[data-item]") ?? this.items()[0];
  }

  shortcut(event) {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.isComposing) return;
    const act = {
      KeyS: () => (this.field.focus(), this.field.select()),
      KeyC: () => this.current() && this.copy(this.current().querySelector(".tools")),
      KeyP: () => this.current()?.querySelector(".handout")?.click(),
      KeyG: () => this.querySelector("#glossary-title").focus(),
      KeyN: () => this.next(),
      KeyK: () => this.querySelector(".keys summary").click(),
    }[event.code];
    if (!act || this.querySelector("dialog").open) return;
    event.preventDefault();
    act();
  }

  // A new page in this one's place: no text to undo, no history entry, no answer on its way.
  next() {
    this.running?.abort();
    clearTimeout(this.pause);
    this.form.reset();
    this.field.value = "";
    this.empty();
    for (const opened of this.windows.values()) opened?.close();
    new BroadcastChannel(VISIT).postMessage("next");
    const visit = crypto.randomUUID?.() ?? String(performance.timeOrigin + performance.now());
    sessionStorage.setItem(VISIT, visit);
    sessionStorage.setItem(`${VISIT}-told`, visit);
    location.replace(location.pathname);
  }
}

function focusOn(element) {
  element.focus();
  element.scrollIntoView({ block: "nearest" });
  return true;
}

customElements.define("plan-counter", PlanCounter);
