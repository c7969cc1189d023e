"use strict";
/* A plan computed from a fit's draws, as scaling.critical_ratio does it: same curves, same roots, same sentences.
   makePlanner(data, laws) -> {plan(question), curves(question)}; question: {params, tokens, tolerance, relative,
   baseLoss, baseTokens, far}, the base's null where they are not known; far: a target far beyond the probes is meant.
   Throws Refused for a question without sense. */

class Refused extends Error {}
class NotIdentified extends Error {}
class NoBaseLoss extends NotIdentified {}

/* A note of scaling/templates, whose table is NOTES: values as Python's formats g, .<n>g, .<n>f, or as a count. */
function note(code, values) {
  return NOTES[code].replace(/\{(\w+)(?::([^}]*))?\}/g, (_, name, spec) => {
    const value = values[name];
    if (!spec) return String(value);
    if (spec === "count") return formatCount(value);
    const [, digits, kind] = /^(?:\.(\d+))?([gf])$/.exec(spec);
    return kind === "f" ? value.toFixed(Number(digits)) : general(value, digits ? Number(digits) : 6);
  });
}

const SAME = 0.01, FAR = 3.0, WIDE = 0.25, HALVINGS = 48, FARTHEST = 1000, MOST_LOSS = 50;
const number = (value) => (value === null ? NaN : value);

/* Halves go to the even digit in Python and away from 0 in JavaScript: a value exactly half-way is moved to where Python goes. */
function halfEven(value, digits) {
  const [mantissa, power] = Math.abs(value).toExponential(Math.min(100, digits + 40)).split("e");
  const figures = mantissa.replace(".", ""), kept = figures.slice(0, digits), rest = figures.slice(digits);
  const even = "02468".includes(kept[digits - 1]);
  return /^50*$/.test(rest) && even ? Math.sign(value) * Number(`${kept[0]}.${kept.slice(1)}e${power}`) : value;
}

