// The hand-out's print button, and its end when the next visitor comes to the counter.
const button = document.querySelector(".print");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => print());
  // A form of one choice needs no second press.
  document.querySelector(".handout-tools").addEventListener("change", (event) => event.target.form.requestSubmit());
}
new BroadcastChannel("counter-visit").addEventListener("message", () => location.replace("/counter"));
addEventListener("pageshow", (event) => event.persisted && location.replace("/counter"));
