"use strict";
/* A plan computed from a fit's draws, as scaling.critical_ratio does it: same curves, same roots, same sentences.
   makePlanner(data, laws) -> {plan(question), curves(question)}; question: {params, tokens, tolerance, relative,
   baseLoss, baseTokens, far}, the base's null where they are not known; far: a target far beyond the probes is meant.
   Throws Refused for a question without sense. */

class Refused extends Error {}
class NotIdentified extends Error {}
class NoBaseLoss extends NotIdentified {}

const SAME = 0.01, FAR = 3.0, WIDE = 0.25, HALVINGS = 48, FARTHEST = 1000;
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
    if (beyond > FARTHEST && !q.far) throw new NotIdentified(`the target's ${name} are ${general(beyond, 2)} times beyond those of the probes, so that ` +
      "one of them is likely to be in another unit, as billions are; --far answers where it is meant");
  }
}

/* One corpus at a target: values of the fit (draw 0) and of its draws against the ratio. */
class Curve {
  constructor(fit, value, question) {
    Object.assign(this, { fit, value, question, thetas: fit.thetas });
    refuseFarther(fit, question);
    for (const name of ["params", "tokens"]) {
      if (!fit.variables.includes(name) && !same(...fit.ranges[name]))
        throw new NotIdentified(`the law ${fit.law} does not look at ${name}, in which the probes differ`);
    }
    for (const [name, only] of Object.entries(fit.held)) {
      if (name === "ratio" || name === "share")
        throw new NotIdentified(`the table has only one ratio (${general(only, 6)}), so nothing is known at others`);
      if (!same(question[name], only))
        throw new NotIdentified(`all probes have ${formatCount(only)} ${name}, so nothing is known at ${formatCount(question[name])}`);
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
    for (const name of ["params", "tokens"])
      if (!(Number.isFinite(q[name]) && q[name] > 0)) throw new Refused(`${name} must be above 0, not ${general(q[name], 6)}`);
    if (!(Number.isFinite(q.tolerance) && q.tolerance >= 0))
      throw new Refused(`tolerance must not be negative, and is ${general(q.tolerance, 6)}`);
    const smallest = known.ranges.params[0];
    if (q.params < smallest * (1 - SAME))
      throw new Refused(`params ${formatCount(q.params)} is smaller than the smallest probe (${formatCount(smallest)}); ` +
        "a plan carries probes to models of their size or larger");
    if (q.baseTokens !== null && !(q.baseTokens > 0)) throw new Refused(`base tokens must be above 0, not ${general(q.baseTokens, 6)}`);
    if (q.baseTokens !== null && !(known.baseTokens && known.baseTokens.known))
      throw new Refused("the table does not say for every size how long its base was trained (column base_tokens), " +
        "so the target's base tokens have no use");
    if (q.baseLoss !== null && !(q.baseLoss > 0)) throw new Refused(`base general loss must be above 0, not ${general(q.baseLoss, 6)}`);
  }

  /* {draws, warnings}: the base loss in the fit and in every draw */
  function baseLoss(curve, q) {
    const count = curve.count, all = (value) => new Array(count).fill(value);
    if (q.baseLoss !== null) return { draws: all(q.baseLoss), warnings: [] };
    const sizes = data.bases.map((b) => b.params), losses = data.bases.map((b) => b.loss);
    if (!sizes.length) throw new NoBaseLoss("the table has no general loss at tokens 0");
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
    const carried = "the base general loss is carried from other sizes; measuring it needs only the base checkpoint";
    if (sizes.length === 1) return [`${carried}, and one size alone (${formatCount(sizes[0])}) cannot say how well that works`];
    const ordered = sizes.map((size, i) => [size, offsets[i]]).sort((a, b) => a[0] - b[0]).map((pair) => pair[1]);
    const steps = ordered.slice(1).map((v, i) => v - ordered[i]);
    const span = Math.max(...ordered) - Math.min(...ordered);
    if (span < 0.005 || !(steps.every((s) => s > 0) || steps.every((s) => s < 0))) return [carried];
    return [carried, `the rise over the base loss ${steps[0] > 0 ? "shrinks" : "grows"} with model size, by ${span.toFixed(3)} ` +
      "nats over the probes, and a law that is additive in size cannot carry that to the target"];
  }

  function byPowerLaw(q, sizes, losses, count) {
    if (new Set(sizes).size < 2) throw new NoBaseLoss(`the only base loss is that of ${formatCount(sizes[0])} params`);
    const x = sizes.map(Math.log), y = losses.map(Math.log), fit = line(x, y), free = sizes.length - 2;
    const target = Math.log(q.params), value = Math.exp(fit.level + fit.slope * target);
    const rest = x.reduce((sum, v, i) => sum + (y[i] - fit.level - fit.slope * v) ** 2, 0);
    const spread = free > 0 ? Math.sqrt(rest / free) : 0;
    const scale = spread * Math.sqrt(1 + 1 / sizes.length + (target - fit.mx) ** 2 / fit.square);
    const draws = Array.from({ length: count }, (_, draw) => value * Math.exp(scale * data.noise.base[draw]));
    return { draws, warnings: ["the base general loss is carried from other sizes by a power law"] };
  }

  /* The rise over the base loss: rise.at(draw, ratio), and the loss itself. */
  function makeRise(q) {
    if (!known.variables.includes("share")) throw new NotIdentified(`the law ${known.law} does not look at the ratio`);
    const curve = new Curve(known, laws[known.law], q);
    let base;
    try {
      base = baseLoss(curve, q);
    } catch (reason) {
      if (!(reason instanceof NotIdentified) || !known.differences || q.relative) throw reason;
      base = { draws: new Array(curve.count).fill(NaN), warnings: [`the loss itself is unknown: ${reason.message}`] };
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
    if (!gaps) return used
      ? ["the table does not say for every size how long its base was trained (column base_tokens): all are taken to have " +
        "seen the same tokens, many more than CPT has"] : [];
    const found = [];
    if (q.baseTokens === null && known.baseTokens.varies && used)
      found.push(`the target's base is taken to have seen ${formatCount(gaps.target)} tokens, as the bases of the probes go on`);
    const numbers = used ? gaps.progress : gaps.perParam, [value, low, high] = numbers.map((v) => general(v, 3));
    const far = used
      ? `CPT is ${value} of the tokens of the target's base, and ${low} to ${high} of those of the probes': what replay gains is extrapolated`
      : `the target's base saw ${value} tokens a parameter, those of the probes ${low} to ${high}, which the law does not look at: one more extrapolation`;
    return beyond(...numbers) > FAR ? [...found, far] : found;
  }

  function distanceWarnings(q) {
    const found = [], { params, tokens } = known.ranges;
    const compute = (q.params / params[1]) * (q.tokens / tokens[1]);
    if (compute > FAR) found.push(`the target is ${general(compute, 3)}x the compute of the largest probe: published laws stay near 2 % error in the ` +
      "loss up to 3x and reach 10 % at 10x");
    if (q.tokens < tokens[0] * (1 - SAME)) found.push(`no checkpoint that was fitted has as few as ${formatCount(q.tokens)} tokens`);
    return found;
  }

  function ratioWarnings(ratio) {
    const [low, high] = known.ranges.ratio, ratios = known.ratios, text = `the critical ratio ${ratio.toFixed(3)} lies`;
    if (!Number.isFinite(ratio)) return [];
    if (ratio < low || ratio > high)
      return [`${text} outside the probed ratios ${general(low, 6)} to ${general(high, 6)}; replay tables are missed by 6 to 12 % at an end that was never trained`];
    const above = ratios.findIndex((one) => one >= ratio);
    if (above < 1 || ratios[above] === ratio || ratios[above] - ratios[above - 1] <= WIDE + 1e-9) return [];
    return [`${text} between the probed ratios ${general(ratios[above - 1], 6)} and ${general(ratios[above], 6)}; a probe between them would pin it`];
  }

  function fitWarnings(rise, ratio) {
    let miss = missAt(ratio), where = "finished runs near this ratio";
    if (miss === 0) {
      miss = number(known.residualSd) * (known.differences ? 1 : rise.base.draws[0]);
      where = "its rows";
    }
    const rough = `the law misses the general loss of ${where} by ${general(miss, 3)} nats, which is much for a tolerance of ${general(rise.allowed, 3)} nats`;
    return [...(miss > rise.allowed / 2 ? [rough] : []), ...data.warnings, ...known.warnings.map((w) => `general fit: ${w}`)];
  }

  function domainCurve(q) {
    const fit = fits.domain;
    if (!fit) return { curve: null, notes: ["the fit has no domain corpus, so the domain loss is unknown"] };
    const unsure = fit.status === "not_identified" ? fit.warnings.map((w) => `domain fit: ${w}`) : [];
    try {
      if (!fit.variables.includes("share")) throw new NotIdentified(`the law ${fit.law} does not look at the ratio`);
      return { curve: new Curve(fit, laws[fit.law], { ...q, baseTokens: null }), notes: unsure };
    } catch (reason) {
      if (!(reason instanceof NotIdentified)) throw reason;
      return { curve: null, notes: [`domain loss unknown: ${reason.message}`] };
    }
  }

  function judged(rise, found) {
    const failing = found.length > 1 ? found.slice(1).filter(Number.isNaN).length / (found.length - 1) : 0;
    if (Number.isNaN(found[0])) {
      let best = 0;
      for (let i = 1; i < last; i++) if (rise.at(0, grid[i]) < rise.at(0, grid[best])) best = i;
      const over = (rise.at(0, grid[best]) - rise.allowed).toFixed(4);
      return { status: "infeasible", ratio: grid[best], notes: [
        `the least rise there is exceeds the tolerance by ${over} nats, at ratio ${general(grid[best], 3)}; a lower learning rate, more tokens or a larger tolerance would help`] };
    }
    let first = 0;
    while (!(rise.at(0, grid[first]) <= rise.allowed)) first++;
    const notes = grid[first] > 0 ? [`below ratio ${general(grid[first], 3)} the general loss is not within the tolerance either`] : [];
    if (failing > 0) notes.push(`in ${general(100 * failing, 3)} % of the draws no ratio stays within the tolerance`);
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
      return unanswered(q, reason.message + (reason instanceof NoBaseLoss ? "; give the target's with --base-general-loss" : ""));
    }
    for (const name of ["general_loss", "domain_loss", "base_general_loss"]) {
      if (answer[name].value <= 0) return unanswered(q, `the law gives a ${name.replaceAll("_", " ")} of ${general(answer[name].value, 3)} nats at ` +
        "the target, which no model has: it lies too far from the probes, or columns are in other units than the contract's");
    }
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
