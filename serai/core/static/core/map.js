// Draws `{% world_map %}`: countries shaded by value, arcs of cooperation. The table beside it holds the same facts,
// so the drawing itself is hidden from screen readers and the keyboard walks the table.
"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const make = (name, attributes, parent) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    parent.append(element);
    return element;
  };
  const linked = (parent, url) => {
    if (!url) return parent;
    return make("a", { href: url, tabindex: -1 }, parent);
  };
  const titled = (element, text) => {
    if (text) make("title", {}, element).textContent = text;
  };

  const WIDTH = 960;

  const draw = (box, data, shapes, points) => {
    const svg = document.createElementNS(SVG, "svg");
    const land = topojson.feature(shapes, shapes.objects.countries).features.filter((one) => one.id !== "010");
    const world = { type: "FeatureCollection", features: land };
    const projection = d3.geoNaturalEarth1().fitWidth(WIDTH, world);
    const path = d3.geoPath(projection);
    const [[left, upper], [right, lower]] = path.bounds(world);
    svg.setAttribute("viewBox", `${left} ${upper - 4} ${right - left} ${lower - upper + 8}`);
    const known = new Map(data.countries.map((country) => [country.id, country]));
    const top = Math.max(1, ...data.countries.map((country) => country.value ?? 0));
    // Four steps of shade on a square-root scale: a few large countries do not wash out the rest.
    const shade = (country) => (country && country.value ? ` v${Math.max(1, Math.ceil(4 * Math.sqrt(country.value / top)))}` : "");
    const language = document.documentElement.lang || "en";
    const words = (country) => (country.value == null ? country.name : `${country.name}: ${Number(country.value).toLocaleString(language, { numberingSystem: "latn" })}`);

    const ground = make("g", {}, svg);
    const drawn = new Set();
    for (const feature of land) {
      const country = known.get(feature.id);
      const shape = make("path", { class: `land${shade(country)}`, d: path(feature) ?? "", "data-id": feature.id }, linked(ground, country?.url));
      if (country) { titled(shape, words(country)); drawn.add(country.id); }
    }
    // Countries too small for the map's scale are a dot.
    for (const country of data.countries) {
      const place = points[country.id];
      if (drawn.has(country.id) || !place || country.value == null) continue;
      const [x, y] = projection(place);
      titled(make("circle", { class: "dot", cx: x, cy: y, r: 3, "data-id": country.id }, linked(ground, country.url)), words(country));
    }
    // A bow on the paper, not a great circle: between Asia and America that one leaves the map at its edges.
    const bow = ([x1, y1], [x2, y2]) => {
      const lift = Math.min(0.22 * Math.hypot(x2 - x1, y2 - y1), 90);
      return `M${x1.toFixed(1)},${y1.toFixed(1)}Q${((x1 + x2) / 2).toFixed(1)},${Math.max(upper, (y1 + y2) / 2 - lift).toFixed(1)} ${x2.toFixed(1)},${y2.toFixed(1)}`;
    };
    const widest = Math.max(1, ...data.arcs.map((arc) => arc.value));
    const routes = make("g", {}, svg);
    const ends = new Map();
    const arcs = new Map();
    for (const arc of data.arcs) {
      const [from, to] = [points[arc.from], points[arc.to]];
      if (!from || !to) continue;
      const line = bow(projection(from), projection(to));
      const width = 0.8 + 2.2 * Math.sqrt(arc.value / widest);
      const path = make("path", { class: "arc", d: line, "stroke-width": width.toFixed(2) }, linked(routes, arc.url));
      titled(path, arc.label);
      for (const id of [arc.from, arc.to]) arcs.set(id, [...(arcs.get(id) ?? []), path]);
      for (const place of [from, to]) ends.set(place.join(), place);
    }
    for (const place of ends.values()) {
      const [x, y] = projection(place);
      make("circle", { class: "stop", cx: x, cy: y, r: 2.5 }, routes);
    }
    // Pointing at a country leaves only its own arcs in full colour.
    const ask = (event) => {
      const own = arcs.get(event.target.dataset?.id) ?? [];
      svg.classList.toggle("is-asked", own.length > 0);
      svg.querySelectorAll(".is-lit").forEach((arc) => arc.classList.remove("is-lit"));
      own.forEach((arc) => arc.classList.add("is-lit"));
    };
    svg.addEventListener("pointerover", ask);
    svg.addEventListener("pointerleave", ask);
    box.replaceChildren(svg);
  };

  const fetched = new Map();
  const read = (url) => {
    if (!fetched.has(url)) fetched.set(url, fetch(url).then((answer) => answer.json()));
    return fetched.get(url);
  };
  const start = async (within) => {
    for (const box of within.querySelectorAll("[data-map]")) {
      const data = JSON.parse(document.getElementById(box.dataset.map).textContent);
      const [shapes, points] = await Promise.all([read(box.dataset.shapes), read(box.dataset.points)]);
      draw(box, data, shapes, points);
    }
  };
  start(document);
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
})();
