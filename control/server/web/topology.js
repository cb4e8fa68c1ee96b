// SPDX-License-Identifier: BSD-3-Clause
// topology: the switch as a tall box, its ports on both sides in the boxes of their groups, and the current rate of each link.
// A click or Enter selects. Arrow keys go from port to port.

import {byId, mark, put, stateShape, svg, sync} from './dom.js';
import {bits, count, plural} from './format.js';
import {WHOLE} from './history.js';
import {modesOf, vlansOf} from './modes.js';

const NARROW = 460, GAP = 14, PAD = 8, HEAD = 24;

// The port groups in the order of their first port. Empty groups come last.
function partsOf(ports, groups) {
	const named = Map.groupBy(ports, (port) => port.port_group ?? '');
	const empty = groups.filter((group) => !named.has(group.name)).map((group) => [group.name, []]);

	return [...named, ...empty].map(([name, members]) => ({name, members, key: name}));
}

const heightOf = (part, row) => HEAD + PAD + part.members.length * row;
const sumOf = (side, row) => side.reduce((sum, part) => sum + heightOf(part, row) + GAP, 0);

// Each part goes to the shorter side. If the sides then differ much, the last part of the longer side is split.
function sidesOf(parts, columns, row) {
	const sides = Array.from({length: columns}, () => []);
	const shortest = () => sides.reduce((best, side) => (sumOf(side, row) < sumOf(best, row) ? side : best));

	for (const part of parts)
		shortest().push(part);
	const short = shortest(), long = sides.find((side) => side !== short);
	const move = long ? Math.floor((sumOf(long, row) - sumOf(short, row)) / 2 / row) : 0;
	if (move > 3 && long.at(-1).members.length > move) {
		const {name, members} = long.pop();
		long.push({name, key: name, members: members.slice(0, -move)});
		short.push({name, key: `${name} `, members: members.slice(-move)});
	}
	return sides;
}

// The boxes of a side, one below the other, vertically centred.
function boxesOf(side, row, place) {
	let y = (place.height - sumOf(side, row) + GAP) / 2;

	return side.map((part) => {
		const box = {...part, y, x: place.x, width: place.width, height: heightOf(part, row), right: place.right};
		y += box.height + GAP;
		return box;
	});
}

// The positions of all parts: {width, height, hub, boxes, nodes}, in pixels.
function layout(width, ports, groups) {
	const columns = width < NARROW ? 1 : 2;
	const each = Math.ceil(ports.length / columns);
	const row = each <= 5 ? 76 : each <= 7 ? 62 : each <= 10 ? 48 : each <= 16 ? 37 : 25, roomy = row > 30;
	const sides = sidesOf(partsOf(ports, groups), columns, row);
	const height = Math.max(160, ...sides.map((side) => sumOf(side, row) - GAP));
	const hub = {width: width * (roomy ? 0.2 : 0.17)};
	const node = width * (columns === 1 ? 0.46 : roomy ? 0.27 : 0.35);
	hub.x = columns === 2 ? (width - hub.width) / 2 : width - hub.width;
	const boxes = sides.flatMap((side, i) => boxesOf(side, row, {height, width: node, x: i ? width - node : 0, right: i > 0}));
	const nodes = boxes.flatMap((box) => box.members.map((port, i) => ({
		port, row, x: box.x + PAD, y: box.y + HEAD + i * row, width: node - 2 * PAD,
		link: box.right ? [hub.x + hub.width, box.x + PAD] : [box.x + node - PAD, hub.x],
	})));

	return {width, height, hub, boxes, nodes, roomy, rates: row > 40};
}

