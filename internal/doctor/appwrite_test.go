package doctor

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAppwritesLinesAreThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s := installation(t, "_APP_DOMAIN=api.example.org", "_APP_CONSOLE_WHITELIST_ROOT=disabled", "_APP_DOMAIN_TARGET_A=10.0.0.1",
		"_APP_STORAGE_ANTIVIRUS=enabled", "_APP_STORAGE_ANTIVIRUS_HOST=127.0.0.1", "_APP_STORAGE_ANTIVIRUS_PORT="+port)
	if err := os.MkdirAll(filepath.Join(s.Config.Data, "storage"), 0o700); err != nil {
		t.Fatal(err)
	}
	s.System.room = func(path string) (free, total uint64, err error) { return 10, 100, nil }
	var b strings.Builder
	if err := Run(context.Background(), *s).WriteAppwrite(context.Background(), &b, *s, "v1"); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, line := range []string{
		"[Settings]",
		"🟢 Hostname is valid (api.example.org)",
		"🔴 A record target is not valid (10.0.0.1)",
		"🟢 Using a unique secret key for encryption",
		"🔴 Console access limits are disabled", // where Appwrite says that they are enabled
		"🔴 HTTPS force option is disabled",
		"[Connectivity]",
		"🟢 Console.DB" + strings.Repeat(".", 40) + "connected",
		"🟢 Antivirus" + strings.Repeat(".", 41) + "connected",
		"[Volumes]",
		"🟢 Uploads Volume is readable",
		"🟢 Config Volume is writeable",
		"⚪ Certs Volume is not there: nothing is in it",
		"[Disk Space]",
		"🔴 Cache Volume has 0.0 GiB of free space (90% used)",
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("%q is not a line of\n%s", line, text)
		}
	}
}
