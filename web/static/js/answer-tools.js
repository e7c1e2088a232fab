// Copying an answer with its sources, and printing.

class AnswerTools extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.text = this.querySelector(".copy-text");
    this.querySelector(".copy").addEventListener("click", () => this.copy());
    this.querySelector(".print").addEventListener("click", () => print());
  }

  async copy() {
    const copied = (await this.byClipboard()) || this.bySelection();
    this.dispatchEvent(
      new CustomEvent("answer-tool", { bubbles: true, detail: copied ? this.dataset.copied : this.dataset.failed }),
    );
  }

  async byClipboard() {
    try {
      await navigator.clipboard.writeText(this.text.value);
      return true;
    } catch {
      // There is no clipboard on plain http, as within many city networks, or the browser forbids it.
      return false;
    }
  }

  // Where this fails too, the text stays selected for the visitor to copy.
  bySelection() {
    const button = document.activeElement;
    this.text.hidden = false;
    this.text.select();
    const copied = document.execCommand("copy");
    if (copied) {
      this.text.hidden = true;
      button?.focus();
    }
    return copied;
  }
}

customElements.define("answer-tools", AnswerTools);
