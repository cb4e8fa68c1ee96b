// SPDX-License-Identifier: BSD-3-Clause
// sorting: column heads that sort. The first click sorts upwards (numbers: downwards), the second reverses the order, the
// third restores the original order.

import {element, mark, plainButton} from './dom.js';

const COLLATOR = new Intl.Collator('en', {numeric: true});

// Rows without a value come last, whichever way the others are sorted.
function compareRows(a, b, direction) {
	return a === null || b === null ? (a === null) - (b === null) : direction * compare(a, b);
}

function compare(a, b) {
	return typeof a === 'number' && typeof b === 'number' ? a - b : COLLATOR.compare(a, b);
}

export class Sorting {
	// columns: [{name, label, numeric, value(row)}]; changed() is called after a click.
	constructor(columns, changed) {
		this.columns = columns;
		this.column = null;
		this.direction = 1;
		this.headings = columns.map((column) => {
			const button = plainButton(column.label, () => this.#turn(column, changed));
			return element('th', {scope: 'col', class: column.numeric ? 'number' : null, 'aria-sort': 'none'}, button);
		});
	}

	#turn(column, changed) {
		const first = column.numeric ? -1 : 1;

		if (this.column !== column)
			Object.assign(this, {column, direction: first});
		else if (this.direction === first)
			this.direction = -first;
		else
			this.column = null;
		this.headings.forEach((heading, i) => mark(heading, {'aria-sort': this.#order(this.columns[i])}));
		changed();
	}

	#order(column) {
		return column !== this.column ? 'none' : this.direction > 0 ? 'ascending' : 'descending';
	}

	// A sorted copy.
	sort(rows) {
		const {column, direction} = this;
		return column ? rows.toSorted((a, b) => compareRows(column.value(a), column.value(b), direction)) : rows;
	}
}
