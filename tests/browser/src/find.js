// Finds what a user would call `name`: arguments are the role, the name, and the legend of the group in
// which to look, or null. Returns the one element, or a sentence that says what there is instead.
const [role, wanted, legend] = arguments;
const selectors = {
  button: "button, summary, input[type=submit], input[type=button], [role=button]",
  link: "a[href]",
  heading: "h1, h2, h3, h4, h5, h6",
  field: "input:not([type=hidden], [type=submit], [type=button]), select, textarea",
  choice: "input[type=radio], input[type=checkbox]",
};
const plain = (text) => (text ?? "").replace(/\s+/g, " ").trim();
const texts = (ids) => ids.split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? "");
// A simple form of https://www.w3.org/TR/accname-1.2/; that the browser agrees is held by the
// snapshots of its accessibility tree.
const picture = (element) => {
  const inside = element.querySelector("img[alt], svg[aria-label]");
  return inside?.alt ?? inside?.getAttribute("aria-label");
};
const name = (element) => {
  const by = element.getAttribute("aria-labelledby");
  if (by) return plain(texts(by).join(" "));
  const label = element.getAttribute("aria-label");
  if (label) return plain(label);
  if (role === "field" || role === "choice") {
    return plain([...(element.labels ?? [])].map((it) => it.innerText).join(" ")) || plain(element.title);
  }
  return plain(element.innerText || element.value) || plain(picture(element));
};
const seen = (element) =>
  element.checkVisibility({ visibilityProperty: true }) && !element.closest("[aria-hidden=true]");
const groups = [...document.querySelectorAll("fieldset")];
const within = legend === null
  ? document
  : groups.find((group) => plain(group.querySelector("legend")?.innerText) === legend);
if (!within) return `no group "${legend}" on ${location.pathname}`;
const all = [...within.querySelectorAll(selectors[role])].filter(seen);
const found = all.filter((element) => name(element) === wanted);
// A label is drawn over its radio button or checkbox, and is what is clicked.
if (found.length === 1) return role === "choice" ? (found[0].labels[0] ?? found[0]) : found[0];
const there = all.map((element) => `"${name(element)}"`).join(", ");
return `${found.length} times ${role} "${wanted}" on ${location.pathname}; there are: ${there || "none"}`;
