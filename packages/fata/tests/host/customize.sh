#!/bin/sh
# Make a disk of the Debian root in $1, in which nothing of fata was ever set up.
#
# mmdebstrap runs it. In OUT it leaves disk.raw, packages.raw (what may be installed later, for a
# machine without a network) and host_key.pub; it finds a public key there in id.pub.
set -eu
root=$1

rm -f "$root"/var/cache/apt/archives/*.deb
# shellcheck disable=SC2086 # a list of words
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq -y --download-only install $LATER
# Libraries and data that those need are there from the beginning: emulated, each takes seconds.
set -- "$root"/var/cache/apt/archives/lib*.deb
for deb in "$root"/var/cache/apt/archives/*.deb; do
    case ${deb##*/} in
    iso-codes_* | ipxe-qemu_* | seabios_* | git-man_*) set -- "$@" "$deb" ;;
    esac
done
for deb; do
    shift
    set -- "$@" "${deb#"$root"}"
done
chroot "$root" dpkg --install "$@" >/dev/null
mkdir -p "$OUT/repository"
mv "$root"/var/cache/apt/archives/*.deb "$OUT/repository"
(cd "$OUT/repository" && dpkg-scanpackages -m . >Packages 2>/dev/null)
rm -rf "$root"/var/cache/apt/*.bin "$root"/var/lib/apt/lists/*

chroot "$root" useradd --create-home --shell /bin/bash admin
install -d -m 0700 "$root/home/admin/.ssh" "$root/root/.ssh"
cp "$OUT/id.pub" "$root/home/admin/.ssh/authorized_keys"
chroot "$root" chown -R admin:admin /home/admin/.ssh
cp "$OUT/id.pub" "$root/root/.ssh/authorized_keys"
cp "$root/etc/ssh/ssh_host_ed25519_key.pub" "$OUT/host_key.pub"
echo "admin ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/admin"

echo debian >"$root/etc/hostname"
echo "127.0.0.1 localhost debian" >"$root/etc/hosts"
echo "/dev/vda1 / ext4 defaults 0 1" >"$root/etc/fstab"
echo "/dev/vdb /media ext4 ro 0 0" >>"$root/etc/fstab"
printf 'auto lo\niface lo inet loopback\nauto enp0s2\niface enp0s2 inet dhcp\n' \
    >"$root/etc/network/interfaces"
rm -rf "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
echo "deb [trusted=yes] file:/media ./" >"$root/etc/apt/sources.list"
chroot "$root" systemctl -q disable apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer e2scrub_reap.service

# What the installer of Debian leaves, on a machine with a serial console. Emulation wants the
# options of Xen: without them registers are mixed up between domains.
cat >"$root/etc/default/grub" <<'END'
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT="quiet mitigations=off"
GRUB_CMDLINE_LINUX="console=ttyS0,115200n8"
GRUB_CMDLINE_XEN="spec-ctrl=no,eager-fpu=yes xpti=no bootscrub=0"
GRUB_DISABLE_OS_PROBER=true
GRUB_DISABLE_RECOVERY=true
END
mkdir -p "$root/boot/grub"
cp -r "$root/usr/lib/grub/i386-pc" "$root/boot/grub/"
cat >"$root/boot/grub/grub.cfg" <<'END'
linux /vmlinuz root=/dev/vda1 ro console=ttyS0,115200n8 quiet mitigations=off
initrd /initrd.img
boot
END
chroot "$root" grub-mkimage -O i386-pc -o /boot/core.img -p '(hd0,msdos1)/boot/grub' \
    biosdisk part_msdos ext2 normal linux

# Boot sector, boot loader, and from 1 MiB on the only partition, as fdisk lays them out.
truncate -s 4G "$OUT/disk.raw"
echo "2048,,L,*" | sfdisk -q --label dos "$OUT/disk.raw"
dd if="$root/usr/lib/grub/i386-pc/boot.img" of="$OUT/disk.raw" bs=440 count=1 conv=notrunc status=none
dd if="$root/boot/core.img" of="$OUT/disk.raw" bs=512 seek=1 conv=notrunc status=none
mkdir "$OUT/bare"
mount --bind "$root" "$OUT/bare" # without what is mounted below it
mke2fs -q -t ext4 -d "$OUT/bare" -E offset=1048576 "$OUT/disk.raw" 4193280k
umount "$OUT/bare"
rmdir "$OUT/bare"
mke2fs -q -t ext4 -d "$OUT/repository" "$OUT/packages.raw" 400M
rm -r "$OUT/repository"
