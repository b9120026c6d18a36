// Package projects keeps the projects, and what belongs to their settings: API
// keys, platforms and webhooks. The list of projects is in the platform's
// database; what a project owns is in its own, and goes with it.
package projects

import (
	"moorfast/internal/project"
	"moorfast/internal/store/sqlb"
	"moorfast/internal/vault"
)

// Row is a project as it is stored.
type Row struct {
	Seq        int64         `col:"seq"`
	ID         string        `col:"id"`
	CreatedAt  int64         `col:"created_at"`
	UpdatedAt  int64         `col:"updated_at"`
	Name       string        `col:"name"`
	TeamID     string        `col:"team_id"`
	Region     string        `col:"region"`
	Auths      project.Auths `col:"auths"`
	Disabled   []string      `col:"disabled"` // switches that are off: "service:teams"
	Labels     []string      `col:"labels"`
	PingCount  int64         `col:"ping_count"`
	PingedAt   int64         `col:"pinged_at"`
	AccessedAt int64         `col:"accessed_at"`
	Deleting   bool          `col:"deleting"` // its data is being removed; it is not found any more
}

// Key is an API key as it is stored: by a keyed hash of its secret, which
// cannot be turned back.
type Key struct {
	Seq        int64    `col:"seq"`
	ID         string   `col:"id"`
	CreatedAt  int64    `col:"created_at"`
	UpdatedAt  int64    `col:"updated_at"`
	Name       string   `col:"name"`
	Scopes     []string `col:"scopes"`
	ExpiresAt  int64    `col:"expires_at"` // 0 for never
	Hash       string   `col:"hash"`
	Tail       string   `col:"tail"` // the last chars of the secret, to tell keys apart
	AccessedAt int64    `col:"accessed_at"`
	SDKs       []string `col:"sdks"`
	Networks   []string `col:"networks"` // that it may be used from; none is any
}

// Platform is a platform as it is stored.
type Platform struct {
	Seq       int64  `col:"seq"`
	ID        string `col:"id"`
	CreatedAt int64  `col:"created_at"`
	UpdatedAt int64  `col:"updated_at"`
	Name      string `col:"name"`
	Type      string `col:"type"`
	Hostname  string `col:"hostname"`
	Key       string `col:"key"`
}

// Webhook is a webhook as it is stored.
type Webhook struct {
	Seq       int64        `col:"seq"`
	ID        string       `col:"id"`
	CreatedAt int64        `col:"created_at"`
	UpdatedAt int64        `col:"updated_at"`
	Name      string       `col:"name"`
	URL       string       `col:"url"`
	Events    []string     `col:"events"`
	Enabled   bool         `col:"enabled"`
	TLS       bool         `col:"tls"`
	Username  string       `col:"username"`
	Password  vault.Secret `col:"password"`
	Secret    vault.Secret `col:"secret"`
	Logs      string       `col:"logs"`
	Attempts  int64        `col:"attempts"`
}

// The tables.
const (
	projectTable  = "projects"
	keyTable      = "api_keys"
	platformTable = "platforms"
	webhookTable  = "webhooks"
)

// PlatformTables returns the statements that make the list of projects.
func PlatformTables(d sqlb.Dialect) []string {
	text, integer := d.Text()+" NOT NULL", d.Int()+" NOT NULL"
	return []string{
		"CREATE TABLE projects (" + common(d) + ", name " + text + ", team_id " + text + ", region " + text +
			", auths " + text + ", disabled " + text + ", labels " + text + ", ping_count " + integer +
			", pinged_at " + integer + ", accessed_at " + integer + ", deleting " + integer + ")",
		"CREATE UNIQUE INDEX projects_id ON projects (id)",
		"CREATE INDEX projects_team ON projects (team_id)",
	}
}

// Tables returns the statements that make what each project owns.
func Tables(d sqlb.Dialect) []string {
	text, integer := d.Text()+" NOT NULL", d.Int()+" NOT NULL"
	return []string{
		"CREATE TABLE api_keys (" + common(d) + ", name " + text + ", scopes " + text + ", expires_at " + integer +
			", hash " + text + ", tail " + text + ", accessed_at " + integer + ", sdks " + text + ")",
		"CREATE UNIQUE INDEX api_keys_id ON api_keys (id)",
		"CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash)",
		"CREATE TABLE platforms (" + common(d) + ", name " + text + ", type " + text + ", hostname " + text + ", key " + text + ")",
		"CREATE UNIQUE INDEX platforms_id ON platforms (id)",
		"CREATE TABLE webhooks (" + common(d) + ", name " + text + ", url " + text + ", events " + text +
			", enabled " + integer + ", tls " + integer + ", username " + text + ", password " + d.Text() +
			", secret " + d.Text() + ", logs " + text + ", attempts " + integer + ")",
		"CREATE UNIQUE INDEX webhooks_id ON webhooks (id)",
	}
}

// KeyNetworks returns the statement that gives keys the networks they are bound to.
func KeyNetworks(d sqlb.Dialect) []string {
	return []string{"ALTER TABLE api_keys ADD COLUMN networks " + d.Text() + " NOT NULL DEFAULT '[]'"}
}

func common(d sqlb.Dialect) string {
	return "seq " + d.Serial() + ", id " + d.Text() + " NOT NULL, created_at " + d.Int() + " NOT NULL, updated_at " + d.Int() + " NOT NULL"
}
