// Furigana and text size: switches on the page's root element, remembered in this browser.
import { hideReadings, showReadings } from "./furigana.js";

const root = document.documentElement;

function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Not remembered, but in force.
  }
}

class RubyToggle extends HTMLElement {
  connectedCallback() {
    const button = this.querySelector("button");
    const show = () => {
      const on = root.dataset.ruby === "on";
      button.setAttribute("aria-pressed", String(on));
      if (on) showReadings();
      else hideReadings();
    };
    button.addEventListener("click", () => {
      if (root.dataset.ruby === "on") delete root.dataset.ruby;
      else root.dataset.ruby = "on";
      remember("ruby", root.dataset.ruby ?? "off");
      show();
    });
    show();
    this.hidden = false;
  }
}

class TextSize extends HTMLElement {
  connectedCallback() {
    for (const input of this.querySelectorAll("input")) {
      input.checked = input.value === (root.dataset.textSize ?? "normal");
      input.addEventListener("change", () => {
        root.dataset.textSize = input.value;
        remember("text-size", input.value);
      });
    }
    this.hidden = false;
  }
}

customElements.define("ruby-toggle", RubyToggle);
customElements.define("text-size", TextSize);
