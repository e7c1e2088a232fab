// Copying an answer with its sources, and printing.
import { copyFrom } from "./clipboard.js";

class AnswerTools extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.text = this.querySelector(".copy-text");
    this.querySelector(".copy").addEventListener("click", () => this.copy());
    this.querySelector(".print").addEventListener("click", () => print());
  }

  async copy() {
    const copied = await copyFrom(this.text);
    this.dispatchEvent(
      new CustomEvent("answer-tool", { bubbles: true, detail: copied ? this.dataset.copied : this.dataset.failed }),
    );
  }
}

customElements.define("answer-tools", AnswerTools);
