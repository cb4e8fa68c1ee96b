// SPDX-License-Identifier: BSD-3-Clause
// trials: the MACs whose frames the rules on trial would drop, at ports with audit: on.

import {byId, element, put, sync} from './dom.js';
import {duration, plural} from './format.js';
import {membersOf} from './history.js';

export class Trials {
	constructor() {
		this.root = byId('trials');
		this.list = element('ul', {class: 'trials'});
		this.root.append(element('h4', {}, 'On trial: sources whose frames the rules would drop'), this.list,
			element('p', {class: 'advice'}, 'Make an exception for each that is right, such as allowed-macs. Then set audit off.'));
	}

	show({selection, ports, audits}) {
		const names = new Set(membersOf(selection, ports).map((port) => port.name));
		const rows = audits.filter((row) => names.has(row.port));

		this.root.hidden = !rows.length;
		sync(this.list, rows, (row) => `${row.port} ${row.mac} ${row.vlan} ${row.reason}`, made, showRow);
	}
}

function made({port, mac, vlan, reason}) {
	return element('li', {}, element('span', {class: 'mac'}, mac), ` (VLAN ${vlan}) on ${port}: `, element('code', {class: 'reason'}, reason),
		element('span', {class: 'muted'}));
}

function showRow(node, {frames, age}) {
	put(node.lastElementChild, `, ${plural(frames, 'frame')}, last ${duration(age)} ago`);
}
