"""The options for one type of guest, and those for architectures."""

from __future__ import annotations

from xlcfg.rules import QUIET, VALUE, WARNED
from xlcfg.schema.kinds import BOOLEAN, TEXT, Choice, Integer, Listed, Spec
from xlcfg.schema.option import HVM, PV, Architecture, Option
from xlcfg.specs import cpuid, ports

_X86 = Architecture.X86
_ARM = Architecture.ARM
_PV = "Paravirtualised (PV) Guest Specific Options"
_HVM = "Fully-virtualised (HVM) Guest Specific Options"
_BOOT = f"{_HVM}, Boot Device"
_DISK = f"{_HVM}, Emulated disk controller type"
_PAGING = f"{_HVM}, Paging"
_PLATFORM = f"{_HVM}, Processor and Platform Features"
_TIME = f"{_HVM}, Guest Virtual Time Controls"
_LAYOUT = f"{_HVM}, Memory layout"
_PARAVIRTUAL = f"{_HVM}, Support for Paravirtualisation of HVM Guests"
_ON_ARM = "Architecture Specific options, ARM"
_ON_X86 = "Architecture Specific options, x86"

_MBYTES = Integer(0, 1 << 40)
_MIB_32 = Integer(0, (1 << 22) - 1)

_GROUPS = (
    "base",
    "freq",
    "time_ref_count",
    "reference_tsc",
    "hcall_remote_tlb_flush",
    "apic_assist",
    "crash_ctl",
    "synic",
    "stimer",
    "hcall_ipi",
    "ex_processor_masks",
    "no_vp_limit",
    "cpu_hotplug",
)
_VIRIDIAN = (*_GROUPS, *(f"!{group}" for group in _GROUPS), "defaults", "all")

OPTIONS = (
    Option("bootloader", TEXT, _PV),
    Option("bootloader_args", Listed(TEXT, alone=TEXT, lonely=WARNED), _PV),
    Option("e820_host", BOOLEAN, _PV, PV),
    Option("boot", TEXT, _BOOT, HVM),
    Option("hdtype", Choice(("ide", "ahci"), fold=True), _DISK, HVM),
    Option("hap", BOOLEAN, _PAGING),
    Option("oos", BOOLEAN, _PAGING),
    Option("shadow_memory", _MIB_32, _PAGING),
    Option("bios", Choice(("rombios", "seabios", "ovmf"), fold=True), _PLATFORM, HVM),
    Option("bios_path_override", TEXT, _PLATFORM, HVM),
    Option("pae", BOOLEAN, _PLATFORM, HVM),
    Option("acpi", BOOLEAN, _PLATFORM),
    Option("acpi_s3", BOOLEAN, _PLATFORM, HVM),
    Option("acpi_s4", BOOLEAN, _PLATFORM, HVM),
    Option("acpi_laptop_slate", BOOLEAN, _PLATFORM, HVM),
    Option("apic", BOOLEAN, _PLATFORM, HVM, architecture=_X86),
    Option("nx", BOOLEAN, _PLATFORM, HVM, architecture=_X86),
    Option("hpet", BOOLEAN, _PLATFORM, HVM, architecture=_X86),
    Option(
        "altp2m",
        Choice(("disabled", "mixed", "external", "limited"), numbers=4, fold=True),
        _PLATFORM,
    ),
    Option("altp2mhvm", BOOLEAN, _PLATFORM, HVM, deprecated="write `altp2m` instead", warned=True),
    Option("nestedhvm", BOOLEAN, _PLATFORM),
    Option("cpuid", Listed(Spec(cpuid.line_flaws), alone=Spec(cpuid.text_flaws)), _PLATFORM),
    Option("acpi_firmware", TEXT, _PLATFORM, HVM),
    Option("smbios_firmware", TEXT, _PLATFORM, HVM),
    Option("smbios", Listed(TEXT), _PLATFORM, HVM, since=(4, 18)),
    Option("ms_vm_genid", Choice(("generate", "none")), _PLATFORM, HVM),
    Option(
        "tsc_mode",
        Choice(
            ("default", "always_emulate", "native", "native_paravirt"),
            numbers=4,
            numbered=WARNED,
            fold=True,
        ),
        _TIME,
        architecture=_X86,
    ),
    Option("localtime", BOOLEAN, _TIME),
    Option("rtc_timeoffset", Integer(-(1 << 31), (1 << 31) - 1), _TIME),
    Option("vpt_align", BOOLEAN, _TIME, HVM),
    Option(
        "timer_mode",
        Choice(
            (
                "delay_for_missed_ticks",
                "no_delay_for_missed_ticks",
                "no_missed_ticks_pending",
                "one_missed_tick_pending",
            ),
            numbers=4,
            numbered=WARNED,
            fold=True,
        ),
        _TIME,
    ),
    Option("mmio_hole", Integer(256, 3840, outside=VALUE), _LAYOUT, HVM),
    Option("xen_platform_pci", BOOLEAN, _PARAVIRTUAL, HVM),
    Option(
        "viridian",
        Listed(
            Choice(_VIRIDIAN, fold=True),
            alone=Integer(unread=QUIET),
            odd=VALUE,
        ),
        _PARAVIRTUAL,
        HVM,
    ),
    Option(
        "gic_version",
        Choice(("default", "v2", "v3"), mistyped=QUIET, fold=True),
        _ON_ARM,
        architecture=_ARM,
    ),
    Option("vuart", Choice(("sbsa_uart",), fold=True), _ON_ARM, architecture=_ARM),
    Option("sve", TEXT, _ON_ARM, since=(4, 18), architecture=_ARM),
    Option("nr_spis", Integer(0, 991), _ON_ARM, since=(4, 20), architecture=_ARM),
    Option(
        "llc_colors", Listed(Spec(ports.color_flaws)), _ON_ARM, since=(4, 20), architecture=_ARM
    ),
    Option(
        "mca_caps",
        Listed(Choice(("lmce",)), mistyped=VALUE, odd=VALUE),
        _ON_X86,
        HVM,
        architecture=_X86,
    ),
    Option(
        "msr_relaxed",
        BOOLEAN,
        _ON_X86,
        architecture=_X86,
        warned=True,
        deprecated="it is meant to go: report to xen-devel what it mends",
    ),
)
"""The options, in the order of the manual."""
