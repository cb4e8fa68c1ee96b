// SPDX-License-Identifier: BSD-3-Clause
// dom: makes and updates elements. Words of the switch are inserted as text, therefore no name becomes markup.

const SVG = 'http://www.w3.org/2000/svg';

// Functions become listeners. false, null and undefined omit an attribute. true sets an empty one.
function dress(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes)) {
		if (typeof value === 'function')
			node.addEventListener(name, value);
		else if (value === true)
			node.setAttribute(name, '');
		else if (value !== false && value !== null && value !== undefined)
			node.setAttribute(name, value);
	}
	node.append(...children.filter((child) => child !== null && child !== undefined));
	return node;
}

export function element(tag, attributes = {}, ...children) {
	return dress(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
	return dress(document.createElementNS(SVG, tag), attributes, children);
}

export function button(text, click, attributes = {}) {
	return element('button', {type: 'button', click, ...attributes}, text);
}

// A button that looks like the text around it.
export function plainButton(text, click) {
	return button(text, click, {class: 'plain'});
}

// Changes the page only if the text is new, because most of the many numbers stay the same.
export function put(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

export function mark(node, attributes) {
	for (const [name, value] of Object.entries(attributes))
		if (node.getAttribute(name) !== String(value))
			node.setAttribute(name, value);
}

export function byId(id) {
	return document.getElementById(id);
}

// Makes the children of `parent` match `items`: one for each key, in order. Calls make(item) and show(node, item).
export function sync(parent, items, key, make, show) {
	const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
	const focused = document.activeElement;
	let at = parent.firstElementChild;

	for (const item of items) {
		const name = String(key(item));
		let node = old.get(name);
		old.delete(name);
		if (!node) {
			node = make(item);
			node.dataset.key = name;
		}
		if (node === at)
			at = at.nextElementSibling;
		else
			parent.insertBefore(node, at);
		show(node, item);
	}
	old.forEach((node) => node.remove());
	if (focused !== document.activeElement && parent.contains(focused))
		focused.focus({preventScroll: true}); // the move took its focus
}

// The state of a port as a shape: full, hollow, struck through, or a triangle.
export function stateIcon(state) {
	return svg('svg', {class: 'state-icon', viewBox: '-8 -8 16 16', 'aria-hidden': 'true'}, stateShape(state));
}

export function stateShape(state) {
	const group = svg('g', {class: 'state', 'data-state': state});

	if (state === 'err-disabled')
		group.append(svg('path', {d: 'M0 -6.5L7 5.5H-7Z'}), svg('path', {class: 'cut', d: 'M0 -2.5V1.5M0 3.2V4.2'}));
	else
		group.append(svg('circle', {r: 5}));
	if (state === 'disabled')
		group.append(svg('path', {d: 'M-3.5 3.5L3.5 -3.5'}));
	return group;
}
