// SPDX-License-Identifier: BSD-3-Clause
// machines: the other VTEPs with their state, next hop, MACs and rates, and the VNIs of this switch. The part is hidden without VNIs.
// The switch counts the MACs of evpn.show in its whole table. Therefore the page asks for it more rarely than once a second.

import {Refused, Unreachable, get} from './api.js';
import {byId, element, mark, plainButton, put, stateIcon, sync} from './dom.js';
import {bits, count, duration, plural} from './format.js';

const PERIOD_MS = 5000;
const COLUMNS = ['Machine', 'State', 'Next hop', 'MACs', 'Received', 'Sent', 'VNIs', 'Since'];
const NUMBERS = new Set(['MACs', 'Received', 'Sent']);

function vniWords({vlan, vni, state, reason, macs_local: here, macs_remote: there}) {
	const words = {up: '', alone: '; no other machine has it', down: `; down: ${reason}`}[state];

	return `VLAN ${vlan}, VNI ${vni}: ${plural(here, 'MAC')} here, ${count(there)} elsewhere${words}`;
}

function hopWords({next_hop: hop, next_hop_mac: mac, interface: name}) {
	return [hop, mac, name && `by ${name}`].filter((word) => word).join(' ') || 'none';
}

// The states of VTEPs in the shapes of the states of ports.
const shapeOf = (state) => ({up: 'up', held: 'disabled'}[state] ?? 'down');

function showMachine(row, vtep, {history}) {
	const [, state, hop, macs, rx, tx, vnis, since] = row.children;
	const latest = history.latest({kind: 'port', name: vtep.vtep});

	if (state.dataset.state !== vtep.state)
		state.replaceChildren(stateIcon(shapeOf(vtep.state)), vtep.state);
	mark(state, {'data-state': vtep.state});
	put(hop, hopWords(vtep));
	put(macs.firstElementChild, count(vtep.macs));
	put(rx, bits(latest.rxBits));
	put(tx, bits(latest.txBits));
	put(vnis, vtep.vnis.join(' '));
	put(since, duration(vtep.since));
}

export class Machines {
	#vnis = [];
	#asked = -Infinity; // when

	constructor(select, macs) {
		this.select = select;
		this.macs = macs;
		this.root = byId('machines');
		this.note = byId('machine-note');
		this.vnis = byId('machine-vnis');
		this.body = element('tbody');
		const headings = COLUMNS.map((name) => element('th', {scope: 'col', class: NUMBERS.has(name) ? 'number' : null}, name));
		byId('machine-table').append(element('table', {class: 'machines'}, element('caption', {class: 'unseen'}, 'Other machines'),
			element('thead', {}, element('tr', {}, ...headings)), this.body));
	}

	show(shown) {
		this.#draw(shown);
		if (shown.now - this.#asked >= PERIOD_MS && !document.hidden)
			this.#ask(shown);
	}

	async #ask(shown) {
		this.#asked = shown.now;
		try {
			this.#vnis = (await get('evpn.show')).vnis;
		} catch (error) {
			if (!(error instanceof Refused || error instanceof Unreachable))
				throw error;
			return; // the page tells already that the switch does not answer
		}
		this.#draw(shown);
	}

	#draw(shown) {
		const {vteps} = shown, up = vteps.filter(({state}) => state === 'up').length;

		this.root.hidden = !vteps.length && !this.#vnis.length;
		sync(this.vnis, this.#vnis, ({vlan}) => vlan, () => element('li'), (item, vni) => put(item, vniWords(vni)));
		sync(this.body, vteps, ({vtep}) => vtep, ({vtep}) => this.#made(vtep), (row, vtep) => showMachine(row, vtep, shown));
		put(this.note, vteps.length ? `${plural(vteps.length, 'other machine')}, ${up} up. A click on its number of MACs lists them in the MAC table.`
			: 'No other machine is known.');
	}

	#made(name) {
		const listMacs = () => {
			this.macs.showPort(name);
			byId('macs').scrollIntoView();
		};
		const cells = COLUMNS.slice(2).map((column) => element('td', {class: NUMBERS.has(column) ? 'number' : null},
			column === 'MACs' ? plainButton('', listMacs) : null));

		return element('tr', {}, element('th', {scope: 'row'}, plainButton(name, () => this.select({kind: 'port', name}))),
			element('td', {class: 'state-cell'}), ...cells);
	}
}
