package vault_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"moorfast/internal/vault"
)

func TestASecretDoesNotPrint(t *testing.T) {
	type row struct {
		Shown  vault.Secret
		hidden vault.Secret // fmt can not call String on an unexported field
	}
	r := row{vault.Hide("hunter2"), vault.Hide("hunter2")}
	source := vault.KeyText("K", vault.Hide("hunter2"))
	var text, structured strings.Builder
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "row", r, "secret", r.Shown, "source", source)
	slog.New(slog.NewJSONHandler(&structured, nil)).Info("x", "row", r, "secret", r.Shown, "source", source)
	encoded, _ := json.Marshal(r)
	for name, got := range map[string]string{
		"%v": fmt.Sprintf("%v %v %v", r, r.Shown, source), "%+v": fmt.Sprintf("%+v %+v", r, source),
		"%#v": fmt.Sprintf("%#v %#v", r, source), "%s": fmt.Sprintf("%s", r.Shown),
		"slog text": text.String(), "slog json": structured.String(), "json": string(encoded),
	} {
		if strings.Contains(got, "hunter2") {
			t.Errorf("%s shows the secret: %s", name, got)
		}
	}
}
