/* The page's planner: fields and sliders in, answer and both curves out. */
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const planner = makePlanner(page.fit, LAWS), start = page.question, ranges = page.fit.general.ranges;
  const $ = (id) => document.getElementById(id);
  const spans = {
    params: [ranges.params[0], 1e3 * ranges.params[1]],
    tokens: [ranges.tokens[0], 1e3 * ranges.tokens[1]],
    tolerance: [1e-3, 1],
  };
  const RATIOS = Array.from({ length: 101 }, (_, i) => i / 100);
  const exact = (value) => (value >= 1000 && Number(parseCount(formatCount(value), "")) === value ? formatCount(value) : String(value));

  function toSlider(name, value) {
    const [low, high] = spans[name];
    const place = Math.log(Math.max(value, low) / low) / Math.log(high / low);
    $(`${name}-slider`).value = String(Math.round(1000 * place));
    $(`${name}-slider`).setAttribute("aria-valuetext", name === "tolerance" ? String(value) : formatCount(value));
  }
  function fromSlider(name) {
    const [low, high] = spans[name], value = low * (high / low) ** (Number($(`${name}-slider`).value) / 1000);
    $(name).value = name === "tolerance" ? general(value, 3) : formatCount(value);
    $(`${name}-slider`).setAttribute("aria-valuetext", $(name).value);
  }
  function fill(question) {
    for (const name of ["params", "tokens"]) $(name).value = exact(question[name]);
    $("tolerance").value = String(question.tolerance);
    $(question.relative ? "relative" : "absolute").checked = true;
    $("base-loss").value = question.baseLoss === null ? "" : String(question.baseLoss);
    $("base-tokens").value = question.baseTokens === null ? "" : exact(question.baseTokens);
    const known = page.fit.general.baseTokens && page.fit.general.baseTokens.known;
    $("base-tokens").disabled = !known;
    if (!known) $("base-tokens").placeholder = "the table does not say it of the probes";
    for (const name of Object.keys(spans)) toSlider(name, question[name]);
  }
  function asked() {
    const optional = (id, what) => ($(id).value.trim() === "" ? null : parseCount($(id).value, what));
    return {
      params: parseCount($("params").value, "model parameters"),
      tokens: parseCount($("tokens").value, "CPT tokens"),
      tolerance: parseCount($("tolerance").value, "tolerance"),
      relative: $("relative").checked,
      baseLoss: optional("base-loss", "base general loss"),
      baseTokens: optional("base-tokens", "tokens that the base saw"),
      far: start.far,
    };
  }

  const percent = (value) => `${(100 * value).toFixed(1)} %`;
  const nats = (e) => (Number.isNaN(e.value) ? "unknown" : `${e.value.toFixed(4)}${Number.isNaN(e.low) ? "" : ` [${e.low.toFixed(4)}, ${e.high.toFixed(4)}]`} nats per token`);
  function beyondText(f) {
    const parts = [note("far_params", { factor: f.params }), note("far_tokens", { factor: f.tokens })];
    if (Number.isNaN(f.ratio)) parts.push(note("ratio_unknown", {}));
    else parts.push(f.ratio > 0 ? note("far_ratio", { distance: f.ratio }) : note("ratio_inside", {}));
    if ("base_tokens_per_param" in f) parts.push(note("far_base", { factor: f.base_tokens_per_param }));
    return parts.join(", ");
  }
  function answerText(plan) {
    if (plan.status === "not_identified") return note("status_not_identified", {});
    if (plan.status === "infeasible") return note("status_infeasible", {});
    return `${percent(plan.critical_ratio.value)} domain text${plan.status === "unconstrained" ? ` (${note("status_unconstrained", {})})` : ""}`;
  }

  function show() {
    let question, plan;
    try {
      question = asked();
      plan = planner.plan(question);
    } catch (reason) {
      if (!(reason instanceof Refused)) throw reason;
      $("error").textContent = reason.message;
      blank();
      return;
    }
    $("error").textContent = "";
    const ratio = plan.critical_ratio;
    $("live").dataset.plan = JSON.stringify(plan, (_, value) => (typeof value === "number" && !Number.isFinite(value) ? null : value));
    $("live-answer").textContent = answerText(plan);
    $("live-interval").textContent = Number.isNaN(ratio.low) ? "" : `${general(100 * page.fit.level, 6)} % interval ${percent(ratio.low)} to ${percent(ratio.high)}`;
    $("live-general").textContent = nats(plan.general_loss);
    $("live-base").textContent = nats(plan.base_general_loss);
    $("live-domain").textContent = nats(plan.domain_loss);
    $("live-extrapolation").textContent = beyondText(plan.extrapolation);
    notes(plan.warnings);
    draw(plan, planner.curves(question, RATIOS));
  }
  /* The notes under the report's own answer are not written a second time. */
  function notes(warnings) {
    const own = Array.from(document.querySelectorAll("#notes li:not(.none)"), (item) => item.textContent);
    const same = warnings.length === own.length && warnings.every((text, i) => text === own[i]);
    $("live-same").hidden = !same;
    $("live-other").hidden = same;
    $("live-none").hidden = warnings.length > 0;
    $("live-warnings").replaceChildren(...(same ? [] : warnings).map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  }
  /* A refused question has no answer: nothing of an older one stays on the page. */
  function blank() {
    for (const id of ["live-answer", "live-interval", "live-general", "live-base", "live-domain", "live-extrapolation"]) $(id).textContent = "";
    delete $("live").dataset.plan;
    $("live-warnings").replaceChildren();
    for (const id of ["live-same", "live-other"]) $(id).hidden = true;
    for (const id of ["chart-rise", "chart-domain"]) $(id).replaceChildren();
  }

  const element = (name, attributes, text) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  function ticks(low, high) {
    const raw = (high - low) / 5, unit = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((m) => m * unit).find((s) => s >= raw), found = [];
    for (let i = Math.ceil(low / step); i * step <= high + 1e-9 * step; i++) found.push(i * step);
    return found;
  }
  function chart(id, label, estimates, plan, limit) {
    const svg = $(id);
    svg.replaceChildren();
    svg.setAttribute("aria-label", label);
    if (!estimates) return;
    const points = RATIOS.map((r, i) => [r, estimates[i]]).filter(([, e]) => Number.isFinite(e.value));
    // A corpus without any text of its own jumps: that end may leave the frame.
    const inner = points.filter(([r]) => r >= 0.02 && r <= 0.98).map(([, e]) => e);
    let low = Math.min(...inner.map((e) => e.value), limit ?? Infinity), high = Math.max(...inner.map((e) => e.value), limit ?? -Infinity);
    const margin = 0.12 * (high - low || 1);
    low -= margin; high += margin;
    const x = (r) => 56 + 408 * r, y = (v) => Math.min(266, Math.max(10, 266 - (256 * (v - low)) / (high - low)));
    const path = (part, key) => part.map(([r, e], i) => `${i ? "L" : "M"}${x(r).toFixed(1)} ${y(e[key]).toFixed(1)}`).join("");
    for (const v of ticks(low, high)) {
      svg.append(element("path", { class: "chart-grid", d: `M56 ${y(v)}H464` }), element("text", { class: "chart-text", x: 50, y: y(v) + 4, "text-anchor": "end" }, general(v, 3)));
    }
    for (const r of [0, 0.25, 0.5, 0.75, 1]) svg.append(element("text", { class: "chart-text", x: x(r), y: 284, "text-anchor": "middle" }, String(r)));
    svg.append(element("path", { class: "chart-axis", d: "M56 10V266H464" }), element("text", { class: "chart-text", x: 260, y: 299, "text-anchor": "middle" }, "ratio (domain share)"));
    const sure = points.filter(([, e]) => Number.isFinite(e.low) && Number.isFinite(e.high));
    if (sure.length) svg.append(element("path", { class: "chart-band", d: `${path(sure, "high")}${path([...sure].reverse(), "low").replace("M", "L")}Z` }));
    const [first, end] = ranges.ratio;
    const drawn = (part, far) => part.length > 1 && svg.append(element("path", { class: `chart-line${far ? " chart-far" : ""}`, d: path(part, "value") }));
    drawn(points.filter(([r]) => r <= first), true);
    drawn(points.filter(([r]) => r >= first && r <= end), false);
    drawn(points.filter(([r]) => r >= end), true);
    if (limit !== undefined && Number.isFinite(limit)) svg.append(element("path", { class: "chart-limit", d: `M56 ${y(limit)}H464` }));
    const { value, low: from, high: to } = plan.critical_ratio;
    if (Number.isFinite(from)) svg.append(element("path", { class: "chart-range", d: `M${x(from)} 266H${x(to)}` }));
    if (Number.isFinite(value)) {
      const at = points.reduce((best, p) => (Math.abs(p[0] - value) < Math.abs(best[0] - value) ? p : best));
      svg.append(element("circle", { class: "chart-mark", cx: x(value), cy: y(limit !== undefined && plan.status === "ok" ? limit : at[1].value), r: 6 }));
    }
  }
  function draw(plan, curves) {
    const answer = answerText(plan);
    chart("chart-rise", `Rise of the general loss against the ratio; critical ratio: ${answer}`, curves && curves.rise, plan, plan.allowed);
    chart("chart-domain", `Domain loss against the ratio; critical ratio: ${answer}`, curves && curves.domain, plan);
  }

  let waiting = false;
  function soon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; show(); });
  }
  for (const name of Object.keys(spans)) {
    $(`${name}-slider`).addEventListener("input", () => { fromSlider(name); soon(); });
    $(name).addEventListener("input", () => {
      try { toSlider(name, parseCount($(name).value, name)); } catch { /* half-typed numbers move no slider */ }
      soon();
    });
  }
  for (const id of ["relative", "absolute", "base-loss", "base-tokens"]) $(id).addEventListener("input", soon);
  $("reset").addEventListener("click", () => { fill(start); show(); });
  $("form").addEventListener("submit", (event) => event.preventDefault());
  fill(start);
  show();
})();
