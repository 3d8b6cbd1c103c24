"""The options for emulated hardware and the device model that emulates it."""

from __future__ import annotations

from xlcfg.rules import VALUE
from xlcfg.schema.kinds import BOOLEAN, TEXT, Choice, Integer, Listed
from xlcfg.schema.option import HVM, PV, Option

_HVM = "Fully-virtualised (HVM) Guest Specific Options"
_VGA = f"{_HVM}, Emulated VGA Graphics Device"
_SPICE = f"{_HVM}, Spice Graphics Support"
_HARDWARE = f"{_HVM}, Miscellaneous Emulated Hardware"
_MODEL = "Device-Model Options"

_PORT = Integer(0, 65535)
_ARGUMENTS = Listed(TEXT, mistyped=VALUE)

OPTIONS = (
    Option("videoram", Integer(0, (1 << 22) - 1), _VGA),
    Option("stdvga", BOOLEAN, _VGA, HVM),
    Option("vga", Choice(("none", "stdvga", "cirrus", "qxl")), _VGA, HVM),
    Option("vnc", BOOLEAN, _VGA),
    Option("vnclisten", TEXT, _VGA),
    Option("vncdisplay", Integer(0, 59635), _VGA),
    Option("vncunused", BOOLEAN, _VGA),
    Option("vncpasswd", TEXT, _VGA),
    Option("keymap", TEXT, _VGA, PV | HVM),
    Option("sdl", BOOLEAN, _VGA),
    Option("opengl", BOOLEAN, _VGA),
    Option("display", TEXT, ""),
    Option("xauthority", TEXT, ""),
    Option("nographic", BOOLEAN, _VGA, HVM),
    Option("vncviewer", BOOLEAN, "", deprecated="use `xl create -V` instead", warned=True),
    Option("spice", BOOLEAN, _SPICE, HVM),
    Option("spicehost", TEXT, _SPICE, HVM),
    Option("spiceport", _PORT, _SPICE, HVM),
    Option("spicetls_port", _PORT, _SPICE, HVM),
    Option("spicedisable_ticketing", BOOLEAN, _SPICE, HVM),
    Option("spicepasswd", TEXT, _SPICE, HVM),
    Option("spiceagent_mouse", BOOLEAN, _SPICE, HVM),
    Option("spicevdagent", BOOLEAN, _SPICE, HVM),
    Option("spice_clipboard_sharing", BOOLEAN, _SPICE, HVM),
    Option("spiceusbredirection", Integer(0, 4), _SPICE, HVM),
    Option("spice_image_compression", TEXT, _SPICE, HVM),
    Option("spice_streaming_video", TEXT, _SPICE, HVM),
    Option("serial", Listed(TEXT, alone=TEXT), _HARDWARE, HVM),
    Option("soundhw", TEXT, _HARDWARE, HVM),
    Option("vkb_device", BOOLEAN, _HARDWARE, HVM),
    Option("usb", BOOLEAN, _HARDWARE, HVM),
    Option("usbversion", Integer(0, 3), _HARDWARE, HVM),
    Option("usbdevice", Listed(TEXT, alone=TEXT), _HARDWARE, HVM),
    Option("vendor_device", Choice(("none", "xenserver"), fold=True), _HARDWARE, HVM),
    Option("device_model", TEXT, "", deprecated="write `device_model_override`", warned=True),
    Option("device_model_version", Choice(("qemu-xen", "qemu-xen-traditional")), _MODEL),
    Option("device_model_override", TEXT, _MODEL),
    Option("firmware_override", TEXT, "", HVM),
    Option("stubdomain_kernel", TEXT, _MODEL),
    Option("stubdomain_cmdline", TEXT, _MODEL),
    Option("stubdomain_ramdisk", TEXT, _MODEL),
    Option("stubdomain_memory", Integer(1, (1 << 22) - 1), _MODEL),
    Option("device_model_stubdomain_override", BOOLEAN, _MODEL),
    Option("device_model_stubdomain_seclabel", TEXT, _MODEL),
    Option("device_model_args", _ARGUMENTS, _MODEL),
    Option("device_model_args_pv", _ARGUMENTS, _MODEL),
    Option("device_model_args_hvm", _ARGUMENTS, _MODEL),
)
"""The options, in the order of the manual."""
