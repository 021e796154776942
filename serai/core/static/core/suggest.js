// Suggestions at a field: what the server knows (`data-suggest` is its address), or the choices of a long list.
// The pattern is the combobox of the ARIA Authoring Practices 1.2 with list autocomplete; without this script a
// field takes what is typed and a list is the browser's own, which a touch screen keeps anyway.
"use strict";
(() => {
  const LONG = 30; // choices of a list that are still read at a glance
  const MOST = 8; // suggestions shown at once
  const SAID = document.documentElement.dataset.suggestSaid ?? "";
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
  let count = 0;

  // --- what both kinds share: the list under the field, the keys, the announcement
  const attach = (field, { find, take, isArea = false }) => {
    const name = `suggest-${++count}`;
    const list = document.createElement("ul");
    list.id = name;
    list.className = "suggest";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", field.labels?.[0]?.textContent.trim() ?? "");
    list.hidden = true;
    const said = document.createElement("span");
    said.className = "visually-hidden";
    said.setAttribute("role", "status");
    field.after(list, said);
    field.parentElement.classList.add("has-suggest");
    field.setAttribute("autocomplete", "off");
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", name);
    if (!isArea) {
      field.setAttribute("role", "combobox");
      field.setAttribute("aria-expanded", "false");
    }
    let items = [];
    let at = -1;
    let asked = 0;
    const close = () => {
      list.hidden = true;
      at = -1;
      field.removeAttribute("aria-activedescendant");
      if (!isArea) field.setAttribute("aria-expanded", "false");
    };
    const point = (to) => {
      list.children[at]?.setAttribute("aria-selected", "false");
      at = (to + items.length) % items.length;
      const option = list.children[at];
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      field.setAttribute("aria-activedescendant", option.id);
    };
    const choose = (index) => {
      take(items[index]);
      close();
      said.textContent = "";
    };
    const show = (found) => {
      items = found;
      at = -1;
      list.replaceChildren(...items.map((item, index) => {
        const option = document.createElement("li");
        option.id = `${name}-${index}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        const title = document.createElement("bdi");
        title.textContent = item.label ?? item.value;
        if (item.lang) title.lang = item.lang;
        option.append(title);
        if (item.note) {
          const note = document.createElement("span");
          note.className = "faint";
          note.textContent = item.note;
          option.append(" ", note);
        }
        return option;
      }));
      list.hidden = !items.length;
      field.removeAttribute("aria-activedescendant");
      if (!isArea) field.setAttribute("aria-expanded", String(!list.hidden));
      said.textContent = items.length ? SAID.replace("{n}", items.length) : "";
    };
    const ask = async (all = false) => {
      const turn = ++asked;
      const found = await find(all);
      if (turn === asked && document.activeElement === field) show(found);
    };
    let wait = 0;
    field.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(ask, field.dataset.suggest ? 200 : 0); });
    field.addEventListener("blur", () => { asked += 1; close(); });
    field.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const isOpen = !list.hidden;
      if (event.key === "Escape" && isOpen) { event.preventDefault(); event.stopPropagation(); close(); }
      if (event.key === "ArrowDown" && !isOpen && !isArea) { event.preventDefault(); ask(true); }
      if (!isOpen) return;
      if (event.key === "ArrowDown") { event.preventDefault(); point(at + 1); }
      if (event.key === "ArrowUp") { event.preventDefault(); point(at < 0 ? items.length - 1 : at - 1); }
      if ((event.key === "Enter" || event.key === "Tab") && at >= 0) {
        if (event.key === "Enter") event.preventDefault();
        choose(at);
      }
    });
    list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) choose([...list.children].indexOf(option));
    });
    return { ask, close };
  };

  // --- a text field, or the line of a text area one is on: the server suggests
  const remote = (field) => {
    const isArea = field.matches("textarea");
    const line = () => {
      if (!isArea) return [0, field.value.length];
      const from = field.value.lastIndexOf("\n", field.selectionStart - 1) + 1;
      const end = field.value.indexOf("\n", field.selectionStart);
      return [from, end < 0 ? field.value.length : end];
    };
    const find = async () => {
      const [from, end] = line();
      const words = field.value.slice(from, end).trim();
      if (!words || (words.length < 2 && words.charCodeAt(0) < 0x2e80)) return [];
      const address = new URL(field.dataset.suggest, location.href);
      address.searchParams.set("q", words.slice(0, 200));
      try {
        const answer = await fetch(address, { headers: { accept: "application/json" } });
        return answer.ok ? (await answer.json()).items : [];
      } catch {
        return []; // without an answer one types on
      }
    };
    const take = (item) => {
      const [from, end] = line();
      const isLast = end === field.value.length;
      field.setRangeText(item[field.dataset.suggestTake] + (isArea && isLast ? "\n" : ""), from, end, "end");
      field.dispatchEvent(new Event("change", { bubbles: true }));
    };
    attach(field, { find, take, isArea });
  };

  // --- a long list of choices: one types a part of the word instead of walking through it
  const local = (select) => {
    const choices = [...select.options].filter((option) => option.value);
    const field = document.createElement("input");
    field.type = "text";
    field.className = select.className;
    field.dir = "auto";
    field.id = select.id;
    for (const name of ["aria-describedby", "aria-invalid", "aria-label", "required"]) {
      if (select.hasAttribute(name)) field.setAttribute(name, select.getAttribute(name));
    }
    field.required = false; // the list itself is what is checked
    if (select.required) field.setAttribute("aria-required", "true");
    const chosen = () => (select.value ? select.selectedOptions[0].text : "");
    field.value = chosen();
    field.placeholder = select.value ? "" : select.options[0]?.value ? "" : select.options[0]?.text ?? "";
    select.removeAttribute("id");
    select.classList.add("visually-hidden");
    select.tabIndex = -1;
    select.setAttribute("aria-hidden", "true");
    select.before(field);
    const fitting = (text) => {
      const words = fold(text.trim());
      const starts = (option) => (fold(option.text).startsWith(words) ? 0 : 1);
      return choices.filter((option) => fold(option.text).includes(words))
        .sort((a, b) => starts(a) - starts(b))
        .map((option) => ({ value: option.value, label: option.text }));
    };
    const find = async (all) => (all ? fitting("") : fitting(field.value).slice(0, MOST));
    const take = (item) => {
      select.value = item.value;
      field.value = chosen();
      select.dispatchEvent(new Event("input", { bubbles: true }));
      select.dispatchEvent(new Event("change", { bubbles: true }));
    };
    // Enter settles what was typed before it sends the form: the best choice is taken, never the one it stood on.
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing || field.hasAttribute("aria-activedescendant")) return;
      if (fold(field.value.trim()) === fold(chosen())) return;
      event.preventDefault();
      const [best] = field.value.trim() ? fitting(field.value) : [];
      if (best) take(best);
      box.close();
    });
    const box = attach(field, { find, take });
    field.addEventListener("focus", () => field.select());
    field.addEventListener("click", () => box.ask(true));
    field.addEventListener("blur", () => {
      const words = fold(field.value.trim());
      const same = choices.find((option) => fold(option.text) === words);
      if (same && same.value !== select.value) take({ value: same.value });
      if (!words && select.value && [...select.options].some((option) => !option.value)) take({ value: "" });
      field.value = chosen();
    });
    select.addEventListener("change", () => { field.value = chosen(); });
  };

  const start = (within) => {
    within.querySelectorAll("[data-suggest]:not([aria-controls])").forEach(remote);
    if (matchMedia("(pointer: coarse)").matches) return;
    within.querySelectorAll(".field select:not([multiple], [aria-hidden])").forEach((select) => {
      if (select.options.length > LONG && select.id) local(select);
    });
  };
  start(document);
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
})();
