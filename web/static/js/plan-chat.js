// The chat without page loads. Without this file every form posts to the server, which answers with a whole page.
// All words stand in the page, so that this file speaks no language.
import { events } from "./event-stream.js";
import { elementOf } from "./fragment.js";
import { PassagePanel } from "./passage-panel.js";

const STILL_WORKING_MS = 5000;
const GIVE_UP_MS = 60000;
const TURNS_SENT = 10;

class PlanChat extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form.ask");
    this.field = this.form.querySelector("textarea");
    this.send = this.form.querySelector(".send");
    this.stop = this.form.querySelector(".stop");
    this.status = this.querySelector(".status");
    this.error = this.form.querySelector(".error");
    this.turns = this.querySelector(".turns");
    this.panel = new PassagePanel(this);

    this.addEventListener("submit", (event) => {
      if (!event.target.matches("[data-ask]")) return;
      event.preventDefault();
      this.ask(event.submitter?.name === "question" ? event.submitter.value : this.field.value);
    });
    this.stop.addEventListener("click", () => this.running?.abort());
    this.field.addEventListener("keydown", (event) => {
      // An input method confirms its conversion with Enter; Safari says so only by key code 229.
      const composing = event.isComposing || event.keyCode === 229;
      if (event.key === "Enter" && !event.shiftKey && !composing) {
        event.preventDefault();
        this.ask(this.field.value);
      }
    });
    this.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing) return;
      if (this.running) this.running.abort();
      else this.panel.close();
    });
    this.addEventListener("answer-tool", (event) => this.say(event.detail));
  }

  word(name) {
    return this.template("words").querySelector(`[data-word=${name}]`).textContent;
  }

  template(name) {
    return this.querySelector(`template[data-name=${name}]`).content;
  }

  async ask(question) {
    if (this.running) return;
    const running = (this.running = new AbortController());
    this.say(this.word("working"));
    this.fail("");
    this.busy(true);
    this.panel.close();
    const turn = this.template("turn").firstElementChild.cloneNode(true);
    turn.querySelector(".asked-text").textContent = question;
    this.turns.append(turn);
    const still = setInterval(() => this.say(this.word("still")), STILL_WORKING_MS);
    const patience = setTimeout(() => running.abort(new DOMException("", "TimeoutError")), GIVE_UP_MS);
    try {
      await this.stream(question, turn, running.signal);
    } catch (error) {
      if (error.name === "AbortError") this.halt(question, turn);
      else this.refuse(question, turn, error instanceof Refusal ? error.message : this.word("failed"));
    } finally {
      clearInterval(still);
      clearTimeout(patience);
      this.running = undefined;
      this.busy(false);
    }
  }

  async stream(question, turn, signal) {
    const fields = new URLSearchParams();
    for (const text of this.earlier().slice(-TURNS_SENT)) fields.append("earlier", text);
    fields.append("question", question);
    const response = await fetch(this.form.action, {
      method: "POST",
      headers: { Accept: "text/event-stream" },
      body: fields,
      signal,
    });
    if (!response.ok) throw new Refusal((await response.json()).error.message);
    for await (const [name, data] of events(response.body)) {
      if (name === "sentence") this.addSentence(turn, data.html);
      if (name === "error") throw new Refusal(data.message);
      if (name === "done") {
        this.finish(question, turn, data);
        return;
      }
    }
    throw new TypeError("the stream broke off");
  }

  addSentence(turn, markup) {
    turn.querySelector(".writing").hidden = true;
    turn.querySelector(".answer-lead").hidden = false;
    const list = turn.querySelector(".sentences");
    list.hidden = false;
    list.append(elementOf(markup));
  }

  finish(question, turn, { html, announce }) {
    const whole = elementOf(html);
    turn.replaceWith(whole);
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name: "earlier", value: question });
    this.field.before(input);
    if (this.field.value === question) this.field.value = "";
    this.say(announce);
    if (whole.getBoundingClientRect().bottom > innerHeight) whole.scrollIntoView({ block: "start" });
  }

  // What has been shown stays, marked as unfinished; with nothing shown the question alone goes back into the box.
  halt(question, turn) {
    turn.removeAttribute("aria-busy");
    turn.querySelector(".writing").hidden = true;
    turn.querySelector(".stopped").hidden = false;
    this.say(this.word("stopped"));
    if (!this.field.value) this.field.value = question;
    this.field.focus();
  }

  refuse(question, turn, message) {
    turn.remove();
    this.say("");
    this.field.value = question;
    this.fail(message);
    this.field.focus();
  }

  earlier() {
    return [...this.form.querySelectorAll("input[name=earlier]")].map((input) => input.value);
  }

  say(text) {
    this.status.textContent = text;
  }

  fail(text) {
    this.error.textContent = text;
    if (text) this.field.setAttribute("aria-invalid", "true");
    else this.field.removeAttribute("aria-invalid");
  }

  busy(is) {
    this.send.setAttribute("aria-disabled", String(is));
    this.stop.hidden = !is;
  }
}

// A refusal by the server: its message is for the visitor.
class Refusal extends Error {}

customElements.define("plan-chat", PlanChat);
