// SPDX-License-Identifier: BSD-3-Clause
// format: numbers for people, grouped or with a prefix, with their unit.

const GROUPED = new Intl.NumberFormat('en-GB');
const CLOCK = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', second: '2-digit'});
const DAY = new Intl.DateTimeFormat('en-GB', {day: 'numeric', month: 'short'});
const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P'];
const THIN = '\u202f';

export function count(n) {
	return GROUPED.format(n);
}

// Three digits and a prefix: 950 bit/s, 1.23 kbit/s, 45.6 Mbit/s.
export function withUnit(value, unit) {
	let step = 0;

	while (value >= 999.5 && step < PREFIXES.length - 1) {
		value /= 1000;
		step++;
	}
	const digits = step === 0 ? (value > 0 && value < 9.95 ? 1 : 0) : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
	return `${value.toFixed(digits).replace(/^0\.0$/, '0')}${THIN}${PREFIXES[step]}${unit}`;
}

export function bits(rate) {
	return withUnit(rate, 'bit/s');
}

export function frames(rate) {
	return withUnit(rate, 'f/s');
}

export function percent(share) {
	return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)}${THIN}%`;
}

// The two largest units: 3 d 4 h, 5 min 12 s.
export function duration(seconds) {
	const units = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
	const first = units.findIndex(([, size]) => seconds >= size);
	let rest = Math.floor(seconds);
	const parts = [];

	for (const [name, size] of first < 0 ? units.slice(3) : units.slice(first, first + 2)) {
		parts.push(`${Math.floor(rest / size)}${THIN}${name}`);
		rest %= size;
	}
	return parts.join(' ');
}

export function clock(date) {
	return CLOCK.format(date);
}

// The time of day, with the date if it is not today.
export function moment(date) {
	return (date.toDateString() === new Date().toDateString() ? '' : `${DAY.format(date)}, `) + clock(date);
}

// The date of a moment that performance.now() gave. Not timeOrigin, because its clock stands still while the machine sleeps.
export function dateOf(at) {
	return new Date(Date.now() - performance.now() + at);
}

export function plural(n, one) {
	return `${count(n)} ${one}${n === 1 ? '' : 's'}`;
}
