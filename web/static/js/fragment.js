// This server's own escaped markup as elements. Parsed as an inert document: nothing in it runs or loads.
export function elementOf(markup) {
  const parsed = new DOMParser().parseFromString(`<body>${markup}`, "text/html");
  return document.importNode(parsed.body.firstElementChild, true);
}
