# SPDX-License-Identifier: BSD-3-Clause
"""beside: the programs side by side: what each costs a core for a frame, and how many times the floor that is.

The programs take turns, and each is started anew for each repeat: what changes on the machine changes for all of them.
"""

import statistics

import report
from machine import Absent, Unmeasurable, alone, huge_pages, progress
from peers import LinuxBridge, OpenVSwitch
from programs import EVERYTHING, GUARDED, TAPS, Apart, Nestswitch, Testpmd
from report import NOTHING, Target

# Times testpmd macswap on the same captures, for each number of MACs.
TARGETS = {
    "nestswitch": {2: 1.5, 2_000: 1.5, 20_000: 1.6, 200_000: 2.0, 1_000_000: 2.0},
    "nestswitch-policy": {2: 1.9, 2_000: 1.9, 20_000: 2.0, 200_000: 2.4, 1_000_000: 2.4},
}
FLOOR = "testpmd-macswap"
NOTES = """\
Each program forwards frames of 60 bytes between two ports and keeps one core busy. A port plays a capture from memory
for ever and frees what is sent to it, so the floor is what receiving and sending cost here. Source and destination
differ from frame to frame. Cycles are all that the core had, divided by the frames that it forwarded: median
(least–greatest). Every policy: VLANs with a tag put on one way and taken off the other, limits of MACs, of storms and
rates, which nothing exceeds, isolation groups, and ports beside with forged-transmits and static MACs; its captures
and those of its floor are tagged on one side (64 bytes). Guards: those against DHCP servers and router
advertisements. Silent TAPs: idle ports that the kernel has to be asked about. Linux: packet sockets send on the core
that bridges, which is in the figure; the last line is that alone.
"""


class Beside:
    def __init__(self, build, made, folder, lock):
        self.lock, self.captures = lock, made
        self.programs = [
            Testpmd(made, "macswap"),
            Nestswitch(build, made, folder, "nestswitch", "nestswitch, default policy"),
            Nestswitch(build, made, folder, "nestswitch-taps", "nestswitch, 16 silent TAPs beside", TAPS, where=Apart),
            Testpmd(made, "macswap", tagged=True),
            Nestswitch(build, made, folder, "nestswitch-policy", "nestswitch, every policy", EVERYTHING, tagged=True),
            Nestswitch(build, made, folder, "nestswitch-guards", "nestswitch, and both guards", GUARDED, tagged=True),
            Testpmd(made, "io"),
            OpenVSwitch(made),
            LinuxBridge(build, made),
            LinuxBridge(build, made, bridge=False),
        ]
        self.cycles = {program.key: {} for program in self.programs}  # {MACs: [one for each repeat]}
        self.notes, self.failures = [], []

    def leave_out(self, program, error):
        (self.notes if isinstance(error, Absent) else self.failures).append(f"{program.name}: {error}")
        progress(f"{program.name}: {error}")

    def usable(self, parts):
        """Those whose keys have one of these parts, and that can run."""
        for program in self.programs:
            if not any(part in program.key for part in parts):
                continue
            try:
                program.prepare()
                yield program
            except (Absent, Unmeasurable) as error:
                self.leave_out(program, error)

    def run(self, parts, macs, repeats, seconds):
        usable = list(self.usable(parts))
        for count in macs:
            chosen = [program for program in usable if program.covers(count // 2)]
            for program in (program for program in usable if program not in chosen):
                self.notes.append(f"{program.name}: left out at {count:,} MACs, where each measurement takes minutes")
            self.run_column(chosen, count, repeats, seconds)
            self.captures.forget()

    def run_column(self, chosen, macs, repeats, seconds):
        pages = max((program.memory_mib(macs // 2) for program in chosen), default=0) // 2 + 1
        with huge_pages(pages) as enough:
            if not enough:
                self.failures.append(f"{macs:,} MACs: the machine does not give {pages} huge pages of 2 MiB")
                return
            for program in chosen:
                program.capture(macs // 2)
            for repeat in range(repeats):
                progress(f"side by side: {macs:,} MACs, repeat {repeat + 1} of {repeats}")
                chosen = [program for program in chosen if self.measure(program, macs, seconds)]

    def measure(self, program, macs, seconds):
        try:
            with alone(self.lock):
                cycles = program.measure(macs // 2, seconds)
        except Unmeasurable as error:
            self.leave_out(program, Unmeasurable(f"{macs:,} MACs: {error}"))
            self.cycles[program.key].pop(macs, None)
            return False
        self.cycles[program.key].setdefault(macs, []).append(cycles)
        return True

    def ratio(self, program, macs):
        """Times the floor of the same repeat, which ran moments before; None where one of them is missing."""
        ours = self.cycles[program.key].get(macs)
        floor = self.cycles[FLOOR + "-tagged" * program.tagged].get(macs)
        return statistics.median(one / other for one, other in zip(ours, floor)) if ours and floor else None

    def target(self, program, macs):
        value = TARGETS.get(program.key, {}).get(macs)
        return value and Target("≤", value)

    def ratio_cell(self, program, macs):
        ratio, target = self.ratio(program, macs), self.target(program, macs)
        if ratio is None:
            return NOTHING
        return f"{ratio:.2f}" + (f" ({target}: {'yes' if target.met(ratio) else 'NO'})" if target else "")

    def cycles_cell(self, program, macs):
        values = self.cycles[program.key].get(macs)
        return report.spread(values) if values else NOTHING

    def print(self, macs):
        measured = [program for program in self.programs if self.cycles[program.key]]
        if not measured:
            return
        print(NOTES)
        for title, cell in (("CYCLES/FRAME", self.cycles_cell), ("TIMES THE FLOOR (TARGET: MET)", self.ratio_cell)):
            report.table([title, *(f"{count:,} MACS" for count in macs)],
                         [[program.name, *(cell(program, count) for count in macs)] for program in measured])

    def plot(self, folder):
        lines = {program.name: list(self.cycles[program.key].items()) for program in self.programs}
        report.plot(folder / "forward.svg", "Known unicast, one core, from memory",
                    {name: points for name, points in lines.items() if points})

    def data(self):
        return [{"program": program.key, "name": program.name, "macs": macs, "cycles": values,
                 "median": statistics.median(values), "ratio": self.ratio(program, macs),
                 "target": TARGETS.get(program.key, {}).get(macs)}
                for program in self.programs for macs, values in self.cycles[program.key].items()]
