// What makes pages more convenient. Every page works without it.

// A value to take along: selects itself, and is copied by a button where the clipboard works.
customElements.define("copy-field", class extends HTMLElement {
  connectedCallback() {
    const input = this.querySelector("input, pre");
    const button = this.querySelector("button");
    const status = this.querySelector("[role=status]");
    const value = () => input.value ?? input.textContent;
    input.addEventListener("focus", () => input.select?.());
    if (!navigator.clipboard || !button) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(value());
        status.textContent = status.dataset.copied;
        this.classList.add("is-copied");
        setTimeout(() => { status.textContent = ""; this.classList.remove("is-copied"); }, 4000);
      } catch {
        input.focus();
      }
    });
  }
});

// A form that is sent once, however often its button is pressed. Coming Back finds it usable again.
customElements.define("submit-once", class extends HTMLElement {
  connectedCallback() {
    const form = this.closest("form");
    if (!form) return;
    let sent = false;
    form.addEventListener("submit", (event) => {
      if (sent) event.preventDefault();
      sent = true;
      this.setAttribute("aria-busy", "true");
    });
    addEventListener("pageshow", () => { sent = false; this.removeAttribute("aria-busy"); });
  }
});

// A time, told in the reader's own zone.
customElements.define("local-time", class extends HTMLElement {
  connectedCallback() {
    const time = this.querySelector("time");
    const at = new Date(time.dateTime);
    const day = { day: "numeric", month: "short", year: "numeric" };
    const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
    if (this.hasAttribute("seconds")) clock.second = "2-digit";
    const language = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang;
    const write = (options) => new Intl.DateTimeFormat(language, options).format(at);
    time.textContent = this.hasAttribute("day") ? write(day) : `${write(day)}, ${write(clock)}`;
  }
});

// A file with a secret, taken as soon as it is there, as people know it.
customElements.define("auto-download", class extends HTMLElement {
  connectedCallback() {
    this.querySelector("a[download]")?.click();
  }
});

// A page that is printed by a button.
customElements.define("print-page", class extends HTMLElement {
  connectedCallback() {
    this.hidden = false;
    this.querySelector("button").addEventListener("click", () => print());
  }
});

// What a form will make, drawn while it is filled in.
customElements.define("live-preview", class extends HTMLElement {
  connectedCallback() {
    for (const shown of this.querySelectorAll("[data-of]")) {
      const field = document.getElementById(shown.dataset.of);
      const draw = () => { shown.textContent = field.value.trim() || shown.dataset.empty || ""; };
      field?.addEventListener("input", draw);
    }
  }
});

// How much more fits into a field.
customElements.define("text-count", class extends HTMLElement {
  connectedCallback() {
    const field = document.getElementById(this.getAttribute("for"));
    if (!field) return;
    const most = this.getAttribute("max");
    const count = () => { this.textContent = `${[...field.value].length} / ${most}`; };
    field.addEventListener("input", count);
    count();
  }
});
