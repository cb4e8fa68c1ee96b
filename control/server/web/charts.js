// SPDX-License-Identifier: BSD-3-Clause
// charts: areas over time as SVG, stacked upwards and downwards from one base line. All numbers come from the samples of
// history.js.

import {element, mark, put, svg, sync} from './dom.js';
import {clock, dateOf} from './format.js';
import {GAP_MS, SPAN_MS} from './history.js';

const LEFT = 70, RIGHT = 10, TOP = 8, BOTTOM = 20, HEIGHT = 150;
const MINUTE = 60000;

// Splits samples into runs without a gap. No line crosses a gap.
function runsOf(samples) {
	const runs = [];

	for (const sample of samples) {
		const run = runs.at(-1);
		if (run && sample.at - run.at(-1).at <= GAP_MS)
			run.push(sample);
		else
			runs.push([sample]);
	}
	return runs;
}

// The smallest round number that is not below `value`. Its half is round, too.
function niceAbove(value) {
	const power = 10 ** Math.floor(Math.log10(value));
	return [1, 2, 3, 4, 5, 6, 8, 10].map((step) => step * power).find((step) => step >= value * 0.999);
}

function area(points) {
	const top = points.map((p) => `${p.x.toFixed(1)} ${p.top.toFixed(1)}`);
	const base = points.map((p) => `${p.x.toFixed(1)} ${p.base.toFixed(1)}`).reverse();

	return `M${top.join('L')}L${base.join('L')}Z`;
}

function line(points) {
	return `M${points.map((p) => `${p.x.toFixed(1)} ${p.top.toFixed(1)}`).join('L')}`;
}

// The paths of stacked series. scale: {x(at), y(value)}. Returns [{fill, stroke}] in the order of the series.
function stack(runs, series, scale) {
	const sums = new Map();

	return series.map((one) => {
		const parts = runs.map((run) => run.map((sample) => {
			const base = sums.get(sample) ?? 0, top = base + one.value(sample);
			sums.set(sample, top);
			return {x: scale.x(sample.at), base: scale.y(base), top: scale.y(top)};
		}));
		return {fill: parts.map(area).join(''), stroke: parts.map(line).join('')};
	});
}

function highest(samples, series) {
	return Math.max(0, ...samples.map((sample) => series.reduce((sum, one) => sum + one.value(sample), 0)));
}

// A small chart without axes: received above, sent below.
export function sparkline(root, samples, now, up, down) {
	const width = 120, height = 24, middle = height / 2;
	const recent = samples.filter((sample) => sample.at >= now - MINUTE), runs = runsOf(recent);
	const top = Math.max(highest(recent, [up]), highest(recent, [down])) || 1;
	const x = (at) => width * (1 - (now - at) / MINUTE);

	[[up, -1], [down, 1]].forEach(([one, sign], i) => {
		const scale = {x, y: (value) => middle + sign * (0.5 + (value / top) * (middle - 1))};
		mark(root.children[i], {d: stack(runs, [one], scale)[0].fill});
	});
}

export function sparklineMade() {
	return svg('svg', {class: 'sparkline', viewBox: '0 0 120 24', preserveAspectRatio: 'none', 'aria-hidden': 'true'},
		svg('path', {class: 'rx'}), svg('path', {class: 'tx'}));
}

function legendMade() {
	return element('li', {}, element('i', {class: 'swatch', 'aria-hidden': 'true'}), element('span'), element('b'));
}

function showLegend(item, {tone, label, words}) {
	mark(item, {class: tone});
	put(item.children[1], label);
	put(item.children[2], words);
}

