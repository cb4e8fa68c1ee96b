// SPDX-License-Identifier: BSD-3-Clause
// events: the recent events as sentences, newest first.

import {byId, element, plainButton, put, sync} from './dom.js';
import {count, moment, plural} from './format.js';

const ROWS = 200;
const KINDS = {
	moves: ['mac-moved', 'mac-flap'],
	violations: ['violation', 'port-err-disabled', 'port-recovered'],
	ports: ['port-up', 'port-down', 'mac-changed', 'port-err-disabled', 'port-recovered'],
};
const CONFIG = ['config-rolled-back', 'config-rollback-failed'];
const WORKERS = ['worker-stuck', 'worker-turns'];
const MACHINES = ['vtep-up', 'vtep-down', 'evpn-resync', 'evpn-table-full', 'evpn-port-limit', 'evpn-neighbour-limit'];
const USUAL = [...KINDS.moves, ...KINDS.violations, ...CONFIG, ...WORKERS, ...MACHINES, 'group-limit', 'querier-changed', 'binding-refused', 'table-full', 'events-lost'];

const station = (event) => `${event.mac} (VLAN ${event.vlan})`;

// Without a port, the querier is the switch itself.
function querierChange({vlan, protocol, address, port}) {
	const what = `${protocol.toUpperCase()} querier`;

	if (!address)
		return [`VLAN ${vlan} has no ${what}: its groups are flooded`];
	return [`the ${what} of VLAN ${vlan} is ${address}, `, ...(port ? ['on ', {port}] : ['this switch'])];
}

// type -> the sentence. A part {port: name} becomes a button.
const SENTENCES = {
	'mac-moved': (e) => [station(e), ' moved from ', {port: e.from}, ' to ', {port: e.to},
		e.learned === false ? ', which is at its mac-limit' : ''],
	'mac-flap': (e) => [station(e), ' moved too often and is held on ', {port: e.from}, ', seen on ', {port: e.to}],
	'violation': (e) => [{port: e.port}, `: ${plural(e.count, 'frame')} ${e.audit ? 'would be ' : ''}dropped as ${e.reason}, last from ${station(e)}`],
	'port-err-disabled': (e) => [{port: e.port}, ` is err-disabled: ${e.reason}`],
	'port-recovered': (e) => [{port: e.port}, ' has recovered'],
	'mac-changed': (e) => [{port: e.port}, `: the guest's MAC is ${e.mac} now`],
	'port-up': (e) => [{port: e.port}, ' is up'],
	'port-down': (e) => [{port: e.port}, ' is down'],
	'table-full': (e) => [{port: e.port}, ': the MAC table is full'],
	'group-joined': (e) => [{port: e.port}, ` joined ${e.group} (VLAN ${e.vlan})`],
	'group-left': (e) => [{port: e.port}, ` left ${e.group} (VLAN ${e.vlan})`],
	'group-limit': (e) => [{port: e.port}, ` asked for too many groups, last ${e.group} (VLAN ${e.vlan}), and gets every one`],
	'group-added': (e) => [`the static group ${e.group} (VLAN ${e.vlan}) goes to `, {port: e.port}],
	'group-removed': (e) => [`the static group ${e.group} (VLAN ${e.vlan}) does not go to `, {port: e.port}, ' any more'],
	'querier-changed': querierChange,
	'binding-learned': (e) => [`${e.ip} is bound to ${station(e)} on `, {port: e.port}],
	'binding-ended': (e) => [`the binding of ${e.ip} to ${station(e)} on `, {port: e.port}, ` ended: ${e.reason}`],
	'binding-refused': (e) => [`${e.ip} is not bound to ${station(e)} on `, {port: e.port}, `: ${e.reason === 'taken' ? 'another station has it' : 'the port has too many'}`],
	'config-rolled-back': (e) => [`the configuration was not confirmed and was rolled back to number ${e.number}`],
	'config-rollback-failed': (e) => [`the rollback to configuration number ${e.number} failed`],
	'worker-stuck': (e) => [`worker ${e.worker} is stuck: its last round ended ${e.seconds} s before`],
	'worker-turns': (e) => [`worker ${e.worker} turns again after ${e.seconds} s`],
	'vtep-up': (e) => [`machine ${e.vtep} is reached`],
	'vtep-down': (e) => [`machine ${e.vtep} is not reached any more`],
	'evpn-resync': (e) => [`what FRR has in the kernel was read as a whole: ${e.reason}`],
	'evpn-neighbour-limit': (e) => [e.port ? `more addresses are bound behind ${e.port} than other machines are told`
		: 'other machines have more addresses than there is room for'],
	'evpn-table-full': (e) => [`the MAC table has no room for ${plural(e.count, 'MAC')} of machine ${e.vtep}`],
	'evpn-port-limit': (e) => [`machine ${e.vtep} gets no frames: no port number is left`],
	'events-lost': (e) => [`${count(e.count)} events were lost because too many came at once`],
};

function sentence(event) {
	return SENTENCES[event.type]?.(event) ?? [JSON.stringify(event)];
}

function plainText(event) {
	return sentence(event).map((part) => part.port ?? part).join('');
}

export class Events {
	constructor(select) {
		this.select = select;
		this.note = byId('event-note');
		this.form = byId('event-filter');
		this.list = element('ol', {class: 'events'});
		this.form.addEventListener('input', () => this.shown && this.show(this.shown));
		this.form.addEventListener('submit', (event) => event.preventDefault());
		byId('event-list').append(this.list);
	}

	// events: oldest first.
	show(shown) {
		const {kind, text} = Object.fromEntries(new FormData(this.form));
		const types = kind === 'all' ? null : KINDS[kind] ?? USUAL, word = text.trim().toLowerCase();
		const wanted = shown.events.filter((event) => (!types || types.includes(event.type)) &&
			plainText(event).toLowerCase().includes(word));

		this.shown = shown;
		put(this.note, wanted.length ? `${plural(wanted.length, 'event')} of the last ${count(shown.events.length)}`
			: 'No such events so far.');
		sync(this.list, rowsOf(wanted).slice(0, ROWS), (row) => row.key, (row) => this.#made(row.event), showTimes);
	}

	#made(event) {
		const words = sentence(event).map((part) => (part.port ? this.#portMade(part.port) : part));

		return element('li', {'data-type': event.type}, element('time', {datetime: event.date}),
			element('span', {class: 'words'}, ...words), element('span', {class: 'tag'}, event.type));
	}

	#portMade(name) {
		return plainButton(name, () => this.select({kind: 'port', name}));
	}
}

function showTimes(item, {event, times, since}) {
	put(item.firstElementChild, moment(new Date(event.date)));
	put(item.lastElementChild, event.type + (times > 1 ? `, ${count(times)} times since ${moment(new Date(since))}` : ''));
}

// Newest first. The violations of one port and reason are one row with their sum, because there may be one each second.
function rowsOf(events) {
	const rows = new Map();

	for (const event of events) {
		const same = event.type === 'violation' ? `${event.port} ${event.reason} ${event.audit ?? ''}` : JSON.stringify(event);
		const {event: {count: frames = 0} = {}, times = 0, since = event.date} = rows.get(same) ?? {};
		rows.delete(same); // so that it comes last
		rows.set(same, {event: {...event, count: frames + (event.count ?? 0)}, times: times + 1, since});
	}
	// The date of the last one is part of the key, because the sum changes when the oldest is forgotten.
	return [...rows].map(([same, row]) => ({...row, key: `${same} ${row.times} ${row.event.date}`})).reverse();
}
