// SPDX-License-Identifier: BSD-3-Clause
// why: explains why frames do not arrive, from the counters of a selection. The meaning of each reason and its keys come from
// the switch.

import {byId, element, mark, plainButton, put, sync} from './dom.js';
import {dateOf, frames, moment, plural} from './format.js';
import {dropsOf, membersOf} from './history.js';

const SIDES = {rx: 'Received frames that were dropped', tx: 'Frames that could not be sent'};
const STATES = {
	'absent': 'The NIC of the port is not in the machine. The port comes up by itself when the NIC is back and bound (nestswitch-prepare --bind).',
	'disabled': 'The port is disabled. Run port enable.',
	'err-disabled': 'A violation has shut the port down. Remove its reason, then run port enable; or set recovery-time.',
};

const LINKS = {
	'down': 'The port has no link. Its driver does not say why.',
	'no-carrier': 'The port has no link, because the other end of its interface is not up. Bring up the other end.',
	'set-down': 'The port has no link, because its interface is set down. Bring up the interface.',
	'set-down-elsewhere': 'The port has no link, because its TAP is set down in another network namespace. Bring up the TAP there.',
	'no-peer': 'The port has no link, because nobody is at the other end of its socket. Start the guest.',
	'failed': 'The port has no link, because its NIC does not open.',
	'gone': 'The port has no link, because its interface was deleted. Make the interface again; the port comes up by itself.',
};

// What devices lose (device_drops).
const LOSSES = {
	'rx_missed': 'the queue of the device was full. Give the port more queues, or the switch more workers.',
	'rx_errors': 'the device refused them. Compare its mtu with that of the guests.',
	'rx_no_buffer': 'no packet buffer was free. Give the switch more memory.',
	'tx_errors': 'the NIC could not send them.',
};

function totals(ports) {
	const sum = {};

	for (const port of ports)
		for (const [key, frames] of Object.entries(dropsOf(port)))
			sum[key] = (sum[key] ?? 0) + frames;
	return sum;
}

// The port that has most drops of a reason. null: the selection is a port.
function mostOn(key, selection, ports) {
	const frames = (port) => dropsOf(port)[key] ?? 0;

	return selection.kind === 'port' ? null : ports.reduce((most, port) => (frames(port) > frames(most) ? port : most)).name;
}

// The newest event of this kind at one of these ports. undefined: it is not among the recent ones.
function newest(events, ports, matches) {
	const names = new Set(ports.map((port) => port.name));

	return events.findLast((event) => names.has(event.port) && matches(event));
}

// When the switch last dropped for this reason: as the page saw it, or as an event says. Drops that are no violations have no
// events. Those before the page was opened are only counted.
function when(row, ports, {history, events}) {
	const [side, reason] = row.name.split(':'), seen = history.lastDrop(ports, row.name);
	const event = side === 'rx' ? newest(events, ports, (one) => one.type === 'violation' && !one.audit && one.reason === reason) : null;

	if (seen)
		return `last at ${moment(dateOf(seen))}`;
	return event ? `last at ${moment(new Date(event.date))}` : `before ${moment(dateOf(history.since))}, when this page was opened`;
}

// The note on a port that is not up, with the time since when it is not.
function stateNote(port, events) {
	const event = newest(events, [port], ({type}) => ['port-down', 'port-err-disabled'].includes(type));

	return (STATES[port.state] ?? LINKS[port.link ?? 'down']) + (port.problem ? ` ${port.problem}.` : '') + (event ? ` Since ${moment(new Date(event.date))}.` : '');
}

// Notes that need no counted drop.
function notes(selection, ports, policy, events) {
	const total = (name) => ports.reduce((sum, port) => sum + port[name], 0);
	const port = selection.kind === 'port' ? ports[0] : null;
	const said = [];

	if (port && port.state !== 'up')
		said.push(stateNote(port, events));
	if (port?.state === 'up' && !port.rx_packets)
		said.push('The port has received no frames so far. Check the guest and its connection.');
	for (const [key, text] of Object.entries(LOSSES)) {
		const lost = ports.reduce((sum, {device_drops: drops}) => sum + (drops?.[key] ?? 0), 0);
		if (lost)
			said.push(`${plural(lost, 'frame')} never reached the switch or the wire: ${text}`);
	}
	if (total('not_learned'))
		said.push(`${plural(total('not_learned'), 'frame')} from new MACs passed without learning because mac-limit is reached. `
			+ 'Frames to these MACs are flooded. Raise mac-limit.');
	if (port && policy?.['unicast-flood']?.value === 'off')
		said.push('unicast-flood is off: frames to unknown MACs are not sent to this port. Set unicast-flood on if its guests are silent.');
	if (port && policy?.['mac-learning']?.value === 'off')
		said.push('mac-learning is off: only frames to its effective MAC and to group addresses reach the port. Set mac-learning on for nested guests.');
	return said;
}

export class Why {
	// reasons: the answer to stats.reasons.
	constructor(reasons, select) {
		this.select = select;
		this.notes = element('ul', {class: 'notes'});
		this.root = byId('why');
		this.root.prepend(this.notes);
		this.sides = Object.entries(SIDES).map(([side, text]) => {
			const heading = element('h4', {}, text), list = element('ul', {class: 'reasons'});
			this.root.append(heading, list);
			return {heading, list, rows: reasons[side].map((row) => ({...row, name: `${side}:${row.reason}`}))};
		});
	}

	show({selection, ports, policy, history, events}) {
		const mine = membersOf(selection, ports), sums = totals(mine), latest = history.latest(selection);
		const said = notes(selection, mine, policy, events);

		if (!Object.values(sums).some((frames) => frames))
			said.push('No frames were dropped, in either direction.');
		sync(this.notes, said, (text) => text, (text) => element('li', {}, text), () => {});
		for (const {heading, list, rows} of this.sides) {
			const some = rows.filter(({name}) => sums[name]).map((row) => ({
				...row, policy, most: mostOn(row.name, selection, mine),
				total: sums[row.name], rate: latest.drops[row.name] ?? 0, when: when(row, mine, {history, events}),
			})).sort((a, b) => b.rate - a.rate || b.total - a.total);
			heading.hidden = !some.length;
			sync(list, some, (row) => row.name, (row) => this.#made(row), showRow);
		}
	}

	#made(row) {
		const most = plainButton('', (event) => this.select({kind: 'port', name: event.target.textContent}));

		return element('li', {}, element('code', {class: 'reason'}, row.reason), element('span', {class: 'number'}),
			element('p', {}, row.meaning), element('p', {class: 'advice'}, row.advice), element('ul', {class: 'keys'}),
			element('span', {class: 'most muted'}, 'mostly ', most));
	}
}

function showRow(node, row) {
	const [, number, , , keys, most] = node.children;

	put(number, `${plural(row.total, 'frame')}, ${row.rate ? `now ${frames(row.rate)}` : row.when}`);
	mark(node, {'data-now': row.rate > 0});
	most.hidden = !row.most;
	put(most.lastElementChild, row.most ?? '');
	sync(keys, row.keys, (key) => key, () => element('li', {}, element('code'), element('span', {class: 'origin'})),
		(item, key) => showKey(item, key, row.most ? null : row.policy?.[key]));
}

// A key, with its value if the selection is one port.
function showKey(item, key, value) {
	const [words, origin] = item.children;

	put(words, value ? `${key}: ${value.value}` : key);
	put(origin, value?.from ?? '');
	mark(origin, {'data-from': value?.from ?? ''});
}
