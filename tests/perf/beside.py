# SPDX-License-Identifier: BSD-3-Clause
"""beside: compares programs: cycles that each spends on a frame, and their ratio to the floor.

The programs run in turns, and each repeat starts them anew. So changes on the machine affect all of them.
"""

import statistics

import report
from machine import Absent, Unmeasurable, alone, huge_pages, progress
from peers import LinuxBridge, OpenVSwitch, Vpp
from programs import EVERYTHING, GUARDED, TAPS, Apart, Nestswitch, Testpmd
from report import NOTHING, Target

# {program: {MACs: multiple of testpmd macswap on the same captures}}
TARGETS = {
    "nestswitch": {2: 1.5, 2_000: 1.5, 20_000: 1.6, 200_000: 2.0, 1_000_000: 2.0},
    "nestswitch-policy": {2: 1.9, 2_000: 1.9, 20_000: 2.0, 200_000: 2.4, 1_000_000: 2.4},
}
FLOOR = "testpmd-macswap"
NOTES = """\
Each program forwards frames of 60 bytes between two ports on one busy core. A port repeats a capture from memory and
frees the frames that are sent to it. So the floor is the cost of receiving and sending alone. Source and destination
change with every frame. Cycles are all cycles of the core divided by its forwarded frames: median (least–greatest).
Every policy: VLANs that add a tag one way and remove it the other way, limits of MACs, storms and rates that no frame
exceeds, isolation groups, and more ports with forged-transmits and static MACs. Its captures, and those of its floor,
are tagged on one side (64 bytes). Guards: against DHCP servers and router advertisements. Silent TAPs: idle ports that
cost system calls. Open vSwitch: action NORMAL. VPP: a bridge domain that learns, ages and floods; its packet generator
copies the frames into buffers on the core of the bridge domain, and the second line leaves out that node. VPP fills
vectors of 256 frames here, nestswitch bursts of 64, the others of 32. Linux: packet sockets send on the core of the
bridge, so the figure includes them; the last line is without a bridge.
"""


class Beside:
    def __init__(self, build, made, folder, lock):
        self.lock, self.captures = lock, made
        self.programs = [
            Testpmd(made, "macswap"),
            Nestswitch(build, made, folder, "nestswitch", "nestswitch, default policy"),
            Nestswitch(build, made, folder, "nestswitch-taps", "nestswitch, with 16 silent TAPs", TAPS, where=Apart),
            Testpmd(made, "macswap", tagged=True),
            Nestswitch(build, made, folder, "nestswitch-policy", "nestswitch, every policy", EVERYTHING, tagged=True),
            Nestswitch(build, made, folder, "nestswitch-guards", "nestswitch, every policy and both guards", GUARDED, tagged=True),
            Testpmd(made, "io"),
            OpenVSwitch(made),
            Vpp(made),
            Vpp(made, generator=False),
            LinuxBridge(build, made),
            LinuxBridge(build, made, bridge=False),
        ]
        self.cycles = {program.key: {} for program in self.programs}  # {MACs: [cycles of each repeat]}
        self.notes, self.failures = [], []

    def leave_out(self, program, error):
        (self.notes if isinstance(error, Absent) else self.failures).append(f"{program.name}: {error}")
        progress(f"{program.name}: {error}")

    def usable(self, parts):
        """The programs that can run and whose keys have one of these parts."""
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
                self.notes.append(f"{program.name}: omitted at {count:,} MACs, because each measurement takes minutes")
            self.run_column(chosen, count, repeats, seconds)
            self.captures.forget()

    def run_column(self, chosen, macs, repeats, seconds):
        pages = max((program.memory_mib(macs // 2) for program in chosen), default=0) // 2 + 1
        with huge_pages(pages) as enough:
            if not enough:
                self.failures.append(f"{macs:,} MACs: the machine cannot provide {pages} huge pages of 2 MiB")
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
        """The ratio to the floor of the same repeat. None if either is missing."""
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
