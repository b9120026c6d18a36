package adminsock

import (
	"net"
	"strconv"

	"golang.org/x/sys/unix"
)

// peer returns the user id of the process at the other end.
func peer(conn net.Conn) (uid string) {
	c, ok := conn.(*net.UnixConn)
	if !ok {
		return ""
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return ""
	}
	_ = raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			uid = strconv.FormatUint(uint64(cred.Uid), 10)
		}
	})
	return uid
}
