// Before anything is painted: the reader's own settings, kept in this browser only.
(() => {
  const root = document.documentElement;
  try {
    const size = localStorage.getItem("text-size");
    if (size) root.dataset.textSize = size;
    if (localStorage.getItem("ruby") === "on") root.dataset.ruby = "on";
  } catch {
    // A browser may forbid storage, as in a frame; the settings then last as long as the page.
  }
})();
