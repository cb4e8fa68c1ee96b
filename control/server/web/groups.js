// SPDX-License-Identifier: BSD-3-Clause
// groups: multicast groups with their ports, and the queriers of the VLANs that snoop. The part is hidden if there are none.
// The rows of mdb.show come all at once and can be many thousands. Therefore the page asks for them more rarely than once a second.

import {Refused, Unreachable, get} from './api.js';
import {byId, element, plainButton, put, sync} from './dom.js';
import {count, duration, plural} from './format.js';
import {membersOf} from './history.js';

const ROWS = 100, PERIOD_MS = 5000;

const keyOf = ({vlan, group}) => `${vlan} ${group}`;
const untilWords = ({type, age_left: left}) => (type === 'static' ? 'static' : duration(left));

// One row for each group of a VLAN: {vlan, group, members}. The members are its entries, one for each port.
function rowsOf(entries) {
	return [...Map.groupBy(entries, keyOf).values()].map((members) => ({...members[0], members}));
}

function querierWords({vlan, protocol, querier, self, port, pruned, open_ports: open}) {
	const who = self ? 'this switch' : querier ? `${querier} on ${port}` : 'none';
	const effect = pruned ? open.length ? `; ${open.join(', ')} still get every group` : '' : '; every group is flooded';

	return `VLAN ${vlan}, ${protocol.toUpperCase()} querier: ${who}${effect}`;
}

export class Groups {
	#entries = [];
	#asked = -Infinity; // when
	#shown = null; // the last data of the page

	constructor(select) {
		this.select = select;
		this.root = byId('groups');
		this.note = byId('group-note');
		this.form = byId('group-search');
		this.vlans = byId('group-vlans');
		this.body = element('tbody');
		byId('group-table').append(element('table', {class: 'groups'}, element('caption', {class: 'unseen'}, 'Multicast groups'),
			element('thead', {}, element('tr', {}, ...['Group', 'VLAN', 'Ports'].map((name) => element('th', {scope: 'col'}, name)))),
			this.body));
		this.form.addEventListener('input', () => this.#draw());
		this.form.addEventListener('submit', (event) => event.preventDefault());
	}

	show(shown) {
		this.#shown = shown;
		this.#draw();
		if (shown.now - this.#asked >= PERIOD_MS && !document.hidden)
			this.#ask(shown.now);
	}

	async #ask(now) {
		this.#asked = now;
		try {
			this.#entries = await get('mdb.show');
		} catch (error) {
			if (!(error instanceof Refused || error instanceof Unreachable))
				throw error;
			return; // the page tells already that the switch does not answer
		}
		this.#draw();
	}

	// The groups of the selected ports, if they contain the text of the form.
	#wanted() {
		const {selection, ports} = this.#shown, word = new FormData(this.form).get('text').trim().toLowerCase();
		const names = new Set(membersOf(selection, ports).map((port) => port.name));

		return rowsOf(this.#entries).filter((row) => row.group.includes(word) && row.members.some(({port}) => names.has(port)));
	}

	#draw() {
		const {queriers} = this.#shown, rows = this.#wanted();

		this.root.hidden = !queriers.length && !this.#entries.length;
		sync(this.vlans, queriers, ({vlan, protocol}) => `${vlan} ${protocol}`, () => element('li'),
			(item, querier) => put(item, querierWords(querier)));
		sync(this.body, rows.slice(0, ROWS), keyOf, made, (row, group) => this.#showGroup(row, group));
		put(this.note, rows.length > ROWS ? `The first ${ROWS} of ${count(rows.length)} groups.`
			: rows.length ? plural(rows.length, 'group') : 'No such group.');
	}

	#showGroup(row, {members}) {
		sync(row.lastElementChild, members, ({port}) => port, ({port}) => this.#portMade(port), (item, member) =>
			put(item.lastElementChild, ` ${untilWords(member)}`));
	}

	#portMade(name) {
		return element('span', {class: 'member'}, plainButton(name, () => this.select({kind: 'port', name})), element('span', {class: 'muted'}));
	}
}

function made({vlan, group}) {
	return element('tr', {}, element('td', {class: 'mac'}, group), element('td', {}, String(vlan)), element('td'));
}
