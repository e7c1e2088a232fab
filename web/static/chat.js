// The chat without page loads. Without this file every form posts to the server, which answers with a whole page.
// All words stand in the page's templates, so that this file speaks no language.

const STILL_WORKING_MS = 5000;
const TURNS_SENT = 10;

class PlanChat extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form.ask");
    this.field = this.form.querySelector("textarea");
    this.send = this.form.querySelector(".primary");
    this.stop = this.form.querySelector(".stop");
    this.status = this.querySelector(".status");
    this.error = this.form.querySelector(".error");
    this.turns = this.querySelector(".turns");
    this.earlier = [...this.form.querySelectorAll("input[name=earlier]")].map((input) => input.value);

    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask(this.field.value);
    });
    this.addEventListener("click", (event) => {
      const button = event.target.closest("button[name=question]");
      if (button) {
        event.preventDefault();
        this.ask(button.value);
      }
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
      if (event.key === "Escape") this.running?.abort();
    });
  }

  word(name) {
    return this.querySelector("template[data-name=words]").content.querySelector(`[data-word=${name}]`).textContent;
  }

  fresh(name) {
    return this.querySelector(`template[data-name=${name}]`).content.firstElementChild.cloneNode(true);
  }

  async ask(question) {
    if (this.running) return;
    this.running = new AbortController();
    this.say(this.word("working"));
    this.fail("");
    this.busy(true);
    const timer = setInterval(() => this.say(this.word("still")), STILL_WORKING_MS);
    const turn = this.fresh("turn");
    turn.querySelector("[data-slot=asked]").textContent = question;
    try {
      const history = this.earlier.slice(-TURNS_SENT).map((content) => ({ role: "user", content }));
      const response = await fetch("/api/ask", {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
        body: JSON.stringify({ question, history }),
        signal: this.running.signal,
      });
      if (!response.ok) {
        this.refuse(question, (await response.json()).error.message);
        return;
      }
      this.turns.append(turn);
      for await (const [name, data] of events(response.body)) {
        if (name === "sentence") this.addSentence(turn, data);
        if (name === "done") this.finish(turn, data);
      }
      this.earlier.push(question);
      if (this.field.value === question) this.field.value = "";
      this.say(this.word("done"));
      turn.scrollIntoView({ block: "start" });
    } catch (error) {
      const stopped = error.name === "AbortError";
      turn.remove();
      this.refuse(question, stopped ? "" : this.word("failed"));
      if (stopped) this.say(this.word("stopped"));
    } finally {
      clearInterval(timer);
      turn.removeAttribute("aria-busy");
      this.running = undefined;
      this.busy(false);
    }
  }

  say(text) {
    this.status.textContent = text;
  }

  fail(text) {
    this.error.textContent = text;
    this.field.toggleAttribute("aria-invalid", Boolean(text));
    if (text) this.field.setAttribute("aria-invalid", "true");
  }

  refuse(question, message) {
    this.say("");
    this.field.value = question;
    this.fail(message);
    this.field.focus();
  }

  busy(is) {
    this.send.setAttribute("aria-disabled", String(is));
    this.stop.hidden = !is;
  }

  addSentence(turn, sentence) {
    const list = turn.querySelector(".sentences");
    turn.querySelector(".answer-lead").hidden = list.hidden = false;
    const item = this.fresh("sentence");
    item.querySelector("span").textContent = sentence.text;
    const marker = item.querySelector(".marker");
    marker.textContent = sentence.citations[0];
    marker.dataset.n = sentence.citations[0];
    marker.setAttribute("aria-label", this.word("marker").replace("{n}", sentence.citations[0]));
    list.append(item);
  }

  finish(turn, answer) {
    turn.querySelector(".answer").dataset.status = answer.status;
    const language = { zh: "zh-Hans", easy: "ja" }[answer.language] ?? answer.language;
    for (const marker of turn.querySelectorAll(".marker")) marker.href = answer.citations[marker.dataset.n - 1].url;
    this.markShortAnswer(turn, answer.short_answer);
    this.fillSources(turn, answer.citations);
    if (answer.status !== "answered") {
      const text = turn.querySelector("[data-slot=text]");
      text.textContent = answer.text;
      text.lang = language;
      text.hidden = false;
    }
    if (answer.notice) {
      const notice = turn.querySelector(".notice");
      notice.textContent = answer.notice;
      notice.lang = language;
      notice.hidden = false;
    }
    this.fillContacts(turn, answer.contact);
    this.fillSuggestions(turn, answer.suggestions);
  }

  markShortAnswer(turn, short) {
    const sentence = short && [...turn.querySelectorAll(".sentences span")].find((span) => span.textContent.includes(short));
    if (!sentence) return;
    const at = sentence.textContent.indexOf(short);
    const strong = document.createElement("strong");
    strong.className = "short-answer";
    strong.textContent = short;
    const text = sentence.textContent;
    sentence.replaceChildren(text.slice(0, at), strong, text.slice(at + short.length));
  }

  fillSources(turn, citations) {
    const list = turn.querySelector(".sources");
    turn.querySelector(".sources-title").hidden = list.hidden = citations.length === 0;
    for (const citation of citations) {
      const item = this.fresh("source");
      const link = item.querySelector("a");
      link.href = citation.url;
      link.append(part("", citation.title), ...citation.section.flatMap((heading) => [" ", part("crumb", heading)]));
      list.append(item);
    }
  }

  fillContacts(turn, contact) {
    const list = turn.querySelector(".contacts");
    list.hidden = !contact;
    for (const line of contact?.lines ?? []) {
      const item = this.fresh("contact");
      item.querySelector("strong").textContent = line.name;
      const phone = item.querySelector("a");
      phone.textContent = line.phone;
      phone.href = `tel:${line.phone}`;
      phone.hidden = !line.phone;
      item.querySelector(".note").textContent = line.note;
      list.append(item);
    }
  }

  fillSuggestions(turn, suggestions) {
    const group = turn.querySelector(".suggestions");
    group.hidden = suggestions.length === 0;
    for (const text of suggestions) {
      const button = document.createElement("button");
      button.type = "button";
      button.name = "question";
      button.value = button.textContent = text;
      group.append(button);
    }
  }
}

function part(className, text) {
  const span = document.createElement("span");
  if (className) span.className = className;
  span.textContent = text;
  return span;
}

// The events of a stream as [name, data], each whole.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
      yield [fields.event, JSON.parse(fields.data)];
    }
  }
}

customElements.define("plan-chat", PlanChat);
