package token

import (
	"encoding/base32"
	"strings"
	"testing"
	"time"
)

// The vectors of RFC 6238, appendix B, cut to six digits.
func TestTOTP(t *testing.T) {
	secret := base32.StdEncoding.EncodeToString([]byte("12345678901234567890"))
	for at, want := range map[int64]string{
		59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
	} {
		if got := TOTP(secret, time.Unix(at, 0)); got != want {
			t.Errorf("TOTP at %d = %s, want %s", at, got, want)
		}
	}
	if got := TOTP("not base32!", now); got != "" {
		t.Errorf("TOTP of no secret = %q", got)
	}
}

func TestCheckTOTP(t *testing.T) {
	secret := NewTOTP()
	step := now.Unix() / 30
	tests := []struct {
		name string
		code string
		last int64
		want int64
	}{
		{"now", TOTP(secret, now), 0, step},
		{"a period before", TOTP(secret, now.Add(-30*time.Second)), 0, step - 1},
		{"a period after", TOTP(secret, now.Add(30*time.Second)), 0, step + 1},
		{"two periods before", TOTP(secret, now.Add(-60*time.Second)), 0, 0},
		{"taken", TOTP(secret, now), step, 0},
		{"older than the taken one", TOTP(secret, now.Add(-30*time.Second)), step, 0},
		{"wrong", "0000000", 0, 0},
		{"nothing", "", 0, 0},
	}
	for _, tt := range tests {
		if got, ok := CheckTOTP(secret, tt.code, now, tt.last); got != tt.want || ok != (tt.want > 0) {
			t.Errorf("%s: CheckTOTP = %d, %v, want %d", tt.name, got, ok, tt.want)
		}
	}
	if _, ok := CheckTOTP("", "", now, 0); ok {
		t.Error("no secret accepts no code")
	}
}

func TestTOTPURI(t *testing.T) {
	got := TOTPURI("ABC", "My Shop", "walter@example.com")
	if !strings.HasPrefix(got, "otpauth://totp/My%20Shop:walter@example.com?") || !strings.Contains(got, "secret=ABC") {
		t.Errorf("TOTPURI = %s", got)
	}
}
