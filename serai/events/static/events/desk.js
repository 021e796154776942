// The schedule desk: a meeting taken in the hand shows at once where it fits and why not elsewhere; a name typed or
// pointed at is found across the day. Without scripts every meeting is a link to the same answers as a list.
"use strict";
(() => {
  const desk = document.querySelector("[data-desk]");
  if (!desk) return;
  const all = (selector, within = desk) => [...within.querySelectorAll(selector)];
  const word = desk.querySelector("[data-desk-word]");
  const form = desk.querySelector("[data-desk-form]");
  const say = (text) => { if (word.textContent !== text) word.textContent = text; };
  const places = all("td[data-slot]");
  let held = null;

  const letGo = () => {
    held = null;
    desk.classList.remove("is-moving");
    places.forEach((place) => {
      place.classList.remove("is-open", "is-shut", "is-under");
      delete place.dataset.why;
    });
    say(desk.dataset.pick);
  };
  const show = (slots) => places.forEach((place) => {
    const answer = slots[place.dataset.slot];
    const fits = Boolean(answer) && !answer.reasons.length && answer.tables.includes(place.dataset.table);
    place.classList.add(fits ? "is-open" : "is-shut");
    if (!fits) place.dataset.why = answer?.reasons.join(" ") || desk.dataset.taken;
  });

  document.addEventListener("dragstart", async (event) => {
    const thing = event.target.closest?.("[data-move]");
    if (!thing) return;
    const mine = { url: thing.dataset.move, place: thing.closest("td") };
    held = mine;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", thing.textContent.trim());
    desk.classList.add("is-moving");
    say(desk.dataset.asking);
    try {
      const answer = await fetch(mine.url, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.status);
      const { slots } = await answer.json();
      if (held === mine) { show(slots); say(desk.dataset.pick); }
    } catch {
      if (held === mine) { letGo(); serai.toast(document.querySelector("[data-toasts]").dataset.failed, "madder"); }
    }
  });
  desk.addEventListener("dragover", (event) => {
    const place = event.target.closest("td[data-slot]");
    if (!held || !place) return;
    places.forEach((other) => other.classList.toggle("is-under", other === place && place.classList.contains("is-open")));
    if (place.classList.contains("is-open")) { event.preventDefault(); say(desk.dataset.free); }
    else if (place.dataset.why) say(place.dataset.why);
  });
  desk.addEventListener("drop", (event) => {
    const place = event.target.closest("td[data-slot].is-open");
    if (!held || !place) return;
    event.preventDefault();
    if (place === held.place) return;
    form.action = held.url;
    form.elements.slot.value = place.dataset.slot;
    form.elements.table.value = place.dataset.table;
    form.requestSubmit();
  });
  document.addEventListener("dragend", letGo);

  // --- one person across the schedule
  const people = all("[data-person]");
  const find = (test) => {
    let any = false;
    people.forEach((one) => { const found = test(one); one.classList.toggle("is-found", found); any ||= found; });
    desk.classList.toggle("is-looking", any);
    return any;
  };
  const field = desk.querySelector("[data-desk-find]");
  const typed = () => {
    const name = field.value.trim().toLocaleLowerCase();
    find((one) => name !== "" && one.textContent.toLocaleLowerCase().includes(name));
    if (name) desk.querySelector(".is-found")?.scrollIntoView({ block: "nearest", inline: "center" });
  };
  field.addEventListener("input", typed);
  desk.addEventListener("pointerover", (event) => {
    if (field.value.trim() || held) return;
    const key = event.target.closest?.("[data-person]")?.dataset.person;
    find((one) => one.dataset.person === key);
  });
  desk.addEventListener("pointerleave", () => { if (!field.value.trim()) find(() => false); });
})();
