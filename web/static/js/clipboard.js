// A text field's text to the clipboard; returns whether it got there. Where it did not, the text stays selected.
export async function copyFrom(field) {
  return (await byClipboard(field.value)) || bySelection(field);
}

async function byClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // There is no clipboard on plain http, as within many city networks, or the browser forbids it.
    return false;
  }
}

function bySelection(field) {
  const before = document.activeElement;
  field.hidden = false;
  field.select();
  const copied = document.execCommand("copy");
  if (copied) {
    field.hidden = true;
    before?.focus();
  }
  return copied;
}
