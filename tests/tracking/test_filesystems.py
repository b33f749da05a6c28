"""What the mount table says about a path."""

from pathlib import Path

import pytest

from mainspring.tracking.filesystems import kind_of, network_kind

LINUX = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 27 0:30 / /home rw - nfs4 server:/home rw,vers=4.2
31 30 0:31 / /home/ann/local rw - xfs /dev/vdb rw
32 27 0:32 / /mnt/with\040space rw - cifs //server/share rw
33 27 0:33 / /mnt/over rw - nfs server:/x rw
34 33 0:34 / /mnt/over rw - tmpfs tmpfs rw
35 27 0:35 / /mnt/ssh rw master:2 propagate_from:1 - fuse.sshfs ann@host: rw
36 27 0:36 / /mnt/c rw - 9p drvfs rw,aname=drvfs
37 27 0:37 / /homestead rw - btrfs /dev/vdc rw
"""
SANDBOX = """1 0 0:1 / / rw - 9p none rw,trans=fd
2 1 0:2 / /data rw - 9p none rw,trans=fd
3 1 0:3 / /nfs rw - nfs server:/ rw
"""
MAC = """/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse)
//ann@server/share on /Volumes/share (smbfs, nodev, nosuid, mounted by ann)
server:/export (old) on /Volumes/nfs (nfs)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", None),
        ("/srv/x", None),
        ("/home/ann/x", "nfs4"),
        ("/home", "nfs4"),
        ("/homestead/x", None),
        ("/home/ann/local/x", None),
        ("/mnt/with space/x", "cifs"),
        ("/mnt/over/x", None),
        ("/mnt/ssh", "fuse.sshfs"),
        ("/mnt/c/Users", "9p"),
    ],
)
def test_the_deepest_and_last_mount_counts(path, kind):
    assert network_kind(Path(path), LINUX) == kind


@pytest.mark.parametrize(("path", "kind"), [("/", None), ("/data/x", None), ("/nfs/x", "nfs")])
def test_a_sandbox_whose_root_is_9p_is_local(path, kind):
    assert network_kind(Path(path), SANDBOX) == kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/Users/ann", None), ("/Volumes/share/x", "smbfs"), ("/Volumes/nfs", "nfs"), ("/System/Volumes/Data/x", None)],
)
def test_the_table_of_macos_is_read(path, kind):
    assert network_kind(Path(path), MAC) == kind


@pytest.mark.parametrize("table", ["", "garbage\n - \n1 2 3 - x", "\n\n"])
def test_what_is_unknown_is_not_refused(table):
    assert kind_of(Path("/x"), table) is None
    assert network_kind(Path("/x"), table) is None
