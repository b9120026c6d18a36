//go:build !linux

package adminsock

import "net"

func peer(net.Conn) string { return "" }
