// SPDX-License-Identifier: BSD-3-Clause
// events: what happened lately, the newest first, each as a sentence.

import {byId, element, plainButton, put, sync} from './dom.js';
import {count, moment, plural} from './format.js';

const ROWS = 200;
const KINDS = {
	moves: ['mac-moved', 'mac-flap'],
	violations: ['violation', 'port-err-disabled', 'port-recovered'],
	ports: ['port-up', 'port-down', 'port-err-disabled', 'port-recovered'],
};
const CONFIG = ['config-rolled-back', 'config-rollback-failed'];
const USUAL = [...KINDS.moves, ...KINDS.violations, ...CONFIG, 'table-full', 'events-lost'];

const station = (event) => `${event.mac} (VLAN ${event.vlan})`;

// type -> the sentence; ports are put in as {port: name}, which becomes a button.
const SENTENCES = {
	'mac-moved': (e) => [station(e), ' moved from ', {port: e.from}, ' to ', {port: e.to}],
	'mac-flap': (e) => [station(e), ' moves too often: held on ', {port: e.from}, ', seen on ', {port: e.to}],
	'violation': (e) => [{port: e.port}, `: ${plural(e.count, 'frame')} dropped as ${e.reason}, last from ${station(e)}`],
	'port-err-disabled': (e) => [{port: e.port}, ` is err-disabled: ${e.reason}`],
	'port-recovered': (e) => [{port: e.port}, ' has recovered'],
	'port-up': (e) => [{port: e.port}, ' is up'],
	'port-down': (e) => [{port: e.port}, ' is down'],
	'table-full': (e) => [{port: e.port}, ': the MAC table is full'],
	'config-rolled-back': (e) => [`the configuration is number ${e.number} again: what came after it was not confirmed`],
	'config-rollback-failed': (e) => [`the configuration could not become number ${e.number} again`],
	'events-lost': (e) => [`${count(e.count)} events were lost: too many at once`],
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

	// events: the oldest first.
	show(shown) {
		const {kind, text} = Object.fromEntries(new FormData(this.form));
		const types = kind === 'all' ? null : KINDS[kind] ?? USUAL, word = text.trim().toLowerCase();
		const wanted = shown.events.filter((event) => (!types || types.includes(event.type)) &&
			plainText(event).toLowerCase().includes(word));

		this.shown = shown;
		put(this.note, wanted.length ? `${plural(wanted.length, 'event')} of the last ${count(shown.events.length)}`
			: 'Nothing of the kind so far.');
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

// The newest first. Violations of one port and reason, of which there may be one a second, are one row with their sum.
function rowsOf(events) {
	const rows = new Map();

	for (const event of events) {
		const same = event.type === 'violation' ? `${event.port} ${event.reason}` : JSON.stringify(event);
		const {event: {count: frames = 0} = {}, times = 0, since = event.date} = rows.get(same) ?? {};
		rows.delete(same); // so that it comes last
		rows.set(same, {event: {...event, count: frames + (event.count ?? 0)}, times: times + 1, since});
	}
	// As many may be another sum later, when the oldest is forgotten: the last one's date tells.
	return [...rows].map(([same, row]) => ({...row, key: `${same} ${row.times} ${row.event.date}`})).reverse();
}
