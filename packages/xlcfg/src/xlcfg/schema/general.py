"""The options for guests of any type."""

from __future__ import annotations

from xlcfg.rules import QUIET, VALUE
from xlcfg.schema.kinds import BOOLEAN, TEXT, Choice, Integer, Listed, Spec
from xlcfg.schema.option import PVH, Architecture, Option
from xlcfg.specs import cpus, numa, uuid

_INT_MAX = (1 << 31) - 1
_MBYTES = Integer(1, 1 << 40)
_LIMIT = Integer(0, _INT_MAX, outside=VALUE, unread=VALUE)
_CPU_LIST = Spec(cpus.flaws, read=cpus.read)
_CPUS = Listed(_CPU_LIST, alone=_CPU_LIST)
_ACTION = Choice(
    (
        "destroy", "restart", "rename-restart", "preserve", "coredump-destroy",
        "coredump-restart", "soft-reset",
    )
)  # fmt: skip

_CPU = "General Options, CPU Allocation"
_SCHEDULING = "General Options, CPU Scheduling"
_MEMORY = "General Options, Memory Allocation"
_NUMA = "General Options, Guest Virtual NUMA Configuration"
_EVENTS = "General Options, Event Actions"
_KERNEL = "General Options, Direct Kernel Boot"
_FIRMWARE = "General Options, Non direct Kernel Boot"
_PVH_BOOT = "General Options, PVH guest options"
_OTHER = "General Options, Other Options"

OPTIONS = (
    Option("name", TEXT, "Mandatory Configuration Items"),
    Option("type", Choice(("hvm", "pv", "pvh"), begins=True), "Selecting Guest Type"),
    Option(
        "builder",
        Choice(("hvm", "generic"), begins=True),
        "Selecting Guest Type, Deprecated guest type selection",
        deprecated="write `type` instead",
    ),
    Option("pool", TEXT, _CPU),
    Option("vcpus", Integer(1, 8192), _CPU),
    Option("maxvcpus", Integer(1, 8192), _CPU),
    Option("cpus", _CPUS, _CPU),
    Option("cpus_soft", _CPUS, _CPU),
    Option("cpu_weight", Integer(1, 65535), _SCHEDULING),
    Option("cap", Integer(0, _INT_MAX), _SCHEDULING),
    Option("period", Integer(0, _INT_MAX), ""),
    Option("slice", Integer(0, _INT_MAX), ""),
    Option("latency", Integer(0, _INT_MAX), ""),
    Option("extratime", Integer(0, 1), ""),
    Option("memory", _MBYTES, _MEMORY),
    Option("maxmem", _MBYTES, _MEMORY),
    Option(
        "vnuma",
        Listed(Listed(Spec(numa.flaws, read=numa.read), mistyped=VALUE), mistyped=QUIET),
        _NUMA,
    ),
    Option("on_poweroff", _ACTION, _EVENTS),
    Option("on_reboot", _ACTION, _EVENTS),
    Option("on_watchdog", _ACTION, _EVENTS),
    Option("on_crash", _ACTION, _EVENTS),
    Option("on_soft_reset", _ACTION, _EVENTS),
    Option("kernel", TEXT, _KERNEL),
    Option("ramdisk", TEXT, _KERNEL),
    Option("cmdline", TEXT, _KERNEL),
    Option("root", TEXT, _KERNEL),
    Option("extra", TEXT, _KERNEL),
    Option("firmware", TEXT, _FIRMWARE),
    Option("pvshim", BOOLEAN, _PVH_BOOT, PVH),
    Option("pvshim_path", TEXT, _PVH_BOOT, PVH),
    Option("pvshim_cmdline", TEXT, _PVH_BOOT, PVH),
    Option("pvshim_extra", TEXT, _PVH_BOOT, PVH),
    Option("uuid", Spec(uuid.flaws), _OTHER),
    Option("seclabel", TEXT, _OTHER),
    Option("init_seclabel", TEXT, _OTHER),
    Option("max_grant_frames", _LIMIT, _OTHER),
    Option("max_maptrack_frames", _LIMIT, _OTHER),
    Option("max_grant_version", _LIMIT, _OTHER),
    Option("nomigrate", BOOLEAN, _OTHER),
    Option("driver_domain", BOOLEAN, _OTHER),
    Option("device_tree", TEXT, _OTHER),
    Option(
        "passthrough",
        Choice(("default", "disabled", "enabled", "sync_pt", "share_pt"), fold=True),
        _OTHER,
    ),
    Option("xend_suspend_evtchn_compat", BOOLEAN, _OTHER),
    Option("vmtrace_buf_kb", Integer(0, 1 << 20, unread=QUIET), _OTHER),
    Option("vpmu", BOOLEAN, _OTHER, architecture=Architecture.ARM),
)
"""The options, in the order of the manual."""
