// SPDX-License-Identifier: BSD-3-Clause
// mactable: the MAC table. The switch searches it, and the page shows a hundred rows at a time. The switch sends pages of
// 4096 entries in the order of VLAN and MAC. The page sorts within such a page, so that a million entries never come at once.
// The switch cannot search for a part of a MAC, therefore this code searches page after page. You can stop that search.

import {Refused, get} from './api.js';
import {byId, element, mark, plainButton, put, sync} from './dom.js';
import {count, duration} from './format.js';
import {Sorting} from './sorting.js';

const ROWS = 100, REFRESH_MS = 5000, TYPING_MS = 250;
const MAC_DIGITS = 12;
const COLUMNS = [
	{name: 'mac', label: 'MAC address', value: (entry) => entry.mac},
	{name: 'vlan', label: 'VLAN', numeric: true, value: (entry) => entry.vlan ?? 0},
	{name: 'port', label: 'Port', value: (entry) => entry.port},
	{name: 'type', label: 'Type', value: (entry) => entry.type},
	{name: 'age', label: 'Last seen', numeric: true, value: (entry) => entry.age},
];

// The search of the form: parameters of fdb.show, and the hexadecimal digits of a part of a MAC.
function wanted(form) {
	const {mac, port, vlan, type} = Object.fromEntries(new FormData(form));
	const digits = mac.toLowerCase().replace(/[\s:.-]/g, '');
	const params = Object.fromEntries(Object.entries({port, vlan, type}).filter(([, value]) => value));

	if (/[^0-9a-f]/.test(digits) || digits.length > MAC_DIGITS)
		throw new Refused('a MAC, or part of one, has only the digits 0-9 and a-f');
	if (digits.length < MAC_DIGITS)
		return {params, part: digits};
	return {params: {...params, mac: digits.match(/../g).join(':')}, part: ''};
}

const has = (part) => (entry) => entry.mac.replaceAll(':', '').includes(part);

function showEntry(row, entry) {
	const [mac, vlan, port, type, age] = row.children;

	put(mac, entry.mac);
	put(vlan, entry.vlan === null ? 'all' : String(entry.vlan));
	put(port.firstElementChild, entry.port);
	put(port.lastElementChild, entry.type.startsWith('remote') ? ' (machine)' : '');
	put(type, entry.held ? `${entry.type}, held for ${entry.held} s` : entry.type);
	put(age, entry.age === null ? '–' : `${duration(entry.age)} ago`);
}

export class MacTable {
	#entries = []; // the current page of the switch
	#next = null; // the start of the next page
	#starts = [null]; // the starts of the pages up to this one; null for the first page
	#first = 0; // the index of the top row in #entries
	#search = 0; // the number of the current search; older ones show nothing
	#pages = 0; // number of pages read for the shown rows; 0: no answer yet
	#loading = false;
	#typing = 0;

