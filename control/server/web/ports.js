// SPDX-License-Identifier: BSD-3-Clause
// ports: a row for each port: state, MACs, rates of both directions, drops, and a chart of the last minute.

import {byId, element, mark, plainButton, put, stateIcon, sync} from './dom.js';
import {bits, count, frames} from './format.js';
import {sparkline, sparklineMade} from './charts.js';
import {modesOf, vlansOf} from './modes.js';
import {Sorting} from './sorting.js';

const droppedRate = (sample) => Object.values(sample.drops).reduce((sum, rate) => sum + rate, 0);
const COLUMNS = [
	{name: 'name', label: 'Port', value: (row) => row.port.name},
	{name: 'group', label: 'Group, VLANs', value: (row) => row.port.port_group ?? ''},
	{name: 'state', label: 'State', value: (row) => row.port.state},
	{name: 'macs', label: 'MACs', numeric: true, value: (row) => row.port.macs},
	{name: 'rx', label: 'Received', numeric: true, value: (row) => row.latest.rxBits},
	{name: 'tx', label: 'Sent', numeric: true, value: (row) => row.latest.txBits},
	{name: 'drops', label: 'Dropped', numeric: true, value: (row) => droppedRate(row.latest)},
];

function showRow(node, {port, latest, samples}, shown) {
	const [name, group, state, macs, rx, tx, drops, picture] = node.children;

	put(name.lastElementChild, modesOf(port, shown).map(({short}) => short).join(', '));
	put(group.children[0], port.port_group ?? 'no group');
	put(group.children[1], vlansOf(port, shown));
	if (state.dataset.state !== port.state)
		state.replaceChildren(stateIcon(port.state), port.state);
	mark(state, {'data-state': port.state});
	put(macs, count(port.macs));
	put(rx.children[0], bits(latest.rxBits));
	put(rx.children[1], frames(latest.rxFrames));
	put(tx.children[0], bits(latest.txBits));
	put(tx.children[1], frames(latest.txFrames));
	mark(rx, {'data-some': latest.rxFrames > 0});
	mark(tx, {'data-some': latest.txFrames > 0});
	put(drops, droppedRate(latest) ? frames(droppedRate(latest)) : '–');
	mark(drops, {'data-some': droppedRate(latest) > 0});
	sparkline(picture.firstElementChild, samples, shown.now, {value: (s) => s.rxBits}, {value: (s) => s.txBits});
}

export class Ports {
	constructor(select) {
		this.select = select;
		this.sorting = new Sorting(COLUMNS, () => this.shown && this.show(this.shown));
		this.body = element('tbody');
		this.root = byId('port-table');
		const headings = [...this.sorting.headings, element('th', {scope: 'col'}, 'Last minute')];
		this.root.append(element('table', {class: 'ports'}, element('caption', {class: 'unseen'}, 'Ports with their rates'),
			element('thead', {}, element('tr', {}, ...headings)), this.body));
	}

	show(shown) {
		const {ports, history, selection} = shown;
		const rows = ports.map((port) => {
			const own = {kind: 'port', name: port.name};
			return {port, samples: history.of(own), latest: history.latest(own)};
		});

		this.shown = shown;
		this.root.style.setProperty('--rows', rows.length);
		sync(this.body, this.sorting.sort(rows), ({port}) => port.name, ({port}) => this.#made(port.name), (node, row) => {
			mark(node, {'aria-selected': selection.kind === 'port' && selection.name === row.port.name});
			showRow(node, row, shown);
		});
	}

	#made(name) {
		const select = () => this.select({kind: 'port', name}); // clicks on the button reach the row, too
		const double = () => element('td', {class: 'number double'}, element('span'), element('span', {class: 'second'}));

		return element('tr', {click: select},
			element('th', {scope: 'row'}, plainButton(name), element('small')),
			element('td', {class: 'group-cell'}, element('span'), element('small')),
			element('td', {class: 'state-cell'}), element('td', {class: 'number'}), double(), double(),
			element('td', {class: 'number drops'}), element('td', {class: 'picture'}, sparklineMade()));
	}
}
