package config_test

import (
	"strings"
	"testing"
	"time"

	"moorfast/internal/config"
)

func TestAuditSettings(t *testing.T) {
	const secret = "MOORFAST_AUDIT_WEBHOOK_SECRET=0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		environ []string
		wrong   string // in a mistake; "" is none
	}{
		{nil, ""},
		{[]string{"_APP_MAINTENANCE_RETENTION_AUDIT=86400", "MOORFAST_AUDIT_FILE=/var/log/audit.jsonl"}, ""},
		{[]string{"MOORFAST_AUDIT_SYSLOG=tls://logs.example.org:6514"}, ""},
		{[]string{"MOORFAST_AUDIT_EMAILS=hashed"}, ""},
		{[]string{"MOORFAST_AUDIT_EMAILS=none"}, "plain, hashed"},
		{[]string{"MOORFAST_AUDIT_FAILURE=degrade"}, ""},
		{[]string{"MOORFAST_AUDIT_FORMAT=ocsf", "MOORFAST_AUDIT_STDOUT=enabled"}, ""},
		{[]string{"MOORFAST_AUDIT_FORMAT=xml"}, "json, ocsf"},
		{[]string{"MOORFAST_AUDIT_FAILURE=ignore"}, "block, degrade"},
		{[]string{"MOORFAST_AUDIT_SYSLOG=unix:///dev/log"}, ""},
		{[]string{"MOORFAST_AUDIT_OTLP=https://otel.example.org:4318", "MOORFAST_AUDIT_WEBHOOK=https://siem.example.org/in", secret}, ""},
		{[]string{"MOORFAST_AUDIT_FILE=audit.jsonl"}, "absolute path"},
		{[]string{"MOORFAST_AUDIT_SYSLOG=ftp://logs:1"}, "tls://host:6514"},
		{[]string{"MOORFAST_AUDIT_SYSLOG=tcp://logs"}, "tls://host:6514"},
		{[]string{"MOORFAST_AUDIT_OTLP=otel:4318"}, "http://"},
		{[]string{"MOORFAST_AUDIT_WEBHOOK=https://siem.example.org/in"}, "32 characters"},
		{[]string{"MOORFAST_AUDIT_WEBHOOK=https://siem.example.org/in", "MOORFAST_AUDIT_WEBHOOK_SECRET=short"}, "32 characters"},
		{[]string{secret}, "not set"},
	} {
		_, err := config.Load(config.Sources{Flags: map[string]string{"data": t.TempDir()}, Environ: c.environ})
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%v\ngot  %v\nwant %q", c.environ, err, c.wrong)
		}
		if err != nil && strings.Contains(err.Error(), "0123456789abcdef") {
			t.Errorf("a secret is in %v", err)
		}
	}
	c, err := config.Load(config.Sources{Flags: map[string]string{"data": t.TempDir()}})
	if err != nil || c.Audit.Retention != 14*24*time.Hour || c.Audit.PlatformRetention != 15778800*time.Second {
		t.Errorf("got %+v %v", c.Audit, err)
	}
}