	constructor(select) {
		this.form = byId('mac-search');
		this.note = byId('mac-note');
		this.select = select;
		this.sorting = new Sorting(COLUMNS, () => this.#turnTo(0));
		this.body = element('tbody');
		this.back = byId('mac-back');
		this.forth = byId('mac-forth');
		byId('mac-table').append(element('table', {class: 'macs'}, element('caption', {class: 'unseen'}, 'MAC table'),
			element('thead', {}, element('tr', {}, ...this.sorting.headings)), this.body));
		this.form.addEventListener('input', () => this.#searchSoon());
		this.form.addEventListener('submit', (event) => {
			event.preventDefault();
			this.search();
		});
		this.back.addEventListener('click', () => this.#goBack());
		this.forth.addEventListener('click', () => this.#goForth());
		byId('mac-stop').addEventListener('click', () => this.#stop());
		setInterval(() => this.#refresh(), REFRESH_MS);
		this.search();
	}

	// Updates the list of ports.
	show({ports}) {
		sync(byId('mac-port'), [{name: ''}, ...ports], (port) => port.name,
			(port) => element('option', {value: port.name}, port.name || 'any port'), () => {});
	}

	showPort(name) {
		this.form.reset();
		byId('mac-port').value = name;
		this.search();
	}

	search() {
		clearTimeout(this.#typing);
		this.#starts = [null];
		this.#first = 0;
		return this.#load();
	}

	#searchSoon() {
		clearTimeout(this.#typing);
		this.#typing = setTimeout(() => this.search(), TYPING_MS);
	}

	#stop() {
		this.#search++;
		this.#loading = false;
		this.#draw();
	}

	// Refreshes the rows, unless the switch would have to search its whole table for them.
	#refresh() {
		if (!this.#loading && this.#pages <= 1 && !document.hidden && document.body.dataset.connection === 'live')
			this.#load();
	}

	async #load() {
		const search = ++this.#search;

		this.#loading = true;
		try {
			await this.#read(search, wanted(this.form));
		} catch (error) {
			if (search === this.#search)
				this.#fail(error);
		}
		if (search === this.#search)
			this.#loading = false;
	}

	// Reads a page of the switch. For a part of a MAC, reads pages until a hundred entries are found.
	async #read(search, {params, part}) {
		const found = [];
		let after = this.#starts.at(-1), pages = 0, seen = 0, searching = true;

		while (searching) {
			const page = await get('fdb.show', after === null ? params : {...params, after});
			if (search !== this.#search)
				return;
			found.push(...(part ? page.entries.filter(has(part)) : page.entries));
			seen += page.entries.length;
			after = page.next;
			searching = after !== null && found.length < ROWS;
			this.#entries = found;
			this.#next = after;
			this.#pages = ++pages;
			this.#draw(searching ? `${count(found.length)} found in ${count(seen)} entries …` : '');
		}
	}

	#fail(error) {
		this.#draw('', error.message);
	}

	#turnTo(first) {
		this.#first = first;
		this.#draw();
	}

	#goBack() {
		if (this.#first > 0)
			return this.#turnTo(Math.max(0, this.#first - ROWS));
		if (this.#starts.length === 1)
			return null; // a second click finds nothing before the first page
		this.#starts.pop();
		return this.#load();
	}

	#goForth() {
		if (this.#first + ROWS < this.#entries.length)
			return this.#turnTo(this.#first + ROWS);
		if (this.#next === null)
			return null;
		this.#starts.push(this.#next);
		this.#next = null; // a second click finds nothing until the page is there
		this.#first = 0;
		return this.#load();
	}

	// progress: the state of a running search. problem: why it failed.
	#draw(progress = '', problem = '') {
		const all = this.#entries;

		while (this.#first >= Math.max(1, all.length))
			this.#first -= ROWS; // there are fewer entries now
		const rows = this.sorting.sort(all).slice(this.#first, this.#first + ROWS);
		sync(this.body, rows, (entry) => `${entry.vlan} ${entry.mac} ${entry.port}`, () => this.#made(), showEntry);
		mark(this.note, {'data-bad': problem !== ''});
		put(this.note, problem || progress || this.#words(rows.length));
		this.back.disabled = progress || (this.#first === 0 && this.#starts.length === 1);
		this.forth.disabled = progress || (this.#first + ROWS >= all.length && this.#next === null);
		byId('mac-stop').hidden = !progress;
	}

	#words(shown) {
		const all = this.#entries.length, whole = this.#next === null && this.#starts.length === 1;
		const range = `${count(this.#first + 1)}–${count(this.#first + shown)}`;

		if (!all)
			return whole ? 'No such entry.' : 'No more entries.';
		if (whole)
			return `${range} of ${count(all)}`;
		const words = [`${range} of ${count(all)} in part ${count(this.#starts.length)} of the table`];
		if (this.#next !== null)
			words.push('there are more');
		if (this.sorting.column)
			words.push('sorted within this part');
		return words.join('; ');
	}

	#made() {
		const port = plainButton('', (event) => this.select({kind: 'port', name: event.target.textContent}));

		return element('tr', {}, element('td', {class: 'mac'}), element('td', {class: 'number'}), element('td', {}, port, element('small')),
			element('td'), element('td', {class: 'number'}));
	}
}
