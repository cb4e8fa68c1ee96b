# SPDX-License-Identifier: BSD-3-Clause
"""switchvm: a virtual machine in which the switch runs, with emulated NICs as its ports.

Each NIC is a TAP at the other end, in a namespace of its own. The machine has the program and its libraries from the
build's machine, and the drivers of DPDK for the emulated NICs.
"""

from glob import glob
from pathlib import Path

import image
import lab
import vm

MEMORY_MB, CORES = 1024, 2
HUGE_MB = 256
# Of DPDK. Others are for devices that QEMU does not emulate.
DRIVERS = ("bus_pci", "bus_vdev", "mempool_ring", "net_e1000", "net_virtio", "net_vmxnet3")
MODULES = ("vfio_pci", "vfio_iommu_type1", "uio_pci_generic", "vmxnet3")
BASH, SETPRIV = "/bin/bash", "/usr/bin/setpriv"
USER = 990  # of the service, and its group


def make_image(build, folder):
    kernel, initramfs = image.make()
    drivers = [path for name in DRIVERS for path in glob(f"/usr/lib/*/dpdk/pmds-*/librte_{name}.so.*")]
    if not drivers:
        raise image.Missing("no drivers of DPDK")
    build = Path(build).resolve()
    prepare = Path(__file__).resolve().parents[2] / "packaging/nestswitch-prepare"
    programs = [build / "nestswitch", build / "nestctl", prepare, BASH, SETPRIV]
    return kernel, image.extend(initramfs, folder, programs, drivers, MODULES)


class Nic:
    """An emulated NIC. `slot`: its PCI address in the machine."""

    def __init__(self, number, model, options=""):
        self.number, self.model, self.options = number, model, options
        self.name, self.mac, self.ip4 = f"p{number}", f"52:54:00:00:01:{number:02x}", f"10.77.0.{number}"

    def words(self, bus):
        return ["-netdev", f"tap,id=cable{self.number},ifname={self.name},script=no,downscript=no",
                "-device", self.device(bus)]

    def device(self, bus):
        return f"{self.model},id={self.name},netdev=cable{self.number},mac={self.mac},romfile=,bus={bus}{self.options}"


class SwitchVm(vm.Vm):
    """`iommu`: the machine has an IOMMU, and its NICs are behind it."""

    def __init__(self, images, folder, nics, iommu, namespace):
        self.name, self.process, self.nics = "switch", None, nics
        self.console = folder / "switch.console"
        self.qmp = vm.qmp_socket(self.console)
        self.command = namespace.command("setpriv", "--pdeathsig", "KILL", *self.words(images, iommu))

    def words(self, images, iommu):
        kernel, initramfs = images
        machine = ["-machine", "q35,kernel-irqchip=split"]
        if iommu:
            machine += ["-device", "intel-iommu,caching-mode=on,intremap=on"]
        for nic in self.nics:  # a NIC at a root port can be pulled
            slot = f"slot{nic.number}"
            machine += ["-device", f"pcie-root-port,id={slot},chassis={nic.number},addr={0x10 + nic.number:#x}", *nic.words(slot)]
        return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", *machine,
                "-accel", "tcg", "-cpu", "max", "-smp", str(CORES), "-m", f"{MEMORY_MB}M",
                "-kernel", kernel, "-initrd", initramfs,
                "-append", f"console=ttyS0 quiet panic=-1 cryptomgr.notests mitigations=off no_timer_check {'intel_iommu=on' * iommu}",
                "-chardev", f"file,id=console,path={self.console}", "-serial", "chardev:console",
                "-chardev", "stdio,id=agent,signal=off", "-serial", "chardev:agent",
                "-qmp", f"unix:{self.qmp},server=on,wait=off"]

    def read_line(self, timeout):
        """QEMU's vmxnet3 also prints lines, which begin with '['."""
        while (line := super().read_line(timeout)).startswith("["):
            continue
        return line

    def address(self, nic):
        """The PCI address of a NIC in the machine; "" if it is pulled."""
        return self.run(f"ls /sys/bus/pci/devices/0000:00:{0x10 + nic.number:02x}.0 | grep '^0000:..:..[.].$'", check=False).strip()

    def plug(self, nic):
        """Plugs a NIC in that was pulled."""
        driver, *words = nic.device(f"slot{nic.number}").split(",")
        self.command_qemu("device_add", driver=driver, **dict(word.split("=") for word in words))

    def command_qemu(self, execute, **arguments):
        vm.command_qemu(self.qmp, execute, **arguments)
