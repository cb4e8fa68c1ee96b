// SPDX-License-Identifier: BSD-3-Clause
// rates: charts of the selection over the last minutes: bits, frames, and drops by reason.

import {Chart} from './charts.js';
import {byId} from './dom.js';
import {bits, frames} from './format.js';

const TONES = 8;

function rateChart(root, title, say, rx, tx) {
	return new Chart(root, {
		title, say,
		up: () => [{name: 'rx', label: 'received', tone: 'rx', value: (sample) => sample[rx]}],
		down: () => [{name: 'tx', label: 'sent', tone: 'tx', value: (sample) => sample[tx]}],
	});
}

function labelOf(drop) {
	const [side, reason] = drop.split(':');
	return side === 'tx' ? `${reason} (egress)` : reason;
}

export class Rates {
	#tones = new Map(); // drop reason -> its colour, until the page is closed

	constructor() {
		const root = byId('charts');

		this.charts = [
			rateChart(root, 'Throughput', bits, 'rxBits', 'txBits'),
			rateChart(root, 'Frames', frames, 'rxFrames', 'txFrames'),
			new Chart(root, {
				title: 'Dropped, by reason', say: frames, up: (samples) => this.#drops(samples),
				quiet: 'no drops in the last five minutes',
			}),
		];
	}

	show({history, selection, now}) {
		for (const chart of this.charts)
			chart.show(history.of(selection), now);
	}

	// The reasons in these samples, most frequent at the bottom.
	#drops(samples) {
		const sums = {};

		for (const sample of samples)
			for (const [reason, rate] of Object.entries(sample.drops))
				sums[reason] = (sums[reason] ?? 0) + rate;
		return Object.keys(sums).sort((a, b) => sums[b] - sums[a]).map((name) => ({
			name, label: labelOf(name), tone: this.#toneOf(name), value: (sample) => sample.drops[name] ?? 0,
		}));
	}

	#toneOf(reason) {
		if (!this.#tones.has(reason))
			this.#tones.set(reason, `tone-${this.#tones.size % TONES}`);
		return this.#tones.get(reason);
	}
}
