# refuse_memory_attach.py COMMAND...: runs it where process_vm_readv and process_vm_writev fail with EPERM, as in a container
# without CAP_SYS_PTRACE. A seccomp filter of five instructions, for x86-64.
import ctypes
import os
import struct
import sys

LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, EPERM = 0x7FFF0000, 0x00050001
program = b"".join(struct.pack("HBBI", *line) for line in [
    (LOAD, 0, 0, 0),            # the system call's number
    (JUMP_EQUAL, 1, 0, 310),    # process_vm_readv
    (JUMP_EQUAL, 0, 1, 311),    # process_vm_writev
    (RETURN, 0, 0, EPERM),
    (RETURN, 0, 0, ALLOW)])
buffer = ctypes.create_string_buffer(program, len(program))
header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, MODE_FILTER, header):
    sys.exit(os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[1], sys.argv[1:])
