"""A lock on an open file, which ends with whoever holds it; some file systems have none."""

import errno
import fcntl

# What a file system without locks says: NFS without its lock service, Lustre without -o flock, some of FUSE.
_NONE = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP}


def take_lock(file: int) -> bool:
    """Hold an open file as nobody else does, without waiting; it is free again once it is closed.

    Args:
        file: Its descriptor.

    Returns:
        False where its file system has no locks: nobody is kept away then.

    Raises:
        BlockingIOError: If another holds it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno not in _NONE:
            raise
        return False
    return True
