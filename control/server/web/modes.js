// SPDX-License-Identifier: BSD-3-Clause
// modes: a port in words: its VLANs, and whatever makes it differ from a plain port.

import {plural} from './format.js';

const ALL_VLANS = '1-4094';

// The value of a key that is in force at a port. undefined: the switch has not told its policy yet.
function valueAt(port, key, {groups, common}) {
	const group = groups.find(({name}) => name === port.port_group);

	return port.policy[key] ?? group?.policy[key] ?? common?.[key].value;
}

export function vlansOf(port, shown) {
	const value = (key) => valueAt(port, key, shown), native = value('native-vlan');

	if (value('vlan-mode') === 'access')
		return `VLAN ${value('access-vlan')}`;
	const allowed = value('allowed-vlans') === ALL_VLANS ? '' : ` ${value('allowed-vlans')}`;
	return `trunk${allowed}${native === 1 ? '' : `, native ${native || 'none'}`}`;
}

function mirrorWords(port, {name, source, direction, destination, destination_state: state}) {
	if (destination === port.name)
		return `gets mirror ${name} of ${source.join(', ')}`;
	return `mirrored to ${destination} (${name}, ${direction}${state === 'up' ? '' : `, which is ${state}`})`;
}

// The words of a port's modes, each of them short and in full.
export function modesOf(port, shown) {
	const isolation = valueAt(port, 'isolation-group', shown);

	return [
		port.uplink === 'on' && ['uplink', 'uplink'],
		valueAt(port, 'audit', shown) === 'on' && ['audit', 'audit: rules are on trial, and drop nothing'],
		...port.mirrors.map((mirror) => [mirror.destination === port.name ? 'mirror' : 'mirrored', mirrorWords(port, mirror)]),
		isolation > 0 && ['isolated', `isolation group ${isolation}`],
		valueAt(port, 'promiscuous', shown) === 'accept' && ['promiscuous', 'promiscuous'],
		port.static_macs > 0 && [plural(port.static_macs, 'static MAC'), plural(port.static_macs, 'static MAC')],
	].filter((one) => one).map(([short, full]) => ({short, full}));
}

// All mirrors of some ports, each once.
export function mirrorsOf(ports) {
	const all = new Map(ports.flatMap((port) => port.mirrors).map((mirror) => [mirror.name, mirror]));

	return [...all.values()].map(({name, source, direction, destination, destination_state: state}) =>
		`mirror ${name}: ${source.join(', ')} (${direction}) to ${destination}${state === 'up' ? '' : `, which is ${state}`}`);
}
