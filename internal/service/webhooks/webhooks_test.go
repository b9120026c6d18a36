package webhooks_test

import (
	"testing"

	"moorfast/internal/server/servertest"
)

type m = servertest.M

func TestEvents(t *testing.T) {
	admin := servertest.New(t).Found().Admin
	for event, status := range map[string]int{
		"users.*":                                   201,
		"users.*.create":                            201,
		"users.*.sessions":                          201,
		"users.*.sessions.*.delete":                 201,
		"users.*.update.email":                      201,
		"databases.books.tables.*.rows.*.upsert":    201,
		"databases.*.collections.*.documents.*":     201,
		"teams.*.memberships.*.update.status":       201,
		"buckets.photos.files.*.create":             201,
		"users":                                     400,
		"account.create":                            400,
		"users.create":                              201, // of a user whose id is "create"
		"users.*.sleep":                             400,
		"users.*.create.email":                      400,
		"users.*.update.shoe":                       400,
		"users.*.update.email.x":                    400,
		"users.*.sessions.*.update":                 400,
		"databases.*.collections.*.rows.*.create":   400,
		"users..create":                             400,
		"users.*.create ":                           400,
		"databases.*.tables.*.rows.*.create.create": 400,
	} {
		body := m{"webhookId": "unique()", "name": "Hook", "url": "https://example.com/hook", "events": []string{event}}
		if got := admin.Do("POST", "/webhooks", body); got.Status != status {
			t.Errorf("%q: got %d %s, want %d", event, got.Status, got.Body, status)
		}
	}
}

func TestAddressesInsideAreRefused(t *testing.T) {
	admin := servertest.New(t).Found().Admin
	for _, url := range []string{"http://localhost/hook", "http://10.0.0.1/hook", "https://hooks.internal/"} {
		body := m{"webhookId": "hook", "name": "Hook", "url": url, "events": []string{"users.*"}}
		admin.Refused("POST", "/webhooks", body, 400, "general_argument_invalid")
		admin.Refused("PUT", "/webhooks/hook", body, 400, "general_argument_invalid")
	}
}

func TestSecretIsShownOnce(t *testing.T) {
	admin := servertest.New(t).Found().Admin
	body := m{"webhookId": "hook", "name": "Hook", "url": "https://example.com/hook", "events": []string{"users.*"}}
	if made := admin.Must("POST", "/webhooks", body); len(made.Text("secret")) != 128 {
		t.Errorf("a new webhook's secret: %s", made.Body)
	}
	if got := admin.Must("GET", "/webhooks/hook", nil); got.Text("secret") != "" {
		t.Errorf("secret, read: %s", got.Body)
	}
	if got := admin.Must("PATCH", "/webhooks/hook/secret", nil); len(got.Text("secret")) != 128 {
		t.Errorf("secret, made anew: %s", got.Body)
	}
	for name, v := range map[string]any{"authUsername": "", "authPassword": 5} {
		body := m{"name": "Hook", "url": "https://example.com/hook", "events": []string{"users.*"}, name: v}
		admin.Refused("PUT", "/webhooks/hook", body, 400, "general_argument_invalid")
	}
}
