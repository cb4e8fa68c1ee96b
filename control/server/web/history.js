// SPDX-License-Identifier: BSD-3-Clause
// history: the rates of counters over the last five minutes, for each port, each port group and the whole switch.

export const SPAN_MS = 300000;
export const GAP_MS = 3000; // the longest time between two samples of a line
const RATES = ['rxFrames', 'rxBits', 'txFrames', 'txBits'];

// A selection is {kind: 'switch'|'group'|'port', name}.
export const WHOLE = {kind: 'switch', name: ''};

function keyOf(selection) {
	return `${selection.kind}:${selection.name}`;
}

export function membersOf(selection, ports) {
	if (selection.kind === 'switch')
		return ports;
	return ports.filter((port) => (selection.kind === 'port' ? port.name : port.port_group) === selection.name);
}

// The drop reasons of both directions in one object. The prefix is needed because rate_limit is in both.
export function dropsOf(port) {
	const drops = {};

	for (const side of ['rx', 'tx'])
		for (const [reason, frames] of Object.entries(port[`${side}_drops`]))
			drops[`${side}:${reason}`] = frames;
	return drops;
}

function countersOf(port) {
	return {
		rxFrames: port.rx_packets, rxBits: 8 * port.rx_bytes, txFrames: port.tx_packets, txBits: 8 * port.tx_bytes,
		drops: dropsOf(port),
	};
}

// The rates between two readings. null: the counters were reset.
function rates(before, now, at, seconds) {
	const sample = {at, drops: {}};

	for (const name of RATES)
		sample[name] = (now[name] - before[name]) / seconds;
	for (const [reason, frames] of Object.entries(now.drops))
		if (frames > before.drops[reason])
			sample.drops[reason] = (frames - before.drops[reason]) / seconds;
	return RATES.some((name) => sample[name] < 0) ? null : sample;
}

function sum(samples, at) {
	const total = {at, drops: {}, rxFrames: 0, rxBits: 0, txFrames: 0, txBits: 0};

	for (const sample of samples) {
		for (const name of RATES)
			total[name] += sample[name];
		for (const [reason, rate] of Object.entries(sample.drops))
			total.drops[reason] = (total.drops[reason] ?? 0) + rate;
	}
	return total;
}

export class History {
	#before = new Map(); // port -> {clock, counters}
	#samples = new Map(); // key of a selection -> samples, oldest first
	#dropped = new Map(); // port -> {drop reason: when it was last counted}
	#at = 0; // of the latest reading
	since = 0; // of the first reading

	// Adds a reading of all ports. clock: its time by the switch. at: its arrival, in ms that never go back.
	add(ports, clock, at) {
		const fresh = new Map(ports.map((port) => [port.name, this.#read(port, clock, at)]));
		const known = (some) => some.map((port) => fresh.get(port.name)).filter((sample) => sample);
		const grouped = Map.groupBy(ports.filter((port) => port.port_group), (port) => port.port_group);

		this.#at = at;
		this.since ||= at;
		known(ports).forEach((sample) => this.#keep(`port:${sample.port}`, sample));
		grouped.forEach((some, name) => this.#keepSum(`group:${name}`, known(some), at));
		this.#keepSum('switch:', known(ports), at);
		for (const key of this.#samples.keys())
			this.#forget(key, at);
		for (const name of this.#before.keys())
			if (!fresh.has(name)) {
				this.#before.delete(name);
				this.#dropped.delete(name);
			}
	}

	#read(port, clock, at) {
		const before = this.#before.get(port.name), counters = countersOf(port);

		this.#before.set(port.name, {clock, counters});
		const sample = before && clock > before.clock ? rates(before.counters, counters, at, clock - before.clock) : null;
		for (const reason of Object.keys(sample?.drops ?? {}))
			this.#dropped.set(port.name, {...this.#dropped.get(port.name), [reason]: at});
		return sample && Object.assign(sample, {port: port.name});
	}

	// When a reason was last counted at one of these ports, while this page was open. 0: never.
	lastDrop(ports, reason) {
		return Math.max(0, ...ports.map(({name}) => this.#dropped.get(name)?.[reason] ?? 0));
	}

	#keep(key, sample) {
		if (!this.#samples.has(key))
			this.#samples.set(key, []);
		this.#samples.get(key).push(sample);
	}

	#keepSum(key, samples, at) {
		if (samples.length)
			this.#keep(key, sum(samples, at));
	}

	#forget(key, at) {
		const samples = this.#samples.get(key);

		while (samples.length && samples[0].at < at - SPAN_MS)
			samples.shift();
		if (!samples.length)
			this.#samples.delete(key);
	}

	of(selection) {
		return this.#samples.get(keyOf(selection)) ?? [];
	}

	// The latest sample. Zeros if it is too old, as in a group that lost its ports.
	latest(selection) {
		const last = this.of(selection).at(-1);

		return last && this.#at - last.at <= GAP_MS ? last : sum([], 0);
	}
}