function shortened(text, length) {
	const most = Math.floor(length);
	return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function showBox(node, box, {selection}) {
	const {x, y, width, height, name, members} = box, [frame, words] = node.children;

	mark(frame, {x, y, width, height});
	mark(words, {x: x + PAD + 2, y: y + 16});
	put(words, shortened(name || 'no port group', (width - 20) / 7));
	if (name)
		mark(node, {
			'aria-pressed': selection.kind === 'group' && selection.name === name,
			'aria-label': `Port group ${name}, ${plural(members.length, 'port')}`,
		});
}

// The first mode of a port and its MACs, or the mode alone if there is no room for both.
function noteOf(port, modes, room) {
	const macs = plural(port.macs, 'MAC'), whole = modes.length ? `${modes[0].short}, ${macs}` : macs;

	return whole.length > room && modes.length ? modes[0].short : whole;
}

// The label of a button: the text that it shows, so that a user can say it, and then the rest. Blanks between the texts keep
// their words apart.
function labelOf(texts, rest) {
	return `${texts.map((node) => node.textContent).filter((text) => text).join(' ')}: ${rest.join(', ')}`;
}

function showNode(node, {port, x, y, width, row, link}, {roomy, rates}, shown) {
	const [box, icon, name, note, wires] = node.children;
	const middle = y + row / 2 - 2, modes = modesOf(port, shown), {selection, history} = shown;
	const macs = roomy ? noteOf(port, modes, (width - 32) / 6.9) : count(port.macs);
	const rest = [`port ${port.name}`, port.state, vlansOf(port, shown), ...modes.map(({full}) => full), plural(port.macs, 'MAC')];

	mark(node, {
		'data-state': port.state,
		'aria-pressed': selection.kind === 'port' && selection.name === port.name,
	});
	mark(box, {x, y, width, height: row - 5});
	if (icon.dataset.state !== port.state)
		icon.replaceChildren(stateShape(port.state));
	mark(icon, {'data-state': port.state, transform: `translate(${x + 15} ${middle})`});
	put(name, shortened(port.name, (width - (roomy ? 36 : 84)) / 8.5));
	put(note, port.state === 'up' ? macs : port.state);
	mark(name, {x: x + 30, y: roomy ? middle - 3 : middle + 4.5});
	mark(note, roomy ? {x: x + 30, y: middle + 12} : {x: x + width - 8, y: middle + 4});
	mark(note, {'text-anchor': roomy ? 'start' : 'end'});
	showLink(wires, link, middle, rates, history.latest({kind: 'port', name: port.name}));
	mark(node, {'aria-label': labelOf([name, note, ...wires.querySelectorAll('text')], rest)});
}

// A line is as wide as the logarithm of its rate.
function linkWidth(rate) {
	return rate > 0 ? Math.min(7, 1 + Math.log10(1 + rate / 1000)) : 0;
}

// A link has two lines: received above, sent below.
function showLink(node, [x1, x2], middle, rates, latest) {
	const [wire, rx, tx, above, below] = node.children;
	const into = linkWidth(latest.rxBits), out = linkWidth(latest.txBits);

	for (const [line, y, width] of [[wire, middle, 1], [rx, middle - 1 - into / 2, into], [tx, middle + 1 + out / 2, out]])
		mark(line, {x1, x2, y1: y, y2: y, 'stroke-width': width});
	for (const [text, rate, y] of [[above, latest.rxBits, middle - 7 - into], [below, latest.txBits, middle + 14 + out]]) {
		mark(text, {x: (x1 + x2) / 2, y});
		put(text, rates && rate > 0 && Math.abs(x2 - x1) > 62 ? bits(rate) : '');
	}
}

export class Topology {
	constructor(select) {
		const root = byId('topology-picture');

		this.select = select;
		this.hub = svg('g', {class: 'hub', role: 'button', tabindex: 0, ...this.#choose(WHOLE)},
			svg('rect', {rx: 12}), svg('text', {class: 'hub-name'}), ' ', svg('text'), ' ', svg('text'));
		this.boxes = svg('g');
		this.nodes = svg('g');
		this.picture = svg('svg', {class: 'topology', role: 'group', 'aria-label': 'Ports around the switch',
			keydown: (event) => this.#walk(event)}, this.boxes, this.hub, this.nodes);
		root.append(this.picture);
		new ResizeObserver(() => this.shown && this.show(this.shown)).observe(root);
	}

	show(shown) {
		this.shown = shown;
		const plan = layout(Math.floor(this.picture.parentElement.clientWidth), shown.ports, shown.groups);

		mark(this.picture, {viewBox: `0 0 ${plan.width} ${plan.height}`, height: plan.height});
		this.#showHub(plan, shown);
		sync(this.boxes, plan.boxes, (box) => box.key, (box) => this.#boxMade(box),
			(node, box) => showBox(node, box, shown));
		sync(this.nodes, plan.nodes, ({port}) => port.name, ({port}) => this.#nodeMade(port.name),
			(node, place) => showNode(node, place, plan, shown));
		this.#oneTabStop(shown.selection);
	}

	// Makes an element a button, by click, Enter or Space.
	#choose(selection) {
		return {
			click: () => this.select(selection),
			keydown: (event) => {
				if (event.key !== 'Enter' && event.key !== ' ')
					return;
				event.preventDefault();
				this.select(selection);
			},
		};
	}

	#showHub({hub, height}, {status, ports, selection, history}) {
		const [box, name, size, load] = this.hub.children, middle = hub.x + hub.width / 2;
		const received = bits(history.latest(WHOLE).rxBits);
		const lines = [[name, status.name, -14], [size, plural(ports.length, 'port'), 6], [load, received, 26]];

		mark(box, {x: hub.x, y: 0.5, width: hub.width, height: height - 1});
		for (const [node, text, y] of lines) {
			mark(node, {x: middle, y: height / 2 + y});
			put(node, shortened(text, hub.width / (node === name ? 8.6 : 7)));
		}
		mark(this.hub, {
			'aria-pressed': selection.kind === 'switch',
			'aria-label': labelOf([name, size, load], ['the whole switch', status.name]),
		});
	}

	#boxMade(box) {
		const select = box.name ? {role: 'button', tabindex: 0, ...this.#choose({kind: 'group', name: box.name})} : {};

		return svg('g', {class: 'group', ...select}, svg('rect', {rx: 8}), svg('text', {class: 'group-name'}));
	}

	#nodeMade(name) {
		const line = (kind) => svg('line', {class: kind}), text = (kind) => svg('text', {class: kind});
		const link = svg('g', {class: 'link'}, line('wire'), line('rx'), line('tx'), text('rate'), ' ', text('rate'));

		return svg('g', {class: 'node', role: 'button', tabindex: -1, ...this.#choose({kind: 'port', name})},
			svg('rect', {rx: 6}), svg('g', {class: 'icon'}), text('name'), ' ', text('note'), ' ', link);
	}

	// All ports together are one stop of the Tab key: the selected port, or the first.
	#oneTabStop(selection) {
		const all = [...this.nodes.children];
		const stop = all.find((node) => selection.kind === 'port' && node.dataset.key === selection.name) ?? all[0];

		all.forEach((node) => mark(node, {tabindex: node === stop ? 0 : -1}));
	}

	#walk(event) {
		const step = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1}[event.key];
		const all = [...this.nodes.children], at = all.indexOf(document.activeElement);

		if (!step || at < 0)
			return;
		event.preventDefault();
		all[(at + step + all.length) % all.length].focus();
	}
}