/* Python's "%.<digits>g" */
function general(value, digits) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  value = halfEven(value, digits);
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  const trimmed = (text) => (text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text);
  if (exponent < -4 || exponent >= digits) {
    const sign = exponent < 0 ? "-" : "+";
    return `${trimmed(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  return trimmed(value.toFixed(digits - 1 - exponent));
}

function formatCount(value) {
  for (const [factor, suffix] of [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"], [1, ""]]) {
    const scaled = Number(general(value / factor, 3));
    if (Math.abs(scaled) >= 1) return general(scaled, 3) + suffix;
  }
  return general(value, 3);
}

const COUNT = /^([+-]?(?:\d+(?:[\d_]*\d)?\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([KMBGT]?)$/i;
function parseCount(text, what) {
  const match = COUNT.exec(text.trim());
  const factors = { "": 1, K: 1e3, M: 1e6, B: 1e9, G: 1e9, T: 1e12 };
  const value = match ? Number(match[1].replaceAll("_", "")) * factors[match[2].toUpperCase()] : NaN;
  if (!Number.isFinite(value)) throw new Refused(`${what}: write a number, for example 7B, 350M or 0.05`);
  return value;
}

/* numpy's quantile of sorted values, linear between them */
function quantile(sorted, share) {
  const place = (sorted.length - 1) * share, low = Math.floor(place), part = place - low;
  const a = sorted[low], b = sorted[Math.min(low + 1, sorted.length - 1)];
  return part < 0.5 ? a + (b - a) * part : b - (b - a) * (1 - part);
}

function interval(values, level) {
  const value = values[0];
  if (values.length < 2) return { value, low: NaN, high: NaN };
  const draws = Float64Array.from(values.slice(1)).sort();
  const low = quantile(draws, (1 - level) / 2), high = quantile(draws, (1 + level) / 2);
  return { value, low: Math.min(low, value), high: Math.max(high, value) };
}

const mean = (values) => values.reduce((sum, v) => sum + v, 0) / values.length;
const spreadOf = (values) => {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, v) => sum + (v - middle) ** 2, 0) / (values.length - 1));
};
const same = (a, b) => Math.abs(Math.log(a / b)) <= Math.log1p(SAME);
const nearest = (sizes, params) =>
  sizes.reduce((best, size, i) =>
    Math.abs(Math.log(size / params)) < Math.abs(Math.log(sizes[best] / params)) ? i : best, 0);

function line(x, y) {
  const mx = mean(x), my = mean(y);
  const square = x.reduce((sum, v) => sum + (v - mx) ** 2, 0);
  const slope = x.reduce((sum, v, i) => sum + (v - mx) * (y[i] - my), 0) / square;
  return { slope, level: my - slope * mx, mx, square };
}

/* What the base of a size saw: that of the table, or a power law in size through it. */
function baseTokensAt(seen, params) {
  const x = seen.params.map(Math.log), y = seen.tokens.map(Math.log);
  if (!seen.varies) return Math.exp(mean(y));
  const close = nearest(seen.params, params);
  if (Math.abs(Math.log(params) - x[close]) <= Math.log1p(SAME)) return seen.tokens[close];
  const { slope, level } = line(x, y);
  return Math.exp(level + slope * Math.log(params));
}

/* A target so far away that a unit must be wrong. */
function refuseFarther(fit, q) {
  const limits = { params: fit.ranges.params, tokens: fit.ranges.tokens }, asked = { params: q.params, tokens: q.tokens, base_tokens: q.baseTokens };
  if (q.baseTokens !== null && fit.baseTokens && fit.baseTokens.known)
    limits.base_tokens = [Math.min(...fit.baseTokens.tokens), Math.max(...fit.baseTokens.tokens)];
  for (const [name, [low, high]] of Object.entries(limits)) {
    const beyond = Math.max(1, asked[name] / high, low / asked[name]);
    if (beyond > FARTHEST && !q.far) throw new NotIdentified(note("too_far", { name, beyond }));
  }
}

/* One corpus at a target: values of the fit (draw 0) and of its draws against the ratio. */
class Curve {
  constructor(fit, value, question) {
    Object.assign(this, { fit, value, question, thetas: fit.thetas });
    refuseFarther(fit, question);
    for (const name of ["params", "tokens"]) {
      if (!fit.variables.includes(name) && !same(...fit.ranges[name]))
        throw new NotIdentified(note("law_blind", { law: fit.law, name }));
    }
    for (const [name, only] of Object.entries(fit.held)) {
      if (name === "ratio" || name === "share")
        throw new NotIdentified(note("one_ratio", { only }));
      if (!same(question[name], only))
        throw new NotIdentified(note("one_value", { only, name, asked: question[name] }));
    }
    this.seen = fit.variables.includes("progress") ? this.baseTokens(question.params) : NaN;
    this.x = { N: question.params, D: question.tokens, r: 0, D0: this.seen, ...fit.elsewhere };
  }
  baseTokens(params) {
    return this.question.baseTokens === null ? baseTokensAt(this.fit.baseTokens, params) : this.question.baseTokens;
  }
  get count() { return this.thetas.length; }
  at(draw, ratio, params) {
    const x = this.x;
    x.r = this.fit.corpus === "domain" ? ratio : 1 - ratio;
    x.N = params === undefined ? this.question.params : params;
    if (params !== undefined && !Number.isNaN(this.seen)) x.D0 = this.baseTokens(params);
    const value = this.value(this.thetas[draw], x);
    if (params !== undefined) x.D0 = this.seen;
    return value;
  }
  all(ratio) { return this.thetas.map((_, draw) => this.at(draw, ratio)); }
}

function makePlanner(data, laws) {
  const ready = (corpus) => corpus && {
    ...corpus,
    thetas: [corpus.theta, ...corpus.draws].map((row) => row.map(number)),
    misses: corpus.misses.map(number),
  };
  const fits = { general: ready(data.general), domain: ready(data.domain) };
  const grid = data.grid, last = grid.length - 1, known = fits.general;

  function checked(q) {
    const positive = { params: q.params, tokens: q.tokens, "base general loss": q.baseLoss, "base tokens": q.baseTokens };
    for (const [name, given] of Object.entries(positive))
      if (given !== null && !(Number.isFinite(given) && given > 0)) throw new Refused(note("not_positive", { name, given }));
    if (!(Number.isFinite(q.tolerance) && q.tolerance >= 0)) throw new Refused(note("tolerance_negative", { given: q.tolerance }));
    const smallest = known.ranges.params[0];
    if (q.params < smallest * (1 - SAME)) throw new Refused(note("smaller_than_probes", { params: q.params, smallest }));
    if (q.baseTokens !== null && !(known.baseTokens && known.baseTokens.known)) throw new Refused(note("base_tokens_without_use", {}));
  }

  /* {draws, warnings}: the base loss in the fit and in every draw */
  function baseLoss(curve, q) {
    const count = curve.count, all = (value) => new Array(count).fill(value);
    if (q.baseLoss !== null) return { draws: all(q.baseLoss), warnings: [] };
    const sizes = data.bases.map((b) => b.params), losses = data.bases.map((b) => b.loss);
    if (!sizes.length) throw new NoBaseLoss(note("no_base_loss", {}));
    const close = nearest(sizes, q.params);
    if (same(sizes[close], q.params)) return { draws: all(losses[close]), warnings: [] };
    return data.additive ? bySizeTerm(curve, q, sizes, losses) : byPowerLaw(q, sizes, losses, count);
  }

  function bySizeTerm(curve, q, sizes, losses) {
    const ratio = (known.ranges.ratio[0] + known.ranges.ratio[1]) / 2, k = sizes.length;
    const offsets = (draw) => sizes.map((size, i) => losses[i] - curve.at(draw, ratio, size));
    const first = offsets(0), scale = (k > 1 ? spreadOf(first) : 0) * Math.sqrt(1 + 1 / k);
    const draws = curve.thetas.map((_, draw) =>
      curve.at(draw, ratio, q.params) + mean(offsets(draw)) + scale * data.noise.base[draw]);
    return { draws, warnings: offsetWarnings(sizes, first) };
  }

  function offsetWarnings(sizes, offsets) {
    const carried = note("base_by_size_term", {});
    if (sizes.length === 1) return [note("base_by_one_size", { size: sizes[0] })];
    const ordered = sizes.map((size, i) => [size, offsets[i]]).sort((a, b) => a[0] - b[0]).map((pair) => pair[1]);
    const steps = ordered.slice(1).map((v, i) => v - ordered[i]);
    const span = Math.max(...ordered) - Math.min(...ordered);
    if (span < 0.005 || !(steps.every((s) => s > 0) || steps.every((s) => s < 0))) return [carried];
    return [carried, note("rise_by_size", { way: steps[0] > 0 ? "shrinks" : "grows", span })];
  }

  function byPowerLaw(q, sizes, losses, count) {
    if (new Set(sizes).size < 2) throw new NoBaseLoss(note("one_base_loss", { size: sizes[0] }));
    const x = sizes.map(Math.log), y = losses.map(Math.log), fit = line(x, y), free = sizes.length - 2;
    const target = Math.log(q.params), value = Math.exp(fit.level + fit.slope * target);
    const rest = x.reduce((sum, v, i) => sum + (y[i] - fit.level - fit.slope * v) ** 2, 0);
    const spread = free > 0 ? Math.sqrt(rest / free) : 0;
    const scale = spread * Math.sqrt(1 + 1 / sizes.length + (target - fit.mx) ** 2 / fit.square);
    const draws = Array.from({ length: count }, (_, draw) => value * Math.exp(scale * data.noise.base[draw]));
    return { draws, warnings: [note("base_by_power_law", {})] };
  }

  /* The rise over the base loss: rise.at(draw, ratio), and the loss itself. */
  function makeRise(q) {
    if (!known.variables.includes("share")) throw new NotIdentified(note("law_blind_to", { law: known.law, name: "the ratio" }));
    const curve = new Curve(known, laws[known.law], q);
    let base;
    try {
      base = baseLoss(curve, q);
    } catch (reason) {
      if (!(reason instanceof NotIdentified) || !known.differences || q.relative) throw reason;
      base = { draws: new Array(curve.count).fill(NaN), warnings: [note("loss_unknown", { reason: reason.message })] };
    }
    const at = known.differences
      ? (draw, ratio) => curve.at(draw, ratio)
      : (draw, ratio) => curve.at(draw, ratio) - base.draws[draw];
    const loss = (draw, ratio) => curve.at(draw, ratio) + (known.differences ? base.draws[draw] : 0);
    return { curve, base, at, loss, allowed: q.relative ? q.tolerance * base.draws[0] : q.tolerance };
  }

  function largestRatio(rise, draw, limit) {
    const passes = (i) => rise.at(draw, grid[i]) <= limit;
    let i = last;
    if (!(passes(last) && passes(last - 1))) for (i = last - 1; i >= 0 && !passes(i); i--);
    if (i < 0) return NaN;
    let low = grid[i], high = grid[Math.min(i + 1, last)];
    for (let step = 0; step < HALVINGS; step++) {
      const middle = 0.5 * (low + high);
      if (rise.at(draw, middle) <= limit) low = middle; else high = middle;
    }
    return low;
  }

  function missAt(ratio) {
    if (!known.misses.length || known.misses.length !== known.ratios.length) return 0;
    let above = known.ratios.findIndex((one) => one >= ratio);
    if (above < 0) above = known.ratios.length;
    above = Math.min(Math.max(above, 1), Math.max(known.ratios.length - 1, 1));
    const near = known.misses.slice(above - 1, above + 1).filter(Number.isFinite);
    return near.length ? Math.sqrt(mean(near.map((v) => v * v))) : 0;
  }

  function roots(rise) {
    const point = largestRatio(rise, 0, rise.allowed), scale = missAt(Number.isNaN(point) ? 0 : point);
    return rise.curve.thetas.map((_, draw) => (draw ? largestRatio(rise, draw, rise.allowed + scale * data.noise.miss[draw]) : point));
  }

  const beyond = (value, low, high) => Math.max(1, value / high, low / value);
  function factors(q, ratio) {
    const [low, high] = known.ranges.ratio;
    return {
      params: beyond(q.params, ...known.ranges.params),
      tokens: beyond(q.tokens, ...known.ranges.tokens),
      ratio: Number.isFinite(ratio) ? Math.max(0, low - ratio, ratio - high) : NaN,
    };
  }

  function baseGaps(q) {
    const seen = known.baseTokens;
    if (!seen || !seen.known) return null;
    const target = q.baseTokens === null ? baseTokensAt(seen, q.params) : q.baseTokens;
    const each = seen.tokens.map((tokens, i) => tokens / seen.params[i]), [low, high] = known.ranges.tokens;
    return {
      target,
      perParam: [target / q.params, Math.min(...each), Math.max(...each)],
      progress: [q.tokens / target, low / Math.max(...seen.tokens), high / Math.min(...seen.tokens)],
    };
  }

  function baseWarnings(q, gaps) {
    const used = known.usesBase;
    if (!gaps) return used ? [note("base_tokens_unsaid", {})] : [];
    const found = [];
    if (q.baseTokens === null && known.baseTokens.varies && used) found.push(note("base_tokens_carried", { tokens: gaps.target }));
    const numbers = used ? gaps.progress : gaps.perParam, [value, low, high] = numbers;
    return beyond(...numbers) > FAR ? [...found, note(used ? "replay_far" : "base_far", { value, low, high })] : found;
  }

  function distanceWarnings(q) {
    const found = [], { params, tokens } = known.ranges;
    const compute = (q.params / params[1]) * (q.tokens / tokens[1]);
    if (compute > FAR) found.push(note("compute_far", { compute }));
    if (q.tokens < tokens[0] * (1 - SAME)) found.push(note("tokens_few", { tokens: q.tokens }));
    return found;
  }

  function ratioWarnings(ratio) {
    const [low, high] = known.ranges.ratio, ratios = known.ratios, what = "critical ratio";
    if (!Number.isFinite(ratio)) return [];
    if (ratio < low || ratio > high) return [note("ratio_outside", { what, ratio, low, high })];
    const above = ratios.findIndex((one) => one >= ratio);
    if (above < 1 || ratios[above] === ratio || ratios[above] - ratios[above - 1] <= WIDE + 1e-9) return [];
    return [note("ratio_in_a_gap", { what, ratio, low: ratios[above - 1], high: ratios[above] })];
  }

  function fitWarnings(rise, ratio) {
    let miss = missAt(ratio), code = "law_rough_near";
    if (miss === 0) {
      miss = number(known.residualSd) * (known.differences ? 1 : rise.base.draws[0]);
      code = "law_rough";
    }
    const rough = note(code, { miss, allowed: rise.allowed });
    return [...(miss > rise.allowed / 2 ? [rough] : []), ...data.warnings, ...known.warnings.map((w) => `general fit: ${w}`)];
  }

  function domainCurve(q) {
    const fit = fits.domain;
    if (!fit) return { curve: null, notes: [note("no_domain", {})] };
    const unsure = fit.status === "not_identified" ? fit.warnings.map((w) => `domain fit: ${w}`) : [];
    try {
      if (!fit.variables.includes("share")) throw new NotIdentified(note("law_blind_to", { law: fit.law, name: "the ratio" }));
      return { curve: new Curve(fit, laws[fit.law], { ...q, baseTokens: null }), notes: unsure };
    } catch (reason) {
      if (!(reason instanceof NotIdentified)) throw reason;
      return { curve: null, notes: [note("domain_unknown", { reason: reason.message })] };
    }
  }

  function judged(rise, found) {
    const failing = found.length > 1 ? found.slice(1).filter(Number.isNaN).length / (found.length - 1) : 0;
    if (Number.isNaN(found[0])) {
      let best = 0;
      for (let i = 1; i < last; i++) if (rise.at(0, grid[i]) < rise.at(0, grid[best])) best = i;
      const over = rise.at(0, grid[best]) - rise.allowed, ratio = grid[best];
      return { status: "infeasible", ratio, notes: [note("infeasible", { over, ratio })] };
    }
    let first = 0;
    while (!(rise.at(0, grid[first]) <= rise.allowed)) first++;
    const notes = grid[first] > 0 ? [note("low_ratios_fail", { ratio: grid[first] })] : [];
    if (failing > 0) notes.push(note("draws_fail", { percent: 100 * failing }));
    return { status: found[0] === 1 && first === 0 ? "unconstrained" : "ok", ratio: found[0], notes };
  }

  const UNKNOWN = { value: NaN, low: NaN, high: NaN };
  const unanswered = (q, reason) => ({ status: "not_identified", critical_ratio: UNKNOWN, general_loss: UNKNOWN, domain_loss: UNKNOWN,
    base_general_loss: UNKNOWN, extrapolation: factors(q, NaN), warnings: [reason, ...data.warnings], allowed: NaN });
  function plan(q) {
    checked(q);
    let answer;
    try {
      answer = planned(q, makeRise(q));
    } catch (reason) {
      if (!(reason instanceof NotIdentified)) throw reason;
      return unanswered(q, reason instanceof NoBaseLoss ? note("give_base_loss", { reason: reason.message }) : reason.message);
    }
    for (const name of ["general_loss", "domain_loss", "base_general_loss"]) {
      const loss = answer[name].value;
      if (loss <= 0 || loss > MOST_LOSS) return unanswered(q, note("impossible_loss", { name: name.replaceAll("_", " "), loss }));
    }
    const cut = (v) => Math.min(Math.max(v, 0), MOST_LOSS);
    for (const name of ["general_loss", "domain_loss", "base_general_loss"])
      answer[name] = { value: answer[name].value, low: cut(answer[name].low), high: cut(answer[name].high) };
    return answer;
  }
  function planned(q, rise) {
    const found = roots(rise), { status, ratio, notes } = judged(rise, found), level = data.level;
    const domain = domainCurve(q), gaps = baseGaps(q);
    const each = (value) => rise.curve.thetas.map((_, draw) => value(draw));
    const extrapolation = factors(q, ratio);
    if (gaps) {
      extrapolation.base_tokens_per_param = beyond(...gaps.perParam);
      if (known.usesBase) extrapolation.progress = beyond(...gaps.progress);
    }
    const warnings = [...notes, ...rise.base.warnings, ...distanceWarnings(q), ...baseWarnings(q, gaps),
      ...ratioWarnings(found[0]), ...domain.notes, ...fitWarnings(rise, ratio)];
    return {
      status,
      critical_ratio: { ...interval(found.map((v) => (Number.isNaN(v) ? 0 : v)), level), value: found[0] },
      general_loss: interval(each((draw) => rise.loss(draw, ratio)), level),
      domain_loss: domain.curve ? interval(domain.curve.all(ratio), level) : UNKNOWN,
      base_general_loss: Number.isNaN(rise.base.draws[0]) ? UNKNOWN : interval(rise.base.draws, level),
      extrapolation,
      warnings: [...new Set(warnings)],
      allowed: rise.allowed,
    };
  }

  /* Both curves over the ratios: {ratios, rise: [interval, ...], domain: [interval, ...] or null}; null if not identified. */
  function curves(q, ratios) {
    try {
      checked(q);
      const rise = makeRise(q), domain = domainCurve(q).curve;
      return {
        ratios,
        rise: ratios.map((ratio) => interval(rise.curve.thetas.map((_, draw) => rise.at(draw, ratio)), data.level)),
        domain: domain && ratios.map((ratio) => interval(domain.all(ratio), data.level)),
      };
    } catch (reason) {
      if (reason instanceof NotIdentified || reason instanceof Refused) return null;
      throw reason;
    }
  }

  return { plan, curves };
}