// One chart. up, down: samples => [{name, label, tone, value(sample)}]. say(value): formats a value with its unit.
export class Chart {
	constructor(root, {title, up, down = () => [], say, quiet}) {
		Object.assign(this, {up, down, say, title, quiet, samples: [], now: 0, over: null});
		this.axes = svg('g', {class: 'axes'});
		this.areas = svg('g', {class: 'areas'});
		this.pointer = svg('line', {class: 'pointer', y1: TOP, y2: HEIGHT - BOTTOM, visibility: 'hidden'});
		this.picture = svg('svg', {class: 'chart', height: HEIGHT, role: 'img', 'aria-label': title,
			pointermove: (event) => this.#point(event), pointerleave: () => this.#leave()},
			this.axes, this.areas, this.pointer);
		this.legend = element('ul', {class: 'legend'});
		this.when = element('span', {class: 'when'});
		const caption = element('figcaption', {}, element('span', {class: 'chart-title'}, title), this.when, this.legend);
		root.append(element('figure', {}, caption, this.picture));
		new ResizeObserver(() => this.#draw()).observe(this.picture);
	}

	show(samples, now) {
		Object.assign(this, {samples, now});
		this.#draw();
	}

	#draw() {
		const width = this.picture.clientWidth;
		if (width < LEFT + RIGHT + 40)
			return;
		const up = this.up(this.samples), down = this.down(this.samples);
		const top = highest(this.samples, up), bottom = highest(this.samples, down);
		const most = niceAbove(Math.max(top, bottom, 1));
		const scale = this.#scale(width, most, down.length > 0);

		this.#drawAxes(width, scale, most, down.length > 0);
		this.#drawAreas([...up.map((one) => [one, 1]), ...down.map((one) => [one, -1])], scale);
		this.#showValues(this.#pointed(width), up, down);
	}

	// The sample under the pointer. The picture moves along below the pointer. null: there is none.
	#pointed(width) {
		const at = this.now - SPAN_MS * (1 - (this.over - LEFT) / (width - LEFT - RIGHT));
		const near = this.over === null ? null : this.#nearest(at);
		const x = near && LEFT + (width - LEFT - RIGHT) * (1 - (this.now - near.at) / SPAN_MS);

		mark(this.pointer, near ? {x1: x, x2: x, visibility: 'visible'} : {visibility: 'hidden'});
		return near;
	}

	#nearest(at) {
		const distance = (sample) => Math.abs(sample.at - at);
		const near = this.samples.reduce((best, one) => (best && distance(best) <= distance(one) ? best : one), null);

		return near && distance(near) <= GAP_MS ? near : null;
	}

	#scale(width, most, mirrored) {
		const low = HEIGHT - BOTTOM, base = mirrored ? (TOP + low) / 2 : low;

		return {
			x: (at) => LEFT + (width - LEFT - RIGHT) * (1 - (this.now - at) / SPAN_MS),
			y: (value) => base - (value / most) * (base - TOP),
			width, base,
		};
	}

	#drawAxes(width, scale, most, mirrored) {
		const values = mirrored ? [most, most / 2, 0, -most / 2, -most] : [most, most / 2, 0];
		const lines = values.flatMap((value) => {
			const y = scale.y(value), words = value ? this.say(Math.abs(value)).replace(/\.0+(?=\D)/, '') : '0';
			return [svg('line', {x1: LEFT, x2: width - RIGHT, y1: y, y2: y, class: value ? 'grid' : 'base'}),
				svg('text', {x: LEFT - 8, y: y + 3.5, 'text-anchor': 'end'}, words)];
		});
		const minutes = [5, 4, 3, 2, 1, 0].filter((m) => width > 420 || m % 2).map((m) => {
			const anchor = m === 0 ? 'end' : m === 5 ? 'start' : 'middle';
			const x = scale.x(this.now - m * MINUTE);
			return svg('text', {x, y: HEIGHT - 5, 'text-anchor': anchor}, m ? `−${m} min` : 'now');
		});

		this.axes.replaceChildren(...lines, ...minutes);
	}

	#drawAreas(series, scale) {
		const runs = runsOf(this.samples);
		const down = (value) => 2 * scale.base - scale.y(value);
		const paths = (sign) => {
			const some = series.filter(([, s]) => s === sign).map(([one]) => one);
			const drawn = stack(runs, some, {x: scale.x, y: sign > 0 ? scale.y : down});
			return some.map((one, i) => ({tone: one.tone, name: one.name, ...drawn[i]}));
		};

		sync(this.areas, [...paths(1), ...paths(-1)], (path) => path.name,
			() => svg('g', {}, svg('path', {class: 'fill'}), svg('path', {class: 'stroke'})),
			(node, path) => {
				mark(node, {class: path.tone});
				mark(node.firstElementChild, {d: path.fill});
				mark(node.lastElementChild, {d: path.stroke});
			});
	}

	// The legend shows the values at the pointer, or the latest values.
	#showValues(pointed, up, down) {
		const last = this.samples.at(-1), sample = pointed ?? (this.now - last?.at <= GAP_MS ? last : null);
		const values = [...up, ...down].map((one) => ({...one, words: this.say(sample ? one.value(sample) : 0)}));
		const all = values.map((one) => `${one.label} ${one.words}`).join(', ') || this.quiet;

		put(this.when, pointed ? clock(dateOf(pointed.at)) : '');
		sync(this.legend, values, (one) => one.name, legendMade, showLegend);
		if (!values.length)
			this.legend.replaceChildren(element('li', {class: 'quiet'}, this.quiet));
		mark(this.picture, {'aria-label': `${this.title}: ${all}`});
	}

	#point(event) {
		this.over = event.clientX - this.picture.getBoundingClientRect().left;
		this.#draw();
	}

	#leave() {
		this.over = null;
		this.#draw();
	}
}
