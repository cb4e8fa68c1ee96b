// SPDX-License-Identifier: BSD-3-Clause
// api: asks the switch. Reading needs no token. Changes need the token, which is kept as long as the browser's tab.

const PATIENCE_MS = 5000, CHANGE_PATIENCE_MS = 20000; // a change may open devices
const TOKEN = 'nestswitch-token';

export class Unreachable extends Error {} // no answer, or not in time
export class Refused extends Error {} // the switch refused, with its error as the message

async function fetched(path, patience, options) {
	try {
		const response = await fetch(path, {cache: 'no-store', signal: AbortSignal.timeout(patience), ...options});
		return {reply: await response.json(), clock: Number(response.headers.get('Nestswitch-Clock'))};
	} catch (error) {
		throw new Unreachable('the switch does not answer', {cause: error});
	}
}

async function answer(path, patience, options) {
	const got = await fetched(path, patience, options);

	if (got.reply?.error)
		throw new Refused(got.reply.error.message);
	return got;
}

// {reply, clock}: the answer, and its time in seconds of the switch's clock.
export function getTimed(method, params = {}) {
	const query = new URLSearchParams(params).toString();

	return answer(`api/${method}${query && '?'}${query}`, PATIENCE_MS, {});
}

export async function get(method, params) {
	return (await getTimed(method, params)).reply;
}

// Calls a method that may change something. token: the kept token, unless another one is given.
export async function call(method, params = {}, token = sessionStorage.getItem(TOKEN)) {
	const {reply} = await answer('api', CHANGE_PATIENCE_MS, {
		method: 'POST',
		headers: {'Content-Type': 'application/json', Authorization: `Bearer ${token}`},
		body: JSON.stringify({jsonrpc: '2.0', id: 1, method, params}),
	});

	return reply.result;
}

export function hasToken() {
	return sessionStorage.getItem(TOKEN) !== null;
}

export function keepToken(token) {
	sessionStorage.setItem(TOKEN, token);
}

export function dropToken() {
	sessionStorage.removeItem(TOKEN);
}
