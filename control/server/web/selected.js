// SPDX-License-Identifier: BSD-3-Clause
// selected: the selected switch, port group or port, and the actions on a port.

import {byId, element, mark, put, stateIcon, sync} from './dom.js';
import {plural} from './format.js';
import {WHOLE, membersOf} from './history.js';
import {mirrorsOf, modesOf, vlansOf} from './modes.js';

const TITLES = {switch: () => 'The whole switch', group: (name) => `Port group ${name}`, port: (name) => `Port ${name}`};

// id of a button -> {title, effect, method, command, params} of a port's name
const ACTIONS = {
	'port-enable': {
		title: 'Enable', method: 'port.enable', command: (name) => `port enable ${name}`, params: (name) => ({name}),
		effect: 'The port forwards again. This also ends err-disabled.',
	},
	'port-disable': {
		title: 'Disable', method: 'port.disable', command: (name) => `port disable ${name}`, params: (name) => ({name}),
		effect: 'The port receives and sends nothing. Its learned MACs are flushed.',
	},
	'port-flush': {
		title: 'Flush the MACs of', method: 'fdb.flush',
		command: (name) => `fdb flush port ${name}`, params: (port) => ({port}),
		effect: 'The MACs learned on the port are flushed. Their next frames teach them again.',
	},
};

function factsOf(port, shown) {
	const group = port.port_group ? `group ${port.port_group}` : 'no group';
	const own = port.effective_mac ? [`MAC address ${port.effective_mac}`] : [];

	return [port.device ?? 'no device', group, vlansOf(port, shown), plural(port.macs, 'MAC'),
		...modesOf(port, shown).map(({full}) => full), ...own];
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

	show(shown) {
		const {selection, ports} = shown;
		const members = membersOf(selection, ports), port = selection.kind === 'port' ? members[0] : null;
		const facts = port ? factsOf(port, shown) : [plural(members.length, 'port'), ...mirrorsOf(members)];

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
