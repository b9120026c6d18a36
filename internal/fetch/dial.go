package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

const (
	maxAddresses = 8               // of one name that are tried
	attempt      = 5 * time.Second // for one of them, so that the next gets its turn
)

// Dial connects to "host:port" by the rules of this package, for protocols other
// than HTTP. The name is resolved once, and what is dialled is an address that
// passed; the system calls back with the address that it is about to connect to,
// and it is checked again.
func (c *Client) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	name, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, refuse("%.80q is not host:port", address)
	}
	if network != "tcp" && network != "tcp4" && network != "tcp6" {
		return nil, refuse("%.10q is not TCP", network)
	}
	if name, err = host(name); err != nil {
		return nil, err
	}
	addrs, err := c.lookup(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("%w: resolve: %w", ErrUnreachable, err)
	}
	var errs []error
	for _, addr := range addrs {
		if !c.may(addr) {
			errs = append(errs, refuse("the host is at an address that is not on the public internet"))
			continue
		}
		conn, err := c.dial(ctx, network, net.JoinHostPort(addr.String(), port))
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		return nil, fmt.Errorf("%w: the host has no address", ErrUnreachable)
	}
	return nil, errors.Join(errs...)
}

// Check tells whether an address may be fetched, for one that a program outside
// of this one will fetch. That program resolves the name anew, so this refuses
// what is local and does not bind what changes.
func (c *Client) Check(ctx context.Context, address string, use Use) error {
	use = use.filled()
	at, err := parse(address, use)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, use.Timeout, ErrTimeout)
	defer cancel()
	addrs, err := c.lookup(ctx, at.host)
	if err != nil {
		return fmt.Errorf("%w: resolve: %w", ErrUnreachable, err)
	}
	for _, addr := range addrs {
		if !c.may(addr) {
			return refuse("the host is at an address that is not on the public internet")
		}
	}
	return nil
}

// lookup resolves a name, or takes the address that it is.
func (c *Client) lookup(ctx context.Context, name string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{addr}, nil
	}
	addrs, err := c.resolve(ctx, name)
	if err != nil {
		return nil, err
	}
	addrs = addrs[:min(len(addrs), maxAddresses)]
	list := make([]netip.Addr, len(addrs))
	for i, a := range addrs {
		list[i] = a.Unmap() // resolvers return IPv4 in the form of IPv6
	}
	return list, nil
}

// connect dials an address, of which control has the last word.
func (c *Client) connect(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: attempt, KeepAlive: -1, Control: c.control}
	return d.DialContext(ctx, network, address)
}

// control is called with the address that is really dialled.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !c.may(at.Addr()) {
		return refuse("the address dialled is not on the public internet")
	}
	return nil
}
