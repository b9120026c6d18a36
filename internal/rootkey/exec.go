package rootkey

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"moorfast/internal/vault"
)

const (
	execTimeout = 30 * time.Second
	execWait    = time.Second // for what a program that was ended has started
)

// program is a key that a program writes. It is started as it stands, without a
// shell: nothing in the text is expanded.
func program(text string, _ Env) (vault.Source, error) {
	argv := strings.Fields(text)
	if len(argv) == 0 || !filepath.IsAbs(argv[0]) {
		return vault.Source{}, errors.New("the program is an absolute path, with its arguments after it")
	}
	return vault.KeyFrom("exec", argv[0], func() ([]byte, error) {
		ctx, cancel := context.WithTimeout(context.Background(), execTimeout)
		defer cancel()
		out := &bounded{most: vault.MaxKeyText + 1}
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // the operator names the program
		cmd.Stdout, cmd.WaitDelay = out, execWait
		err := cmd.Run()
		switch {
		case ctx.Err() != nil:
			return nil, fmt.Errorf("%w: %s took longer than %v", vault.ErrSourceDown, argv[0], execTimeout)
		case err != nil: // which says how it ended, and nothing it wrote
			return nil, fmt.Errorf("run %s: %v", argv[0], err) //nolint:errorlint // a program that is not there is no key that is not there
		}
		return vault.TrimKey(out.text)
	}), nil
}

// bounded keeps the beginning of what is written to it. It is no [bytes.Buffer],
// which reads a pipe to its end by itself.
type bounded struct {
	text []byte
	most int
}

func (b *bounded) Write(p []byte) (int, error) {
	b.text = append(b.text, p[:min(len(p), b.most-len(b.text))]...)
	return len(p), nil
}
