# SPDX-License-Identifier: BSD-3-Clause
"""measure: scripts that run in the page. Each is a function that returns a list of findings."""

# Colours and contrast as WCAG defines them. The ground of a text is the nearest ancestor with a background; in a drawing, the
# last rectangle around it.
COLOURS = """
    const parts = (colour) => colour.match(/[\\d.]+/g)?.map(Number) ?? [0, 0, 0, 0];
    const over = (top, below) => { const [r, g, b, a = 1] = top; return [r, g, b].map((v, i) => v * a + below[i] * (1 - a)); };
    const luminance = (colour) => {
        const [r, g, b] = colour.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (one, other) => {
        const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    const groundOf = (node) => {
        if (!node)
            return [255, 255, 255];
        const own = parts(getComputedStyle(node).backgroundColor);
        return own[3] === 0 ? groundOf(node.parentElement) : over(own, own.length > 3 ? groundOf(node.parentElement) : [0, 0, 0]);
    };
    const drawnOn = (node) => {
        const box = node.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
        const around = [...node.ownerSVGElement.querySelectorAll('rect')].filter((rect) => {
            const {left, right, top, bottom} = rect.getBoundingClientRect();
            return left <= x && x <= right && top <= y && y <= bottom && getComputedStyle(rect).fill !== 'none';
        });
        return around.length ? parts(getComputedStyle(around.at(-1)).fill) : groundOf(node.ownerSVGElement);
    };
    const opacity = (node) => node ? Number(getComputedStyle(node).opacity) * opacity(node.parentElement) : 1;
    const nameOf = (node) => `${node.tagName.toLowerCase()}${node.id && '#' + node.id}.${node.getAttribute('class') ?? ''}`;
"""

# Text needs 4.5:1. Marks, and the edges of controls, need 3:1; every tone of a chart is measured, used or not.
CONTRAST = """() => {""" + COLOURS + """
    const found = new Set();
    const note = (node, what, colour, ground, least) => {
        const is = ratio(over(colour, ground), ground);
        if (is < least)
            found.add(`${what} ${nameOf(node)}: ${is.toFixed(2)} of ${colour} on ${ground}`);
    };
    const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
        const node = words.currentNode.parentElement, style = getComputedStyle(node);
        if (!words.currentNode.data.trim() || !node.checkVisibility() || node.closest('.unseen, .skip, script, option'))
            continue;
        const drawn = node.ownerSVGElement, ground = drawn ? drawnOn(node) : groundOf(node);
        const [r, g, b, a = 1] = parts(drawn ? style.fill : style.color);
        note(node, 'text', [r, g, b, a * opacity(node)], ground, 4.5);
    }
    for (const field of document.querySelectorAll('input[placeholder]'))
        note(field, 'placeholder', parts(getComputedStyle(field, '::placeholder').color), groundOf(field), 4.5);
    const marks = {
        stroke: '.state, .node > rect, .link .wire, .link .rx, .link .tx, .areas .stroke, .axes .base',
        fill: '.sparkline .rx, .sparkline .tx', backgroundColor: '.swatch',
        borderTopColor: 'button:not(.plain), input:not([type=checkbox]), select',
    };
    for (const [property, selector] of Object.entries(marks))
        for (const node of document.querySelectorAll(selector))
            if (node.checkVisibility())
                note(node, property, parts(getComputedStyle(node)[property]), groundOf((node.ownerSVGElement ?? node).parentElement), 3);
    const probe = document.createElement('i'), card = document.querySelector('main > section');
    card.append(probe);
    for (const tone of ['rx', 'tx', 'up', 'off', 'bad', 'edge', 'accent', ...Array.from({length: 8}, (_, i) => `tone-${i}`)]) {
        probe.style.color = `var(--${tone})`;
        note(probe, tone, parts(getComputedStyle(probe).color), groundOf(card), 3);
    }
    probe.remove();
    return [...found];
}"""

# What lies beyond the window, or beyond the edge of a box that hides or scrolls it sideways.
CUT = """() => {
    const found = new Set(), wide = document.documentElement.clientWidth;
    const nameOf = (node) => `${node.tagName.toLowerCase()}${node.id && '#' + node.id}.${node.getAttribute('class') ?? ''}`;
    const text = (node) => node.textContent.trim().slice(0, 30);
    for (const node of document.querySelectorAll('header, header *, main, main *')) {
        if (!node.checkVisibility() || node.closest('.unseen, .skip'))
            continue;
        const {left, right, width} = node.getBoundingClientRect();
        if (width && (left < -0.5 || right > wide + 0.5))
            found.add(`${nameOf(node)} '${text(node)}' lies at ${left.toFixed()} to ${right.toFixed()} of ${wide}`);
        if (!node.ownerSVGElement && node.tagName !== 'METER' && node.scrollWidth > node.clientWidth + 1 && node.clientWidth
                && getComputedStyle(node).overflowX !== 'visible')
            found.add(`${nameOf(node)} shows ${node.clientWidth} of ${node.scrollWidth}`);
        if (node.tagName === 'text' && node.textContent) {
            const whole = node.ownerSVGElement.getBoundingClientRect();
            if (left < whole.left - 1 || right > whole.right + 1)
                found.add(`${nameOf(node)} '${text(node)}' leaves its picture`);
        }
        if (node.placeholder) {
            const style = getComputedStyle(node), pen = document.createElement('canvas').getContext('2d');
            pen.font = style.font;
            const cross = node.type === 'search' ? 20 : 0; // the button that empties the field
            const room = node.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) - cross;
            if (pen.measureText(node.placeholder).width > room)
                found.add(`${nameOf(node)} has no room for '${node.placeholder}'`);
        }
    }
    return [...found];
}"""
