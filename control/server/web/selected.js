// SPDX-License-Identifier: BSD-3-Clause
// selected: what is selected: the switch, a port group or a port; and what may be done with a port.

import {byId, element, mark, put, stateIcon, sync} from './dom.js';
import {plural} from './format.js';
import {WHOLE, membersOf} from './history.js';

const TITLES = {switch: () => 'The whole switch', group: (name) => `Port group ${name}`, port: (name) => `Port ${name}`};

// id of a button -> {title, effect, method, command, params} of a port's name
const ACTIONS = {
	'port-enable': {
		title: 'Enable', method: 'port.enable', command: (name) => `port enable ${name}`, params: (name) => ({name}),
		effect: 'It forwards again; err-disabled ends.',
	},
	'port-disable': {
		title: 'Disable', method: 'port.disable', command: (name) => `port disable ${name}`, params: (name) => ({name}),
		effect: 'Nothing is received from it or sent to it, and its learned MACs are forgotten.',
	},
	'port-flush': {
		title: 'Forget the MACs of', method: 'fdb.flush',
		command: (name) => `fdb flush port ${name}`, params: (port) => ({port}),
		effect: 'Those learned on it are forgotten, and learned again from their next frames.',
	},
};

function factsOf(port) {
	const group = port.port_group ? `group ${port.port_group}` : 'no group';
	const own = port.effective_mac ? [`its own MAC ${port.effective_mac}`] : [];

	return [port.device ?? 'no device', group, plural(port.macs, 'MAC'), ...own];
}

export class Selected {
	constructor(actions, macs, select) {
		for (const [id, action] of Object.entries(ACTIONS))
			byId(id).addEventListener('click', () => this.#confirm(actions, action));
		byId('port-macs').addEventListener('click', () => {
			macs.showPort(this.name);
			byId('macs').scrollIntoView();
		});
		byId('show-whole').addEventListener('click', () => select(WHOLE));
	}

	#confirm(actions, {title, effect, method, command, params}) {
		const name = this.name;

		actions.confirm({
			title: `${title} port ${name}`, effect, method, command: () => command(name), params: () => params(name),
		});
	}

	show({selection, ports}) {
		const members = membersOf(selection, ports), port = selection.kind === 'port' ? members[0] : null;
		const facts = port ? factsOf(port) : [plural(members.length, 'port')];

		this.name = selection.name;
		put(byId('selected-title'), TITLES[selection.kind](selection.name));
		byId('selected-state').replaceChildren(...(port ? [stateIcon(port.state), port.state] : []));
		mark(byId('selected-state'), {'data-state': port?.state ?? ''});
		sync(byId('facts'), facts, (text) => text, (text) => element('li', {}, text), () => {});
		byId('show-whole').hidden = selection.kind === 'switch';
		byId('port-macs').hidden = byId('port-actions').hidden = !port;
		byId('port-enable').hidden = !['disabled', 'err-disabled'].includes(port?.state);
		byId('port-disable').hidden = port?.state === 'disabled';
	}
}
