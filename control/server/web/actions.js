// SPDX-License-Identifier: BSD-3-Clause
// actions: changes. A dialog first shows each change as its nestctl command, and carries it out when it is confirmed. If the
// switch refuses it, the dialog stays open and shows the switch's error.

import {call, dropToken, hasToken, keepToken} from './api.js';
import {byId, element, mark, put} from './dom.js';

const SAID_MS = 12000;

export class Actions {
	#change = null;

	// done(): after a change.
	constructor(done) {
		this.done = done;
		this.dialog = byId('confirm');
		this.token = byId('token');
		this.access = byId('access');
		byId('confirm-form').addEventListener('submit', (event) => this.#submit(event));
		byId('token-form').addEventListener('submit', (event) => this.#submitToken(event));
		for (const dialog of [this.dialog, this.token])
			dialog.querySelector('.cancel').addEventListener('click', () => dialog.close());
		this.access.addEventListener('click', () => this.#turnAccess());
	}

	// The page may write if the switch allows it and has accepted a token.
	show({access}) {
		const possible = access.write, writing = possible && hasToken();

		mark(document.body, {'data-writing': writing});
		this.access.disabled = !possible;
		put(this.access, !possible ? 'read-only' : writing ? 'Lock' : 'Unlock …');
		this.access.title = possible ? 'Changes need the token that the switch was started with'
			: 'The switch was started without --web-write, therefore this page is read-only';
	}

	#turnAccess() {
		if (!hasToken())
			return open(this.token);
		dropToken();
		return this.done();
	}

	// change: {title, effect, field, watch, command(), method, params()}
	confirm(change) {
		const tell = () => put(byId('confirm-command'), `nestctl ${change.command()}`);

		this.#change = change;
		put(byId('confirm-title'), change.title);
		put(byId('confirm-effect'), change.effect ?? '');
		byId('confirm-field').replaceChildren(...(change.field ? [change.field] : []));
		change.watch?.addEventListener('input', tell);
		tell();
		open(this.dialog);
	}

	// Before the answer arrives, the dialog may be closed or may show another change.
	async #submit(event) {
		const change = this.#change, command = change.command();
		const isAsked = () => this.dialog.open && this.#change === change;

		event.preventDefault();
		await attempt(this.dialog, isAsked, async () => {
			try {
				this.#say(doneWords(command, await call(change.method, change.params())));
			} catch (error) {
				if (!isAsked())
					this.#say([`${command}: ${error.message}`]);
				throw error;
			}
		});
		this.done();
	}

	#say(texts) {
		clearTimeout(this.saying);
		this.saying = setTimeout(() => byId('said').replaceChildren(), SAID_MS);
		byId('said').replaceChildren(...texts.map((text) => element('p', {}, text)));
	}

	// A token is valid if the switch accepts it for a method that changes nothing.
	async #submitToken(event) {
		const field = byId('token-field'), token = field.value;

		event.preventDefault();
		await attempt(this.token, () => true, async () => {
			await call('status', {}, token);
			keepToken(token);
			field.value = '';
		});
		this.done();
	}
}

function open(dialog) {
	put(dialog.querySelector('.error'), '');
	dialog.querySelector('[type=submit]').disabled = false;
	dialog.showModal();
}

function doneWords(command, result) {
	const counted = result?.count === undefined ? '' : ` (${result.count})`;

	return [`Done: ${command}${counted}`, ...result?.warnings ?? []];
}

// Calls act() and closes the dialog, or shows the error there. isAsked(): whether the dialog still shows this change.
async function attempt(dialog, isAsked, act) {
	const go = dialog.querySelector('[type=submit]');
	let problem = null;

	go.disabled = true;
	try {
		await act();
	} catch (error) {
		problem = error;
	}
	if (!isAsked())
		return;
	go.disabled = false;
	if (problem)
		put(dialog.querySelector('.error'), problem.message);
	else
		dialog.close();
}
