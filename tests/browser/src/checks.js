// What can be measured on a page at rest: no element wider than the page, no text cut off, targets
// large enough, one h1. Returns a line a fault.
const faults = [];
const root = document.documentElement;
const plain = (text) => text.replace(/\s+/g, " ").trim().slice(0, 60);
const called = (it) => {
  const id = it.id ? `#${it.id}` : "";
  const classes = [...it.classList].map((name) => `.${name}`).join("");
  return `${it.localName}${id}${classes} "${plain(it.innerText ?? it.value ?? "")}"`;
};
const seen = (it) => it.checkVisibility({ visibilityProperty: true, opacityProperty: true });
// Hidden for the eye but read out: one pixel, clipped.
const forReaders = (it) => it.clientWidth <= 1 && it.clientHeight <= 1;

const headings = [...document.querySelectorAll("h1")].filter(seen).length;
if (headings !== 1) faults.push(`h1: there are ${headings}`);

if (root.scrollWidth > root.clientWidth) {
  const over = [...document.body.querySelectorAll("*")].filter(
    (it) => seen(it) && it.getBoundingClientRect().right > root.clientWidth + 1,
  );
  const last = over.at(-1);
  const by = last ? `, by ${called(last)}` : "";
  faults.push(`overflow: ${root.scrollWidth} px of content in ${root.clientWidth} px${by}`);
}

for (const it of document.body.querySelectorAll("*")) {
  if (!seen(it) || forReaders(it)) continue;
  const style = getComputedStyle(it);
  // Only its own text: what holds something that scrolls is no fault.
  const texts = [...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  if (!texts) continue;
  const cut = (overflow) => overflow === "hidden" || overflow === "clip";
  // A pixel of rounding, and what letters like g have below their line.
  if (cut(style.overflowX) && it.scrollWidth > it.clientWidth + 1) {
    faults.push(`clipped: ${called(it)}: ${it.scrollWidth} px of text in ${it.clientWidth} px`);
  } else if (cut(style.overflowY) && it.scrollHeight > it.clientHeight + 4) {
    faults.push(`clipped: ${called(it)}: ${it.scrollHeight} px of text in ${it.clientHeight} px high`);
  }
}

// WCAG 2.5.8: 24 px, but for links in a sentence, and for controls that the browser itself draws.
// A label belongs to its control: both together are what is tapped.
const interactive =
  "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [tabindex='0']";
const box = (it) => {
  const boxes = [it, ...(it.labels ?? [])].map((part) => part.getBoundingClientRect());
  const left = Math.min(...boxes.map((rect) => rect.left));
  const right = Math.max(...boxes.map((rect) => rect.right));
  const top = Math.min(...boxes.map((rect) => rect.top));
  const bottom = Math.max(...boxes.map((rect) => rect.bottom));
  // A link may be stretched over its card by a pseudo-element that fills it.
  const stretched = getComputedStyle(it, "::after");
  if (stretched.position === "absolute" && stretched.content !== "none") {
    const width = parseFloat(stretched.width);
    const height = parseFloat(stretched.height);
    if (width && height) return { width: Math.max(width, right - left), height: Math.max(height, bottom - top) };
  }
  return { width: right - left, height: bottom - top };
};
const inSentence = (it) => {
  if (getComputedStyle(it).display !== "inline") return false;
  const around = it.parentElement;
  return [...around.childNodes].some((node) => node.nodeType === 3 && /[\p{L}\p{N}]/u.test(node.data));
};
for (const it of document.querySelectorAll(interactive)) {
  if (!seen(it) || it.disabled || forReaders(it) || inSentence(it)) continue;
  const { width, height } = box(it);
  // Half a pixel of rounding.
  if (width < 23.5 || height < 23.5) {
    faults.push(`target: ${called(it)} is ${Math.round(width)} by ${Math.round(height)} px`);
  }
}
return faults;
