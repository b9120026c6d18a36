package certs

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/mholt/acmez/v3/acme"
)

// The bounds of a hook. Records may take a while until all name servers have them.
const (
	hookTimeout = 10 * time.Minute
	hookWait    = time.Second // for what a program that was ended has started
	hookOutput  = 256         // bytes of what it says that an error repeats
)

// hook proves that names are ours by records of the name servers (DNS-01, RFC 8555
// §8.4), which a program of the operator writes. It is started without a shell, as
// "PROGRAM… present NAME VALUE", to return when the record can be read everywhere,
// and then as "PROGRAM… cleanup NAME VALUE".
type hook struct{ argv []string }

// Present implements [acmez.Solver].
func (h hook) Present(ctx context.Context, c acme.Challenge) error { return h.run(ctx, "present", c) }

// CleanUp implements [acmez.Solver].
func (h hook) CleanUp(ctx context.Context, c acme.Challenge) error { return h.run(ctx, "cleanup", c) }

func (h hook) run(ctx context.Context, verb string, c acme.Challenge) error {
	ctx, cancel := context.WithTimeout(ctx, hookTimeout)
	defer cancel()
	args := append(h.argv[1:len(h.argv):len(h.argv)], verb, c.DNS01TXTRecordName(), c.DNS01KeyAuthorization())
	cmd := exec.CommandContext(ctx, h.argv[0], args...) //nolint:gosec // the operator names the program
	said := &tail{}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = said, said, hookWait
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s %s: %w", h.argv[0], verb, ctx.Err())
	case err != nil:
		return fmt.Errorf("%s %s: %w: %s", h.argv[0], verb, err, said)
	}
	return nil
}

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	t.text = append([]byte(nil), t.text[max(0, len(t.text)-hookOutput):]...)
	return len(p), nil
}

func (t *tail) String() string { return strings.ToValidUTF8(strings.TrimSpace(string(t.text)), "") }
