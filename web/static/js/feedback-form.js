// Sends feedback without leaving the chat; without this file the form posts and the server thanks on a page.

class FeedbackForm extends HTMLElement {
  connectedCallback() {
    this.form = this.querySelector("form");
    this.error = this.querySelector(".error");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
  }

  async send() {
    const fields = new FormData(this.form);
    this.error.textContent = "";
    if (!fields.has("rating")) {
      this.error.textContent = this.error.dataset.choose;
      return;
    }
    try {
      const response = await fetch(this.form.action, {
        method: "POST",
        headers: { Accept: "application/json" },
        body: new URLSearchParams(fields),
      });
      const body = await response.json();
      if (response.ok) this.thank(body.message);
      else this.error.textContent = body.error.message;
    } catch {
      this.error.textContent = this.error.dataset.failed;
    }
  }

  thank(message) {
    const thanks = document.createElement("p");
    thanks.className = "thanks";
    thanks.tabIndex = -1;
    thanks.textContent = message;
    this.replaceChildren(thanks);
    thanks.focus();
  }
}

customElements.define("feedback-form", FeedbackForm);
