package doctor

import (
	"os"
	"path"
	"strings"
)

// Process is what the machine allows a process, as the machine tells it.
type Process struct {
	Root      bool   // its user is
	OpenFiles uint64 // most at once; 0 is unknown

	Told       bool   // the rest is known
	NoNewPrivs bool   // no program that it starts may have more rights
	Caps       uint64 // capabilities in effect
	Filtered   bool   // a filter of system calls holds
	ReadOnly   bool   // the root of its file system cannot be written
	PrivateTmp bool   // /tmp is its own
	NoHomes    bool   // the homes of users are hidden, or cannot be written
	NoTunables bool   // settings of the kernel cannot be written
	Container  string // that it is in; "" is none
	Service    string // unit of systemd that it is; "" is none
}

// capBindService is the right to listen below port 1024, which a server may need.
const capBindService = 1 << 10

// ReadProcess asks about this process.
func ReadProcess() Process {
	p := Process{Root: os.Geteuid() == 0, OpenFiles: openFiles()}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return p
	}
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return p
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return p
	}
	p.Told = true
	p.readStatus(string(status))
	p.readMounts(parseMounts(string(mounts)))
	p.Service, p.Container = unitOf(string(groups)), containerOf(string(groups), exists)
	return p
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// readStatus reads /proc/self/status.
func (p *Process) readStatus(text string) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch name {
		case "NoNewPrivs":
			p.NoNewPrivs = value == "1"
		case "Seccomp":
			p.Filtered = value == "2"
		case "CapEff":
			p.Caps = parseHex(value)
		}
	}
}

// parseHex reads capabilities. What it cannot read has all of them.
func parseHex(text string) (n uint64) {
	if text == "" || len(text) > 16 {
		return ^uint64(0)
	}
	for _, c := range []byte(text) {
		digit := strings.IndexByte("0123456789abcdef", c)
		if digit < 0 {
			return ^uint64(0)
		}
		n = n<<4 | uint64(digit)
	}
	return n
}

func (p *Process) readMounts(list []mount) {
	for _, m := range list { // later ones lie over those before
		readOnly := m.option("ro")
		switch m.point {
		case "/":
			p.ReadOnly = readOnly
		case "/tmp":
			p.PrivateTmp = strings.Contains(m.root, "systemd-private")
		case "/home":
			p.NoHomes = readOnly || m.kind == "tmpfs"
		case "/proc/sys":
			p.NoTunables = readOnly
		}
	}
}

// unitOf is the service of systemd that a process belongs to, by its groups: the
// last part of the path. A terminal is a scope, and no service.
func unitOf(groups string) string {
	for line := range strings.Lines(groups) {
		_, group, _ := strings.Cut(strings.TrimSpace(line), "::")
		if unit := path.Base(group); strings.HasSuffix(unit, ".service") {
			return unit
		}
	}
	return ""
}

// containerOf names what runs a container, by what each of them leaves there.
func containerOf(groups string, exists func(string) bool) string {
	for _, mark := range []struct{ file, group, name string }{
		{"/.dockerenv", "/docker", "Docker"},
		{"/run/.containerenv", "/libpod", "Podman"},
		{"/var/run/secrets/kubernetes.io", "/kubepods", "Kubernetes"},
		{"/run/systemd/container", "/containerd", "a container"},
		{"/dev/.lxc", "/lxc", "LXC"},
	} {
		if exists(mark.file) || strings.Contains(groups, mark.group) {
			return mark.name
		}
	}
	return ""
}

// sandbox is what a unit of systemd can keep a server from, by the line that does.
func (p Process) sandbox() (walls, missing []string) {
	for _, wall := range []struct {
		there bool
		line  string
	}{
		{!p.Root, "User=moorfast"},
		{p.NoNewPrivs, "NoNewPrivileges=yes"},
		{p.Caps&^capBindService == 0, "CapabilityBoundingSet="},
		{p.Filtered, "SystemCallFilter=@system-service"},
		{p.ReadOnly, "ProtectSystem=strict"},
		{p.NoHomes, "ProtectHome=yes"},
		{p.PrivateTmp, "PrivateTmp=yes"},
		{p.NoTunables, "ProtectKernelTunables=yes"},
	} {
		if wall.there {
			walls = append(walls, wall.line)
		} else {
			missing = append(missing, wall.line)
		}
	}
	return walls, missing
}
