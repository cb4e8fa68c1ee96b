// SPDX-License-Identifier: BSD-3-Clause
// app: asks the switch once a second, keeps the answers, and shows them in every part of the page. A new question waits until
// the last one is answered or given up. Therefore a busy switch gets fewer questions.

import {Actions} from './actions.js';
import {Refused, Unreachable, get, getTimed} from './api.js';
import {byId, mark, put} from './dom.js';
import {Events} from './events.js';
import {duration} from './format.js';
import {Groups} from './groups.js';
import {Head} from './head.js';
import {History, WHOLE} from './history.js';
import {Machines} from './machines.js';
import {MacTable} from './mactable.js';
import {Policy} from './policy.js';
import {Ports} from './ports.js';
import {Rates} from './rates.js';
import {Selected} from './selected.js';
import {Topology} from './topology.js';
import {Trials} from './trials.js';
import {Why} from './why.js';

const PERIOD_MS = 1000, EVENTS = 500;

// The data for all parts. now and heard are in ms of the browser's clock.
const state = {
	access: null, status: null, ports: [], groups: [], events: [], policy: null, common: null, audits: [], queriers: [], vteps: [], // answers of the switch
	history: new History(), selection: WHOLE, now: 0, heard: 0,
};
let parts = null;
let round = null, nextRound = null;

// #port=esx1, #group=nested-hosts: the address of the page contains the selection, therefore links can keep it.
function selectionInAddress() {
	const words = new URLSearchParams(location.hash.slice(1));
	const kind = ['port', 'group'].find((one) => words.get(one));

	return kind ? {kind, name: words.get(kind)} : WHOLE;
}

function select(selection) {
	const {kind, name} = selection;

	history.replaceState(null, '', kind === 'switch' ? ' ' : `#${new URLSearchParams({[kind]: name})}`);
	state.selection = selection;
	state.policy = null;
	show();
	ask();
}

// The selected port or group may no longer exist.
function checkSelection() {
	const {kind, name} = state.selection, all = kind === 'port' ? state.ports : state.groups;

	if (kind !== 'switch' && !all.some((one) => one.name === name))
		select(WHOLE);
}

async function policyOf({kind, name}) {
	try {
		return await get('policy.show', {port: {name}, group: {group: name}, switch: {}}[kind]);
	} catch (error) {
		if (error instanceof Refused)
			return null; // it no longer exists
		throw error;
	}
}

// Only ports with audit: on have such rows.
const hasTrials = (ports) => ports.some((port) => Object.values(port.rx_would_drop).some((frames) => frames));

async function read() {
	const selection = state.selection;
	const [access, status, ports, groups, recent, policy, common, queriers, vteps, audits] = await Promise.all([get('access'), get('status'),
		getTimed('port.show'), get('group.show'), get('events.show', {count: EVENTS}), policyOf(selection), policyOf(WHOLE), get('mdb.vlans'),
		get('evpn.vtep'), hasTrials(state.ports) ? get('policy.audit') : []]);
	const now = performance.now();

	Object.assign(state, {access, status, ports: ports.reply, groups, events: recent.events, common, queriers, vteps, audits, now, heard: now});
	state.history.add(ports.reply, ports.clock, now);
	checkSelection();
	if (selection === state.selection)
		state.policy = policy;
}

// The parts of the page. They need the switch's answer, because the switch knows its keys and reasons.
async function build() {
	const [keys, reasons] = await Promise.all([get('policy.keys'), get('stats.reasons')]);
	const actions = new Actions(ask), macs = new MacTable(select);

	return [
		new Head(), new Topology(select), new Ports(select), new Selected(actions, macs, select), new Rates(),
		new Why(reasons, select), new Trials(), new Policy(keys, actions), macs, new Machines(select, macs), new Groups(select), new Events(select), actions,
	];
}

function show() {
	for (const part of parts ?? [])
		part.show(state);
}

async function askOnce() {
	try {
		await read();
		parts ??= await build();
		show();
	} catch (error) {
		if (!(error instanceof Unreachable))
			console.error(error);
		put(byId('trouble'), error instanceof Refused ? error.message : '');
	}
	showConnection();
}

// Runs one round of questions at a time. All callers during a round share the next one.
function ask() {
	if (!round)
		return round = askOnce().finally(() => round = null);
	return nextRound ??= round.then(() => {
		nextRound = null;
		return ask();
	});
}

async function loop() {
	const started = performance.now();

	await ask();
	setTimeout(loop, Math.max(PERIOD_MS / 4, PERIOD_MS - (performance.now() - started)));
}

// Data older than three rounds is stale. It stays on the page and is marked.
function showConnection() {
	const age = performance.now() - state.heard, live = state.heard > 0 && age < 3 * PERIOD_MS;

	mark(document.body, {'data-connection': live ? 'live' : state.heard ? 'stale' : 'waiting'});
	put(byId('answer'), live ? 'live' : state.heard ? 'no answer' : 'no answer yet');
	put(byId('age'), live || !state.heard ? '' : `for ${duration(age / 1000)}`); // apart, so that screen readers do not read it every second
	if (live)
		put(byId('trouble'), '');
}

// The skip link's own address would select the whole switch.
function skip(event) {
	event.preventDefault();
	byId('selected').focus();
}

state.selection = selectionInAddress();
document.querySelector('.skip').addEventListener('click', skip);
window.addEventListener('hashchange', () => select(selectionInAddress()));
setInterval(showConnection, PERIOD_MS);
loop();
