// What has the focus, and how it looks: compared with how it looks without. Returns null at the end of
// the page, where the body has it.
const it = document.activeElement;
if (!it || it === document.body || it === document.documentElement) return null;
const stops = (window.focusStops ??= []);
if (stops.includes(it)) return null;
stops.push(it);
const ring = (element) => {
  const style = getComputedStyle(element);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
};
// Where a link covers its card, or a label draws its radio button, the card or label wears the ring.
let visible = ring(it);
for (let around = it.parentElement; around && !visible; around = around.parentElement) {
  visible = around !== document.body && around !== document.documentElement && ring(around);
}
for (const label of it.labels ?? []) visible ||= ring(label);
const box = it.getBoundingClientRect();
const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
const name = (it.ariaLabel || it.innerText || it.value || it.name || "").replace(/\s+/g, " ").trim();
return { name: `${it.localName} "${name.slice(0, 60)}"`, visible, inside };
