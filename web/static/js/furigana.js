// Readings over the Japanese of the page that is open. The text itself stays as it is, letter by letter, and what comes onto
// the page later gets its readings too.

const KANJI = /[々〆\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]/;
const UNTOUCHED = "ruby, [data-plain], textarea, script, style, template, option";
const BATCH_CHARS = 6000;

// Text nodes that have been looked at; what has no reading stays plain and is not asked for again.
const done = new WeakSet();
let watching;

export function showReadings() {
  addReadings(document.body);
  if (watching) return;
  watching = new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) addReadings(node);
  });
  watching.observe(document.body, { childList: true, subtree: true });
}

export function hideReadings() {
  watching?.disconnect();
  watching = undefined;
}

async function addReadings(root) {
  for (const nodes of batches(textsOf(root))) {
    const response = await fetch("/api/furigana", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ texts: nodes.map((node) => node.data) }),
    });
    if (!response.ok) return;
    const { texts } = await response.json();
    nodes.forEach((node, at) => node.isConnected && node.replaceWith(...texts[at].map(([text, reading]) => part(text, reading))));
  }
}

function textsOf(root) {
  const from = root.nodeType === Node.TEXT_NODE ? root.parentNode : root;
  if (!from) return [];
  const walker = document.createTreeWalker(from, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const holder = node.parentElement;
    if (done.has(node) || !KANJI.test(node.data)) continue;
    if (holder.closest(UNTOUCHED) || holder.closest("[lang]").lang !== "ja") continue;
    done.add(node);
    found.push(node);
  }
  return found;
}

function* batches(nodes) {
  let batch = [];
  let chars = 0;
  for (const node of nodes) {
    if (batch.length && chars + node.data.length > BATCH_CHARS) {
      yield batch;
      [batch, chars] = [[], 0];
    }
    batch.push(node);
    chars += node.data.length;
  }
  if (batch.length) yield batch;
}

function part(text, reading) {
  if (!reading) {
    const plain = document.createTextNode(text);
    done.add(plain);
    return plain;
  }
  const ruby = document.createElement("ruby");
  const [open, over, close] = ["rp", "rt", "rp"].map((name) => document.createElement(name));
  [open.textContent, over.textContent, close.textContent] = ["(", reading, ")"];
  ruby.append(text, open, over, close);
  return ruby;
}
