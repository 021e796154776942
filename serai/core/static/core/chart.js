// Draws `{% chart %}`: reads the JSON beside the box, takes the colours of the theme, follows the direction of reading.
"use strict";
(() => {
  const colour = (box, name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    box.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };

  const options = (box, data) => {
    const rtl = getComputedStyle(box).direction === "rtl";
    const language = document.documentElement.lang || "en";
    const write = (value) => (value == null ? "" : Number(value).toLocaleString(language, { numberingSystem: "latn" }));
    const [ink, soft, line] = ["--ink", "--ink-2", "--line"].map((name) => colour(box, name));
    const palette = [0, 1, 2, 3, 4, 5].map((n) => colour(box, `--series-${n}`));
    const font = { fontFamily: getComputedStyle(box).fontFamily, fontSize: 12.5, color: soft };
    const flat = data.kind === "row";
    const names = {
      type: "category", data: data.categories, axisTick: { show: false }, axisLine: { lineStyle: { color: line } },
      axisLabel: { ...font, hideOverlap: true, ...(flat ? { width: 140, overflow: "break", lineHeight: 15 } : {}) },
      inverse: flat ? true : rtl, position: flat && rtl ? "right" : undefined, boundaryGap: data.kind !== "line",
    };
    const values = {
      type: "value", splitNumber: 4, axisLabel: { ...font, formatter: write }, splitLine: { lineStyle: { color: line } },
      inverse: flat && rtl, position: !flat && rtl ? "right" : undefined, minInterval: 1,
    };
    const series = data.series.map((one, index) => ({
      name: one.name, data: one.values, type: data.kind === "line" ? "line" : "bar",
      stack: data.kind === "stack" ? "all" : undefined, barMaxWidth: 22, barGap: "12%", barCategoryGap: flat ? "36%" : "42%",
      symbol: "circle", symbolSize: 5, lineStyle: { width: 2 }, itemStyle: { color: palette[index % 6], borderRadius: data.kind === "stack" ? 0 : 2 },
      label: { show: data.series.length === 1 && data.categories.length <= 14, position: flat ? (rtl ? "left" : "right") : "top", ...font, color: ink, formatter: (point) => write(point.value) },
    }));
    return {
      animation: false, backgroundColor: "transparent", textStyle: font,
      grid: { left: 4, right: flat ? 28 : 8, top: 24, bottom: 4, containLabel: true, ...(flat && rtl ? { left: 28, right: 4 } : {}) },
      xAxis: flat ? values : names, yAxis: flat ? names : values, series,
    };
  };

  const charts = new Map();
  const draw = (box) => {
    const data = JSON.parse(document.getElementById(box.dataset.chart).textContent);
    if (data.kind === "row") box.style.blockSize = `${data.categories.length * data.series.length * 34 + 56}px`;
    let chart = charts.get(box);
    if (!chart) {
      chart = echarts.init(box, null, { renderer: "canvas" });
      charts.set(box, chart);
      new ResizeObserver(() => chart.resize()).observe(box);
    }
    chart.setOption(options(box, data), true);
  };
  const start = (within) => within.querySelectorAll("[data-chart]").forEach(draw);
  const begin = () => (document.fonts ? document.fonts.ready.then(() => start(document)) : start(document));
  begin();
  document.addEventListener("htmx:load", (event) => start(event.detail.elt));
  document.addEventListener("serai:theme", () => [...charts.keys()].forEach(draw));
})();
