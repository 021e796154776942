// Small helpers for every page. Each works on what the server printed; nothing here is needed to read or send.
"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const on = (type, selector, act) =>
    document.addEventListener(type, (event) => {
      const target = event.target instanceof Element ? event.target.closest(selector) : null;
      if (target) act(target, event);
    });

  // --- theme: the system's until someone chooses; kept in a cookie so that the server prints it at once
  const isDark = () => {
    const chosen = root.dataset.bsTheme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  on("click", "[data-theme-toggle]", () => {
    root.dataset.bsTheme = isDark() ? "light" : "dark";
    document.cookie = `serai_theme=${root.dataset.bsTheme};path=/;max-age=31536000;samesite=lax`;
    document.dispatchEvent(new CustomEvent("serai:theme"));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    document.dispatchEvent(new CustomEvent("serai:theme")));

  // --- popovers (`details.pop`): one at a time; Escape and a click outside close them
  const closePops = (except) => all("details.pop[open]").forEach((pop) => {
    if (!except || !(pop === except || pop.contains(except))) pop.open = false;
  });
  document.addEventListener("click", (event) => closePops(event.target.closest?.("details.pop")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const pop = document.activeElement?.closest("details.pop[open]") || document.querySelector("details.pop[open]");
    if (!pop) return;
    pop.open = false;
    pop.querySelector("summary").focus();
  });
  on("click", "[data-dismiss]", (button) => {
    const pop = button.closest("details.pop");
    pop.open = false;
    pop.querySelector("summary").focus();
  });
  // A popover that would leave the window opens to the other side.
  document.addEventListener("toggle", (event) => {
    const body = event.target.matches?.("details.pop[open]") && event.target.querySelector(":scope > .pop-body");
    if (!body) return;
    event.target.classList.remove("pop-start-auto");
    const box = body.getBoundingClientRect();
    if (box.left < 0 || box.right > innerWidth) event.target.classList.toggle("pop-start");
  }, true);

  // --- messages
  const toasts = () => document.querySelector("[data-toasts]");
  const toast = (text, tone = "jade") => {
    const box = toasts();
    if (!box) return;
    const note = document.createElement("div");
    note.className = `note tone-${tone}`;
    const dot = document.createElement("span");
    const words = document.createElement("div");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "close";
    close.dataset.close = "";
    close.setAttribute("aria-label", box.dataset.close);
    close.textContent = "×";
    note.append(dot, words, close);
    box.append(note);
    if (tone === "jade") setTimeout(() => note.remove(), 8000);
  };
  on("click", "[data-close]", (button) => button.closest(".note")?.remove());
  document.addEventListener("toast", (event) => toast(event.detail.text ?? event.detail.value, event.detail.tone));

  // --- copy a link
  on("click", "[data-copy]", async (button) => {
    await navigator.clipboard.writeText(new URL(button.dataset.copy, location.href).href);
    toast(button.dataset.copied);
  });

  // --- the filter sentence: a changed word is sent at once
  on("change", "[data-submit]", (select) => select.form.requestSubmit());
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-sentence]")) return;
    // Empty words stay out of the address, so that a shared link says only what was chosen.
    all("select, input", event.target).forEach((field) => { if (field.name && !field.value) field.disabled = true; });
    setTimeout(() => all("select, input", event.target).forEach((field) => { field.disabled = false; }), 0);
  }, true);

  // --- lists: j and k walk, Enter opens, x chooses; "/" goes to the search field
  const typing = () => document.activeElement?.matches("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing()) return;
    if (event.key === "/") {
      const field = document.querySelector("form[role=search] input[type=search]");
      if (field) { event.preventDefault(); field.focus(); }
      return;
    }
    const rows = all("[data-rows] > .row-item");
    if (!rows.length || !["j", "k", "x"].includes(event.key)) return;
    const now = rows.findIndex((row) => row.classList.contains("is-active"));
    if (event.key === "x") { rows[now]?.querySelector("input[type=checkbox]")?.click(); return; }
    const next = rows[Math.min(rows.length - 1, Math.max(0, now + (event.key === "j" ? 1 : -1)))];
    rows[now]?.classList.remove("is-active");
    next.classList.add("is-active");
    next.querySelector(".row-title a").focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
  });
  on("change", "[data-rows] input[type=checkbox]", () => {
    const chosen = all("[data-rows] input[type=checkbox]:checked").length;
    all("[data-bulk]").forEach((bar) => {
      bar.classList.toggle("is-on", chosen > 0);
      all("[data-bulk-count]", bar).forEach((place) => { place.textContent = chosen.toLocaleString(root.lang, { numberingSystem: "latn" }); });
    });
  });

  // --- file drop: the input does the work, the frame shows what lies in it
  const tooLarge = (input) => [...input.files].some((file) => file.size > Number(input.dataset.maxBytes || Infinity));
  const named = (drop) => {
    const input = drop.querySelector("input[type=file]");
    const names = [...input.files].map((file) => file.name).join(", ");
    const refused = tooLarge(input);
    drop.querySelector(".chosen").textContent = refused ? `${names}: ${input.dataset.tooLarge}` : names;
    input.toggleAttribute("aria-invalid", refused);
    drop.closest(".field").classList.toggle("has-error", refused);
  };
  // What is too large is told before it is sent: the node would refuse it unread.
  document.addEventListener("submit", (event) => {
    const input = all("input[type=file][data-max-bytes]", event.target).find(tooLarge);
    if (!input) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    input.focus();
  }, true);
  on("dragover", "[data-drop]", (drop, event) => { event.preventDefault(); drop.classList.add("is-over"); });
  on("dragleave", "[data-drop]", (drop) => drop.classList.remove("is-over"));
  on("drop", "[data-drop]", (drop, event) => {
    event.preventDefault();
    drop.classList.remove("is-over");
    drop.querySelector("input[type=file]").files = event.dataTransfer.files;
    named(drop);
  });
  on("change", "[data-drop] input[type=file]", (input) => named(input.closest("[data-drop]")));

  // --- forms: a form sent twice by a double click is sent once; leaving with unsaved words asks first
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    delete form.dataset.changed;
  });
  addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => { delete form.dataset.sent; }));
  on("input", "form[data-keep]", (form) => { form.dataset.changed = "1"; });
  addEventListener("beforeunload", (event) => { if (document.querySelector("form[data-changed]")) event.preventDefault(); });

  // --- a long list of boxes gets a field that narrows it; what is ticked stays in sight
  const narrow = (within) => all("[data-choices]", within).forEach((control) => {
    const lines = all("label:has(input)", control);
    if (lines.length < 31 || control.querySelector("input[type=search]")) return;
    const field = document.createElement("input");
    field.type = "search";
    field.className = "form-control mb-2";
    field.dir = "auto";
    field.placeholder = control.dataset.choices;
    field.setAttribute("aria-label", control.dataset.choices);
    field.addEventListener("input", () => {
      const words = field.value.trim().toLocaleLowerCase();
      lines.forEach((line) => {
        const shown = line.textContent.toLocaleLowerCase().includes(words) || line.querySelector("input").checked;
        (line.parentElement === control ? line : line.parentElement).hidden = !shown;
      });
    });
    field.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
    control.prepend(field);
  });
  narrow(document);

  // --- dialogs: <button data-open="id">
  on("click", "[data-open]", (button) => document.getElementById(button.dataset.open)?.showModal());
  on("click", "dialog [data-dismiss-dialog]", (button) => button.closest("dialog").close());

  // --- a match: lines between the passages that say the same
  const SVG = "http://www.w3.org/2000/svg";
  const drawMatch = (match) => {
    const canvas = match.querySelector(".match-lines");
    const frame = match.getBoundingClientRect();
    const [mine, theirs] = all(".match-side", match);
    canvas.replaceChildren();
    if (!theirs || Math.abs(mine.getBoundingClientRect().top - theirs.getBoundingClientRect().top) > 40) return;
    const forward = mine.getBoundingClientRect().left < theirs.getBoundingClientRect().left;
    // The line meets a passage where it touches the gutter; one in mid-line is met at the margin, so that
    // no line crosses words (the numbers name the pair).
    const edge = (mark, side, atEnd) => {
      const outer = atEnd === forward;
      const reach = (box) => (outer ? box.right : -box.left);
      const box = [...mark.getClientRects()].reduce((a, b) => (reach(b) > reach(a) ? b : a));
      const margin = gutter(side, atEnd);
      const x = (outer ? box.right : box.left) - frame.left;
      return { x: Math.abs(x - margin) < 48 ? x : margin, y: box.top + box.height / 2 - frame.top };
    };
    const gutter = (side, atEnd) => {
      const box = side.getBoundingClientRect();
      return (atEnd === forward ? box.right : box.left) - frame.left;
    };
    // Two ends at one place would read as one line: the later one moves down a little.
    const taken = [];
    const free = (point) => {
      while (taken.some((other) => Math.abs(other.x - point.x) < 8 && Math.abs(other.y - point.y) < 6)) point.y += 7;
      taken.push(point);
      return point;
    };
    for (const from of all(".passage", mine)) {
      for (const to of all(`.passage[data-pair="${from.dataset.pair}"]`, theirs)) {
        const a = free(edge(from, mine, true));
        const b = free(edge(to, theirs, false));
        const start = gutter(mine, true);
        const stop = gutter(theirs, false);
        const middle = (start + stop) / 2;
        const path = document.createElementNS(SVG, "path");
        path.setAttribute("d", `M${a.x},${a.y} L${start},${a.y} C${middle},${a.y} ${middle},${b.y} ${stop},${b.y} L${b.x},${b.y}`);
        path.dataset.pair = from.dataset.pair;
        canvas.append(path);
        for (const point of [a, b]) {
          const dot = document.createElementNS(SVG, "circle");
          dot.setAttribute("cx", point.x);
          dot.setAttribute("cy", point.y);
          dot.setAttribute("r", 2.5);
          canvas.append(dot);
        }
      }
    }
  };
  const light = (mark, lit) => {
    const match = mark.closest("[data-match]");
    all(`[data-pair="${mark.dataset.pair}"]`, match).forEach((part) => part.classList.toggle("is-lit", lit));
  };
  on("mouseover", ".passage", (mark) => light(mark, true));
  on("mouseout", ".passage", (mark) => light(mark, false));
  const watcher = new ResizeObserver((entries) => entries.forEach((entry) => drawMatch(entry.target)));
  const start = (within) => {
    all("[data-match]", within).forEach((match) => watcher.observe(match));
    if (within.matches?.("[data-match]")) watcher.observe(within);
  };
  start(document);
  document.fonts?.ready.then(() => all("[data-match]").forEach(drawMatch));
  document.querySelector("[data-focus]")?.focus();
  // Of many tabs on a phone the one that is open must be in sight, and that there are more must be seen.
  const hint = (tabs) => {
    const hidden = tabs.scrollWidth - tabs.clientWidth;
    const passed = Math.abs(tabs.scrollLeft); // counts down from 0 where one reads from the right
    tabs.classList.toggle("has-before", passed > 1);
    tabs.classList.toggle("has-after", hidden - passed > 1);
  };
  const tabWatcher = new ResizeObserver((entries) => entries.forEach((entry) => hint(entry.target)));
  all(".tabs").forEach((tabs) => {
    tabs.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    tabs.addEventListener("scroll", () => hint(tabs), { passive: true });
    tabWatcher.observe(tabs);
  });

  // --- HTMX: a hairline on top when an answer takes longer than 300 ms; failures in words
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
  document.addEventListener("htmx:beforeRequest", () => root.classList.add("is-loading"));
  document.addEventListener("htmx:afterRequest", () => root.classList.remove("is-loading"));
  document.addEventListener("htmx:beforeSwap", (event) => {
    // Errors of the form (422) and refusals with words (403, 409) are shown where they belong.
    if ([403, 409, 422].includes(event.detail.xhr.status)) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
  document.addEventListener("htmx:sendError", () => toast(toasts()?.dataset.offline ?? "", "madder"));
  document.addEventListener("htmx:responseError", () => toast(toasts()?.dataset.failed ?? "", "madder"));

  window.serai = { toast };
})();
