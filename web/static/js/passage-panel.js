// A citation's passage in its context, without leaving the chat: beside it where there is room, else under its sentence.
// The marker stays an ordinary link: a click with a modifier, or without this file, opens the plan's page.
import { elementOf } from "./fragment.js";

const ROOM_BESIDE = matchMedia("(min-width: 64rem)");

export class PassagePanel {
  constructor(chat) {
    this.chat = chat;
    this.place = chat.querySelector(".panel-place");
    chat.addEventListener("click", (event) => {
      const marker = event.target.closest(".marker[data-fragment]");
      if (marker && event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) {
        event.preventDefault();
        this.open(marker);
      }
      if (event.target.closest(".panel .close")) this.close();
    });
    ROOM_BESIDE.addEventListener("change", () => this.panel && this.put(this.panel));
  }

  async open(marker) {
    if (marker === this.marker) {
      this.close();
      return;
    }
    this.clear();
    this.marker = marker;
    marker.setAttribute("aria-expanded", "true");
    this.put(this.chat.template("panel").firstElementChild.cloneNode(true));
    try {
      const response = await fetch(marker.dataset.fragment);
      if (!response.ok) throw new Error(String(response.status));
      const panel = elementOf(await response.text());
      if (marker !== this.marker) return;
      this.put(panel);
      const heading = panel.querySelector("h3");
      heading.focus({ preventScroll: true });
      panel.scrollIntoView({ block: "nearest" });
    } catch {
      // The link still leads to the passage.
      if (marker === this.marker) this.close();
      location.assign(marker.href);
    }
  }

  put(panel) {
    const focused = panel.contains(document.activeElement) ? document.activeElement : undefined;
    this.panel?.remove();
    this.panel = panel;
    const beside = ROOM_BESIDE.matches && !document.documentElement.dataset.embedded;
    if (beside) this.place.append(panel);
    else this.marker.closest("li").append(panel);
    this.chat.classList.toggle("with-panel", beside);
    focused?.focus({ preventScroll: true });
  }

  close() {
    const marker = this.marker;
    const back = this.panel?.contains(document.activeElement) || document.activeElement === document.body;
    this.clear();
    if (marker?.isConnected && back) marker.focus();
  }

  clear() {
    this.marker?.removeAttribute("aria-expanded");
    this.panel?.remove();
    this.chat.classList.remove("with-panel");
    this.marker = this.panel = undefined;
  }
}
