package doctor

import (
	"slices"
	"strings"
	"testing"
)

const mountText = `22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,nobarrier
23 22 0:5 / /proc/sys ro,nosuid - proc proc rw
24 22 8:1 /tmp/systemd-private-1-moorfast.service-2/tmp /tmp rw - ext4 /dev/sda1 rw
25 22 0:33 / /home ro,nosuid shared:2 master:1 - tmpfs tmpfs ro,mode=755
26 22 8:17 / /srv/my\040data rw - xfs /dev/sdb1 rw,attr2
a line that is none
27 22 0:40 / /srv/my\040data/over rw - overlay overlay rw,volatile
`

func TestWhatAProcessMayDo(t *testing.T) {
	var p Process
	p.readStatus("Name:\tmoorfast\nCapEff:\t0000000000000400\nNoNewPrivs:\t1\nSeccomp:\t2\n")
	p.readMounts(parseMounts(strings.Replace(mountText, "/ / rw,relatime", "/ / ro,relatime", 1)))
	if want := (Process{NoNewPrivs: true, Caps: capBindService, Filtered: true, ReadOnly: true, PrivateTmp: true, NoHomes: true, NoTunables: true}); p != want {
		t.Errorf("got %+v, want %+v", p, want)
	}
	walls, missing := p.sandbox()
	if len(walls) != 8 || len(missing) != 0 {
		t.Errorf("walls %q, missing %q", walls, missing)
	}
	p = Process{Root: true}
	p.readStatus("CapEff:\tmany\nNoNewPrivs:\t0\nSeccomp:\t0\n")
	if walls, missing = p.sandbox(); len(walls) != 0 || len(missing) != 8 {
		t.Errorf("walls %q, missing %q", walls, missing)
	}
}

func TestWhoKeepsAProcess(t *testing.T) {
	nothing := func(string) bool { return false }
	for _, c := range []struct{ groups, unit, container string }{
		{"0::/system.slice/moorfast.service\n", "moorfast.service", ""},
		{"1:name=systemd:/x\n0::/user.slice/user-1000.slice/user@1000.service/app.slice/terminal-1.scope\n", "", ""},
		{"0::/user.slice/user-1000.slice/session-3.scope\n", "", ""},
		{"12:cpu:/docker/0123\n0::/docker/0123\n", "", "Docker"},
		{"0::/kubepods/burstable/pod1/2\n", "", "Kubernetes"},
		{"0::/\n", "", ""},
		{"", "", ""},
	} {
		if unit, container := unitOf(c.groups), containerOf(c.groups, nothing); unit != c.unit || container != c.container {
			t.Errorf("%q: unit %q, container %q", c.groups, unit, container)
		}
	}
	if got := containerOf("0::/", func(path string) bool { return path == "/run/.containerenv" }); got != "Podman" {
		t.Errorf("got %q", got)
	}
}

func TestAFileSystemThatBreaksItsWordIsFound(t *testing.T) {
	list := parseMounts(mountText)
	if len(list) != 6 {
		t.Fatalf("%d mounts: %+v", len(list), list)
	}
	for path, want := range map[string]string{
		"/var/lib": "nobarrier", "/srv/my data": "", "/srv/my data/x": "", "/srv/my data/over/x": "volatile", "/srv/my database": "nobarrier",
	} {
		if got := mountOf(list, path).loses(); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

func TestAClockAndADiskAreAsked(t *testing.T) {
	d, err := readDisk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if d.Name != "" && d.Lasts == slices.Contains([]string{inMemory, elsewhere, ofContainer}, d.Name) {
		t.Errorf("%+v", d)
	}
	if c := readClock(); c.Off < 0 {
		t.Errorf("%+v", c)
	}
	if p := ReadProcess(); p.OpenFiles == 0 {
		t.Errorf("%+v", p)
	}
}

func FuzzMounts(f *testing.F) {
	f.Add(mountText)
	f.Add(`1 2 3 \ \04 rw - a b c`)
	f.Fuzz(func(t *testing.T, text string) {
		list := parseMounts(text)
		if len(list) > strings.Count(text, "\n")+1 {
			t.Errorf("%d mounts", len(list))
		}
		mountOf(list, "/srv").loses()
	})
}
