package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is the program, running.
type process struct {
	cmd      *exec.Cmd
	dir      string
	endpoint string
}

var address = regexp.MustCompile(`API:\s+(http://\S+/v1)`)

func start(ctx context.Context, binary string) (*process, error) {
	dir, err := os.MkdirTemp("", "moorfast-load-")
	if err != nil {
		return nil, err
	}
	p := &process{dir: dir}
	p.cmd = exec.CommandContext(ctx, binary, "serve", "--data", dir, "--listen", "127.0.0.1:0")
	p.cmd.Env = append(os.Environ(), "_APP_OPTIONS_ABUSE=disabled", "_APP_STORAGE_LIMIT=6442450944")
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stderr = p.cmd.Stdout
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	var said bytes.Buffer
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if m := address.FindStringSubmatch(lines.Text()); m != nil {
			p.endpoint = m[1]
			go func() {
				for lines.Scan() { // what it says later is nobody's, but must be read
				}
			}()
			return p, nil
		}
	}
	p.stop()
	return nil, errors.New("the program did not start:\n" + said.String())
}

func (p *process) stop() {
	p.cmd.Process.Signal(syscall.SIGTERM) //nolint:errcheck // it may have ended
	p.cmd.Wait()                          //nolint:errcheck // we stopped it
	os.RemoveAll(p.dir)
}

// ticks is the unit of /proc's CPU times on Linux, which is the same on every
// architecture that Go has.
const ticks = 10 * time.Millisecond

// cpu returns the CPU time that the program has used.
func (p *process) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * ticks
}

// memory returns the program's resident memory, in bytes.
func (p *process) memory() int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}
