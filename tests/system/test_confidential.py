# SPDX-License-Identifier: Apache-2.0
"""--confidential without what it needs: the refusal names what is missing, one after the other. What there is of a
machine that has more is put in place of the machine's own, in a mount namespace."""
import os
import subprocess

QEMU = "/usr/bin/qemu-system-x86_64"
SCRIPT = """set -e
mount --make-rprivate /
mount -t tmpfs none /mnt
echo 'flags : fpu sev_snp' >/mnt/cpu
printf '#!/bin/sh\\necho sev-snp-guest\\n' >/mnt/qemu
chmod 755 /mnt/qemu
mkdir /mnt/dev
touch /mnt/dev/null
[ ! -d /usr/share/ovmf ] || mount -t tmpfs none /usr/share/ovmf
mount --bind /dev/null /mnt/dev/null
for part in {parts}; do
    case $part in
    cpu) mount --bind /mnt/cpu /proc/cpuinfo ;;
    dev) mount --bind /mnt/dev /dev ;;
    sev) touch /mnt/dev/sev ;;
    kvm) touch /mnt/dev/kvm ;;
    qemu) mount --bind /mnt/qemu {qemu} ;;
    esac
done
exec {daemon} vm --isolation=vm --confidential --run-dir=/mnt/run
"""


def refusal(build, *parts):
    script = SCRIPT.format(parts=" ".join(parts), qemu=QEMU,
                           daemon=os.path.join(build, "main", "p4vm", "sekisho-p4vmd"))
    run = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, timeout=20)
    assert run.returncode not in (0, -11), run
    return run.stderr


def test_what_is_missing_is_named(build):
    if not os.path.exists("/dev/sev"):
        assert "/dev/sev cannot be used" in refusal(build, "cpu")
    assert "/dev/sev cannot be used" in refusal(build, "cpu", "dev")
    assert "/dev/kvm cannot be used" in refusal(build, "cpu", "dev", "sev")
    assert "no object sev-snp-guest (QEMU 9.1 has)" in refusal(build, "cpu", "dev", "sev", "kvm")
    said = refusal(build, "cpu", "dev", "sev", "kvm", "qemu")
    assert "no firmware" in said and "ovmf-amdsev" in said, said
