// SPDX-License-Identifier: BSD-3-Clause
// policy: the keys of the selection with their values, origins and meanings. With the token, you can change them.

import {button, byId, element, mark, put, sync} from './dom.js';
import {count} from './format.js';

const METHODS = {switch: 'policy', group: 'group', port: 'port'};

// The words of nestctl for a change: port set esx1 mac-limit 5.
function words(selection, verb, ...rest) {
	return [METHODS[selection.kind], verb, ...(selection.name ? [selection.name] : []), ...rest].join(' ');
}

function nameOf({kind, name}) {
	return {switch: 'the whole switch', group: `port group ${name}`, port: `port ${name}`}[kind];
}

// The field for a value: a choice, a number within limits, or a list of VLANs.
function field(row, value) {
	const option = (word) => element('option', {selected: word === value}, word);

	if (row.values)
		return element('select', {name: 'value'}, ...row.values.map(option));
	if (row.max)
		return element('input', {name: 'value', type: 'number', min: row.min, max: row.max, required: true, value});
	return element('input', {name: 'value', type: 'text', required: true, value});
}

function headingMade(title) {
	return element('tr', {}, element('th', {scope: 'rowgroup', colspan: 4}, title));
}

export class Policy {
	// keys: the answer to policy.keys.
	constructor(keys, actions) {
		this.keys = keys;
		this.actions = actions;
		this.parts = [['Set', (from) => from !== 'default'], ['Defaults', (from) => from === 'default']].map(
			([title, has]) => ({title, has, body: element('tbody')}));
		this.only = byId('policy-only');
		this.only.addEventListener('change', () => this.shown && this.show(this.shown));
		const headings = ['Key', 'Value', 'From', 'Change'].map((text) => element('th', {scope: 'col'}, text));
		headings.at(-1).className = 'write';
		byId('policy-table').append(element('table', {class: 'policy'},
			element('caption', {class: 'unseen'}, 'Policy with the origin of each value'),
			element('thead', {}, element('tr', {}, ...headings)),
			...this.parts.map(({body}) => body)));
	}

	show(shown) {
		const {policy, selection} = shown;
		const wanted = (value) => value && (!this.only.checked || value.from !== 'default');
		const rows = this.keys.filter((row) => wanted(policy?.[row.key]));

		this.shown = shown;
		put(byId('policy-note'), rows.length || !policy ? '' : 'All keys have their defaults.');
		for (const {title, has, body} of this.parts) {
			const some = rows.filter((row) => has(policy[row.key].from));
			sync(body, some.length ? [{title}, ...some] : [], (row) => row.key ?? row.title,
				(row) => (row.title ? headingMade(row.title) : this.#made(row)),
				(node, row) => row.key && this.#showRow(node, row, policy[row.key], selection));
		}
	}

	#made(row) {
		const key = element('th', {scope: 'row'}, element('code', {}, row.key), element('small', {}, row.help));
		const set = button('Set', () => this.#set(row), {'aria-label': `Set ${row.key}`});
		const unset = button('Unset', () => this.#unset(row), {'aria-label': `Unset ${row.key}`});

		return element('tr', {}, key, element('td', {class: row.values || row.max ? 'value' : 'value list'}),
			element('td', {}, element('span', {class: 'origin'})), element('td', {class: 'write'}, set, unset));
	}

	#showRow(node, row, {value, from}, selection) {
		const [, shown, origin, write] = node.children;
		const text = typeof value === 'number' ? count(value) : value;

		put(shown, row.unit ? `${text}\u202f${row.unit}` : text);
		put(origin.firstElementChild, from);
		mark(origin.firstElementChild, {'data-from': from});
		write.lastElementChild.hidden = from !== selection.kind;
	}

	#set(row) {
		const {selection, policy} = this.shown, input = field(row, policy[row.key].value);
		const name = row.unit ? `${row.key} in ${row.unit}` : row.key;
		const label = element('label', {}, name, input, element('small', {}, row.help));

		this.actions.confirm({
			title: `Set ${row.key} of ${nameOf(selection)}`, field: label,
			command: () => words(selection, 'set', row.key, input.value),
			method: `${METHODS[selection.kind]}.set`,
			params: () => ({name: selection.name, set: {[row.key]: input.value}}),
			watch: input,
		});
	}

	#unset(row) {
		const {selection} = this.shown;

		this.actions.confirm({
			title: `Unset ${row.key} of ${nameOf(selection)}`,
			effect: 'The inherited value applies again.',
			command: () => words(selection, 'unset', row.key),
			method: `${METHODS[selection.kind]}.unset`,
			params: () => ({name: selection.name, keys: [row.key]}),
		});
	}
}
