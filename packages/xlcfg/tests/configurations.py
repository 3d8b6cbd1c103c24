"""Configurations with options of the schema, good and bad, for the verdicts of the real xl."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from xlcfg.quoting import quote
from xlcfg.schema import BY_NAME, OPTIONS
from xlcfg.schema.kinds import Choice, Kind, Listed
from xlcfg.schema.option import OLDEST, Option

SPECS: dict[str, list[str]] = {
    "disk": [
        "/x,raw,xvda,rw", "/x,,hda", "format=raw, vdev=hda, access=rw, target=/dev/vg/g",
        "raw:/dev/vg/g,hda,w", "/i.iso,,hdc,cdrom", "/i.iso,,hdc,,cdrom",
        "/i.iso,raw,hdc,devtype=cdrom", "raw:/i.iso,hdc:cdrom,ro", "", ",", ",,", ",,hdc:cdrom",
        "a", "/x,bad,xvda", "vdev=xvda", "target=/x", "vdev=xvda,target=",
        "vdev=xvda,target=/a,b=c,d", "phy:/dev/x,xvda,w", "tap:aio:qcow2:/x,xvda,w",
        "file:/x,xvda,r", "iscsi:a,xvda,w", "foo:/x,xvda,w", "vdev=xvda,vdev=xvdb,target=/x",
        "format=raw,format=qcow2,vdev=xvda,target=/x", "backendtype=qdisk,vdev=xvda,target=/x",
        "backendtype=foo,vdev=xvda,target=/x", "script=block-x,vdev=xvda,target=/x",
        " vdev=xvda , target=/x", "access=x,vdev=xvda,target=/x", "discard,vdev=xvda,target=/x",
        "direct-io-safe,no-discard,vdev=xvda,target=/x",
        "colo,colo-host=a,colo-port=1,colo-export=x,active-disk=/a,hidden-disk=/b,vdev=c,target=/x",
        "colo-port=x,vdev=xvda,target=/x", "specification=virtio,vdev=xvda,target=/x",
        "x=1,vdev=xvda,target=/x", "x=,vdev=xvda,target=/x", "/x,raw,xvda,rw,more",
        "/x,raw,xvda,rw,", "a:b,raw,xvda", "trusted,vdev=xvda,target=/x", "/x,raw,xvda:disk,w",
        "/x,raw,xvda:foo,w", "=", "vdev", "devtype=x,vdev=xvda,target=/x", "cdrom",
        "cdrom,vdev=hdc", "cdrom,vdev=hdc,target=/x", "/x,raw,xvda,rw,cdrom",
        "format=empty,vdev=hdc", "format=empty,vdev=hdc,cdrom", "format=qed,vdev=hda,target=/x",
        "\tvdev=xvda,target=/x", "vdev=xvda\ntarget=/x", "backend=dom,vdev=xvda,target=/x", " ",
        "raw:,xvda,w", "vhd:/x,xvda,w", "qcow:/x,qcow2,xvda", "/x,raw,", "/x, raw, xvda, rw",
        "/x ,raw ,xvda", "/dev/a b,raw,xvda", "vdev=xvda,target=/a\nb", "format=raw,,xvda,w",
    ],
    "vif": [
        "", "bridge=xenbr0", "mac=00:16:3e:01:02:03,bridge=xenbr0", "mac=00163e010203",
        "mac=1-2-3-4-5-6", "mac=00:16", "mac=g", "type=vif", "type=foo", "rate=10Mb/s",
        "rate=1MB/s@20ms", "rate=x", "rate=0B/s", "rate=1GB/s@1", "rate=5", "rate=1MB/s@0ms",
        "rate=1MB/s@5", "rate=99999999999B/s", "rate=4294967295GB/s@1s", "devid=3", "devid=x",
        "mtu=1500", "mtu=", "foo=1", "foo", "netdev=eth0", "ip=1.2.3.4",
        "script=vif-x,vifname=v1", " bridge=a , mac=00:16:3e:01:02:03", "trusted", "untrusted",
        "accel=1", "model=e1000,type=ioemu", "rate=", "rate=@", "rate=018KB/s", "bridge=", ",",
        "rate=1KB/s@5us", "rate=1Kb/s@7", "rate=1B/s@1m", "forwarddev=x", "backend=net",
        "gatewaydev=eth1,ip=10.0.0.1 fe80::1", "rate=3KB/s@50ms",
    ],
    "cpus": [
        "all", "0-3", "0-3,^1", "x", "1-", "^all", "all,^1", "3-1", "", "nodes:all", "0-3,,2",
        " 1", "1 ", "2-4294967", "+1", "^0", "0,^0",
    ],
    "pci": [
        "01:00.0", "0000:01:00.0", "01:00.0@4", "01:00.0,permissive=1", "bdf=01:00.0,vslot=20",
        "bdf=01:00.0,vslot=4", "36:00.0@20,seize=1", "01:00.*", "01:00.8", "01:20.0", "name=x",
        "", "x", "01:00.0,foo=1", "01:00.0,rdm_policy=strict", "01:00.0,rdm_policy=x",
        "01:00.0,", "01:00", "name=x,bdf=01:00.0", "bdf=01:00.0,name=x", "permissive=1",
        "01:00.0x", "01:00.0,permissive", "10000:01:00.0", "1:1:1:1.0", "01:00.0@", "bdf=,name=x",
        "01:00.0,msitranslate=yes", "0x1:2.0", "01:00.00", "abcd:ef:1f.7,rdm_policy=relaxed",
    ],
    "usbctrl": ["version=2,ports=4", "type=pv", "type=x", "foo=1", "", "type=qusb", "type=PV"],
    "usbdev": ["hostbus=1,hostaddr=2", "type=hostdev,hostbus=1,hostaddr=1", "foo", ""],
    "vtpm": [
        "backend=d", "uuid=00000000-0000-0000-0000-000000000001,backend=d", "",
        "uuid=x,backend=d", "foo=1", "backend=d,foo",
    ],
    "p9": [
        "tag=a,security_model=none,path=/x", "tag=a,path=/x", "", "foo=1",
        "tag=a,security_model=none,path=/x,max-files=3",
    ],
    "pvcalls": ["backend=d", "", "x=1", "backend"],
    "vfb": ["vnc=1", "vnc=1,vnclisten=0.0.0.0", "", "foo=1", "sdl"],
    "channel": [
        "connection=pty,name=a", "connection=socket,path=/x,name=a", "connection=socket,name=a",
        "name=a", "connection=foo", "", "connection= pty , name = a", "connection=pty,foo=1",
        "connection=pty,name", "connection=pty,name=a=b", "connection==pty,name=x",
    ],
    "rdm": ["strategy=host,policy=strict", "policy=relaxed", "foo=1", "strategy=x"],
    "ioports": ["2f8", "2f8-2ff", "x", "2f8-", "2f8-x", "ffffffff", "2f8 ", "0x2f8", ""],
    "irqs": ["1", "x", "", "1x", "99999999999", "-1"],
    "iomem": ["a0000,1", "0xa0000,0x1@b0", "x", "a0000", "a0000,1@", "a0000,1x", ""],
    "vdispl": [
        "connectors=a:1x2", "backend=d,connectors=a:1x2;b:3x4", "", "connectors=a:1", "foo=1",
        "be-alloc=1,connectors=a:1x1", "be-alloc=1",
    ],
    "vkb": ["backend-type=qemu", "backend-type=x", "unique-id=a", "", "backend-type=linux,foo=1"],
    "uuid": ["00000000-0000-0000-0000-000000000001", "x", ""],
    "dtdev": ["/a", "b"],
}  # fmt: skip
SPECS["cpus_soft"] = SPECS["cpus"]
LINES = ["1:eax=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "x", "1:eax=1", "1,2:ebx=" + "-" * 32]
WHOLE: dict[str, list[str]] = {
    "vnuma": [
        '[["pnode=0","size=512","vcpus=0-1","vdistances=10"]]', "[]", '["a"]', '"x"',
        '[["pnode=0"]]', '[["pnode=x"]]', '[["pnode"]]',
        '[["size=512","vcpus=0,2","pnode=0","vdistances=10"]]',
    ],
    "vsnd": [
        '[["card,short-name=a","pcm,name=b","stream,unique-id=1,type=p"]]', '[["foo"]]', '["a"]',
        '[["card,foo=1"]]', '[["pcm,sample-formats=s8;u8"]]', '[["pcm,sample-formats=zz"]]',
        '[["stream,type=x"]]', "[]",
    ],
    "type": ['"pv"', '"pvh"', '"hvm"', '"p"', '"x"', '""', '["pv"]', '"HVM"'],
    "builder": ['"hvm"', '"generic"', '"linux"', '"g"', '["hvm"]'],
    "firmware": ['"pvgrub32"', '"bios"', '"uefi"', '"/x"', '["a"]', '"pvgrub"'],
    "cpuid": ['"host,htt=0"', '"foo"', '"host,x"', '""', '"host,tm=1,sse3=0"', *(
        f'["{line}"]' for line in LINES
    )],
    "viridian": ['["base","!stimer"]', "[]", '["zz"]', '["BASE"]', "1", '"x"'],
    "mca_caps": ['["lmce"]', "[]", '["x"]', '"lmce"'],
}  # fmt: skip
NUMBERS = [
    "1", "0", "2", "256", "0x10", "017", '"5"', '"x"', '""', '"1 "', '" 1"', "[1]", '"0x"', "3",
    "4", "300", "4000",
]  # fmt: skip
WILD = ["99999999999999999999", '"-1"', "70000"]
"""Numbers that would have xl of 4.17 reserve more memory than there is, for counts of vCPUs."""

TEXTS = ['"abc"', '"/x"', '""', "5", '["a"]']
KNOWN = [option for option in OPTIONS if option.since <= OLDEST]


def _values(option: Option) -> st.SearchStrategy[str]:
    """Values for an option as they are written, good ones and bad ones."""
    if option.name in WHOLE:
        return st.sampled_from(WHOLE[option.name])
    pool = SPECS.get(option.name)
    if isinstance(option.kind, Listed):
        return _lists(option.kind, pool or ["a", "b", ""])
    if pool is not None:
        return st.sampled_from([quote(text) for text in pool] + ["[1]"])
    return st.sampled_from(_atoms(option.name, option.kind))


def _lists(kind: Listed, pool: list[str]) -> st.SearchStrategy[str]:
    items = st.lists(st.sampled_from(pool).map(quote), min_size=1, max_size=2)
    lists = items.map(lambda found: f"[{', '.join(found)}]")
    odd = ["[]", '"x"', "5", '[["a"]]', "[5]"]
    odd += [quote(text) for text in pool] if kind.alone is not None else []
    return lists | lists | lists | st.sampled_from(odd)


def _atoms(name: str, kind: Kind) -> list[str]:
    if isinstance(kind, Choice):
        words = [quote(word) for word in kind.words]
        return words * 2 + [f'"{word.upper()}"' for word in kind.words] + ['"zz"', *NUMBERS]
    if type(kind).__name__ in ("Integer", "Boolean"):
        return NUMBERS + ([] if name in ("vcpus", "maxvcpus") else WILD)
    return TEXTS


@st.composite
def configurations(draw: st.DrawFn, only: str | None = None) -> str:
    """The text of a small configuration; with `only`, about that option."""
    lines = [line for line in ('name="a"', 'kernel="/k"') if draw(st.integers(0, 19))]
    if draw(st.booleans()):
        lines.append(f'type="{draw(st.sampled_from(["pv", "pvh", "hvm"]))}"')
    if draw(st.integers(0, 3)) == 0:
        lines.append(f"vcpus={draw(st.integers(1, 3))}")
    pick: Any = st.just(BY_NAME[only]) if only else st.sampled_from(KNOWN)
    for option in draw(st.lists(pick, min_size=1, max_size=3)):
        operator = draw(st.sampled_from(["="] * 12 + ["+="]))
        lines.append(f"{option.name} {operator} {draw(_values(option))}")
    return "\n".join(lines) + "\n"
