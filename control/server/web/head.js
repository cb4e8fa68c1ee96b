// SPDX-License-Identifier: BSD-3-Clause
// head: the switch in a line: its name, how long it is up, what it does now, how full it is.

import {byId, element, mark, put, sync} from './dom.js';
import {bits, count, duration, percent} from './format.js';
import {WHOLE} from './history.js';

function showMeter(name, {used, size}, words) {
	const meter = byId(`${name}-meter`);

	put(byId(name), words);
	meter.max = size;
	meter.value = used;
}

function workerMade() {
	return element('li', {}, element('span'), element('meter', {min: 0, max: 1}));
}

function showWorker(item, worker) {
	const [words, meter] = item.children;

	put(words, percent(worker.load));
	meter.value = worker.load;
	mark(meter, {'aria-label': `Load of worker ${worker.id}`});
	mark(item, {title: `worker ${worker.id}, core ${worker.lcore}: ${worker.ports.join(', ')}`});
}

// What was applied and not confirmed yet takes with it what is changed here, too.
function pendingWords(confirm) {
	if (!confirm)
		return '';
	if (confirm.problem)
		return `Configuration ${confirm.number} should have come back, but: ${confirm.problem}`;
	return `Configuration ${confirm.number} comes back in ${duration(confirm.seconds_left)}, without any change since, `
		+ 'unless these are confirmed: nestctl config confirm';
}

export class Head {
	show({status, history}) {
		const {fdb, buffers} = status;

		document.title = `${status.name} – nestswitch`;
		put(byId('name'), status.name);
		put(byId('version'), `nestswitch ${status.version}`);
		put(byId('pending'), pendingWords(status.confirm));
		put(byId('uptime'), duration(status.uptime));
		put(byId('throughput'), bits(history.latest(WHOLE).rxBits));
		showMeter('table', {used: fdb.learned, size: fdb.size}, `${count(fdb.learned)} of ${count(fdb.size)}`);
		showMeter('buffers', buffers, percent(buffers.used / buffers.size));
		sync(byId('workers'), status.workers, (worker) => worker.id, workerMade, showWorker);
	}
}
