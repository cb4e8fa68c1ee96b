# SPDX-License-Identifier: BSD-3-Clause
"""A configuration as YAML, its booleans and MACs in any of the spellings that the switch must understand."""

SPELLINGS = {"on": ("on", "true", "yes"), "off": ("off", "false", "no")}


def configuration(config, rng):
    lines = []
    for section in ("switch", "policy"):
        if config.get(section):
            lines.append("%s: %s" % (section, mapping(config[section], rng)))
    for section in ("port-groups", "ports", "static-macs", "mirrors", "vlans", "bindings"):
        if config.get(section):
            lines.append(section + ":")
            lines += ["  - " + mapping(row, rng) for row in config[section]]
    if config.get("evpn"):
        lines += ["evpn:"] + ["  %s: %s" % (key, value(key, content, rng)) for key, content in config["evpn"].items()]
    return "\n".join(lines) + "\n"


def mapping(pairs, rng):
    return "{ %s }" % ", ".join("%s: %s" % (key, value(key, content, rng)) for key, content in pairs.items())


def value(key, content, rng):
    if isinstance(content, dict):
        return mapping(content, rng)
    if isinstance(content, list):
        return "[%s]" % ", ".join(item(key, one, rng) for one in content)
    if isinstance(content, str) and content in SPELLINGS:
        return rng.choice(SPELLINGS[content])
    if key in ("mac", "mac-address", "effective-mac", "next-hop"):
        return mac(content, rng)
    return '"%s"' % content if "," in str(content) or str(content).endswith(":") else str(content)


def item(key, content, rng):
    if isinstance(content, dict):
        return mapping(content, rng)
    if key == "allowed-macs":
        return mac_range(content, rng)
    return '"%s"' % content if isinstance(content, str) else str(content)


def mac_range(text, rng):
    address, slash, bits = text.partition("/")
    return mac(address, rng) + slash + bits


def mac(text, rng):
    digits = text.replace(":", "")
    dotted = ".".join(digits[at:at + 4] for at in (0, 4, 8))
    return rng.choice((text, text, text.upper(), text.replace(":", "-"), dotted))
