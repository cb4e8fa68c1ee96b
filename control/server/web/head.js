// SPDX-License-Identifier: BSD-3-Clause
// head: the name, uptime, throughput and fill levels of the switch.

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

// Changes made on this page are rolled back too, while a confirmation is pending.
function pendingWords(confirm) {
	if (!confirm)
		return '';
	if (confirm.problem)
		return `The rollback to configuration ${confirm.number} failed: ${confirm.problem}`;
	return `Rollback to configuration ${confirm.number} in ${duration(confirm.seconds_left)}, including all changes since, `
		+ 'unless they are confirmed: nestctl config confirm';
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
