"""The options for devices: virtual ones, emulated ones and those of the host."""

from __future__ import annotations

from xlcfg.rules import QUIET, RANGE, VALUE
from xlcfg.schema.kinds import BOOLEAN, TEXT, Choice, Integer, Listed, Spec
from xlcfg.schema.option import HVM, Architecture, Option
from xlcfg.specs import channel, disk, graphics, p9, pci, ports, sound, usb, vif
from xlcfg.specs.rdm import RDM
from xlcfg.specs.virtio import VIRTIO
from xlcfg.specs.vtpm import VTPM

_DEVICES = "Devices"

OPTIONS = (
    Option("disk", Listed(Spec(disk.flaws, disk.SECTION, disk.read)), _DEVICES),
    Option("vif", Listed(Spec(vif.flaws, vif.SECTION, vif.read)), _DEVICES),
    Option("vif2", Listed(TEXT), "", deprecated="it does nothing: remove it", warned=True),
    Option("vtpm", Listed(Spec(VTPM.flaws, read=VTPM.read)), _DEVICES),
    Option("p9", Listed(Spec(p9.P9.flaws, read=p9.P9.read)), _DEVICES),
    Option("pvcalls", Listed(Spec(p9.PVCALLS.flaws, read=p9.PVCALLS.read)), _DEVICES),
    Option(
        "vfb", Listed(Spec(graphics.FRAME_BUFFER.flaws, read=graphics.FRAME_BUFFER.read)), _DEVICES
    ),
    Option("channel", Listed(Spec(channel.flaws, read=channel.CHANNEL.read)), _DEVICES),
    Option("rdm", Spec(RDM.flaws, read=RDM.read), _DEVICES),
    Option("usbctrl", Listed(Spec(usb.CONTROLLER.flaws, read=usb.CONTROLLER.read)), _DEVICES),
    Option("usbdev", Listed(Spec(usb.DEVICE.flaws, read=usb.DEVICE.read)), _DEVICES),
    Option("pci", Listed(Spec(pci.flaws, pci.SECTION, pci.read)), _DEVICES),
    Option("pci_permissive", BOOLEAN, _DEVICES),
    Option("pci_msitranslate", BOOLEAN, _DEVICES),
    Option("pci_seize", BOOLEAN, _DEVICES),
    Option("pci_power_mgmt", BOOLEAN, _DEVICES),
    Option(
        "gfx_passthru",
        Choice(("default", "igd"), numbers=2, excess=RANGE, fold=True),
        _DEVICES,
        HVM,
    ),
    Option("rdm_mem_boundary", Integer(0, 1 << 40), _DEVICES, HVM),
    Option("dtdev", Listed(TEXT), _DEVICES),
    Option("ioports", Listed(Spec(ports.ioport_flaws), odd=VALUE), _DEVICES),
    Option("iomem", Listed(Spec(ports.iomem_flaws), odd=VALUE), _DEVICES),
    Option("irqs", Listed(Spec(ports.irq_flaws), odd=VALUE), _DEVICES),
    Option("max_event_channels", Integer(1, 131071), _DEVICES),
    Option("vdispl", Listed(Spec(graphics.display_flaws, read=graphics.DISPLAY.read)), _DEVICES),
    Option("dm_restrict", BOOLEAN, _DEVICES),
    Option("device_model_user", TEXT, _DEVICES),
    Option("vsnd", Listed(Listed(Spec(sound.flaws), mistyped=VALUE)), _DEVICES),
    Option("vkb", Listed(Spec(graphics.KEYBOARD.flaws, read=graphics.KEYBOARD.read)), _DEVICES),
    Option("virtio", Listed(Spec(VIRTIO.flaws, read=VIRTIO.read)), _DEVICES, since=(4, 18)),
    Option(
        "tee",
        Choice(("none", "optee"), mistyped=QUIET, fold=True),
        _DEVICES,
        architecture=Architecture.ARM,
    ),
)
"""The options, in the order of the manual."""
